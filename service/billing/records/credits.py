"""The SQL of corrections: what was posted because of one entry, and one billed session."""

from collections.abc import Iterable, Sequence

from sqlmodel import col, select

from service.billing.records.tables import BilledSession, LedgerEntry
from service.store import UnitOfWork


def billed_session(uow: UnitOfWork, session_id: str) -> BilledSession | None:
    """What a statement says of a session, if it is in the ledger."""
    return uow.session.get(BilledSession, session_id)


def entries_against(uow: UnitOfWork, entry_ids: Iterable[int]) -> Sequence[LedgerEntry]:
    """Entries that name one of these as the one they correct, oldest first."""
    statement = (
        select(LedgerEntry)
        .where(col(LedgerEntry.counter_of).in_(list(entry_ids)))
        .order_by(col(LedgerEntry.id))
    )
    return uow.session.exec(statement).all()


def credit_entries(uow: UnitOfWork) -> Sequence[LedgerEntry]:
    """Every credit note, oldest first."""
    statement = (
        select(LedgerEntry).where(LedgerEntry.cause == "credit").order_by(col(LedgerEntry.id))
    )
    return uow.session.exec(statement).all()
