"""The SQL of what a month leaves behind: sessions that are settled and not billed, or held."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from service.sessions.lifecycle import State
from service.sessions.records import Session
from service.store import UnitOfWork


def settled_unbilled(
    uow: UnitOfWork, ended_before: datetime, settled_before: datetime
) -> Sequence[str]:
    """Order numbers of settled sessions that ended and were settled before a moment and are not in
    the ledger, as they ended."""
    statement = (
        select(Session.id)
        .where(
            Session.state == State.SETTLED,
            col(Session.posted_at).is_(None),
            col(Session.ended_at) < ended_before,
            col(Session.settled_at) <= settled_before,
        )
        .order_by(col(Session.ended_at), col(Session.id))
    )
    return uow.session.exec(statement).all()


def held_before(uow: UnitOfWork, ended_before: datetime) -> Sequence[Session]:
    """Held sessions that ended before a moment (those without an end were asked for before it)."""
    statement = (
        select(Session)
        .where(Session.state == State.HELD, col(Session.requested_at) < ended_before)
        .order_by(col(Session.requested_at), col(Session.id))
    )
    rows = uow.session.exec(statement).all()
    return [row for row in rows if row.ended_at is None or row.ended_at < ended_before]
