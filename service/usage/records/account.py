"""The SQL of a month's account and of what is still open before it is closed. Reads only."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, func, or_, select, type_coerce
from sqlmodel import col

from service.billing.records import LedgerEntry, LedgerPosting
from service.desk.records import HandEntry, Question
from service.metering.energy import FASTEST
from service.sessions.lifecycle import State
from service.sessions.records import Session
from service.store import UnitOfWork
from service.usage.account import Moved
from service.usage.grid import Used
from service.usage.spans import Span

LONGEST = timedelta(days=2)
"""No session lasts longer, so one that lies over a border ended at most this long after it."""

WAITS_AT_MOST = timedelta(days=62)
"""What is settled is posted within minutes: so far back a count looks, not through all years."""

MS_PER_HOUR = 3_600_000
WITH_ENERGY = (State.SETTLED, State.HELD, State.WAIVED)


def moved_in(uow: UnitOfWork, month: str) -> list[Moved]:
    """What the ledger moved in one month of the books, by cause and account."""
    return _moved(uow, col(LedgerEntry.month) == month)


def moved_before(uow: UnitOfWork, month: str) -> list[Moved]:
    """What the ledger moved in all earlier months. Walks through the whole ledger."""
    return _moved(uow, col(LedgerEntry.month) < month)


def _moved(uow: UnitOfWork, which: ColumnElement[bool]) -> list[Moved]:
    statement = (
        select(
            col(LedgerEntry.cause), col(LedgerPosting.account), func.sum(LedgerPosting.amount_fen)
        )
        .join(LedgerPosting, col(LedgerPosting.entry_id) == col(LedgerEntry.id))
        .where(which)
        .group_by(col(LedgerEntry.cause), col(LedgerPosting.account))
    )
    return [
        Moved(str(cause), str(account), int(fen)) for cause, account, fen in _rows(uow, statement)
    ]


def used_between(uow: UnitOfWork, span: Span) -> list[Used]:
    """Every session that drew energy in a span: those inside of it as one sum, those that lie over
    a border one by one. A session that is not billed counts for no more than its outlet can give,
    because a register that jumped is what many are held for."""
    is_billed = col(Session.posted_at).is_not(None)
    took_ms = _ms(Session.ended_at) - _ms(Session.started_at)
    most_wh = took_ms * col(Session.max_power_w) * round(10 * FASTEST) // (10 * MS_PER_HOUR)
    believed = case(
        (is_billed, col(Session.energy_wh)),
        (col(Session.energy_wh) > most_wh, most_wh),
        else_=col(Session.energy_wh),
    )
    drew = and_(
        col(Session.state).in_(WITH_ENERGY),
        col(Session.energy_wh) > 0,
        col(Session.started_at).is_not(None),
    )
    inside = and_(col(Session.started_at) >= span.since, col(Session.ended_at) <= span.until)
    whole = (
        select(is_billed, func.sum(believed))
        .where(drew, inside, col(Session.ended_at) > span.since)
        .group_by(is_billed)
    )
    over = select(_ms(Session.started_at), _ms(Session.ended_at), believed, is_billed).where(
        drew,
        or_(
            and_(
                col(Session.ended_at) > span.since,
                col(Session.ended_at) <= span.since + LONGEST,
                col(Session.started_at) < span.since,
            ),
            and_(
                col(Session.ended_at) > span.until,
                col(Session.ended_at) <= span.until + LONGEST,
                col(Session.started_at) < span.until,
                col(Session.started_at) >= span.since,
            ),
        ),
    )
    sums = [
        Used(span.since_ms, span.until_ms, int(wh), bool(billed))
        for billed, wh in _rows(uow, whole)
    ]
    return sums + [
        Used(int(start), int(end), int(wh), bool(billed))
        for start, end, wh, billed in _rows(uow, over)
    ]


def ended_in(uow: UnitOfWork, span: Span, state: State) -> list[tuple[str, str]]:
    """Sessions in a state that were over in a span: order number and what they are held for."""
    over_at = func.coalesce(_ms(Session.ended_at), _ms(Session.requested_at))
    statement = (
        select(col(Session.id), func.coalesce(col(Session.held_reason), ""))
        .where(col(Session.state) == state, over_at >= span.since_ms, over_at < span.until_ms)
        .order_by(over_at, col(Session.id))
    )
    return [(str(session), str(reason)) for session, reason in _rows(uow, statement)]


def unposted_until(uow: UnitOfWork, until: datetime) -> int:
    """Settled sessions that were over before a moment and are not in the ledger yet."""
    statement = select(func.count()).where(
        col(Session.state) == State.SETTLED,
        col(Session.posted_at).is_(None),
        col(Session.ended_at) < until,
        col(Session.ended_at) >= until - WAITS_AT_MOST,
    )
    return int(uow.session.connection().execute(statement).scalar_one())


def waiting_until(uow: UnitOfWork, until: datetime) -> int:
    """Entries by hand about a time before a moment that wait for a second signature."""
    statement = select(func.count()).where(
        col(HandEntry.state) == "waiting", col(HandEntry.happened_at) < until
    )
    return int(uow.session.connection().execute(statement).scalar_one())


def open_questions(uow: UnitOfWork) -> int:
    """Questions of households that nobody has answered yet."""
    statement = select(func.count()).where(col(Question.state) == "open")
    return int(uow.session.connection().execute(statement).scalar_one())


def _ms(column: Any) -> ColumnElement[Any]:
    return type_coerce(column, BigInteger)


def _rows(uow: UnitOfWork, statement: Any) -> Sequence[Any]:
    return uow.session.connection().execute(statement).all()
