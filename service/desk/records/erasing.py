"""What people wrote about a line they question is not kept for ever; what was found out is."""

from datetime import datetime

from sqlmodel import col, update

from service.desk.records.questions import Question
from service.store import UnitOfWork


def forget_words(uow: UnitOfWork, before: datetime) -> int:
    """Erase what households wrote with questions that were answered before a moment; how many.

    The question itself, its evidence, its answer and what it moved stay.
    """
    statement = (
        update(Question)
        .where(
            col(Question.state) != "open",
            col(Question.answered_at) < before,
            col(Question.words) != "",
        )
        .values(words="")
    )
    return uow.session.exec(statement).rowcount
