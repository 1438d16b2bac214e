"""The close of a month, walked through the rooms: post what is settled, close, gather, publish.

Each step is a unit of work of its own and may be taken by whoever comes first, the committee at its
page, somebody at the command line or the timetable; killed at any of them and called again, the
walk goes on where it was. Figures are gathered outside of the house's lock, so that no pile waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.billing.actions import close_step, months_to_close, publish
from service.billing.actions.closing import NO_ACCOUNT, State
from service.billing.outcomes import Closed, LeftOpen, Refused, StillClosing
from service.billing.records.closing import close_of
from service.flow import ticks
from service.flow.house import House, Work
from service.store import UnitOfWork
from service.usage.actions.account import account_of
from service.usage.actions.still_open import still_open
from service.usage.spans import month_span
from service.usage.still_open import OpenItem, with_reasons, without_reason

CLOSE_AT = timedelta(minutes=5)
"""Not at the very stroke of midnight: late settlements of the last evening arrive."""

BY_ITSELF = "timetable"
"""Who closed a month that nobody closed."""


@dataclass(frozen=True, slots=True)
class NotReady:
    """Something of the month is still open, and nobody said why it may be left so."""

    items: tuple[OpenItem, ...]


def close(
    house: House, month: str, by: str, reasons: Mapping[str, str] | None = None
) -> StillClosing | Closed | Refused | NotReady:
    """Close a month ('2026-02') up to its written statements.

    `reasons` says why something may be left open, by its word; None leaves everything open without
    a reason. `moved` of the answer is False where an earlier call has done it all.
    """
    outcome: StillClosing | Closed | Refused | NotReady = _begin(house, month, by, reasons)
    moved = False
    while isinstance(outcome, StillClosing):
        moved = moved or outcome.moved
        if outcome.state == State.WRITTEN:
            return StillClosing(month, outcome.state, moved)
        with house.store.writing() as uow:
            outcome = close_step(uow, month, house.clock.now(), house.settings.zone)
    return outcome


def _begin(
    house: House, month: str, by: str, reasons: Mapping[str, str] | None
) -> StillClosing | Closed | Refused | NotReady:
    """The first step, in one unit with the posting: nothing that is settled slips in between and
    lands in the month after."""
    with house.work() as work:
        left: list[LeftOpen] = []
        if _is_due(work, month):
            while ticks.post_some(work, timedelta(0)) == ticks.POST_AT_ONCE:
                pass
            items = still_open(work.uow, month, house.settings.zone)
            lacking = [] if reasons is None else without_reason(items, reasons)
            if lacking:
                return NotReady(tuple(lacking))
            left = with_reasons(items, reasons or {})
        return close_step(work.uow, month, work.now, house.settings.zone, left, by)


def publish_month(house: House, month: str, by: str) -> Closed | Refused:
    """Publish a closed month with its account; a close killed half way is finished first.

    A month that is published already is answered as it was published.
    """
    now, zone = house.clock.now(), house.settings.zone
    with house.store.writing() as uow:
        row = close_of(uow, month)
        if row is not None and row.state == State.CLOSING:
            close_step(uow, month, now, zone)
    figures: Mapping[str, object] = NO_ACCOUNT
    if row is not None and row.state == State.WRITTEN:
        with house.store.reading() as uow:
            figures = account_of(uow, month, now, zone).as_mapping()
    with house.store.writing() as uow:
        return publish(uow, month, figures, now, zone, by)


def end_month(house: House, month: str) -> Closed | Refused:
    """Close and publish a month without asking anybody, as the timetable does when its day has
    come; what is open is left open."""
    outcome = close(house, month, BY_ITSELF)
    if isinstance(outcome, Closed | Refused):
        return outcome
    return publish_month(house, month, BY_ITSELF)


def months_overdue(house: House, uow: UnitOfWork) -> list[str]:
    """The months that the committee has not published in its time; the timetable does it now."""
    return months_to_close(uow, house.clock.now() - _patience(house), house.settings.zone)


def closes_by_itself_at(house: House, month: str) -> datetime:
    """When the timetable closes a month that nobody has closed."""
    return month_span(month, house.settings.zone).until + _patience(house)


def _patience(house: House) -> timedelta:
    return timedelta(days=house.settings.close_after_days) + CLOSE_AT


def _is_due(work: Work, month: str) -> bool:
    """Whether this month is the next to be closed and nobody has begun."""
    waiting = months_to_close(work.uow, work.now, work.house.settings.zone)
    return waiting[:1] == [month] and close_of(work.uow, month) is None
