"""Tariffs that are only proposed: anybody may read them, nothing is priced by them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from service.store.columns import BigId, instant


class TariffDraft(SQLModel, table=True):
    """A proposed tariff and, once taken, the owners' decision. Its prices change until then.

    `state`: open, approved (then `version_id` is the version published), refused.
    """

    __tablename__ = "tariff_draft"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    starts_at: datetime = instant()
    bands: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    why: str = ""
    consent_at: datetime | None = instant(default=None)
    consent_scope: str = ""
    state: str = Field(default="open", max_length=12)
    drafted_at: datetime = instant()
    drafted_by: int | None = None
    decided_at: datetime | None = instant(default=None)
    decided_by: int | None = None
    votes_for: int | None = None
    votes_against: int | None = None
    remark: str = ""
    version_id: int | None = None
