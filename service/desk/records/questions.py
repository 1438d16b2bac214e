"""Lines that a household questions, with the evidence as it was when it asked."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from service.store.columns import BigId, big, instant


class Question(SQLModel, table=True):
    """One session's lines, questioned once. `state`: open, credited, refused.

    `evidence` is what was known at the time of asking, kept although raw readings are thinned
    later; `evidence_sha256` proves that it is still the same. `what` is a word of questions.py,
    `basis` the energy of it that a credit note was worked out from.
    """

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    session_id: str = Field(max_length=32, unique=True)
    household_id: int = Field(index=True)
    what: str = Field(default="other", max_length=16)
    words: str = ""
    asked_at: datetime = instant()
    evidence: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    evidence_sha256: str = Field(max_length=64)
    state: str = Field(default="open", max_length=12, index=True)
    answer: str = ""
    answered_at: datetime | None = instant(default=None)
    answered_by: int | None = None
    basis: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    entry_id: int | None = big(default=None)
    seen_at: datetime | None = instant(default=None)
