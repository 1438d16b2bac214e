"""What a household still has going on, as far as its leaving must know it."""

from collections.abc import Sequence

from sqlmodel import col, select

from service.sessions.lifecycle import OPEN, State
from service.sessions.records import Session
from service.store import UnitOfWork

TO_COME = (State.STOPPING, State.ENDED, State.SETTLED, State.HELD)
"""Over or nearly so, and not in the ledger yet."""


def open_sessions(uow: UnitOfWork, household_id: int) -> Sequence[Session]:
    """Sessions of a household that hold an outlet, oldest first."""
    statement = (
        select(Session)
        .where(Session.household_id == household_id, col(Session.state).in_(OPEN))
        .order_by(col(Session.id))
    )
    return uow.session.exec(statement).all()


def sessions_to_come(uow: UnitOfWork, household_id: int) -> Sequence[Session]:
    """Sessions of a household that are over and will come on to its statement yet."""
    statement = (
        select(Session)
        .where(
            Session.household_id == household_id,
            col(Session.state).in_(TO_COME),
            col(Session.posted_at).is_(None),
        )
        .order_by(col(Session.id))
    )
    return uow.session.exec(statement).all()


def any_charged(uow: UnitOfWork) -> bool:
    """Whether anybody has ever charged here."""
    statement = select(Session.id).where(col(Session.started_at).is_not(None)).limit(1)
    return uow.session.exec(statement).first() is not None
