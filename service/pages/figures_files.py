"""A month's figures to take along: one workbook, a CSV file for each table, and a print on A4.

Everything in them comes from the tables of the pages. Names that a person gave (of a cable, of the
compound) are written as texts and stay texts, whatever they begin with.
"""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

import xlsxwriter
from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from service.billing.spreadsheet import MARK, safe
from service.door import Reason, Visitor, guard, no_entry
from service.door.problems import No, NoEntryError
from service.flow.house import House
from service.pages.cables_view import cable_days_sheet
from service.pages.committee import Month, asked_or_not_found
from service.pages.context import house_of
from service.pages.figures_look import (
    Asked,
    cable_facts,
    committee_facts,
    entrances_of,
    longest_of,
    numbers_of,
)
from service.pages.figures_paper import figures_order
from service.pages.figures_view import outlets_sheet, service_view
from service.pages.month_sheets import (
    compare_sheet,
    days_sheet,
    entrances_sheet,
    heat_sheet,
    hours_sheet,
)
from service.pages.paper.press import print_now
from service.pages.sheets import Cell, Pen, Quantity, Sheet
from service.pages.statement_files import CSV, PDF, XLSX, named
from service.words import Sentence

router = APIRouter(include_in_schema=False)
See = Annotated[Visitor, Depends(guard("usage.see"))]

WIDE, NARROW = 34, 15


@router.get("/committee/figures/all.xlsx")
def workbook(request: Request, visitor: See, month: Month = None) -> Response:
    """All tables of a month, a sheet each."""
    house = house_of(request)
    asked, sheets = sheets_of(house, month)
    pen = Pen(visitor.language, house.settings.zone)
    data = to_xlsx(sheets, pen, pen.say(asked.title), asked.now)
    return Response(data, media_type=XLSX, headers=named(f"beimen-figures-{asked.month}.xlsx"))


@router.get("/committee/figures/print.pdf")
def paper(request: Request, visitor: See, month: Month = None) -> Response:
    """All tables of a month on A4."""
    house = house_of(request)
    asked, sheets = sheets_of(house, month)
    data = print_now(figures_order(house, asked, sheets, visitor.language))
    if isinstance(data, Sentence):
        raise NoEntryError(No(Reason.TOO_BUSY, data, retry_after_seconds=10))
    return Response(data, media_type=PDF, headers=named(f"beimen-figures-{asked.month}.pdf"))


@router.get("/committee/figures/{key}.csv")
def one_table(
    request: Request,
    visitor: See,
    key: Annotated[str, Path(pattern=r"^[a-z]{1,12}$")],
    month: Month = None,
) -> Response:
    """One table of a month."""
    house = house_of(request)
    asked, sheets = sheets_of(house, month)
    sheet = next((one for one in sheets if one.key == key), None)
    if sheet is None:
        raise no_entry(Reason.NOT_FOUND)
    data = to_csv(sheet, Pen(visitor.language, house.settings.zone))
    return Response(data, media_type=CSV, headers=named(f"beimen-{key}-{asked.month}.csv"))


def sheets_of(house: House, month: str | None) -> tuple[Asked, list[Sheet]]:
    """Every table of a month. Raises NoEntryError when there are no figures of it."""
    zone, numbers, entrances = house.settings.zone, numbers_of(house), entrances_of(house)
    with house.store.reading() as uow:
        asked = asked_or_not_found(uow, house, month)
        facts = committee_facts(uow, asked, house.tree, zone)
        load = cable_facts(house, uow, asked, None)
        longest = longest_of(uow, asked)
    found = facts.figures
    served = service_view(found, longest, numbers, entrances)
    return asked, [
        compare_sheet(facts.months, house.tree, asked.now, zone),
        entrances_sheet(found),
        days_sheet(found),
        heat_sheet(found.by_hour),
        hours_sheet(found),
        *([cable_days_sheet(load.found.days, house.tree, zone)] if load else []),
        served.entrances,
        served.worst,
        served.incidents,
        outlets_sheet(found, numbers, "place"),
    ]


def to_csv(sheet: Sheet, pen: Pen) -> bytes:
    """One table as CSV that a spreadsheet opens as it is meant and cannot run."""
    out = io.StringIO(newline="")
    table = csv.writer(out)
    out.write(MARK)
    table.writerow([safe(_words(pen, column.words)) for column in sheet.columns])
    for row in (*sheet.rows, *([sheet.total] if sheet.total else [])):
        table.writerow([_plain(pen, cell) for cell in row])
    return out.getvalue().encode()


def _plain(pen: Pen, cell: Cell) -> str:
    """A number stays a number; a text cannot become a formula."""
    return cell.text if isinstance(cell, Quantity) else safe(pen.plain(cell))


def to_xlsx(sheets: Sequence[Sheet], pen: Pen, title: str, made_at: datetime) -> bytes:
    """All tables as a workbook, a sheet each, numbers as numbers."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties(
        {"title": title, "created": made_at.astimezone(pen.zone).replace(tzinfo=None)}
    )
    writer = _Book(book, pen)
    for sheet in sheets:
        writer.add(sheet, title)
    book.close()
    return out.getvalue()


class _Book:
    """Writes tables into a workbook."""

    def __init__(self, book: Any, pen: Pen):
        self.book, self.pen = book, pen
        self.head = book.add_format({"bold": True, "text_wrap": True, "bottom": 1})
        self.soft = book.add_format({"font_color": "#5F5B54", "text_wrap": False})
        self.formats: dict[tuple[str, bool], Any] = {}

    def add(self, sheet: Sheet, title: str) -> None:
        """One table: what it means, headings, rows, total."""
        page = self.book.add_worksheet(_sheet_name(self.pen.say(sheet.title)))
        page.write_string(0, 0, f"{title}. {self.pen.say(sheet.means)}", self.soft)
        for place, column in enumerate(sheet.columns):
            page.set_column(place, place, NARROW if column.is_number else WIDE)
            page.write_string(1, place, _words(self.pen, column.words), self.head)
        for number, row in enumerate(sheet.rows, 2):
            self._row(page, number, row)
        if sheet.total:
            self._row(page, len(sheet.rows) + 2, sheet.total, bold=True)
        page.freeze_panes(2, 1)
        page.set_landscape()
        page.set_paper(9)  # A4
        page.fit_to_pages(1, 0)
        page.set_footer(f"&L{title.replace('&', '&&')}&R&P / &N")

    def _row(self, page: Any, number: int, row: Sequence[Cell], *, bold: bool = False) -> None:
        for place, cell in enumerate(row):
            if isinstance(cell, Quantity):
                style = self._style(cell.kind.number_format, bold)
                page.write_number(number, place, cell.number, style)
            elif isinstance(cell, datetime):
                local = cell.astimezone(self.pen.zone).replace(tzinfo=None)
                page.write_datetime(number, place, local, self._style("yyyy-mm-dd hh:mm", bold))
            elif isinstance(cell, date):
                page.write_datetime(number, place, cell, self._style("yyyy-mm-dd", bold))
            elif cell is not None:
                page.write_string(number, place, self.pen.text(cell), self._style("@", bold))

    def _style(self, number_format: str, bold: bool) -> Any:
        key = number_format, bold
        if key not in self.formats:
            more = {"bold": True, "top": 1} if bold else {}
            self.formats[key] = self.book.add_format({"num_format": number_format, **more})
        return self.formats[key]


def _sheet_name(words: str) -> str:
    """A name of a sheet may have 31 characters and none of []:*?/\\ (Microsoft, "Rename a
    worksheet")."""
    return "".join(" " if c in "[]:*?/\\" else c for c in words)[:31].strip("' ")


def _words(pen: Pen, words: Sentence | str) -> str:
    return pen.say(words) if isinstance(words, Sentence) else words
