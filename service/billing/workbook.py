"""Statements as a workbook (XLSX): numbers that a spreadsheet counts with, and totals that check.

Two sheets: one row for each household's statement, and one for each printed line. Every total is
the printed one, as a plain value; beside it a formula adds up what the sheets show, and says 0.00
when it fits. Those formulas are ours; a text of a person is written as a text cell and stays one,
whatever it begins with.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from service.billing.statement import StatementView
from service.billing.table import HEADINGS, WHOSE, Cell, Figure, Listed, Table, Unit
from service.words import N_, Sentence, say

MOST_ROWS = 1_000_000
"""A sheet ends at row 1,048,576 (Microsoft, "Excel specifications and limits")."""
MOST_CHARACTERS = 32_000
"""A cell ends at 32,767 characters (the same page)."""

SUMS = (
    N_("charges"),
    N_("kWh"),
    N_("opening balance, yuan"),
    N_("electricity, yuan"),
    N_("service fee, yuan"),
    N_("corrections, yuan"),
    N_("paid, yuan"),
    N_("closing balance, yuan"),
)
CHECKS = (N_("check: adds up to"), N_("check: lines less totals"))
SHEETS = (N_("Statements"), N_("Lines"))
TOTAL, CHECK = N_("Total"), N_("check: sum less total")

FORMATS = {
    Unit.YUAN: "#,##0.00",
    Unit.KWH: "#,##0.000",
    Unit.YUAN_PER_KWH: "0.00##",
    Unit.EXACT_YUAN: "0.0000000",
}
MOMENT = "yyyy-mm-dd hh:mm"
WIDTHS = {
    "what": 30, "time": 17, "outlet": 11, "start": 17, "end": 17, "why it stopped": 34, "note": 40,
    "door": 12, "statement number": 18, "band": 10, "part": 12, "kWh": 10, "charges": 9,
}  # fmt: skip
OTHER_WIDTH = 15

KWH, OPENING, CLOSING = SUMS[1], SUMS[2], SUMS[7]
BETWEEN = SUMS[3:7]
"""What leads from the opening to the closing balance."""


class TooManyRowsError(ValueError):
    """More lines than a sheet can hold; its message is a sentence for a person."""


def to_xlsx(
    statements: Sequence[Listed],
    *,
    title: str,
    made_at: datetime,
    language: str,
    zone: tzinfo,
    reasons: Mapping[str, Sentence] | None = None,
) -> bytes:
    """The statements of a month, or a single one, as an XLSX file.

    Raises TooManyRowsError.
    """
    lines = sum(
        max(1, len(block.priced.lines)) for one in statements for block in one.view.sessions
    ) + sum(len(one.view.payments) + len(one.view.corrections) for one in statements)
    if lines > MOST_ROWS:
        raise TooManyRowsError(f"{lines} lines do not fit on a sheet; the CSV file takes them all")
    out = io.BytesIO()
    # row by row into temporary files: the service's memory stays as it was
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    created = made_at.astimezone(zone).replace(tzinfo=None)
    book.set_properties({"title": title, "created": created})
    pen = _Pen(book, Table(language, zone, reasons or {}))
    pen.statements(statements, title)
    pen.lines(statements, title)
    book.close()
    return out.getvalue()


class _Pen:
    """Writes the two sheets."""

    def __init__(self, book: Any, table: Table):
        self.table = table
        self.sheets = [book.add_worksheet(table.say(name)) for name in SHEETS]
        bold = {"bold": True, "top": 1}
        self.formats = {unit: book.add_format({"num_format": f}) for unit, f in FORMATS.items()}
        self.bold = {
            unit: book.add_format({"num_format": f, **bold}) for unit, f in FORMATS.items()
        }
        self.total = book.add_format(bold)
        self.moment = book.add_format({"num_format": MOMENT})
        self.head = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#ECE7DD"}
        )
        self.check = book.add_format(
            {"num_format": "0.00;[Red]-0.00;0.00", "font_color": "#5F5B54"}
        )

    def statements(self, statements: Sequence[Listed], title: str) -> None:
        """One row for each, the totals, and the checks of each row and column."""
        sheet, headings = self.sheets[0], (*WHOSE, *SUMS, *CHECKS)
        self._open(sheet, headings, title)
        for number, one in enumerate(statements, 1):
            cells: dict[str, Cell] = {WHOSE[0]: one.door, WHOSE[1]: one.number}
            self._row(sheet, number, headings, {**cells, **sums_of(one.view)})
            sheet.write_number(number, headings.index(SUMS[0]), len(one.view.sessions))
            self._checks_of_row(sheet, number, headings)
        last = len(statements)
        sheet.autofilter(0, 0, last, len(headings) - 1)
        totals = add_up([sums_of(one.view) for one in statements])
        charges = sum(len(one.view.sessions) for one in statements)
        sheet.write_string(last + 1, 0, self.table.say(TOTAL), self.total)
        sheet.write_string(last + 1, 1, "", self.total)
        sheet.write_number(last + 1, headings.index(SUMS[0]), charges, self.total)
        for name, figure in totals.items():
            sheet.write_number(
                last + 1, headings.index(name), figure.number, self.bold[figure.unit]
            )
        self._checks_of_columns(sheet, last + 1, [headings.index(name) for name in SUMS])

    def lines(self, statements: Sequence[Listed], title: str) -> None:
        """One row for each printed line, payment and correction, and their sum."""
        sheet, headings = self.sheets[1], (*WHOSE, *HEADINGS)
        self._open(sheet, headings, title)
        number = 0
        for one in statements:
            for row in self.table.lines(one.view):
                number += 1
                whose = {WHOSE[0]: one.door, WHOSE[1]: one.number}
                self._row(sheet, number, headings, {**whose, **row})
        sheet.autofilter(0, 0, number, len(headings) - 1)
        total = sum(one.view.closing_fen - one.view.opening_fen for one in statements)
        amount = headings.index("amount, yuan")
        sheet.write_string(number + 1, 0, self.table.say(TOTAL), self.total)
        sheet.write_number(number + 1, amount, total / Unit.YUAN.scale, self.bold[Unit.YUAN])
        self._checks_of_columns(sheet, number + 1, [amount])

    def _open(self, sheet: Any, headings: Sequence[str], title: str) -> None:
        for column, heading in enumerate(headings):
            sheet.set_column(column, column, WIDTHS.get(heading, OTHER_WIDTH))
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, self.table.say(heading), self.head)
        sheet.freeze_panes(1, 2)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_footer(f"&L{title.replace('&', '&&')}&R&P / &N")

    def _row(
        self, sheet: Any, number: int, headings: Sequence[str], row: Mapping[str, Cell]
    ) -> None:
        for column, heading in enumerate(headings):
            cell = row.get(heading, "")
            if isinstance(cell, Figure):
                sheet.write_number(number, column, cell.number, self.formats[cell.unit])
            elif isinstance(cell, datetime):
                sheet.write_datetime(number, column, cell.replace(tzinfo=None), self.moment)
            elif cell:
                sheet.write_string(number, column, shortened(cell))

    def _checks_of_row(self, sheet: Any, number: int, headings: Sequence[str]) -> None:
        def at(name: str) -> str:
            return f"{xl_col_to_name(headings.index(name))}{number + 1}"

        between = "+".join(at(name) for name in BETWEEN)
        whose, amount = (
            f"'{self.table.say(SHEETS[1])}'!${name}:${name}"
            for name in map(xl_col_to_name, (1, len(WHOSE) + HEADINGS.index("amount, yuan")))
        )
        column = headings.index(CHECKS[0])
        for formula in (
            f"=ROUND({at(OPENING)}+{between}-{at(CLOSING)},2)",
            f"=ROUND(SUMIFS({amount},{whose},{at(WHOSE[1])})-({between}),2)",
        ):
            sheet.write_formula(number, column, formula, self.check, 0)
            column += 1

    def _checks_of_columns(self, sheet: Any, total_row: int, columns: Sequence[int]) -> None:
        sheet.write_string(total_row + 1, 0, self.table.say(CHECK), self.check)
        for column in columns:
            name = xl_col_to_name(column)
            above = f"SUM({name}2:{name}{total_row})" if total_row > 1 else "0"
            formula = f"=ROUND({above}-{name}{total_row + 1},3)"
            sheet.write_formula(total_row + 1, column, formula, self.check, 0)


def sums_of(view: StatementView) -> dict[str, Figure]:
    """The totals as they are printed, by their headings; what was paid is negative."""
    fen = (
        view.opening_fen,
        sum(block.priced.electricity_fen for block in view.sessions),
        sum(block.priced.service_fen for block in view.sessions),
        view.corrections_fen,
        -view.payments_fen,
        view.closing_fen,
    )
    return {
        KWH: Figure(view.energy_wh, Unit.KWH),
        **{name: Figure(one, Unit.YUAN) for name, one in zip(SUMS[2:], fen, strict=True)},
    }


def add_up(rows: Sequence[Mapping[str, Figure]]) -> dict[str, Figure]:
    """The totals of all statements."""
    units = {KWH: Unit.KWH} | dict.fromkeys(SUMS[2:], Unit.YUAN)
    return {
        name: Figure(sum(row[name].value for row in rows), unit) for name, unit in units.items()
    }


def shortened(text: str) -> str:
    """A text as far as a cell goes; what a longer one loses is said with three dots."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def file_title(language: str, compound: str, month: Sentence) -> str:
    """What the file says it is."""
    return f"{compound} · {say(language, N_('Statements {month}'), month=month)}"
