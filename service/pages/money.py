"""The committee's money page, and the guided close of a month.

A month is closed and published by two buttons, each of which may be pressed twice, or by two people
at once: who comes second is told what was done, and nothing is done again.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.billing.actions import months_to_close
from service.billing.months import after, month_of
from service.billing.outcomes import Closed, Refused, StillClosing
from service.billing.records.closing import close_of, closes, written_figures
from service.billing.records.queries import first_month
from service.door import Reason, Visitor, guard, no_entry
from service.flow import books
from service.flow.house import House
from service.households.records import every_household, households
from service.pages.close_view import CloseFacts, Stand, Typed, close_view, stand_of
from service.pages.context import asked_by, house_of, in_words, note_deed
from service.pages.draw import draw
from service.pages.me import Month
from service.pages.money_look import counts
from service.pages.money_view import money_view
from service.pages.open_view import check_of
from service.store import UnitOfWork
from service.usage.actions.account import account_of, ledger_of_bills, statement_figures
from service.usage.actions.still_open import still_open
from service.usage.records.account import unposted_until
from service.usage.spans import before, month_span
from service.usage.still_open import LONGEST_REASON, OpenItem, What, why_not_public
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Close = Annotated[Visitor, Depends(guard("month.close"))]
HOME = "/committee/close"

SAID = {
    "closed": N_("Closed. Nothing is added to this month any more. One step is left: publish it."),
    "again": N_("It had been closed before; nothing was done a second time."),
    "published": N_("Published. Everybody can read it now, and nobody can change it."),
    "published_before": N_("It had been published before; nothing was done a second time."),
}
NOT_YET = N_("It was not closed, and nothing has changed: see what is marked below.")
TICK = N_("Tick this and say why, or mend it first.")
SAY_WHY = N_("Say why it is left open.")


class CloseForm(BaseModel):
    """What is left open (the ticks), and why."""

    leave: list[str] = []
    why_held: str = ""
    why_unsettled: str = ""
    why_waiting: str = ""
    why_unmatched: str = ""
    why_grid_bill: str = ""

    def reasons(self) -> dict[str, str]:
        """Every reason that was typed, by the word of what it is about."""
        return {what: str(getattr(self, f"why_{what}")).strip() for what in What}


@router.get("/committee/money")
def money(request: Request, visitor: Close) -> Response:
    """Where the month stands, and everything that waits at the desk, with its count."""
    house = house_of(request)
    now, zone = house.clock.now(), house.settings.zone
    with house.store.reading() as uow:
        waiting = months_to_close(uow, now, zone)
        month = waiting[0] if waiting else month_of(now, zone)
        stand = stand_of(month, month_of(now, zone), waiting, close_of(uow, month))
        items = still_open(uow, month, zone) if stand is Stand.OPEN else []
        found = counts(house, uow)
        published = [one.month for one in closes(uow) if one.state == "published"]
    at = books.closes_by_itself_at(house, month)
    view = money_view(month, stand, items, found, at, published, waiting, zone)
    return draw(request, "money.html", {"view": view})


@router.get(f"{HOME}/{{month}}")
def close_page(request: Request, visitor: Close, month: Month, said: str = "") -> Response:
    """The four steps of a month, wherever it stands; also after a close that was interrupted."""
    words = Sentence(SAID[said]) if said in SAID else None
    return _page(request, month, Typed(), said=words)


@router.post(f"{HOME}/{{month}}")
def close(
    request: Request, visitor: Close, month: Month, form: Annotated[CloseForm, Form()]
) -> Response:
    """Close it: every open thing is mended, or left open with its reason."""
    house = house_of(request)
    typed = _judged(house, form)
    if typed.errors:
        return _page(request, month, typed, error=Sentence(NOT_YET), status=422)
    accepted = {what: typed.reasons[what] for what in typed.ticked}
    outcome = books.close(house, month, asked_by(visitor), accepted)
    if isinstance(outcome, books.NotReady):
        typed = _lacking(typed, outcome.items)
        return _page(request, month, typed, error=Sentence(NOT_YET), status=409)
    if isinstance(outcome, Refused):
        return _no(request, visitor, month, outcome)
    done = isinstance(outcome, StillClosing) and outcome.moved
    if done:
        with house.work() as work:
            note_deed(work, visitor, "month.close", f"month {month}", left_open=accepted)
    said = "published_before" if isinstance(outcome, Closed) else "closed" if done else "again"
    return RedirectResponse(f"{HOME}/{month}?said={said}#step-4", status_code=303)


@router.post(f"{HOME}/{{month}}/publish")
def publish(request: Request, visitor: Close, month: Month) -> Response:
    """Publish it: statements become final, the account is sealed and public."""
    house, by = house_of(request), asked_by(visitor)
    with house.store.reading() as uow:
        row = close_of(uow, month)
        was_there = row is not None and row.published_at is not None
    outcome = books.publish_month(house, month, by)
    if isinstance(outcome, Refused):
        return _no(request, visitor, month, outcome)
    with house.store.reading() as uow:
        row = close_of(uow, month)
    mine = not was_there and row is not None and row.published_by == by
    if mine:
        with house.work() as work:
            note_deed(
                work, visitor, "month.close", f"month {month}",
                published=outcome.statements, fen=outcome.lines_fen, seal=outcome.seal,
            )  # fmt: skip
    said = "published" if mine else "published_before"
    return RedirectResponse(f"{HOME}/{month}?said={said}#step-4", status_code=303)


def _judged(house: House, form: CloseForm) -> Typed:
    """What was typed, with an error for every tick whose reason is missing or not public."""
    reasons = form.reasons()
    ticked = frozenset(what for what in form.leave if what in reasons)
    with house.store.reading() as uow:
        doors = [one.door for one in households(uow)]
    errors = {}
    for what in ticked:
        unfit = why_not_public(reasons[what], doors)
        if not reasons[what]:
            errors[what] = Sentence(SAY_WHY)
        elif unfit is not None:
            errors[what] = unfit
    return Typed(ticked, reasons, errors)


def _lacking(typed: Typed, items: tuple[OpenItem, ...]) -> Typed:
    errors = {item.what.value: Sentence(TICK) for item in items}
    return Typed(typed.ticked, typed.reasons, errors)


def _no(request: Request, visitor: Visitor, month: str, refused: Refused) -> Response:
    words = " ".join(in_words(visitor, reason) for reason in refused.reasons)
    return _page(request, month, Typed(), error=words, status=409)


def _page(
    request: Request,
    month: str,
    typed: Typed,
    said: Sentence | None = None,
    error: Sentence | str | None = None,
    status: int = 200,
) -> Response:
    house = house_of(request)
    with house.store.reading() as uow:  # outside the lock: a month of readings is gone through
        facts = _look(house, uow, month)
    view = close_view(facts, typed, house.settings.zone)
    context = {"view": view, "said": said, "error": error, "longest": LONGEST_REASON}
    return draw(request, "close.html", context, status)


def _look(house: House, uow: UnitOfWork, month: str) -> CloseFacts:
    now, zone = house.clock.now(), house.settings.zone
    this = month_of(now, zone)
    first = first_month(uow)
    if first is None or month < first or month > this:
        raise no_entry(Reason.NOT_FOUND)
    close, waiting = close_of(uow, month), months_to_close(uow, now, zone)
    stand = stand_of(month, this, waiting, close)
    figures = account_of(uow, month, now, zone)
    known = sorted({one.month for one in closes(uow)} | {*waiting, this})
    return CloseFacts(
        month=month,
        stand=stand,
        first=waiting[0] if waiting else month,
        close=close,
        items=still_open(uow, month, zone) if close is None else (),
        unposted=unposted_until(uow, month_span(month, zone).until),
        account=figures,
        check=check_of(figures, *ledger_of_bills(uow, month)),
        statements=statement_figures(uow, month, close),
        before={one.household_id: one for one in written_figures(uow, before(month))},
        doors={one.id or 0: one.door for one in every_household(uow)},
        closes_at=books.closes_by_itself_at(house, month),
        months=[one for one in known if one <= after(this)],
    )
