"""Payments from the file of a bank or a payment service, row by row."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, PrimaryKeyConstraint
from sqlmodel import Field, SQLModel, col, delete, func, select, update

from service.billing.records import LedgerEntry
from service.desk.records.written import HandEntry
from service.store import UnitOfWork
from service.store.columns import BigId, big, instant

CHUNK = 500


class PaymentFile(SQLModel, table=True):
    """A file that was sent in. `state`: draft (nothing has been done with it), taken.

    `text` is the file's own text, kept only between sending it in and taking it in, because it
    names people we do not know. `left_out` says of rows that could not be read which and why.
    """

    __tablename__ = "payment_file"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    sha256: str = Field(max_length=64, unique=True)
    state: str = Field(default="draft", max_length=8)
    text: str = ""
    mapping: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    left_out: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    row_count: int = 0
    uploaded_at: datetime = instant()
    uploaded_by: int | None = None
    imported_at: datetime | None = instant(default=None)
    imported_by: int | None = None


class PaymentRow(SQLModel, table=True):
    """One payment of such a file. `state`: matched (on its way into the ledger), posted, unmatched,
    ignored.

    `payer` and `note` are erased after a set time; `ref` is the bank's number and counts once.
    `why` is the sentence that explains the state: its message and values.
    """

    __tablename__ = "payment_row"
    __table_args__ = (PrimaryKeyConstraint("file_id", "row"),)

    file_id: int = big(foreign_key="payment_file.id")
    row: int
    ref: str = Field(max_length=100, unique=True)
    received_at: datetime = instant()
    amount_fen: int = big()
    paid_by: str = Field(default="bank", max_length=8)
    payer: str = ""
    note: str = ""
    household_id: int | None = Field(default=None, index=True)
    state: str = Field(default="unmatched", max_length=12, index=True)
    why: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    decided_at: datetime | None = instant(default=None)
    decided_by: int | None = None
    reason: str = ""
    entry_id: int | None = big(default=None)
    taken_back: int = 0


def file_with(uow: UnitOfWork, sha256: str) -> PaymentFile | None:
    """The file of this content, if it was ever sent in."""
    return uow.session.exec(select(PaymentFile).where(PaymentFile.sha256 == sha256)).first()


def files(uow: UnitOfWork, state: str, limit: int) -> Sequence[PaymentFile]:
    """Files in a state, the newest first."""
    statement = (
        select(PaymentFile)
        .where(PaymentFile.state == state)
        .order_by(col(PaymentFile.id).desc())
        .limit(limit)
    )
    return uow.session.exec(statement).all()


def remove_drafts(uow: UnitOfWork, before: datetime) -> int:
    """Forget files that were sent in before a moment and never taken in; how many."""
    statement = delete(PaymentFile).where(
        col(PaymentFile.state) == "draft", col(PaymentFile.uploaded_at) < before
    )
    return uow.session.exec(statement).rowcount


def rows_with(uow: UnitOfWork, refs: Iterable[str]) -> dict[str, PaymentRow]:
    """The rows that are known by these numbers of the bank."""
    wanted, found = list(refs), {}
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        statement = select(PaymentRow).where(col(PaymentRow.ref).in_(part))
        found.update({row.ref: row for row in uow.session.exec(statement)})
    return found


def rows_in(uow: UnitOfWork, state: str, limit: int = 10_000) -> Sequence[PaymentRow]:
    """Rows in a state, in the order in which the money came."""
    statement = (
        select(PaymentRow)
        .where(PaymentRow.state == state)
        .order_by(col(PaymentRow.received_at), col(PaymentRow.ref))
        .limit(limit)
    )
    return uow.session.exec(statement).all()


def bank_payments(uow: UnitOfWork) -> Sequence[HandEntry]:
    """Payments through a bank that were written by hand and not refused."""
    statement = select(HandEntry).where(
        HandEntry.kind == "payment", HandEntry.paid_by == "bank", HandEntry.state != "refused"
    )
    return uow.session.exec(statement).all()


def rows_of(uow: UnitOfWork, file_id: int) -> Sequence[PaymentRow]:
    """The rows of a file, in its order."""
    statement = (
        select(PaymentRow).where(PaymentRow.file_id == file_id).order_by(col(PaymentRow.row))
    )
    return uow.session.exec(statement).all()


def countered_rows(uow: UnitOfWork) -> Sequence[PaymentRow]:
    """Posted payments whose entry was taken back since."""
    countered = select(LedgerEntry.counter_of).where(LedgerEntry.cause == "counter")
    statement = select(PaymentRow).where(
        PaymentRow.state == "posted", col(PaymentRow.entry_id).in_(countered)
    )
    return uow.session.exec(statement).all()


def count_unmatched(uow: UnitOfWork, before: datetime) -> int:
    """How many payments that came before a moment belong to nobody yet, or are still on their
    way into the ledger."""
    statement = select(func.count()).where(
        col(PaymentRow.state).in_(("unmatched", "matched")),
        col(PaymentRow.received_at) < before,
    )
    return int(uow.session.exec(statement).one())


def tally(uow: UnitOfWork, file_ids: Iterable[int]) -> dict[int, dict[str, tuple[int, int]]]:
    """How many rows of each file are in which state, and their sum in fen."""
    statement = (
        select(PaymentRow.file_id, PaymentRow.state, func.count(), func.sum(PaymentRow.amount_fen))
        .where(col(PaymentRow.file_id).in_(list(file_ids)))
        .group_by(col(PaymentRow.file_id), PaymentRow.state)
    )
    found: dict[int, dict[str, tuple[int, int]]] = {}
    for file_id, state, count, fen in uow.session.exec(statement):
        found.setdefault(file_id, {})[state] = (int(count), int(fen))
    return found


def forget_payers(uow: UnitOfWork, before: datetime) -> int:
    """Erase who paid and what they wrote on rows that were decided before a moment; how many."""
    statement = (
        update(PaymentRow)
        .where(
            col(PaymentRow.state).in_(("posted", "ignored")),
            col(PaymentRow.decided_at) < before,
            (col(PaymentRow.payer) != "") | (col(PaymentRow.note) != ""),
        )
        .values(payer="", note="")
    )
    return uow.session.exec(statement).rowcount
