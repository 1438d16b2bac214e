"""What a month published besides its statements: the leaves and root of its proof, its account."""

from sqlalchemy import PrimaryKeyConstraint
from sqlmodel import Field, SQLModel

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
