"""Charges that a person must decide about, with their evidence and what each choice would bill."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.billing.actions.crediting import charged_still
from service.billing.records.credits import billed_session
from service.door import Reason, Visitor, guard, no_entry
from service.flow.deciding import AlreadyDecided, Decided, Refused, Wish, decide, possibilities
from service.flow.house import House
from service.households.actions import household_of
from service.pages import look
from service.pages.context import house_of, in_words, note_deed
from service.pages.draw import draw
from service.pages.evidence_view import EvidenceView, evidence_view
from service.pages.held_view import HeldFacts, choice_texts, held_list
from service.pages.held_words import decided_words
from service.pages.say_time import on_day
from service.sessions.lifecycle import State
from service.sessions.records import Session, decisions, held_rows, session_row
from service.store import UnitOfWork
from service.usage.actions.evidence import evidence
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Decide = Annotated[Visitor, Depends(guard("held.decide"))]
OrderNumber = Annotated[str, InPath(pattern=r"^[A-Za-z0-9_-]{1,32}$")]

MOST_SHOWN, DECIDED_SHOWN = 40, 20
HOME = "/committee/held"


@router.get(HOME)
def held(request: Request, visitor: Decide) -> Response:
    """Every held charge, the one that waits longest first, and what was decided lately."""
    house = house_of(request)
    zone, now = house.settings.zone, house.clock.now()
    with house.store.reading() as uow:
        rows = held_rows(uow)
        found = [_facts(house, uow, row) for row in rows[:MOST_SHOWN]]
        lately = decisions(uow, DECIDED_SHOWN)
        view = held_list(found, lately, len(rows), look.pile_numbers(house), now, zone)
    return draw(request, "held.html", {"view": view})


@router.get(f"{HOME}/{{session_id}}")
def one(request: Request, visitor: Decide, session_id: OrderNumber) -> Response:
    """The evidence of one charge; while it is held, with the three choices."""
    said = Sentence(N_("It is decided.")) if "said" in request.query_params else None
    return _page(request, session_id, said=said)


@router.get(f"{HOME}/{{session_id}}/print")
def one_printed(request: Request, visitor: Decide, session_id: OrderNumber) -> Response:
    """The evidence of one charge on paper."""
    house = house_of(request)
    with house.store.reading() as uow:
        found = _evidence(house, uow, session_id)
    return draw(request, "evidence_print.html", {"ev": found, "back": f"{HOME}/{session_id}"})


@router.post(f"{HOME}/{{session_id}}")
def decided(
    request: Request,
    visitor: Decide,
    session_id: OrderNumber,
    key: Annotated[str, Form(max_length=40)] = "",
    reason: Annotated[str, Form(max_length=20_000)] = "",
    door: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Decide once, with a reason."""
    wish = Wish(session_id, key, reason, visitor.staff_id, door)
    with house_of(request).work() as work:
        outcome = decide(work, wish)
        if isinstance(outcome, Decided):
            note_deed(
                work, visitor, "held.decide", f"session {session_id}",
                choice=outcome.choice.value, reason=reason.strip(), wh=outcome.energy_wh,
                fen=outcome.amount_fen, month=outcome.month, door=door.strip(),
            )  # fmt: skip
    if isinstance(outcome, Decided):
        return RedirectResponse(f"{HOME}/{session_id}?said=decided", status_code=303)
    if isinstance(outcome, Refused) and not outcome.known:
        raise no_entry(Reason.NOT_FOUND)
    words = in_words(visitor, _no(request, outcome))
    status = 409 if isinstance(outcome, AlreadyDecided) else 422
    typed = {"key": key, "reason": reason[:300], "door": door}
    return _page(request, session_id, typed=typed, error=words, status=status)


def _no(request: Request, outcome: AlreadyDecided | Refused) -> Sentence:
    if isinstance(outcome, Refused):
        message = N_("{why} Nothing was decided, and nothing is billed.")
        return Sentence(message, {"why": outcome.sentence})
    zone = house_of(request).settings.zone
    message = N_("Somebody decided before you, on {day}, and that stands. {what}")
    day = on_day(outcome.decided_at, zone)
    return Sentence(message, {"day": day, "what": decided_words(outcome.choice)})


def _page(
    request: Request,
    session_id: str,
    *,
    typed: dict[str, str] | None = None,
    said: Sentence | None = None,
    error: str | None = None,
    status: int = 200,
) -> Response:
    house = house_of(request)
    zone = house.settings.zone
    with house.store.reading() as uow:
        row = session_row(uow, session_id)
        if row is None:
            raise no_entry(Reason.NOT_FOUND)
        found = _facts(house, uow, row)
        billed = billed_session(uow, session_id)
        still = charged_still(uow, billed.entry_id) if billed else None
        view = _evidence(house, uow, session_id)
    is_held = row.state == State.HELD
    context = {
        "ev": view,
        "door": found.door,
        "is_held": is_held,
        "was_billed": billed is not None,
        "choices": choice_texts(found.bases, zone, still) if is_held else (),
        "needs_door": is_held and row.household_id is None,
        "typed": typed or {"key": "", "reason": "", "door": ""},
        "said": said,
        "error": error,
    }
    return draw(request, "held_one.html", context, status)


def _facts(house: House, uow: UnitOfWork, row: Session) -> HeldFacts:
    zone = house.settings.zone
    sheet = evidence(uow, row.id, house.clock.now(), zone)
    household = household_of(uow, row.household_id) if row.household_id else None
    bases = possibilities(uow, row, sheet, zone) if sheet else []
    return HeldFacts(row, household.door if household else "", bases)


def _evidence(house: House, uow: UnitOfWork, session_id: str) -> EvidenceView:
    zone = house.settings.zone
    sheet = evidence(uow, session_id, house.clock.now(), zone)
    if sheet is None:
        raise no_entry(Reason.NOT_FOUND)
    return evidence_view(sheet, look.pile_numbers(house), zone)
