"""Entries written by hand and the papers that prove them.

A hand-written entry waits until a second committee member approves it; only then is it posted.
"""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel

from service.store.columns import BigId, big, instant


class Voucher(SQLModel, table=True):
    """A scanned paper, named by the SHA-256 of its content; never changed, never removed."""

    sha256: str = Field(primary_key=True, max_length=64)
    media_type: str = Field(max_length=40)
    size_bytes: int
    content: bytes = Field(sa_type=LargeBinary)
    added_at: datetime = instant()
    added_by: int | None = None


class HandEntry(SQLModel, table=True):
    """What one committee member wrote and another approves. `state`: waiting, approved, refused.

    `kind`: payment, grid_bill, repair, other_cost, investment, transfer (see `written.py`).
    Amounts in fen, always positive: the kind says which accounts they move between.
    """

    __tablename__ = "hand_entry"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    kind: str = Field(max_length=16)
    amount_fen: int = big()
    happened_at: datetime = instant()
    paid_by: str = Field(default="", max_length=8)
    household_id: int | None = Field(default=None, index=True)
    other_household_id: int | None = None
    memo: str = ""
    voucher_sha256: str | None = Field(default=None, max_length=64, foreign_key="voucher.sha256")
    state: str = Field(default="waiting", max_length=12, index=True)
    written_at: datetime = instant()
    written_by: int
    decided_at: datetime | None = instant(default=None)
    decided_by: int | None = None
    reason: str = ""
    entry_id: int | None = big(default=None)


class GridBill(SQLModel, table=True):
    """What the grid's own meter said on the bill that a hand-written entry pays. Wh and UTC."""

    __tablename__ = "grid_bill"

    hand_entry_id: int = big(primary_key=True, foreign_key="hand_entry.id")
    since_at: datetime = instant()
    until_at: datetime = instant(index=True)
    start_wh: int = big()
    end_wh: int = big()
