"""Tariffs that are only proposed: anybody may read them, nothing is priced by them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel, col, select

from service.store import UnitOfWork
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


def draft_row(uow: UnitOfWork, draft_id: int, *, to_change: bool = False) -> TariffDraft | None:
    """One draft; nobody else changes it until the unit ends if it is read `to_change`."""
    return uow.session.get(TariffDraft, draft_id, with_for_update=to_change or None)


def draft_rows(uow: UnitOfWork) -> Sequence[TariffDraft]:
    """Every draft, the newest first."""
    return uow.session.exec(select(TariffDraft).order_by(col(TariffDraft.id).desc())).all()
