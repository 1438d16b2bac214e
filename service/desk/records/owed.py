"""What months added to households' debts and what was paid in them: narrow sums over the books."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case
from sqlmodel import col, func, select

from service.billing.records import LedgerEntry, LedgerPosting, MonthClose, Statement
from service.store import UnitOfWork

STATED = ("written", "published")


class MonthOwed(NamedTuple):
    """One household's month. `published_at` is None as long as no statement was published."""

    household_id: int
    month: str
    charged_fen: int
    paid_fen: int
    published_at: datetime | None


def months_owed(uow: UnitOfWork, household_id: int | None = None) -> Iterator[MonthOwed]:
    """Every month of every household (or one): from its statements, then from the ledger."""
    last = uow.session.exec(
        select(func.max(MonthClose.month)).where(col(MonthClose.state).in_(STATED))
    ).one()
    yield from _stated(uow, household_id)
    yield from _unstated(uow, last or "", household_id)


def _stated(uow: UnitOfWork, household_id: int | None) -> Iterator[MonthOwed]:
    published = {
        close.month: close.published_at if close.state == "published" else None
        for close in uow.session.exec(select(MonthClose))
    }
    charged = col(Statement.lines_fen) + col(Statement.corrections_fen)
    statement = select(Statement.household_id, Statement.month, charged, Statement.payments_fen)
    if household_id is not None:
        statement = statement.where(Statement.household_id == household_id)
    for household, month, added, paid in uow.session.exec(statement):
        yield MonthOwed(household, month, int(added), int(paid), published.get(month))


def _unstated(uow: UnitOfWork, last: str, household_id: int | None) -> Iterator[MonthOwed]:
    payment = col(LedgerEntry.cause) == "payment"
    statement = (
        select(
            LedgerPosting.household_id,
            LedgerEntry.month,
            func.sum(case((payment, 0), else_=LedgerPosting.amount_fen)),
            func.sum(case((payment, -col(LedgerPosting.amount_fen)), else_=0)),
        )
        .join(LedgerEntry, col(LedgerEntry.id) == col(LedgerPosting.entry_id))
        .where(LedgerPosting.account == "receivable", col(LedgerEntry.month) > last)
        .group_by(col(LedgerPosting.household_id), col(LedgerEntry.month))
    )
    if household_id is not None:
        statement = statement.where(LedgerPosting.household_id == household_id)
    for household, month, charged, paid in uow.session.exec(statement):
        yield MonthOwed(household or 0, month, int(charged), int(paid), None)


def published(uow: UnitOfWork) -> list[tuple[str, datetime | None]]:
    """The months that are published, oldest first, with when they were."""
    statement = (
        select(MonthClose.month, MonthClose.published_at)
        .where(MonthClose.state == "published")
        .order_by(col(MonthClose.month))
    )
    return [(month, at) for month, at in uow.session.exec(statement)]
