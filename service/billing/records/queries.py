"""Every SQL statement of the books: narrow reads, adding rows, and the month in one stroke."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Executable, insert, text
from sqlalchemy import select as core_select
from sqlmodel import SQLModel, col, func, select

from service.billing.records.tables import (
    BilledSession,
    BillLine,
    LedgerEntry,
    LedgerPosting,
    MonthClose,
    Statement,
    TariffBandRow,
    TariffVersionRow,
)
from service.store import UnitOfWork

Key = TypeVar("Key")
Row = TypeVar("Row", bound=SQLModel)

CHUNK = 1000
"""How many keys one query asks for: below every database's limit of parameters."""

NEWEST_TARIFF = core_select(func.max(col(TariffVersionRow.id)))
"""Built once: every start asks for it."""


def lock_books(uow: UnitOfWork) -> None:
    """Nobody else writes into the books until this unit ends (SQLite has one writer anyway)."""
    connection = uow.session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("lock table ledger_entry in share row exclusive mode"))


def add_rows(uow: UnitOfWork, model: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    """Insert many rows at once; a key that is already there is an error."""
    if rows:
        table = model.__table__  # type: ignore[attr-defined]
        uow.session.connection().execute(insert(table), rows)


def tariff_rows(uow: UnitOfWork) -> Sequence[TariffVersionRow]:
    """Every published tariff version, in the order in which they were published."""
    return uow.session.exec(select(TariffVersionRow).order_by(col(TariffVersionRow.id))).all()


def newest_tariff_id(uow: UnitOfWork) -> int | None:
    """The number of the version that was published last; a look of some microseconds."""
    return uow.session.connection().execute(NEWEST_TARIFF).scalar()


def band_rows(uow: UnitOfWork, version_ids: Iterable[int]) -> Sequence[TariffBandRow]:
    """The bands of some versions, in their order."""
    statement = (
        select(TariffBandRow)
        .where(col(TariffBandRow.version_id).in_(list(version_ids)))
        .order_by(col(TariffBandRow.version_id), col(TariffBandRow.position))
    )
    return uow.session.exec(statement).all()


def last_entry(uow: UnitOfWork) -> LedgerEntry | None:
    """The head of the chain."""
    statement = select(LedgerEntry).order_by(col(LedgerEntry.id).desc()).limit(1)
    return uow.session.exec(statement).first()


def entry_for(uow: UnitOfWork, cause: str, cause_ref: str) -> LedgerEntry | None:
    """The entry that a cause has made, if any."""
    statement = select(LedgerEntry).where(
        LedgerEntry.cause == cause, LedgerEntry.cause_ref == cause_ref
    )
    return uow.session.exec(statement).first()


def last_closed_month(uow: UnitOfWork) -> str | None:
    """The last month from which nothing is taken in any more."""
    return uow.session.exec(select(func.max(MonthClose.month))).one()


def first_month(uow: UnitOfWork) -> str | None:
    """The first month with an entry."""
    return uow.session.exec(select(func.min(LedgerEntry.month))).one()


def entries_of_sessions(uow: UnitOfWork, session_ids: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Of these sessions, those in the ledger: their entry and the digest of what was billed."""
    found: dict[str, tuple[int, str]] = {}
    ids = sorted(set(session_ids))
    for part in _parts(ids):
        statement = (
            select(BilledSession.session_id, LedgerEntry.id, LedgerEntry.facts)
            .join(LedgerEntry, col(LedgerEntry.id) == col(BilledSession.entry_id))
            .where(col(BilledSession.session_id).in_(part))
        )
        found |= {session: (entry, facts) for session, entry, facts in uow.session.exec(statement)}
    return found


def postings_of(uow: UnitOfWork, entry_ids: Sequence[int]) -> dict[int, list[LedgerPosting]]:
    """The postings of some entries, in their order."""
    found: dict[int, list[LedgerPosting]] = {entry: [] for entry in entry_ids}
    for part in _parts(entry_ids):
        statement = (
            select(LedgerPosting)
            .where(col(LedgerPosting.entry_id).in_(part))
            .order_by(col(LedgerPosting.entry_id), col(LedgerPosting.position))
        )
        for posting in plain(uow, LedgerPosting, statement):
            found[posting.entry_id].append(posting)
    return found


def lines_of(uow: UnitOfWork, session_ids: Sequence[str]) -> dict[str, list[BillLine]]:
    """The printed lines of some sessions, in their order."""
    found: dict[str, list[BillLine]] = {session: [] for session in session_ids}
    for part in _parts(session_ids):
        statement = (
            select(BillLine)
            .where(col(BillLine.session_id).in_(part))
            .order_by(col(BillLine.session_id), col(BillLine.band), col(BillLine.component))
        )
        for line in plain(uow, BillLine, statement):
            found[line.session_id].append(line)
    return found


def plain(uow: UnitOfWork, model: type[Row], statement: Executable) -> Sequence[Row]:
    """What a `select(model)` finds, as rows with its columns and nothing else: whoever walks
    through a million of them would spend half of the time on what the session keeps of each."""
    rows: Any = uow.session.connection().execute(statement).all()
    found: Sequence[Row] = rows
    return found


def _parts(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))


def sessions_of_month(
    uow: UnitOfWork, month: str, household_id: int | None = None
) -> Sequence[BilledSession]:
    """The sessions that a month's statements print, of one household or of all, as they ended."""
    statement = (
        select(BilledSession)
        .where(BilledSession.month == month)
        .order_by(
            col(BilledSession.household_id),
            col(BilledSession.ended_at),
            col(BilledSession.session_id),
        )
    )
    if household_id is not None:
        statement = statement.where(BilledSession.household_id == household_id)
    return uow.session.exec(statement).all()


def movements_of_month(
    uow: UnitOfWork, month: str, household_id: int | None = None
) -> Sequence[tuple[LedgerEntry, LedgerPosting]]:
    """What moved households' balances in a month besides sessions, oldest entry first."""
    statement = (
        select(LedgerEntry, LedgerPosting)
        .join(LedgerPosting, col(LedgerPosting.entry_id) == col(LedgerEntry.id))
        .where(
            LedgerEntry.month == month,
            LedgerEntry.cause != "session",
            LedgerPosting.account == "receivable",
        )
        .order_by(col(LedgerEntry.id), col(LedgerPosting.position))
    )
    if household_id is not None:
        statement = statement.where(LedgerPosting.household_id == household_id)
    return uow.session.exec(statement).all()


def openings(uow: UnitOfWork, month: str, household_id: int | None = None) -> dict[int, int]:
    """What households owed when a month began, in fen; those that owed nothing may be missing."""
    statement = (
        select(LedgerPosting.household_id, func.sum(LedgerPosting.amount_fen))
        .join(LedgerEntry, col(LedgerEntry.id) == col(LedgerPosting.entry_id))
        .where(LedgerPosting.account == "receivable", col(LedgerEntry.month) < month)
        .group_by(col(LedgerPosting.household_id))
    )
    if household_id is not None:
        statement = statement.where(LedgerPosting.household_id == household_id)
    return {
        household: int(fen)
        for household, fen in uow.session.exec(statement)
        if household is not None
    }


def statements_of_month(
    uow: UnitOfWork, month: str, household_id: int | None = None
) -> Sequence[Statement]:
    """The statements of a closed month, by household."""
    statement = (
        select(Statement).where(Statement.month == month).order_by(col(Statement.household_id))
    )
    if household_id is not None:
        statement = statement.where(Statement.household_id == household_id)
    return uow.session.exec(statement).all()


def statement_months(uow: UnitOfWork, household_id: int) -> Sequence[str]:
    """The published months for which a household has a statement, newest first."""
    statement = (
        select(Statement.month)
        .join(MonthClose, col(MonthClose.month) == col(Statement.month))
        .where(Statement.household_id == household_id, MonthClose.state == "published")
        .order_by(col(Statement.month).desc())
    )
    return uow.session.exec(statement).all()


def account_totals(uow: UnitOfWork, month: str | None = None) -> dict[str, int]:
    """What each account moved in a month (or ever), in fen, debits positive; they sum to zero."""
    statement = select(LedgerPosting.account, func.sum(LedgerPosting.amount_fen)).group_by(
        LedgerPosting.account
    )
    if month is not None:
        statement = statement.join(
            LedgerEntry, col(LedgerEntry.id) == col(LedgerPosting.entry_id)
        ).where(LedgerEntry.month == month)
    return {account: int(fen) for account, fen in uow.session.exec(statement)}


def all_entries(uow: UnitOfWork) -> Iterator[Sequence[LedgerEntry]]:
    """The whole ledger in order, a batch at a time, so that its length does not matter."""
    last = 0
    while True:
        statement = (
            select(LedgerEntry)
            .where(col(LedgerEntry.id) > last)
            .order_by(col(LedgerEntry.id))
            .limit(CHUNK)
        )
        batch = plain(uow, LedgerEntry, statement)
        if not batch:
            return
        yield batch
        last = batch[-1].id


def sessions_of_entries(uow: UnitOfWork, first: int, last: int) -> Sequence[BilledSession]:
    """The billed sessions of a run of entries, in their order."""
    statement = (
        select(BilledSession)
        .where(col(BilledSession.entry_id).between(first, last))
        .order_by(col(BilledSession.entry_id))
    )
    return plain(uow, BilledSession, statement)


def balance_fen(uow: UnitOfWork, household_id: int, at: datetime | None = None) -> int:
    """What a household owed at a moment (now, if none is given); negative: it paid ahead."""
    total = func.coalesce(func.sum(LedgerPosting.amount_fen), 0)
    statement = select(total).where(LedgerPosting.household_id == household_id)
    if at is not None:
        statement = statement.join(
            LedgerEntry, col(LedgerEntry.id) == col(LedgerPosting.entry_id)
        ).where(col(LedgerEntry.posted_at) <= at)
    return int(uow.session.exec(statement).one())


def balances_fen(uow: UnitOfWork) -> dict[int, int]:
    """What every household owes now; those that owe nothing are left out."""
    total = func.sum(LedgerPosting.amount_fen)
    statement = (
        select(LedgerPosting.household_id, total)
        .where(LedgerPosting.account == "receivable")
        .group_by(col(LedgerPosting.household_id))
        .having(total != 0)
    )
    return {
        household: int(fen)
        for household, fen in uow.session.exec(statement)
        if household is not None
    }
