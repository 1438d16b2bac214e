"""A month in one stroke: what its statements say, how far its close has come, what it published."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel import col, func, select

from service.billing.facts import RootFigures, StatementFigures
from service.billing.records.publishing import MonthAccount, ProofRoot
from service.billing.records.tables import MonthClose, Statement
from service.clock import to_ms
from service.store import UnitOfWork

_FIGURES = """
SELECT household_id, SUM(opening) AS opening_fen, SUM(line) AS lines_fen,
       SUM(correction) AS corrections_fen, SUM(payment) AS payments_fen,
       SUM(closing) AS closing_fen, SUM(energy) AS energy_wh, SUM(session) AS sessions
FROM (
    SELECT household_id, closing_fen AS opening, 0 AS line, 0 AS correction, 0 AS payment,
           closing_fen AS closing, 0 AS energy, 0 AS session
    FROM statement WHERE month = :previous AND closing_fen <> 0
    UNION ALL
    SELECT p.household_id, 0, 0,
           CASE WHEN e.cause IN ('session', 'payment') THEN 0 ELSE p.amount_fen END,
           CASE WHEN e.cause = 'payment' THEN -p.amount_fen ELSE 0 END, p.amount_fen, 0, 0
    FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id
    WHERE e.month = :month AND p.account = 'receivable'
    UNION ALL
    SELECT household_id, 0, 0, 0, 0, 0, energy_wh, 1 FROM billed_session WHERE month = :month
    UNION ALL
    SELECT s.household_id, 0, l.amount_fen, 0, 0, 0, 0, 0
    FROM billed_session s JOIN bill_line l ON l.session_id = s.session_id WHERE s.month = :month
) AS facts GROUP BY household_id
"""
"""What each household's statement of a month says: the closing balance comes from the ledger, the
lines from what is printed, and the table's own check refuses a row where the two differ."""

_WRITE_STATEMENTS = f"""
INSERT INTO statement (household_id, opening_fen, lines_fen, corrections_fen, payments_fen,
                       closing_fen, energy_wh, sessions, month, written_at)
SELECT figures.*, :month, :at FROM ({_FIGURES}) AS figures
"""  # noqa: S608 - put together from two constants


def write_statements(uow: UnitOfWork, close: MonthClose, previous: str) -> None:
    """Every statement of a month in one stroke. `previous`: the month closed before, or ''."""
    values = {"month": close.month, "previous": previous, "at": to_ms(close.closed_at)}
    uow.session.connection().execute(text(_WRITE_STATEMENTS), values)


def figures_anew(uow: UnitOfWork, month: str, previous: str) -> list[StatementFigures]:
    """What the statements of a month should say, computed again from sessions and ledger."""
    rows = uow.session.connection().execute(text(_FIGURES), {"month": month, "previous": previous})
    return sorted(StatementFigures(*map(int, row)) for row in rows)


def written_figures(uow: UnitOfWork, month: str) -> list[StatementFigures]:
    """What the statements of a closed month say, by household."""
    columns = [getattr(Statement, name) for name in StatementFigures._fields]
    statement = select(*columns).where(Statement.month == month)
    return sorted(StatementFigures(*row) for row in uow.session.exec(statement))


def close_of(uow: UnitOfWork, month: str) -> MonthClose | None:
    """How far the close of a month has come; None before it was begun."""
    return uow.session.get(MonthClose, month)


def closes(uow: UnitOfWork) -> Sequence[MonthClose]:
    """Every close that was begun, oldest month first."""
    return uow.session.exec(select(MonthClose).order_by(col(MonthClose.month))).all()


def month_closed_before(uow: UnitOfWork, month: str) -> str | None:
    """The month whose closing balances are the opening ones of this month."""
    statement = select(func.max(MonthClose.month)).where(col(MonthClose.month) < month)
    return uow.session.exec(statement).one()


def root_figures(uow: UnitOfWork, month: str) -> RootFigures | None:
    """The top of a month's proof; None for a month without one."""
    row = uow.session.get(ProofRoot, month)
    return None if row is None else RootFigures(row.root, row.leaves, row.amount_fen, row.energy_wh)


def account_text(uow: UnitOfWork, month: str) -> str | None:
    """The published account of a month, the very text that is sealed; None before that."""
    row = uow.session.get(MonthAccount, month)
    return None if row is None else row.figures


def account_texts(uow: UnitOfWork) -> dict[str, str]:
    """Every published account, oldest month first."""
    rows = uow.session.exec(select(MonthAccount).order_by(col(MonthAccount.month)))
    return {row.month: row.figures for row in rows}
