"""The books as tables. Rows are added and never changed: the database itself refuses it (0002).

There is no balance column anywhere: balances are sums of postings.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint, text
from sqlmodel import Field, SQLModel

from service.store.columns import big, instant

CLUSTERED = {"sqlite_with_rowid": False}


class TariffVersionRow(SQLModel, table=True):
    """A published tariff version."""

    __tablename__ = "tariff_version"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    starts_at: datetime = instant()
    published_at: datetime = instant()
    published_by: str = ""
    consent_at: datetime | None = instant(default=None)
    consent_scope: str = ""


class TariffBandRow(SQLModel, table=True):
    """One band of a tariff version; `slots` are 48 characters, '1' where it holds."""

    __tablename__ = "tariff_band"
    __table_args__ = (
        PrimaryKeyConstraint("version_id", "position"),
        CheckConstraint("length(slots) = 48", name="slots"),
        CheckConstraint("electricity_e4 >= 0 and service_e4 >= 0", name="prices"),
    )

    version_id: int = Field(foreign_key="tariff_version.id")
    position: int
    name: str
    electricity_e4: int
    service_e4: int
    slots: str = Field(max_length=48)


class LedgerEntry(SQLModel, table=True):
    """An entry of the ledger (see ledger.py for the meaning and the seal of each column)."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        Index("uq_ledger_entry_cause", "cause", "cause_ref", unique=True),
        Index(
            "ix_ledger_entry_counter_of",
            "counter_of",
            sqlite_where=text("counter_of IS NOT NULL"),
            postgresql_where=text("counter_of IS NOT NULL"),
        ),
    )

    id: int = big(primary_key=True, sa_column_kwargs={"autoincrement": False})
    happened_at: datetime = instant()
    posted_at: datetime = instant()
    month: str = Field(max_length=7, index=True)
    cause: str = Field(max_length=12)
    cause_ref: str = Field(max_length=120)
    memo: str = ""
    written_by: str = ""
    counter_of: int | None = big(default=None)
    facts: str = Field(default="", max_length=64)
    previous_seal: str = Field(max_length=64)
    seal: str = Field(max_length=64)


class LedgerPosting(SQLModel, table=True):
    """An amount that an entry moves. Only `receivable` has a household."""

    __tablename__ = "ledger_posting"
    __table_args__ = (
        PrimaryKeyConstraint("entry_id", "position"),
        CheckConstraint("amount_fen <> 0", name="moves"),
        CheckConstraint("(account = 'receivable') = (household_id is not null)", name="owes"),
        Index(
            "ix_ledger_posting_household",
            "household_id",
            "entry_id",
            sqlite_where=text("household_id IS NOT NULL"),
            postgresql_where=text("household_id IS NOT NULL"),
        ),
        CLUSTERED,
    )

    entry_id: int = big(foreign_key="ledger_entry.id")
    position: int
    account: str = Field(max_length=20)
    household_id: int | None = None
    amount_fen: int = big()


class BilledSession(SQLModel, table=True):
    """What a statement says of one session. `month` is that of its entry."""

    __tablename__ = "billed_session"
    __table_args__ = (
        Index("ix_billed_session_month", "month", "household_id"),
        CheckConstraint("energy_wh >= 0", name="energy"),
        CLUSTERED,
    )

    session_id: str = Field(primary_key=True, max_length=32)
    entry_id: int = big(foreign_key="ledger_entry.id", unique=True)
    household_id: int
    month: str = Field(max_length=7)
    late: bool
    pile: str = Field(max_length=23)
    outlet: int
    started_at: datetime = instant()
    ended_at: datetime = instant()
    register_id: str = Field(max_length=40)
    start_wh: int = big()
    end_wh: int = big()
    energy_wh: int = big()
    stop_reason: str
    tariff_id: int


class BillLine(SQLModel, table=True):
    """One priced amount of a session: one per band and component. Checked by the database too."""

    __tablename__ = "bill_line"
    __table_args__ = (
        PrimaryKeyConstraint("session_id", "band", "component"),
        CheckConstraint("energy_wh * price_e4 = amount_e7", name="priced"),
        CheckConstraint(
            "amount_fen * 100000 + remainder_e7 = amount_e7"
            " and remainder_e7 >= -50000 and remainder_e7 < 50000",
            name="rounded_once",
        ),
        CLUSTERED,
    )

    session_id: str = Field(foreign_key="billed_session.session_id", max_length=32)
    band: int
    component: str = Field(max_length=12)
    band_name: str
    energy_wh: int = big()
    price_e4: int = big()
    amount_e7: int = big()
    amount_fen: int = big()
    remainder_e7: int
    interpolated: bool


class Statement(SQLModel, table=True):
    """A household's closed month, shown as final once it is published. Sessions, payments and
    corrections of the month have its `month` in their own rows, so nothing has to be attached."""

    __tablename__ = "statement"
    __table_args__ = (
        PrimaryKeyConstraint("month", "household_id"),
        CheckConstraint(
            "closing_fen = opening_fen + lines_fen + corrections_fen - payments_fen",
            name="adds_up",
        ),
        CLUSTERED,
    )

    household_id: int = Field(index=True)
    month: str = Field(max_length=7)
    opening_fen: int = big()
    lines_fen: int = big()
    corrections_fen: int = big()
    payments_fen: int = big()
    closing_fen: int = big()
    energy_wh: int = big()
    sessions: int
    written_at: datetime = instant()


class MonthClose(SQLModel, table=True):
    """How far the close of a month has come; from its first row on, nothing lands in the month.

    `left_open` is a JSON list of [what, count, reason]: what was still open when it was closed, and
    why it was closed nonetheless. `closed_by` and `published_by` are a role and a number.
    """

    __tablename__ = "month_close"

    month: str = Field(primary_key=True, max_length=7)
    state: str = Field(max_length=12)
    closed_at: datetime = instant()
    closed_by: str = Field(default="", max_length=40)
    left_open: str = "[]"
    published_at: datetime | None = instant(default=None)
    published_by: str = Field(default="", max_length=40)
    statements: int | None = None
    sessions: int | None = None
    energy_wh: int | None = big(default=None)
    lines_fen: int | None = big(default=None)
    seal: str | None = Field(default=None, max_length=64)
