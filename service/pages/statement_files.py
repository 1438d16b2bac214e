"""Statements as files: CSV, XLSX and PDF, of one household or of a whole month.

Files are sent to be saved, not shown: what shows a PDF inside a browser often refuses to work under
a policy as strict as ours (`default-src 'none'`).
"""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from service.billing.spreadsheet import month_to_csv, to_csv
from service.billing.workbook import TooManyRowsError, file_title, to_xlsx
from service.door import Reason, Visitor, guard
from service.door.problems import No, NoEntryError
from service.flow.house import House
from service.pages.context import house_of, note_deed
from service.pages.me import Month
from service.pages.paper.press import print_now
from service.pages.say_time import month as month_words
from service.pages.statement_look import Found, look_up, look_up_month
from service.pages.statement_paper import order_for
from service.pages.states import reasons_for_statements
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Own = Annotated[Visitor, Depends(guard("statement.see_own"))]
Any = Annotated[Visitor, Depends(guard("statement.see_any"))]

CSV = "text/csv; charset=utf-8"
PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

TOO_LONG = N_("The month has more lines than a sheet can hold. The CSV file takes them all.")


@router.get("/me/statements/{month}/csv")
def my_csv(request: Request, visitor: Own, month: Month) -> Response:
    """One's own month for a spreadsheet."""
    house = house_of(request)
    return _csv(house, look_up(house, visitor.household_id or 0, month), visitor)


@router.get("/me/statements/{month}/xlsx")
def my_xlsx(request: Request, visitor: Own, month: Month) -> Response:
    """The same as a workbook."""
    house = house_of(request)
    one = look_up(house, visitor.household_id or 0, month)
    return _xlsx(house, [one], month, visitor, _name(one, "xlsx"))


@router.get("/me/statements/{month}/pdf")
def my_pdf(request: Request, visitor: Own, month: Month) -> Response:
    """The same on paper."""
    house = house_of(request)
    return _pdf(house, look_up(house, visitor.household_id or 0, month), visitor)


@router.get("/committee/statements/{month}/csv")
def month_csv(request: Request, visitor: Any, month: Month) -> Response:
    """Every line of every household, for a spreadsheet."""
    house = house_of(request)
    found = look_up_month(house, month)
    _note(house, visitor, month, csv=len(found))
    parts = month_to_csv(
        [one.listed for one in found],
        visitor.language,
        house.settings.zone,
        reasons_for_statements(),
    )
    return StreamingResponse(parts, media_type=CSV, headers=named(f"beimen-{month}.csv"))


@router.get("/committee/statements/{month}/xlsx")
def month_xlsx(request: Request, visitor: Any, month: Month) -> Response:
    """A workbook of all statements of a month: a sheet of totals and a sheet of lines."""
    house = house_of(request)
    found = look_up_month(house, month)
    _note(house, visitor, month, xlsx=len(found))
    return _xlsx(house, found, month, visitor, f"beimen-{month}.xlsx")


@router.get("/committee/statements/{month}/{household}/csv")
def any_csv(request: Request, visitor: Any, month: Month, household: int) -> Response:
    """A household's month for a spreadsheet."""
    house = house_of(request)
    return _csv(house, look_up(house, household, month), visitor)


@router.get("/committee/statements/{month}/{household}/xlsx")
def any_xlsx(request: Request, visitor: Any, month: Month, household: int) -> Response:
    """The same as a workbook."""
    house = house_of(request)
    one = look_up(house, household, month)
    return _xlsx(house, [one], month, visitor, _name(one, "xlsx"))


@router.get("/committee/statements/{month}/{household}/pdf")
def any_pdf(request: Request, visitor: Any, month: Month, household: int) -> Response:
    """The same on paper, to hand over."""
    house = house_of(request)
    answer = _pdf(house, look_up(house, household, month), visitor)
    with house.work() as work:
        note_deed(work, visitor, "statement.see_any", f"household {household}", pdf=month)
    return answer


def _csv(house: House, one: Found, visitor: Visitor) -> Response:
    data = to_csv(one.view, visitor.language, house.settings.zone, reasons_for_statements())
    return Response(data, media_type=CSV, headers=named(_name(one, "csv")))


def _xlsx(house: House, found: list[Found], month: str, visitor: Visitor, name: str) -> Response:
    settings = house.settings
    try:
        data = to_xlsx(
            [one.listed for one in found],
            title=file_title(visitor.language, settings.compound, month_words(month)),
            made_at=house.clock.now(),
            language=visitor.language,
            zone=settings.zone,
            reasons=reasons_for_statements(),
        )
    except TooManyRowsError as error:
        raise NoEntryError(No(Reason.BAD_INPUT, Sentence(TOO_LONG))) from error
    return Response(data, media_type=XLSX, headers=named(name))


def _pdf(house: House, one: Found, visitor: Visitor) -> Response:
    data = print_now(order_for(house, [one], visitor.language))
    if isinstance(data, Sentence):
        raise NoEntryError(No(Reason.TOO_BUSY, data, retry_after_seconds=10))
    return Response(data, media_type=PDF, headers=named(_name(one, "pdf")))


def _note(house: House, visitor: Visitor, month: str, **detail: int) -> None:
    with house.work() as work:
        note_deed(work, visitor, "statement.see_any", f"month {month}", **detail)


def _name(one: Found, ending: str) -> str:
    """A name that every file system takes: 'beimen-2026-03-1-101.csv'."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c == "-") else "_" for c in one.door)
    return f"beimen-{one.view.month}-{plain}.{ending}"


def named(name: str) -> dict[str, str]:
    """Headers that let a browser save a file under this name."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}
