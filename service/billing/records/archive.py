"""What archive and replay of a month read: in batches, so that its length does not matter."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import case
from sqlmodel import col, func, select

from service.billing.records.queries import CHUNK, plain
from service.billing.records.tables import BilledSession, LedgerEntry, LedgerPosting
from service.store import UnitOfWork


def entries_of_month(uow: UnitOfWork, month: str) -> Iterator[Sequence[LedgerEntry]]:
    """The entries that count in a month, in their order, a batch at a time."""
    last = 0
    while True:
        statement = (
            select(LedgerEntry)
            .where(LedgerEntry.month == month, col(LedgerEntry.id) > last)
            .order_by(col(LedgerEntry.id))
            .limit(CHUNK)
        )
        batch = plain(uow, LedgerEntry, statement)
        if not batch:
            return
        yield batch
        last = batch[-1].id


def entries_between(uow: UnitOfWork, first: int, last: int) -> Iterator[Sequence[LedgerEntry]]:
    """A stretch of the chain, both ends included, a batch at a time."""
    for start in range(first, last + 1, CHUNK):
        statement = (
            select(LedgerEntry)
            .where(col(LedgerEntry.id).between(start, min(last, start + CHUNK - 1)))
            .order_by(col(LedgerEntry.id))
        )
        yield plain(uow, LedgerEntry, statement)


def first_entry_of(uow: UnitOfWork, month: str) -> int | None:
    """The number of the first entry that counts in a month."""
    statement = select(func.min(LedgerEntry.id)).where(LedgerEntry.month == month)
    return uow.session.exec(statement).one()


def sessions_of(uow: UnitOfWork, entry_ids: Sequence[int]) -> Sequence[BilledSession]:
    """The billed sessions of some entries (at most a batch of them), in their order."""
    statement = (
        select(BilledSession)
        .where(col(BilledSession.entry_id).in_(entry_ids))
        .order_by(col(BilledSession.entry_id))
    )
    return plain(uow, BilledSession, statement)


def totals_before(uow: UnitOfWork, month: str) -> dict[tuple[str, int | None], int]:
    """What each account, and each household, stood at when a month began, in fen; never 0."""
    total = func.sum(LedgerPosting.amount_fen)
    statement = (
        select(LedgerPosting.account, LedgerPosting.household_id, total)
        .join(LedgerEntry, col(LedgerEntry.id) == col(LedgerPosting.entry_id))
        .where(col(LedgerEntry.month) < month)
        .group_by(LedgerPosting.account, col(LedgerPosting.household_id))
        .having(total != 0)
    )
    return {
        (account, household): int(fen) for account, household, fen in uow.session.exec(statement)
    }


def moved_by_cause(uow: UnitOfWork, month: str) -> dict[tuple[str, str], int]:
    """What each cause moved on each account in a month, in fen; never 0."""
    total = func.sum(LedgerPosting.amount_fen)
    statement = (
        select(LedgerEntry.cause, LedgerPosting.account, total)
        .join(LedgerPosting, col(LedgerPosting.entry_id) == col(LedgerEntry.id))
        .where(LedgerEntry.month == month)
        .group_by(LedgerEntry.cause, LedgerPosting.account)
        .having(total != 0)
    )
    return {(cause, account): int(fen) for cause, account, fen in uow.session.exec(statement)}


def billed_at(
    uow: UnitOfWork, month: str, pile: str
) -> Sequence[tuple[BilledSession, datetime, str]]:
    """The sessions of a pile that a month's statements print, when each was posted, and the digest
    that its entry has sealed."""
    statement = (
        select(BilledSession, LedgerEntry.posted_at, LedgerEntry.facts)
        .join(LedgerEntry, col(LedgerEntry.id) == col(BilledSession.entry_id))
        .where(BilledSession.month == month, BilledSession.pile == pile)
        .order_by(col(BilledSession.entry_id))
    )
    return uow.session.exec(statement).all()


def piles_billed(uow: UnitOfWork, month: str) -> Sequence[str]:
    """The piles of a month's sessions."""
    statement = (
        select(BilledSession.pile)
        .where(BilledSession.month == month)
        .distinct()
        .order_by(BilledSession.pile)
    )
    return uow.session.exec(statement).all()


def moved_by_household(uow: UnitOfWork, month: str) -> dict[int, tuple[int, int]]:
    """What each household's balance moved in a month besides its sessions, in fen: corrections
    (debits positive) and payments (as received)."""
    paid = col(LedgerEntry.cause) == "payment"
    statement = (
        select(
            LedgerPosting.household_id,
            func.sum(case((paid, 0), else_=col(LedgerPosting.amount_fen))),
            func.sum(case((paid, -col(LedgerPosting.amount_fen)), else_=0)),
        )
        .join(LedgerEntry, col(LedgerEntry.id) == col(LedgerPosting.entry_id))
        .where(
            LedgerEntry.month == month,
            LedgerEntry.cause != "session",
            LedgerPosting.account == "receivable",
        )
        .group_by(col(LedgerPosting.household_id))
    )
    return {
        household: (int(corrections), int(payments))
        for household, corrections, payments in uow.session.exec(statement)
        if household is not None
    }
