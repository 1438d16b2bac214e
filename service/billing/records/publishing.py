"""What a month published besides its statements: the leaves and root of its proof, its account."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import PrimaryKeyConstraint
from sqlalchemy import select as core_select
from sqlmodel import Field, SQLModel, col

from service.billing.records.tables import Statement
from service.households.records import Household
from service.store import UnitOfWork
from service.store.columns import big


class ProofLeaf(SQLModel, table=True):
    """What only the household may learn of its own leaf: the door it was made for and its salt."""

    __tablename__ = "proof_leaf"
    __table_args__ = (PrimaryKeyConstraint("month", "household_id"), {"sqlite_with_rowid": False})

    month: str = Field(max_length=7)
    household_id: int
    door: str = Field(max_length=16)
    salt: str = Field(max_length=32)


class ProofRoot(SQLModel, table=True):
    """The published top of a month's tree: one hash that stands for every statement, and sums."""

    __tablename__ = "proof_root"

    month: str = Field(primary_key=True, max_length=7)
    root: str = Field(max_length=64)
    leaves: int
    amount_fen: int = big()
    energy_wh: int = big()


class MonthAccount(SQLModel, table=True):
    """The figures of the open books as they were published: JSON, sealed in the ledger."""

    __tablename__ = "month_account"

    month: str = Field(primary_key=True, max_length=7)
    figures: str


class BillToProve(NamedTuple):
    """What a leaf is made from: a household's statement, and its door as it is now."""

    household_id: int
    amount_fen: int
    energy_wh: int
    door: str | None


class ProvenBill(NamedTuple):
    """A leaf with the bill it was made from, in the order of proof.Leaf."""

    household_id: int
    door: str
    salt: str
    amount_fen: int
    energy_wh: int


def bills_to_prove(uow: UnitOfWork, month: str) -> Sequence[BillToProve]:
    """Every statement of a month; the door is None where nobody knows the household."""
    statement = (
        core_select(
            col(Statement.household_id),
            col(Statement.lines_fen),
            col(Statement.energy_wh),
            col(Household.door),
        )
        .outerjoin(Household, col(Household.id) == col(Statement.household_id))
        .where(col(Statement.month) == month)
        .order_by(col(Statement.household_id))
    )
    return [BillToProve(*row) for row in uow.session.connection().execute(statement)]


def proven_bills(uow: UnitOfWork, month: str) -> Sequence[ProvenBill]:
    """The leaves of a month with what their statements say; a leaf without one is left out."""
    statement = (
        core_select(
            col(ProofLeaf.household_id),
            col(ProofLeaf.door),
            col(ProofLeaf.salt),
            col(Statement.lines_fen),
            col(Statement.energy_wh),
        )
        .join(
            Statement,
            (col(Statement.month) == col(ProofLeaf.month))
            & (col(Statement.household_id) == col(ProofLeaf.household_id)),
        )
        .where(col(ProofLeaf.month) == month)
    )
    return [ProvenBill(*row) for row in uow.session.connection().execute(statement)]


def proof_root(uow: UnitOfWork, month: str) -> ProofRoot | None:
    """The root of a month whose statements are written."""
    return uow.session.get(ProofRoot, month)
