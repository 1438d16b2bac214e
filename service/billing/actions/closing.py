"""Closing a month: from then on nothing lands in it, and its statements never change.

    nothing -(the month is over)-> closing -(statements, proof)-> written -(sealed)-> published

Two deeds: `close` goes as far as `written`, `publish` takes the last arrow with the account of the
month, which its caller has gathered from the other rooms. Each arrow is one step, stored with what
it made, so a deed that is killed and started again goes on from the last stored step and arrives at
the same figures: what belongs to a month was decided when it was posted, and the time of the first
step is the time of the close. A deed that is done already is answered as it was done.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from enum import StrEnum
from types import MappingProxyType

from service.billing import facts
from service.billing.actions.posting import append
from service.billing.actions.proving import write_proof
from service.billing.facts import MonthParts, StatementFigures, totals_of
from service.billing.ledger import Cause, Draft
from service.billing.months import after, is_month, month_of, span
from service.billing.outcomes import Closed, LeftOpen, Refused, StillClosing
from service.billing.records import MonthAccount, MonthClose
from service.billing.records.closing import (
    close_of,
    month_closed_before,
    root_figures,
    write_statements,
    written_figures,
)
from service.billing.records.queries import first_month, last_closed_month, lock_books
from service.store import UnitOfWork
from service.words import N_, Sentence

NO_ACCOUNT: Mapping[str, object] = MappingProxyType({})


class State(StrEnum):
    """How far a close has come."""

    CLOSING = "closing"
    WRITTEN = "written"
    PUBLISHED = "published"


class UnfitAccountError(ValueError):
    """An account that says something else than the statements beside which it is published."""


def close(
    uow: UnitOfWork,
    month: str,
    now: datetime,
    zone: tzinfo,
    left_open: Sequence[LeftOpen] = (),
    by: str = "",
) -> StillClosing | Closed | Refused:
    """Close a month up to its written statements, from wherever an earlier attempt has stopped.

    `left_open` and `by` are kept by the first step only: who came first has closed it.
    """
    moved = False
    while True:
        outcome = close_step(uow, month, now, zone, left_open, by)
        if not isinstance(outcome, StillClosing):
            return outcome
        moved = moved or outcome.moved
        if outcome.state == State.WRITTEN:
            return StillClosing(month, outcome.state, moved)


def close_step(
    uow: UnitOfWork,
    month: str,
    now: datetime,
    zone: tzinfo,
    left_open: Sequence[LeftOpen] = (),
    by: str = "",
) -> StillClosing | Closed | Refused:
    """Do the next step of closing a month; each may be committed by itself."""
    lock_books(uow)
    row = close_of(uow, month) if is_month(month) else None
    if row is None:
        reason = _why_not(uow, month, now, zone)
        if reason is not None:
            return Refused((reason,))
        row = MonthClose(
            month=month,
            state=State.CLOSING,
            closed_at=now,
            closed_by=by,
            left_open=_left_open_text(left_open),
        )
    elif row.state == State.CLOSING:
        write_statements(uow, row, month_closed_before(uow, month) or "")
        write_proof(uow, month)
        row.state = State.WRITTEN
    elif row.state == State.WRITTEN:
        return StillClosing(month, row.state, moved=False)
    else:
        return _closed(row)
    uow.session.add(row)
    uow.session.flush()
    return StillClosing(month, row.state)


def publish(
    uow: UnitOfWork,
    month: str,
    account: Mapping[str, object],
    now: datetime,
    zone: tzinfo,
    by: str = "",
) -> Closed | Refused:
    """Publish a closed month with its account: statements become final and everything is sealed.

    A month that is published already is answered as it was published, and its account stays.
    Raises UnfitAccountError where the account contradicts the statements.
    """
    lock_books(uow)
    row = close_of(uow, month) if is_month(month) else None
    if row is None or row.state == State.CLOSING:
        message = N_("{month} is not closed yet; close it first, then publish it.")
        return Refused((Sentence(message, {"month": month}),))
    if row.state == State.PUBLISHED:
        return _closed(row)
    figures = written_figures(uow, month)
    totals = totals_of(figures)
    _check_fits(month, totals, account)
    text = facts.account_text(account)
    uow.insert(MonthAccount(month=month, figures=text))
    seal = _seal(uow, row, figures, text, now, zone)
    row.statements, row.sessions = totals["statements"], totals["sessions"]
    row.energy_wh, row.lines_fen = totals["energy_wh"], totals["lines_fen"]
    row.seal, row.state = seal, State.PUBLISHED
    row.published_at, row.published_by = now, by
    uow.session.add(row)
    uow.session.flush()
    return _closed(row)


def close_month(
    uow: UnitOfWork,
    month: str,
    now: datetime,
    zone: tzinfo,
    account: Mapping[str, object] = NO_ACCOUNT,
) -> Closed | Refused:
    """Close a month and publish it in one unit of work."""
    outcome = close(uow, month, now, zone)
    if isinstance(outcome, StillClosing):
        return publish(uow, month, account, now, zone)
    return outcome


def months_to_close(uow: UnitOfWork, now: datetime, zone: tzinfo) -> list[str]:
    """The months that are over and not published, in the order in which they must be closed."""
    last = last_closed_month(uow)
    begun = close_of(uow, last) if last else None
    if last is not None and begun is not None:
        first = last if begun.state != State.PUBLISHED else after(last)
    else:
        first = first_month(uow) or month_of(now, zone)
    return [month for month in span(first, month_of(now, zone)) if month < month_of(now, zone)]


def left_open_of(row: MonthClose) -> list[LeftOpen]:
    """What was still open when a month was closed, with the reasons given."""
    return [LeftOpen(*one) for one in json.loads(row.left_open)]


def _left_open_text(left_open: Sequence[LeftOpen]) -> str:
    rows = [[one.what, one.count, one.reason] for one in left_open]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


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
        message = N_("{first} must be closed and published before {month}.")
        return Sentence(message, {**values, "first": waiting[0]})
    return None


def _check_fits(month: str, totals: Mapping[str, int], account: Mapping[str, object]) -> None:
    """What statements and account both say is the same, or nothing is published."""
    for name, known in totals.items():
        if account.get(name, known) != known:
            raise UnfitAccountError(
                f"{month}: the account says {name} {account[name]}, the statements {known}"
            )


def _seal(
    uow: UnitOfWork,
    row: MonthClose,
    figures: Sequence[StatementFigures],
    account: str,
    now: datetime,
    zone: tzinfo,
) -> str:
    parts = MonthParts(
        facts.of_statements(row.month, figures),
        facts.of_root(row.month, root_figures(uow, row.month)),
        facts.of_account(account),
    )
    digest = facts.of_month(row.month, parts)
    sealed = Draft(Cause.CLOSE, row.month, row.closed_at, (), parts.memo, facts=digest)
    (entry,) = append(uow, [sealed], now, zone)
    return entry.seal


def _closed(row: MonthClose) -> Closed:
    return Closed(
        row.month,
        row.closed_at,
        row.published_at or row.closed_at,
        row.statements or 0,
        row.sessions or 0,
        row.energy_wh or 0,
        row.lines_fen or 0,
        row.seal or "",
    )
