"""The workbook counts what the statement prints, checks itself, and runs nothing of anybody."""

import csv
import io
import re
from datetime import datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from service.billing import workbook
from service.billing.spreadsheet import FORMULA_STARTS, month_to_csv
from service.billing.statement import StatementView
from service.billing.table import HEADINGS, WHOSE, Figure, Listed, Unit
from service.billing.workbook import CHECKS, SUMS, TooManyRowsError, to_xlsx
from service.quantities import parse_fen
from service.words import Sentence
from tests.billing.days import SHANGHAI, local
from tests.pages.papers import a_block, a_view, corrected, listed, many_blocks, paid

MADE = local("2026-04-03 09:00")


def book_of(*statements: Listed, language: str = "en", **how: object) -> tuple[Worksheet, ...]:
    data = to_xlsx(
        statements, title="北门小区 & more", made_at=MADE, language=language, zone=SHANGHAI, **how
    )
    return tuple(openpyxl.load_workbook(io.BytesIO(data)).worksheets)


def cells(sheet: Worksheet, row: int) -> dict[str, object]:
    heads = [cell.value for cell in sheet[1]]
    return {head: cell.value for head, cell in zip(heads, sheet[row], strict=True)}


def fen(value: object) -> int:
    """A cell in yuan as fen; a half fen would be a wrong number, not one to be rounded away."""
    whole = float(str(value or 0)) * 100
    assert abs(whole - round(whole)) < 1e-6
    return round(whole)


def answer(book: tuple[Worksheet, ...], sheet: Worksheet, formula: str) -> float:
    """What a spreadsheet answers to one of our formulas: ROUND, SUM, SUMIFS, + and -."""
    sheets = {one.title: one for one in book}

    def column(name: str, of: Worksheet) -> list[object]:
        return [of[f"{name}{row}"].value for row in range(1, of.max_row + 1)]

    def sum_if(found: re.Match[str]) -> str:
        of, amounts, whose, here = found.groups()
        wanted = sheet[here].value
        both = zip(column(amounts, sheets[of]), column(whose, sheets[of]), strict=True)
        return str(sum(float(str(a)) for a, b in both if b == wanted))

    def total(found: re.Match[str]) -> str:
        name, first, last = found.groups()
        rows = range(int(first), int(last) + 1)
        return str(sum(float(str(sheet[f"{name}{row}"].value or 0)) for row in rows))

    text = re.sub(r"SUMIFS\('(\w+)'!\$(\w):\$\w,'\w+'!\$(\w):\$\w,(\w+)\)", sum_if, formula[1:])
    text = re.sub(r"SUM\((\w)(\d+):\w(\d+)\)", total, text)
    text = re.sub(r"\b([A-Z]\d+)\b", lambda cell: str(float(sheet[cell[0]].value or 0)), text)
    found = re.fullmatch(r"ROUND\(([-+.()e\d]+),(\d)\)", text)
    assert found, text
    return round(eval(found[1]), int(found[2]))  # noqa: S307 - digits and signs only


def formulas(sheet: Worksheet) -> dict[str, str]:
    return {
        cell.coordinate: str(cell.value)
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }


def a_month() -> list[Listed]:
    return listed(
        a_view(*many_blocks(3), household=12, payments=[paid(1000, "=1+1")]),
        a_view(household=25, opening=-730, corrections=[corrected(-42), corrected(5)]),
        a_view(a_block(1, 0), household=31, opening=0, published_at=None),
    )


def test_the_totals_are_the_printed_ones_and_every_check_answers_nought():
    month = a_month()
    book = book_of(*month)
    statements, lines = book
    for number, one in enumerate(month, 2):
        row = cells(statements, number)
        assert (row["door"], row["statement number"]) == (one.door, one.number)
        assert fen(row["closing balance, yuan"]) == one.view.closing_fen
        assert fen(row["opening balance, yuan"]) == one.view.opening_fen
        parts = fen(row["electricity, yuan"]) + fen(row["service fee, yuan"])
        assert parts == one.view.lines_fen
        assert fen(row["corrections, yuan"]) == one.view.corrections_fen
        assert fen(row["paid, yuan"]) == -one.view.payments_fen
        assert row["charges"] == len(one.view.sessions)
        assert row["kWh"] == one.view.energy_wh / 1000
    total = cells(statements, len(month) + 2)
    assert total["door"] == "Total"
    assert fen(total["closing balance, yuan"]) == sum(one.view.closing_fen for one in month)
    assert total["charges"] == 4
    checks = [(sheet, formula) for sheet in book for formula in formulas(sheet).values()]
    assert len(checks) == 3 * len(CHECKS) + len(SUMS) + 1
    assert all(answer(book, sheet, formula) == 0 for sheet, formula in checks)
    assert lines.max_row == 1 + (2 + 4 + 2) + 1 + 2 + 1 + 2  # heads, charges, paid, corrected, 0 Wh


def test_a_changed_line_makes_its_checks_speak():
    book = book_of(*a_month())
    book[1]["O2"].value = float(book[1]["O2"].value) + 0.01
    wrong = {
        f"{sheet.title}!{place}": answer(book, sheet, formula)
        for sheet in book
        for place, formula in formulas(sheet).items()
        if answer(book, sheet, formula) != 0
    }
    assert wrong == {"Statements!L2": 0.01, "Lines!O15": 0.01}


def test_lines_are_numbers_with_formats_and_times_are_times():
    _, lines = book_of(*listed(a_view(a_block(1))), reasons={"full": Sentence("Full.")})
    row = cells(lines, 2)
    assert row["start"] == datetime(2026, 3, 2, 4, 0)  # noqa: DTZ001 - a cell knows no zone
    assert (row["kWh"], row["yuan per kWh"], row["amount, yuan"]) == (0.613, 0.487, 0.3)
    assert (row["exact amount, yuan"], row["left over by rounding, yuan"]) == (0.298531, -0.001469)
    assert (row["register at start, kWh"], row["register at end, kWh"]) == (402.118, 402.731)
    assert (row["why it stopped"], row["part"], row["outlet"]) == (
        "Full.", "electricity", "LB-017/2",
    )  # fmt: skip
    formats = {head.value: lines.cell(2, head.column).number_format for head in lines[1]}
    assert formats["exact amount, yuan"] == "0.0000000"
    assert formats["amount, yuan"] == "#,##0.00"
    assert formats["time"] == "yyyy-mm-dd hh:mm"


def test_headings_stay_in_sight_on_screen_and_on_paper():
    for sheet in book_of(*a_month(), language="zh_CN"):
        assert sheet.freeze_panes == "C2"
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.page_setup.paperSize == 9
        assert sheet.auto_filter.ref
        widths = [sheet.column_dimensions[letter].width for letter in "ABCDEF"]
        assert min(widths) >= 9
    assert [sheet.title for sheet in book_of(*a_month(), language="zh_CN")] == ["账单", "明细"]


@pytest.mark.parametrize("start", [*FORMULA_STARTS, "{=", "http://", "\x00", "mailto:"])
def test_no_text_of_anybody_becomes_a_formula_or_a_link(start: str):
    text = f"{start}cmd|' /C calc'!A0"
    view = a_view(a_block(1), payments=[paid(1, text)])
    book = book_of(Listed(text, "2026-03-BM12R", view))
    ours = len(formulas(book[0])) + len(formulas(book[1]))
    assert ours == len(CHECKS) + len(SUMS) + 1
    assert not any(cell.hyperlink for sheet in book for row in sheet for cell in row)
    assert book[0]["A2"].data_type == book[1]["A2"].data_type == "s"
    assert str(book[0]["A2"].value).endswith("cmd|' /C calc'!A0")


def test_a_text_longer_than_a_cell_is_cut_with_three_dots():
    _, lines = book_of(*listed(a_view(payments=[paid(1, "长" * 40_000)])))
    note = str(cells(lines, 2)["note"])
    assert len(note) == workbook.MOST_CHARACTERS + 1
    assert note.endswith("长…")


def test_a_month_without_statements_is_an_empty_book_whose_checks_hold():
    book = book_of()
    assert cells(book[0], 2)["door"] == "Total"
    assert all(answer(book, s, formula) == 0 for s in book for formula in formulas(s).values())


def test_more_lines_than_a_sheet_holds_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workbook, "MOST_ROWS", 1)
    with pytest.raises(TooManyRowsError, match="2 lines do not fit"):
        book_of(*listed(a_view(a_block(1))))


def test_a_figure_is_one_number_in_two_shapes():
    assert Figure(-5, Unit.YUAN) == (-5, Unit.YUAN)
    assert (Figure(-5, Unit.YUAN).text, Figure(-5, Unit.YUAN).number) == ("-0.05", -0.05)
    assert (Figure(613, Unit.KWH).text, Figure(613, Unit.KWH).number) == ("0.613", 0.613)
    assert Figure(4870, Unit.YUAN_PER_KWH).text == "0.487"
    assert Figure(2_985_310, Unit.EXACT_YUAN).number == 0.298531


charges = st.lists(st.integers(0, 3_000), max_size=3)
movements = st.lists(st.integers(1, 99_999), max_size=2)


@st.composite
def months(draw: st.DrawFn) -> list[StatementView]:
    return [
        a_view(
            *(a_block(n, wh) for n, wh in enumerate(draw(charges))),
            household=household,
            opening=draw(st.integers(-9_999, 9_999)),
            payments=[paid(fen) for fen in draw(movements)],
            corrections=[corrected(-fen) for fen in draw(movements)],
        )
        for household in range(1, draw(st.integers(1, 3)) + 1)
    ]


@settings(max_examples=12, deadline=None)
@given(months())
def test_workbook_and_csv_say_what_the_ledger_says(views: list[StatementView]):
    month = listed(*views)
    book = book_of(*month)
    total = cells(book[0], len(views) + 2)
    assert fen(total["closing balance, yuan"]) == sum(view.closing_fen for view in views)
    assert all(answer(book, s, formula) == 0 for s in book for formula in formulas(s).values())
    text = b"".join(month_to_csv(month, "en", SHANGHAI)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == [*WHOSE, *HEADINGS]
    for one in month:
        own = [parse_fen(r["amount, yuan"]) for r in rows if r["statement number"] == one.number]
        assert sum(own[:-1]) == own[-1] == one.view.closing_fen
