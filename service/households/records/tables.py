"""The tables of who lives here and who may enter.

As little of a person as possible: a household is a door, a resident needs no name, a secret is
only a digest. The audit trail is added to, never changed.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from service.store.columns import BigId, big, instant

_LIVING = text("moved_out_at IS NULL")
_LIVE = text("revoked_at IS NULL")


class Household(SQLModel, table=True):
    """Who pays: the people behind one door, from moving in to moving out."""

    __table_args__ = (
        Index(
            "uq_household_one_living_per_door",
            "door",
            unique=True,
            sqlite_where=_LIVING,
            postgresql_where=_LIVING,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    door: str = Field(max_length=16)
    entrance: int
    moved_in_at: datetime = instant()
    moved_out_at: datetime | None = instant(default=None)


class Resident(SQLModel, table=True):
    """A person in a household; the label is whatever the household wants to be called, or none."""

    id: int | None = Field(default=None, primary_key=True)
    household_id: int = Field(foreign_key="household.id", index=True)
    label: str = Field(default="", max_length=40)


class Staff(SQLModel, table=True):
    """One of the few who sign in with a password: gatehouse, maintenance, committee, viewer."""

    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(max_length=40, unique=True)
    role: str = Field(max_length=16)
    display: str = Field(default="", max_length=40)
    password_hash: str | None = Field(default=None, max_length=200)
    disabled_at: datetime | None = instant(default=None)


class Pass(SQLModel, table=True):
    """The right to start or to sign in, held as a digest: a code on paper, a card, an API secret,
    an invitation of a helper or a guest.

    A phone that was bound with a code is a SignIn that names the pass; it ends with it. A code is
    good until `expires_at`, and so is all that a guest may do. `most_...` are a guest's limits.
    """

    __table_args__ = (
        Index(
            "uq_pass_live_digest",
            "digest",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    household_id: int | None = Field(default=None, foreign_key="household.id", index=True)
    staff_id: int | None = Field(default=None, foreign_key="staff.id", index=True)
    resident_id: int | None = Field(default=None, foreign_key="resident.id")
    kind: str = Field(max_length=8)
    digest: str = Field(max_length=64, index=True)
    label: str = Field(default="", max_length=40)
    created_at: datetime = instant()
    expires_at: datetime | None = instant(default=None)
    used_at: datetime | None = instant(default=None)
    revoked_at: datetime | None = instant(default=None)
    most_energy_wh: int | None = None
    most_fen: int | None = None
    most_charges: int | None = None


class SignIn(SQLModel, table=True):
    """A browser that was let in: revocable at once, because the cookie only names this row."""

    __tablename__ = "sign_in"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    digest: str = Field(max_length=64, unique=True)
    household_id: int | None = Field(default=None, foreign_key="household.id", index=True)
    staff_id: int | None = Field(default=None, foreign_key="staff.id", index=True)
    pass_id: int | None = Field(default=None, foreign_key="pass.id", index=True, sa_type=BigId)
    passkey_id: int | None = Field(default=None, foreign_key="passkey.id", sa_type=BigId)
    created_at: datetime = instant()
    expires_at: datetime = instant()
    revoked_at: datetime | None = instant(default=None)
    agent: str = Field(default="", max_length=80)


class Passkey(SQLModel, table=True):
    """A key that a phone keeps for a household (WebAuthn); we know only its public half."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    household_id: int = Field(foreign_key="household.id", index=True)
    credential_id: str = Field(max_length=1400, unique=True)
    public_key: str = Field(max_length=2000)
    sign_count: int = big(default=0)
    agent: str = Field(default="", max_length=80)
    created_at: datetime = instant()
    used_at: datetime | None = instant(default=None)
    revoked_at: datetime | None = instant(default=None)


class AuditEntry(SQLModel, table=True):
    """Who did what, when, from where. Append-only."""

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    at: datetime = instant(index=True)
    actor_role: str = Field(max_length=16)
    actor_id: int | None = None
    action: str = Field(max_length=40)
    subject: str = Field(default="", max_length=80)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    from_address: str = Field(default="", max_length=45)
