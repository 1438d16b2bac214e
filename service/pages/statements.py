"""The pages of statements: a household's own, everybody's for the committee, and their print."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service.billing.actions.closing import State
from service.billing.months import month_of
from service.billing.records.closing import closes
from service.desk.records.questions import Mark, marks_of
from service.door import Visitor, guard
from service.pages.answers import unread_notes
from service.pages.context import house_of, note_deed
from service.pages.draw import draw
from service.pages.me import Month
from service.pages.questions_view import AnswerNote
from service.pages.say_time import month as month_words
from service.pages.statement_look import look_up, look_up_month, pages_of

router = APIRouter(include_in_schema=False)
Own = Annotated[Visitor, Depends(guard("statement.see_own"))]
Any = Annotated[Visitor, Depends(guard("statement.see_any"))]


@router.get("/me/statements/{month}")
def my_statement(request: Request, visitor: Own, month: Month) -> Response:
    """One month with the arithmetic of every line; the open month as it stands."""
    own = visitor.household_id or 0
    with house_of(request).store.reading() as uow:
        questions = marks_of(uow, own)
        answers = unread_notes(house_of(request), uow, own)
    return _one(request, own, month, f"/me/statements/{month}", questions, answers)


@router.get("/committee/statements")
def months(request: Request, visitor: Any) -> Response:
    """The statements of the month that runs."""
    house = house_of(request)
    return _month(request, month_of(house.clock.now(), house.settings.zone))


@router.get("/committee/statements/{month}")
def statements(request: Request, visitor: Any, month: Month) -> Response:
    """Every household of a month, with the sum that must fit."""
    return _month(request, month)


@router.get("/committee/statements/{month}/print")
def print_statements(
    request: Request,
    visitor: Any,
    month: Month,
    entrance: Annotated[int | None, Query(ge=0, le=999)] = None,
) -> Response:
    """The statements of an entrance (the first, unless one is named), one household per sheet."""
    house = house_of(request)
    found = look_up_month(house, month)
    entrances = sorted({one.entrance for one in found})
    if entrance not in entrances:
        entrance = entrances[0] if entrances else 0
    pages = pages_of(house, [one for one in found if one.entrance == entrance])
    with house.work() as work:
        note_deed(work, visitor, "statement.see_any", f"month {month}", printed=len(pages))
    context = {"pages": pages, "month": month_words(month), "key": month}
    context |= {"entrances": entrances, "entrance": entrance}
    return draw(request, "statements_print.html", context)


@router.get("/committee/statements/{month}/{household}")
def statement(request: Request, visitor: Any, month: Month, household: int) -> Response:
    """One household's statement, as the household sees it."""
    return _one(request, household, month, f"/committee/statements/{month}/{household}")


def _one(
    request: Request,
    household_id: int,
    month: str,
    here: str,
    questions: Mapping[str, Mark] | None = None,
    answers: Sequence[AnswerNote] = (),
) -> Response:
    house = house_of(request)
    (page,) = pages_of(house, [look_up(house, household_id, month)])
    context = {"view": page, "address": here, "questions": questions, "answers": answers}
    return draw(request, "statement.html", context)


def _month(request: Request, month: str) -> Response:
    house = house_of(request)
    found = look_up_month(house, month)
    with house.store.reading() as uow:
        begun = {close.month: close for close in closes(uow)}
    closed = {key: close for key, close in begun.items() if close.state == State.PUBLISHED}
    this = month_of(house.clock.now(), house.settings.zone)
    views = [one.view for one in found]
    context = {
        "month": month,
        "name": month_words(month),
        "months": [(key, month_words(key)) for key in sorted({this, month, *closed}, reverse=True)],
        "is_final": month in closed,
        "is_closed": month in begun,
        "is_over": month < this,
        "seal": closed[month].seal if month in closed else None,
        "rows": [(one.door, one.view) for one in found],
        "sessions": sum(len(view.sessions) for view in views),
        "energy_wh": sum(view.energy_wh for view in views),
        "opening_fen": sum(view.opening_fen for view in views),
        "lines_fen": sum(view.lines_fen for view in views),
        "corrections_fen": sum(view.corrections_fen for view in views),
        "payments_fen": sum(view.payments_fen for view in views),
        "closing_fen": sum(view.closing_fen for view in views),
    }
    return draw(request, "statements.html", context)
