"""Closing a month: from then on nothing lands in it, and its statements never change.

    nothing --(the month is over)--> closing --(statements)--> written --(sealed)--> published

Each arrow is one step, stored with what it made. A close that is killed and started again goes on
from the last stored step and arrives at the same statements, because what belongs to a month was
decided when it was posted, and the time of the first step is the time of all of them.
"""

from datetime import datetime, tzinfo
from enum import StrEnum

from service.billing import facts
from service.billing.actions.posting import append
from service.billing.ledger import Cause, Draft
from service.billing.months import after, is_month, month_of, span
from service.billing.outcomes import Closed, Refused, StillClosing
from service.billing.records import MonthClose
from service.billing.records.queries import (
    first_month,
    last_closed_month,
    lock_books,
    month_closed_before,
    published_figures,
    write_statements,
)
from service.store import UnitOfWork
from service.words import N_, Sentence


class State(StrEnum):
    """How far a close has come."""

    CLOSING = "closing"
    WRITTEN = "written"
    PUBLISHED = "published"


def close_month(uow: UnitOfWork, month: str, now: datetime, zone: tzinfo) -> Closed | Refused:
    """Close a month and publish its statements, from wherever an earlier attempt has stopped.

    A month that is published already is answered as it was published.
    """
    while True:
        outcome = close_step(uow, month, now, zone)
        if not isinstance(outcome, StillClosing):
            return outcome


def close_step(
    uow: UnitOfWork, month: str, now: datetime, zone: tzinfo
) -> StillClosing | Closed | Refused:
    """Do the next step of closing a month; each may be committed by itself."""
    lock_books(uow)
    close = uow.session.get(MonthClose, month) if is_month(month) else None
    if close is None:
        reason = _why_not(uow, month, now, zone)
        if reason is not None:
            return Refused((reason,))
        close = MonthClose(month=month, state=State.CLOSING, closed_at=now)
    elif close.state == State.CLOSING:
        write_statements(uow, close, month_closed_before(uow, month) or "")
        close.state = State.WRITTEN
    elif close.state == State.WRITTEN:
        _publish(uow, close, zone)
    uow.session.add(close)
    uow.session.flush()
    return _outcome(close)


def months_to_close(uow: UnitOfWork, now: datetime, zone: tzinfo) -> list[str]:
    """The months that are over and not published, in the order in which they must be closed."""
    last = last_closed_month(uow)
    begun = uow.session.get(MonthClose, last) if last else None
    if last is not None and begun is not None:
        first = last if begun.state != State.PUBLISHED else after(last)
    else:
        first = first_month(uow) or month_of(now, zone)
    return [month for month in span(first, month_of(now, zone)) if month < month_of(now, zone)]


def _why_not(uow: UnitOfWork, month: str, now: datetime, zone: tzinfo) -> Sentence | None:
    values = {"month": month}
    if not is_month(month):
        return Sentence(N_("'{month}' is not a month; write it like 2026-10."), values)
    if month >= month_of(now, zone):
        return Sentence(N_("{month} is not over yet."), values)
    waiting = months_to_close(uow, now, zone)
    if month not in waiting:
        return Sentence(N_("The books have nothing to close in {month}."), values)
    if month != waiting[0]:
        message = N_("{first} must be closed before {month}.")
        return Sentence(message, {**values, "first": waiting[0]})
    return None


def _publish(uow: UnitOfWork, close: MonthClose, zone: tzinfo) -> None:
    figures = published_figures(uow, close.month)
    digest = facts.of_month(close.month, figures)
    sealed = Draft(Cause.CLOSE, close.month, close.closed_at, (), facts=digest)
    (entry,) = append(uow, [sealed], close.closed_at, zone)
    close.statements = len(figures)
    close.sessions = sum(statement.sessions for statement in figures)
    close.energy_wh = sum(statement.energy_wh for statement in figures)
    close.lines_fen = sum(statement.lines_fen for statement in figures)
    close.seal = entry.seal
    close.state = State.PUBLISHED


def _outcome(close: MonthClose) -> StillClosing | Closed:
    if close.state != State.PUBLISHED:
        return StillClosing(close.month, close.state)
    return Closed(
        close.month,
        close.closed_at,
        close.statements or 0,
        close.sessions or 0,
        close.energy_wh or 0,
        close.lines_fen or 0,
        close.seal or "",
    )
