"""Payments from the file of a bank or a payment service, row by row."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, PrimaryKeyConstraint
from sqlmodel import Field, SQLModel

from service.store.columns import BigId, big, instant


class PaymentFile(SQLModel, table=True):
    """A file that was taken in. The file itself is not kept: it names people we do not know."""

    __tablename__ = "payment_file"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    sha256: str = Field(max_length=64, unique=True)
    mapping: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    row_count: int
    imported_at: datetime = instant()
    imported_by: int | None = None


class PaymentRow(SQLModel, table=True):
    """One payment of such a file. `state`: unmatched, posted, ignored.

    `payer` and `note` are erased after a set time; `ref` is the bank's number and counts once.
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
    decided_at: datetime | None = instant(default=None)
    decided_by: int | None = None
    reason: str = ""
    entry_id: int | None = big(default=None)
