"""Reading the books: statements, balances, accounts."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from service.billing.ledger import Account, Cause, explain
from service.billing.outcomes import SessionToBill
from service.billing.pricing import Component, Priced, PricedLine
from service.billing.records import BilledSession, BillLine, LedgerEntry, LedgerPosting
from service.billing.records.closing import close_of
from service.billing.records.queries import (
    account_totals,
    balance_fen,
    balances_fen,
    lines_of,
    movements_of_month,
    openings,
    sessions_of_month,
    statement_months,
    statements_of_month,
)
from service.billing.statement import Movement, SessionBlock, StatementView
from service.store import UnitOfWork


def balance(uow: UnitOfWork, household_id: int, at: datetime | None = None) -> int:
    """What a household owes, in fen, now or as the books stood at a moment; negative: in credit."""
    return balance_fen(uow, household_id, at)


def balances(uow: UnitOfWork) -> dict[int, int]:
    """What every household owes now, in fen; those that owe nothing are left out."""
    return balances_fen(uow)


def accounts(uow: UnitOfWork, month: str | None = None) -> dict[Account, int]:
    """What each account moved in a month of the books (or ever), in fen, debits positive."""
    return {Account(name): fen for name, fen in account_totals(uow, month).items()}


def statement_of(uow: UnitOfWork, household_id: int, month: str) -> StatementView | None:
    """A household's statement, published or as it stands; None where there is nothing to state."""
    return next(iter(_statements(uow, month, household_id)), None)


def statements_of(uow: UnitOfWork, month: str) -> list[StatementView]:
    """All statements of a month, by household, in a handful of queries."""
    return _statements(uow, month, None)


def published_months(uow: UnitOfWork, household_id: int) -> list[str]:
    """The months for which a household has a published statement, newest first."""
    return list(statement_months(uow, household_id))


def _statements(uow: UnitOfWork, month: str, household_id: int | None) -> list[StatementView]:
    close = close_of(uow, month)
    written = {row.household_id: row for row in statements_of_month(uow, month, household_id)}
    opening = (
        {household: row.opening_fen for household, row in written.items()}
        if written
        else openings(uow, month, household_id)
    )
    sessions: dict[int, list[SessionBlock]] = {}
    for block in load_blocks(uow, sessions_of_month(uow, month, household_id)):
        sessions.setdefault(block.bill.household_id, []).append(block)
    payments: dict[int, list[Movement]] = {}
    corrections: dict[int, list[Movement]] = {}
    for entry, posting in movements_of_month(uow, month, household_id):
        kind = payments if entry.cause == Cause.PAYMENT else corrections
        kind.setdefault(posting.household_id or 0, []).append(_movement(entry, posting))
    owing = {household for household, fen in opening.items() if fen}
    return [
        StatementView(
            household,
            month,
            opening.get(household, 0),
            tuple(sessions.get(household, ())),
            tuple(payments.get(household, ())),
            tuple(corrections.get(household, ())),
            close.published_at if close and household in written else None,
            close.closed_at if close else None,
        )
        for household in sorted({*written, *owing, *sessions, *payments, *corrections})
    ]


def _movement(entry: LedgerEntry, posting: LedgerPosting) -> Movement:
    paid = entry.cause == Cause.PAYMENT
    return Movement(
        entry.id,
        entry.happened_at,
        -posting.amount_fen if paid else posting.amount_fen,
        explain(Cause(entry.cause), entry.cause_ref),
        entry.memo,
    )


def load_blocks(uow: UnitOfWork, rows: Sequence[BilledSession]) -> list[SessionBlock]:
    """Billed sessions with their printed lines, in the order given."""
    lines = lines_of(uow, [row.session_id for row in rows])
    return [_block(row, lines[row.session_id]) for row in rows]


def _block(row: BilledSession, lines: Iterable[BillLine]) -> SessionBlock:
    bill = SessionToBill(
        row.session_id,
        row.household_id,
        row.pile,
        row.outlet,
        row.started_at,
        row.ended_at,
        row.register_id,
        row.start_wh,
        row.end_wh,
        row.stop_reason,
    )
    priced = tuple(
        PricedLine(
            line.band,
            line.band_name,
            Component(line.component),
            line.energy_wh,
            line.price_e4,
            line.amount_e7,
            line.amount_fen,
            line.remainder_e7,
            line.interpolated,
        )
        for line in lines
    )
    return SessionBlock(bill, Priced(row.tariff_id, row.energy_wh, priced), row.entry_id, row.late)
