"""Lines that a household questions: the form, how it stands, and the answer with its evidence."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.billing.actions.crediting import charged_still
from service.billing.actions.reading import load_blocks
from service.billing.records.credits import billed_session
from service.desk.actions.questions import note_read
from service.desk.questions import LONGEST_WORDS, WHAT, Asked
from service.desk.records.questions import Question, question_about, question_row
from service.door import Reason, Visitor, guard, no_entry
from service.flow.questioning import question
from service.households.actions import household_of
from service.pages import look
from service.pages.answers import credit_fen_of
from service.pages.context import house_of, in_words, note_deed
from service.pages.draw import draw
from service.pages.evidence_view import evidence_view
from service.pages.questions_view import QuestionFacts, question_text
from service.pages.statement_page import block_text
from service.words import Sentence

router = APIRouter(include_in_schema=False)
AskOwn = Annotated[Visitor, Depends(guard("statement.question_own"))]
OrderNumber = Annotated[str, InPath(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
QuestionId = Annotated[int, InPath(ge=1, le=2**53)]


@router.get("/me/sessions/{session_id}/question")
def question_form(request: Request, visitor: AskOwn, session_id: OrderNumber) -> Response:
    """The short form; a line that was questioned before leads to that question."""
    return _form(request, visitor, session_id)


@router.post("/me/sessions/{session_id}/question")
def ask(
    request: Request,
    visitor: AskOwn,
    session_id: OrderNumber,
    what: Annotated[str, Form(max_length=40)] = "",
    words: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Ask once. The evidence of this moment is kept."""
    own = visitor.household_id or 0
    with house_of(request).work() as work:
        outcome = question(work, session_id, own, what, words)
        if isinstance(outcome, Asked) and not outcome.again:
            note_deed(work, visitor, "statement.question_own", f"session {session_id}", what=what)
    if isinstance(outcome, Asked):
        again = "" if outcome.again else "?asked=1"
        return RedirectResponse(f"/me/questions/{outcome.question_id}{again}", status_code=303)
    if not outcome.known:
        raise no_entry(Reason.NOT_FOUND)
    typed = {"what": what, "words": words[:LONGEST_WORDS]}
    return _form(request, visitor, session_id, typed, in_words(visitor, outcome.sentence), 422)


@router.get("/me/questions/{question_id}")
def my_question(request: Request, visitor: AskOwn, question_id: QuestionId) -> Response:
    """How a question stands, its answer, and the evidence in plain words. Opening an answer is
    taken for having read it."""
    house = house_of(request)
    zone, now = house.settings.zone, house.clock.now()
    row, credit_fen, door = _own(request, visitor, question_id)
    numbers = look.pile_numbers(house)
    if row.state != "open" and row.seen_at is None:
        with house.work() as work:
            note_read(work.uow, question_id, row.household_id, work.now)
    facts = QuestionFacts(row, door, credit_fen)
    context = {
        "one": question_text(facts, numbers, now, zone),
        "ev": evidence_view(row.evidence, numbers, zone),
        "just_asked": "asked" in request.query_params,
    }
    return draw(request, "my_question.html", context)


@router.get("/me/questions/{question_id}/print")
def my_question_printed(request: Request, visitor: AskOwn, question_id: QuestionId) -> Response:
    """The evidence on paper."""
    house = house_of(request)
    row, _, _ = _own(request, visitor, question_id)
    view = evidence_view(row.evidence, look.pile_numbers(house), house.settings.zone)
    return draw(
        request, "evidence_print.html", {"ev": view, "back": f"/me/questions/{question_id}"}
    )


def _own(request: Request, visitor: Visitor, question_id: int) -> tuple[Question, int, str]:
    """One's own question, what it gave back, and the door. NoEntryError for anybody else's."""
    with house_of(request).store.reading() as uow:
        row = question_row(uow, question_id)
        if row is None or not visitor.may_touch("statement.question", row.household_id):
            raise no_entry(Reason.NOT_FOUND)
        household = household_of(uow, row.household_id)
        return row, credit_fen_of(uow, row), household.door if household else ""


def _form(
    request: Request,
    visitor: Visitor,
    session_id: str,
    typed: dict[str, str] | None = None,
    error: str | None = None,
    status: int = 200,
) -> Response:
    house = house_of(request)
    with house.store.reading() as uow:
        billed = billed_session(uow, session_id)
        if billed is None or billed.household_id != visitor.household_id:
            raise no_entry(Reason.NOT_FOUND)
        before = question_about(uow, session_id)
        (block,) = load_blocks(uow, [billed])
        still_fen = charged_still(uow, billed.entry_id).total_fen
    if before is not None:
        return RedirectResponse(f"/me/questions/{before.id}", status_code=303)
    context = {
        "block": block_text(block, look.pile_numbers(house), house.settings.zone),
        "month": billed.month,
        "what": [(key, Sentence(message)) for key, message in WHAT.items()],
        "nothing_left": not still_fen,
        "typed": typed or {"what": "", "words": ""},
        "error": error,
    }
    return draw(request, "question_form.html", context, status)
