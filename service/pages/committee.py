"""The routes of the committee: figures, statements of all households, and their print."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from service.billing.actions import accounts, statements_of
from service.billing.months import month_of
from service.billing.records.closing import closes
from service.door import Visitor, guard
from service.flow.house import House
from service.households.actions import household_of
from service.pages import look, look_desk
from service.pages.committee_view import CommitteeFacts, committee_view
from service.pages.context import house_of, note_deed
from service.pages.draw import draw
from service.pages.me import Month, csv_answer, look_up
from service.pages.say_time import month as month_words
from service.pages.statement_page import StatementPage, statement_page
from service.usage import actions as usage
from service.usage.spans import month_so_far

router = APIRouter()
See = Annotated[Visitor, Depends(guard("usage.see"))]
Statements = Annotated[Visitor, Depends(guard("statement.see_any"))]


@router.get("/committee")
def overview(request: Request, visitor: See) -> Response:
    """The month so far."""
    house = house_of(request)
    zone = house.settings.zone
    with house.look() as work:
        bars, tree, now = look_desk.bars_now(work), house.tree, work.now
        numbers = look.pile_numbers(house)
    # long reads stay outside the house's lock, so that no pile waits for a figure
    with house.store.reading() as uow:
        facts = CommitteeFacts(
            now=now,
            figures=usage.figures(uow, month_so_far(now, zone), now, zone),
            comparison=usage.compare_months(uow, now, zone),
            money=usage.money_now(uow, now, zone),
            accounts=accounts(uow),
            backlog=usage.backlog(uow),
            bars=bars,
            tree=tree,
            numbers=numbers,
        )
    view = committee_view(facts, zone)
    return draw(request, "committee.html", {"view": view})


@router.get("/committee/statements")
def months(request: Request, visitor: Statements) -> Response:
    """The statements of the month that runs."""
    house = house_of(request)
    return _month(request, month_of(house.clock.now(), house.settings.zone))


@router.get("/committee/statements/{month}")
def statements(request: Request, visitor: Statements, month: Month) -> Response:
    """Every household of a month, with the sum that must fit."""
    return _month(request, month)


@router.get("/committee/statements/{month}/print")
def print_statements(request: Request, visitor: Statements, month: Month) -> Response:
    """All statements of a month, one household per sheet."""
    house = house_of(request)
    pages = _pages(house, month)
    with house.work() as work:
        note_deed(work, visitor, "statement.see_any", f"month {month}", printed=len(pages))
    return draw(request, "statements_print.html", {"pages": pages, "month": month_words(month)})


@router.get("/committee/statements/{month}/{household}")
def statement(request: Request, visitor: Statements, month: Month, household: int) -> Response:
    """One household's statement, as the household sees it."""
    house = house_of(request)
    view, door = look_up(house, household, month)
    page = statement_page(view, door, look.pile_numbers(house), house.settings.zone)
    csv = f"/committee/statements/{month}/{household}/csv"
    return draw(request, "statement.html", {"view": page, "csv": csv})


@router.get("/committee/statements/{month}/{household}/csv")
def statement_file(request: Request, visitor: Statements, month: Month, household: int) -> Response:
    """The same for a spreadsheet."""
    house = house_of(request)
    view, door = look_up(house, household, month)
    return csv_answer(view, door, visitor.language, house)


def _pages(house: House, month: str) -> list[StatementPage]:
    numbers = look.pile_numbers(house)
    with house.store.reading() as uow:
        views = statements_of(uow, month)
        doors = {view.household_id: household_of(uow, view.household_id) for view in views}
    found = [
        statement_page(view, door.door, numbers, house.settings.zone)
        for view in views
        if (door := doors[view.household_id]) is not None
    ]
    return sorted(found, key=lambda page: page.door)


def _month(request: Request, month: str) -> Response:
    house = house_of(request)
    with house.store.reading() as uow:
        views = statements_of(uow, month)
        doors = {view.household_id: household_of(uow, view.household_id) for view in views}
        closed = {close.month: close for close in closes(uow) if close.state == "published"}
    this = month_of(house.clock.now(), house.settings.zone)
    keys = sorted({this, month, *closed}, reverse=True)
    rows = [(view, doors[view.household_id]) for view in views]
    context = {
        "month": month,
        "name": month_words(month),
        "months": [(key, month_words(key)) for key in keys],
        "is_final": month in closed,
        "seal": closed[month].seal if month in closed else None,
        "rows": sorted(
            ((door.door if door else "–", view) for view, door in rows), key=lambda row: row[0]
        ),
        "sessions": sum(len(view.sessions) for view in views),
        "energy_wh": sum(view.energy_wh for view in views),
        "lines_fen": sum(view.lines_fen for view in views),
        "payments_fen": sum(view.payments_fen for view in views),
        "closing_fen": sum(view.closing_fen for view in views),
    }
    return draw(request, "statements.html", context)
