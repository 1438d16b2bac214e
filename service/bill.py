"""The verb `beimen bill`: close a month and publish it, with a sentence for whatever stands in the
way. Who sits at the command line does what the committee does at its page, in the same steps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.billing.actions import months_to_close
from service.billing.outcomes import Closed, Refused, StillClosing
from service.billing.records.closing import close_of
from service.flow import House, books
from service.households.actions import audit
from service.households.outcomes import Actor
from service.households.records import households
from service.quantities import show_kwh, show_yuan
from service.usage.actions.still_open import still_open
from service.usage.still_open import OpenItem, What, meaning_of, why_not_public, words_of

BY = "command line"


@dataclass(frozen=True, slots=True)
class Bill:
    """What the command line asked for."""

    month: str
    publishes: bool = True
    without_grid_bill: str = ""
    leave_open: str = ""


def waiting(house: House) -> Iterator[str]:
    """What is to be closed or published, and what is still open in the first of it."""
    zone = house.settings.zone
    with house.store.reading() as uow:
        months = months_to_close(uow, house.clock.now(), zone)
        if not months:
            yield "to be closed: nothing"
            return
        closed = [month for month in months if close_of(uow, month) is not None]
        rest = [month for month in months if month not in closed]
        items = still_open(uow, rest[0], zone) if rest else []
    if closed:
        yield "closed, to be published: " + ", ".join(closed)
    if rest:
        yield "to be closed: " + ", ".join(rest)
    for item in items:
        yield f"  {rest[0]}: {words_of(item).in_language('en')}"


def close_and_publish(house: House, bill: Bill) -> tuple[bool, list[str]]:
    """Do it; whether it is done, and what to say."""
    unfit = _unfit_reason(house, bill)
    if unfit:
        return False, [unfit]
    outcome = books.close(house, bill.month, BY, _reasons(bill))
    if isinstance(outcome, Refused):
        return False, _words(outcome)
    if isinstance(outcome, books.NotReady):
        return False, list(_still_open(bill.month, outcome.items))
    if isinstance(outcome, StillClosing):
        if outcome.moved:
            _note(house, bill)
        if not bill.publishes:
            done = "is closed" if outcome.moved else "was closed before"
            return True, [f"{bill.month} {done}; publish it with: beimen bill {bill.month}"]
        published = books.publish_month(house, bill.month, BY)
        if isinstance(published, Refused):
            return False, _words(published)
        outcome = published
    return True, [_said(outcome)]


def _unfit_reason(house: House, bill: Bill) -> str:
    with house.store.reading() as uow:
        doors = [one.door for one in households(uow)]
    for reason in (bill.without_grid_bill, bill.leave_open):
        unfit = why_not_public(reason, doors)
        if unfit is not None:
            return unfit.in_language("en")
    return ""


def _reasons(bill: Bill) -> dict[str, str]:
    """By the word of each thing that may be open."""
    reasons = {what.value: bill.leave_open for what in What}
    return reasons | {What.GRID_BILL.value: bill.without_grid_bill}


def _still_open(month: str, items: Sequence[OpenItem]) -> Iterator[str]:
    yield f"{month} was not closed; nothing has changed. Still open:"
    for item in items:
        option = "--without-grid-bill" if item.what is What.GRID_BILL else "--leave-open"
        said, means = (one.in_language("en") for one in (words_of(item), meaning_of(item.what)))
        yield f"- {said}. Mend it on the committee's pages, or say why not: {option} 'why'. {means}"


def _note(house: House, bill: Bill) -> None:
    detail = {"without_grid_bill": bill.without_grid_bill, "leave_open": bill.leave_open}
    with house.store.writing() as uow:
        audit(uow, house.clock.now(), Actor(BY), "month.close", f"month {bill.month}", detail)


def _words(refused: Refused) -> list[str]:
    return [reason.in_language("en") for reason in refused.reasons]


def _said(closed: Closed) -> str:
    return (
        f"{closed.month}: {closed.statements} statements, {closed.sessions} sessions, "
        f"{show_kwh(closed.energy_wh)} kWh, {show_yuan(closed.lines_fen)} yuan"
    )
