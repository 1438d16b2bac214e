"""The committee answers a questioned line: its evidence, what each answer gives back, a reply."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.billing.records import LedgerEntry
from service.billing.records.queries import postings_of
from service.desk.actions.questions import unread_answers
from service.desk.questions import AlreadyAnswered, Answered, Refused, State
from service.desk.records.questions import Question, answered, question_row, questions_in
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import House
from service.flow.questioning import answer, outcomes
from service.households.actions import household_of
from service.pages import look
from service.pages.context import house_of, in_words, note_deed
from service.pages.draw import draw
from service.pages.evidence_view import evidence_view, reading_rows
from service.pages.questions_view import (
    STATES,
    AnswerNote,
    QuestionFacts,
    answer_notes,
    outcome_texts,
    question_text,
)
from service.pages.say_time import on_day
from service.store import UnitOfWork
from service.usage.evidence import digest_of
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Answer = Annotated[Visitor, Depends(guard("question.answer"))]
QuestionId = Annotated[int, InPath(ge=1, le=2**53)]

HOME = "/committee/questions"
MOST_ANSWERED = 30


@router.get(HOME)
def questions(request: Request, visitor: Answer) -> Response:
    """Every open question, the oldest first, and the last answers."""
    house = house_of(request)
    zone, now, numbers = house.settings.zone, house.clock.now(), look.pile_numbers(house)
    with house.store.reading() as uow:
        waiting = [_facts(uow, row) for row in questions_in(uow, State.OPEN)]
        done = [_facts(uow, row) for row in answered(uow, MOST_ANSWERED)]
    rows = [question_text(one, numbers, now, zone) for one in waiting]
    context = {
        "waiting": rows,
        "done": [question_text(one, numbers, now, zone) for one in done],
        "amount_fen": sum(row.amount_fen for row in rows),
        "energy_wh": sum(row.energy_wh for row in rows),
    }
    return draw(request, "questions.html", context)


@router.get(f"{HOME}/{{question_id}}")
def one(
    request: Request, visitor: Answer, question_id: QuestionId, first: str = "", last: str = ""
) -> Response:
    """One question with its evidence and the arithmetic of every possible answer."""
    said = Sentence(N_("It is answered; the household is told.")) if _has(request, "said") else None
    return _page(request, question_id, between=_between(first, last), said=said)


@router.get(f"{HOME}/{{question_id}}/print")
def one_printed(request: Request, visitor: Answer, question_id: QuestionId) -> Response:
    """The evidence of a question on paper."""
    house = house_of(request)
    with house.store.reading() as uow:
        row = question_row(uow, question_id)
    if row is None:
        raise no_entry(Reason.NOT_FOUND)
    view = evidence_view(row.evidence, look.pile_numbers(house), house.settings.zone)
    return draw(request, "evidence_print.html", {"ev": view, "back": f"{HOME}/{question_id}"})


@router.post(f"{HOME}/{{question_id}}")
def reply(
    request: Request,
    visitor: Answer,
    question_id: QuestionId,
    key: Annotated[str, Form(max_length=40)] = "",
    words: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Answer once: a credit note, or a no with its reason."""
    with house_of(request).work() as work:
        outcome = answer(work, question_id, key, words, visitor.staff_id)
        if isinstance(outcome, Answered):
            note_deed(
                work, visitor, "question.answer", f"question {question_id}",
                state=outcome.state.value, basis=key, fen=outcome.credit_fen,
                month=outcome.month, answer=words.strip(),
            )  # fmt: skip
    if isinstance(outcome, Answered):
        return RedirectResponse(f"{HOME}/{question_id}?said=1", status_code=303)
    if isinstance(outcome, Refused) and not outcome.known:
        raise no_entry(Reason.NOT_FOUND)
    status = 409 if isinstance(outcome, AlreadyAnswered) else 422
    error = in_words(visitor, _no(request, outcome))
    typed = {"key": key, "words": words[:300]}
    between = key if key.startswith("between:") else ""
    return _page(request, question_id, between=between, typed=typed, error=error, status=status)


def credit_fen_of(uow: UnitOfWork, row: Question) -> int:
    """What the credit note of a question gave back, in fen; 0 without one."""
    entry = uow.session.get(LedgerEntry, row.entry_id) if row.entry_id else None
    if entry is None:
        return 0
    postings = postings_of(uow, [entry.id])[entry.id]
    return -sum(one.amount_fen for one in postings if one.household_id is not None)


def unread_notes(house: House, uow: UnitOfWork, household_id: int) -> list[AnswerNote]:
    """The answers that a household has not opened yet, in words."""
    found = [_facts(uow, row) for row in unread_answers(uow, household_id)]
    return answer_notes(found, look.pile_numbers(house), house.settings.zone)


def _page(
    request: Request,
    question_id: int,
    *,
    between: str = "",
    typed: dict[str, str] | None = None,
    said: Sentence | None = None,
    error: str | None = None,
    status: int = 200,
) -> Response:
    house = house_of(request)
    zone, now, numbers = house.settings.zone, house.clock.now(), look.pile_numbers(house)
    with house.store.reading() as uow:
        row = question_row(uow, question_id)
        if row is None:
            raise no_entry(Reason.NOT_FOUND)
        facts = _facts(uow, row)
        possible = outcomes(uow, row, zone, between) if row.state == State.OPEN else []
    rows = reading_rows(row.evidence, zone)
    found = any(one.basis.key == between for one in possible)
    context = {
        "one": question_text(facts, numbers, now, zone),
        "ev": evidence_view(row.evidence, numbers, zone),
        "is_true": digest_of(row.evidence) == row.evidence_sha256,
        "is_open": row.state == State.OPEN,
        "choices": outcome_texts(possible, zone),
        "readings": rows,
        "chosen": between.split(":")[1:] if found else ["", ""],
        "no_pair": bool(between) and not found,
        "typed": typed or {"key": between if found else "", "words": ""},
        "said": said,
        "error": error,
    }
    return draw(request, "question.html", context, status)


def _no(request: Request, outcome: AlreadyAnswered | Refused) -> Sentence:
    if isinstance(outcome, Refused):
        message = N_("{why} Nothing was answered, and nothing is given back.")
        return Sentence(message, {"why": outcome.sentence})
    at = outcome.answered_at or house_of(request).clock.now()
    values = {
        "day": on_day(at, house_of(request).settings.zone),
        "what": Sentence(STATES[outcome.state]),
    }
    return Sentence(N_("Somebody answered before you, on {day}, and that stands: {what}."), values)


def _between(first: str, last: str) -> str:
    """Two readings that were picked, as the key of an outcome."""
    picked = [text for text in (first, last) if text.isascii() and text.isdigit()]
    return f"between:{picked[0]}:{picked[1]}" if len(picked) == 2 else ""


def _has(request: Request, name: str) -> bool:
    return name in request.query_params


def _facts(uow: UnitOfWork, row: Question) -> QuestionFacts:
    household = household_of(uow, row.household_id)
    return QuestionFacts(row, household.door if household else "", credit_fen_of(uow, row))
