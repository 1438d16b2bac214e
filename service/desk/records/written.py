"""Entries written by hand and the papers that prove them.

A hand-written entry waits until a second committee member approves it; only then is it posted. The
database itself refuses an approval by whoever wrote it, and any change afterwards (0002).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import CheckConstraint, LargeBinary, func
from sqlmodel import Field, SQLModel, col, select

from service.billing.records import LedgerEntry
from service.store import UnitOfWork
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

    `kind`: payment, grid_bill, repair, other_cost, investment, transfer, counter (see
    `written.py`). Amounts in fen, always positive: the kind says which accounts they move between.
    `counter_of` is the entry of the ledger that a counter takes back. `form_key` names the form
    that was sent, so that a form sent twice is one entry.
    """

    __tablename__ = "hand_entry"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("state IN ('waiting', 'approved', 'refused')", name="state"),
        CheckConstraint(
            "state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> written_by"
            " AND entry_id IS NOT NULL)",
            name="two_people",
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    form_key: str | None = Field(default=None, max_length=64, unique=True)
    kind: str = Field(max_length=16)
    amount_fen: int = big()
    happened_at: datetime = instant()
    paid_by: str = Field(default="", max_length=8)
    household_id: int | None = Field(default=None, index=True)
    other_household_id: int | None = None
    counter_of: int | None = big(default=None, index=True)
    memo: str = ""
    voucher_sha256: str | None = Field(default=None, max_length=64, foreign_key="voucher.sha256")
    state: str = Field(default="waiting", max_length=12, index=True)
    written_at: datetime = instant()
    written_by: int
    decided_at: datetime | None = instant(default=None)
    decided_by: int | None = None
    reason: str = ""
    entry_id: int | None = big(default=None, index=True)


class GridBill(SQLModel, table=True):
    """What the grid's own meter said on the bill that a hand-written entry pays. Wh and UTC.

    `meter_changed`: a new meter began this period, so its register does not follow the last bill.
    """

    __tablename__ = "grid_bill"
    __table_args__ = (
        CheckConstraint("since_at < until_at", name="period"),
        CheckConstraint("start_wh >= 0 AND start_wh <= end_wh", name="registers"),
    )

    hand_entry_id: int = big(primary_key=True, foreign_key="hand_entry.id")
    since_at: datetime = instant()
    until_at: datetime = instant(index=True)
    start_wh: int = big()
    end_wh: int = big()
    meter_changed: bool = False


class PaperFacts(NamedTuple):
    """A voucher without its content."""

    sha256: str
    media_type: str
    size_bytes: int


def hand_row(uow: UnitOfWork, hand_id: int) -> HandEntry | None:
    """An entry as it is stored now, whatever this unit of work has seen of it before."""
    return uow.session.get(HandEntry, hand_id, populate_existing=True)


def row_of_form(uow: UnitOfWork, form_key: str) -> HandEntry | None:
    """The entry that a form has made, if it was sent before."""
    return uow.session.exec(select(HandEntry).where(HandEntry.form_key == form_key)).first()


def waiting_rows(uow: UnitOfWork) -> Sequence[HandEntry]:
    """What waits for a second signature, oldest first."""
    return uow.session.exec(
        select(HandEntry).where(HandEntry.state == "waiting").order_by(col(HandEntry.id))
    ).all()


def approved_rows(uow: UnitOfWork, month: str) -> Sequence[HandEntry]:
    """What was approved and counts in a month of the books, in the order of the ledger."""
    return uow.session.exec(
        select(HandEntry)
        .join(LedgerEntry, col(LedgerEntry.id) == col(HandEntry.entry_id))
        .where(LedgerEntry.month == month, HandEntry.state == "approved")
        .order_by(col(HandEntry.entry_id))
    ).all()


def refused_rows(uow: UnitOfWork, since: datetime, until: datetime) -> Sequence[HandEntry]:
    """What was refused in a span of time, oldest first."""
    return uow.session.exec(
        select(HandEntry)
        .where(
            HandEntry.state == "refused",
            col(HandEntry.decided_at) >= since,
            col(HandEntry.decided_at) < until,
        )
        .order_by(col(HandEntry.id))
    ).all()


def every_approved(uow: UnitOfWork) -> Sequence[HandEntry]:
    """Every entry by hand that is in the ledger, in the order in which it was written."""
    return uow.session.exec(
        select(HandEntry).where(HandEntry.state == "approved").order_by(col(HandEntry.id))
    ).all()


def grid_rows(uow: UnitOfWork, hand_ids: Iterable[int]) -> dict[int, GridBill]:
    """The registers of some grid bills, by their entry."""
    ids = list(hand_ids)
    if not ids:
        return {}
    rows = uow.session.exec(select(GridBill).where(col(GridBill.hand_entry_id).in_(ids)))
    return {row.hand_entry_id: row for row in rows}


def grid_bill_rows(uow: UnitOfWork, state: str) -> Sequence[HandEntry]:
    """The entries of grid bills that are 'waiting' or 'approved', in the order of their periods."""
    return uow.session.exec(
        select(HandEntry)
        .join(GridBill, col(GridBill.hand_entry_id) == col(HandEntry.id))
        .where(HandEntry.state == state)
        .order_by(col(GridBill.since_at))
    ).all()


def counters_of(uow: UnitOfWork, entry_ids: Iterable[int]) -> dict[int, int]:
    """Of these entries of the ledger, those that were taken back, with the entry that did it."""
    ids = list(entry_ids)
    if not ids:
        return {}
    rows = uow.session.exec(
        select(LedgerEntry.counter_of, LedgerEntry.id).where(
            LedgerEntry.cause == "counter", col(LedgerEntry.counter_of).in_(ids)
        )
    )
    return {of: entry for of, entry in rows if of is not None}


def waiting_counter(uow: UnitOfWork, entry_id: int) -> int | None:
    """The entry by hand that waits to take back this entry of the ledger."""
    return uow.session.exec(
        select(HandEntry.id).where(HandEntry.counter_of == entry_id, HandEntry.state == "waiting")
    ).first()


def rows_of_entries(uow: UnitOfWork, entry_ids: Iterable[int]) -> dict[int, HandEntry]:
    """The entries by hand that these entries of the ledger were posted for."""
    rows = uow.session.exec(select(HandEntry).where(col(HandEntry.entry_id).in_(list(entry_ids))))
    return {row.entry_id: row for row in rows if row.entry_id is not None}


def entries_by_hand(uow: UnitOfWork) -> Sequence[tuple[int, str, str]]:
    """Every entry of the ledger that says it was written by hand: number, cause, reference."""
    cause, sealed = col(LedgerEntry.cause), LedgerEntry.facts != ""
    received = (cause == "payment") & col(LedgerEntry.cause_ref).like("R-%") & sealed
    rows = uow.session.exec(
        select(LedgerEntry.id, LedgerEntry.cause, LedgerEntry.cause_ref)
        .where((cause == "voucher") | ((cause == "counter") & sealed) | received)
        .order_by(col(LedgerEntry.id))
    )
    return [(entry, why, ref) for entry, why, ref in rows]


def waiting_payments(uow: UnitOfWork) -> dict[int, int]:
    """What was received at the desk and waits for a second signature, in fen by household."""
    rows = uow.session.exec(
        select(HandEntry.household_id, func.sum(HandEntry.amount_fen))
        .where(HandEntry.kind == "payment", HandEntry.state == "waiting")
        .group_by(col(HandEntry.household_id))
    )
    return {household: int(fen) for household, fen in rows if household is not None}


def paper_row(uow: UnitOfWork, sha256: str) -> Voucher | None:
    """A voucher with its content."""
    return uow.session.get(Voucher, sha256)


def papers(uow: UnitOfWork) -> Sequence[str]:
    """The name of every voucher; their contents are read one by one."""
    return uow.session.exec(select(Voucher.sha256).order_by(col(Voucher.sha256))).all()


def paper_facts(uow: UnitOfWork, names: Iterable[str]) -> dict[str, PaperFacts]:
    """What some vouchers are, without reading their contents."""
    wanted = list(names)
    if not wanted:
        return {}
    rows = uow.session.exec(
        select(Voucher.sha256, Voucher.media_type, Voucher.size_bytes).where(
            col(Voucher.sha256).in_(wanted)
        )
    )
    return {row[0]: PaperFacts(*row) for row in rows}


def rows_with_paper(uow: UnitOfWork, sha256: str) -> Sequence[int]:
    """The entries that carry this paper and were not refused, oldest first."""
    rows = uow.session.exec(
        select(HandEntry.id)
        .where(HandEntry.voucher_sha256 == sha256, HandEntry.state != "refused")
        .order_by(col(HandEntry.id))
    )
    return [row for row in rows if row is not None]
