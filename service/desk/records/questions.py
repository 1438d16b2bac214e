"""Lines that a household questions, with the evidence as it was when it asked."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel, col, func, select

from service.store import UnitOfWork
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


class Mark(NamedTuple):
    """That a charge is questioned, for the statement beside it; without the evidence."""

    session_id: str
    question_id: int
    state: str
    seen: bool


def question_row(uow: UnitOfWork, question_id: int) -> Question | None:
    """One question."""
    return uow.session.get(Question, question_id)


def locked_question(uow: UnitOfWork, question_id: int) -> Question | None:
    """The same, and nobody else may answer it until this unit ends."""
    return uow.session.get(Question, question_id, with_for_update=True)


def question_about(uow: UnitOfWork, session_id: str) -> Question | None:
    """The question about a charge, if it was ever asked."""
    return uow.session.exec(select(Question).where(Question.session_id == session_id)).first()


def questions_in(uow: UnitOfWork, state: str) -> Sequence[Question]:
    """Every question in a state, the oldest first."""
    statement = (
        select(Question)
        .where(Question.state == state)
        .order_by(col(Question.asked_at), col(Question.id))
    )
    return uow.session.exec(statement).all()


def answered(uow: UnitOfWork, limit: int) -> Sequence[Question]:
    """What was answered last, newest first."""
    statement = (
        select(Question)
        .where(Question.state != "open")
        .order_by(col(Question.answered_at).desc(), col(Question.id).desc())
        .limit(limit)
    )
    return uow.session.exec(statement).all()


def questions_of(uow: UnitOfWork, household_id: int) -> Sequence[Question]:
    """A household's questions, newest first."""
    statement = (
        select(Question)
        .where(Question.household_id == household_id)
        .order_by(col(Question.id).desc())
    )
    return uow.session.exec(statement).all()


def open_count(uow: UnitOfWork) -> int:
    """How many questions wait for an answer."""
    statement = select(func.count()).where(col(Question.state) == "open")
    return int(uow.session.exec(statement).one())


def marks_of(
    uow: UnitOfWork, household_id: int | None = None, session_ids: Iterable[str] | None = None
) -> dict[str, Mark]:
    """Which charges are or were questioned, by order number: of a household, or of some charges,
    or all."""
    statement = select(
        Question.session_id, Question.id, Question.state, col(Question.seen_at).is_not(None)
    )
    if household_id is not None:
        statement = statement.where(Question.household_id == household_id)
    if session_ids is not None:
        statement = statement.where(col(Question.session_id).in_(list(session_ids)))
    marks = (
        Mark(s, int(n or 0), state, bool(seen)) for s, n, state, seen in uow.session.exec(statement)
    )
    return {mark.session_id: mark for mark in marks}
