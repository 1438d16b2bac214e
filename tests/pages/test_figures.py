"""The committee's figures as pages and files: a month, its outlets, cables and repairs."""

import csv
import html
import io
import json
import re

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from service.feeders.actions import record_peaks
from service.feeders.forecast import Outlook
from service.feeders.peaks import QuarterPart
from service.pages.cables_view import band_of
from service.pages.figures_files import to_csv, to_xlsx
from service.pages.sheets import Kind, Pen, Quantity, Sheet, numbers, share, show_change, words
from service.words import Sentence
from tests.conftest import AN_EVENING
from tests.pages.visitors import House, Person
from tests.pages.visitors import words as read
from tests.usage.compound import ZONE

FIGURES = "/committee/figures"
PEN = Pen("en", ZONE)


def a_used_month(house: House) -> None:
    """One charge on pile 1, load on a cable, and pile 3 out of service for a quarter of an hour."""
    house.plug("LB-001", 1, 300)
    house.resident("1-101").post("/p/1/1", "/p/1/1/start")
    fix = house.staff("maintenance")
    fix.post("/fix/piles/3", "/fix/piles/3/service", wanted="out", reason="new door")
    house.run(900)
    fix.post("/fix/piles/3", "/fix/piles/3/service", wanted="in")
    house.run(300)
    house.unplug("LB-001", 1)
    house.run(300)
    with house.compound.house.store.writing() as uow:
        for feeder_id in house.compound.house.tree.cables:
            record_peaks(uow, [QuarterPart(feeder_id, AN_EVENING, 20_300, 1, 1)])


def charts_of(page: str) -> dict[str, dict]:
    found = re.findall(r"data-chart='([^']*)' hidden><figcaption>([^<]*?) <", page)
    return {title: json.loads(html.unescape(data)) for data, title in found}


def rows_of(person: Person, key: str) -> list[list[str]]:
    answer = person.get(f"{FIGURES}/{key}.csv")
    assert answer.status_code == 200, key
    assert "attachment" in answer.headers["content-disposition"]
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_a_month_is_read_on_its_pages_and_taken_along_in_files(house: House):
    a_used_month(house)
    viewer = house.staff("viewer")
    overview = viewer.get("/committee")
    text = read(overview.text)
    for said in ("March 2026, up to 2 March", "As of tonight 19:", "Households that charged 1",
                 "Highest load, A 20.3", "so that like is compared.",
                 "Outlets taken at the same time"):  # fmt: skip
        assert said in text, said
    charts = charts_of(overview.text)
    assert set(charts) == {"Energy by day", "Charges by day", "Outlets taken at each hour"}
    table = rows_of(viewer, "days")
    # the chart and the table beside it say the same
    assert charts["Charges by day"]["labels"] == ["3/1", "3/2"]
    assert [str(n) for n in charts["Charges by day"]["lines"][0]["values"]] == [
        row[1] for row in table[1:-1]
    ]
    assert [row[0] for row in table] == ["Day", "2026-03-01", "2026-03-02", "Total"]

    outlets = viewer.get(f"{FIGURES}/outlets")
    first = re.search(r'<tbody><tr><th scope="row">([^<]*)', outlets.text)
    assert first
    assert first[1] == "Pile 1 · outlet 1"
    by_usable = viewer.get(f"{FIGURES}/outlets?sort=usable")
    assert 'aria-sort="ascending"' in by_usable.text
    assert re.search(r'<tbody><tr><th scope="row">Pile 3 · outlet 1', by_usable.text)
    assert len(rows_of(viewer, "outlets")) == 1 + 16 + 1

    service = viewer.text(f"{FIGURES}/service")
    assert "Pile 3 · outlet 2" in service
    lost = rows_of(viewer, "lost")
    assert [row[2] for row in lost[1:]] == ["0:15", "0:15"], (
        "a quarter of an hour out of service each"
    )

    cables = viewer.get(f"{FIGURES}/cables")
    assert "measured until" in cables.text
    chart = charts_of(cables.text)["1 单元: load through the day"]
    assert max(value for value in chart["lines"][0]["values"] if value is not None) >= 20.3
    assert [level["value"] for level in chart["levels"]] == [25.0, 20.0]
    assert rows_of(viewer, "cables")[1][0] == "2026-03-02"

    book = load_workbook(io.BytesIO(viewer.get(f"{FIGURES}/all.xlsx").content))
    assert len(book.sheetnames) == 10
    assert book["Day by day"]["B4"].value == 1
    paper = PdfReader(io.BytesIO(viewer.get(f"{FIGURES}/print.pdf").content))
    pages = [" ".join(page.extract_text().split()) for page in paper.pages]
    assert "March 2026, up to 2 March" in pages[0]
    assert f"page 1 of {len(pages)}" in pages[0]
    whole = overview.text + outlets.text + service + cables.text + "".join(pages)
    assert "1-101" not in whole, "nobody's door is among the figures"


def test_what_there_are_no_figures_of_is_said_and_an_empty_month_is_a_page_too(house: House):
    member = house.staff("committee")
    for path in (
        "/committee?month=2026-04", "/committee?month=2031-01", "/committee?month=march",
        f"{FIGURES}/outlets?sort=colour", f"{FIGURES}/cables?day=2026-03-03",
        f"{FIGURES}/cables?day=2026-02-28&month=2026-03", f"{FIGURES}/nothing.csv",
    ):  # fmt: skip
        assert member.get(path).status_code in (404, 422), path
    assert "last month has nothing to compare with" in member.text("/committee")
    assert "Every outlet could be used the whole time." in member.text(f"{FIGURES}/service")


# --- tables --------------------------------------------------------------------------------------


def a_sheet(*cells: object) -> Sheet:
    columns = (words("Day"), *(numbers("kWh") for _ in cells[1:]))
    return Sheet("x", Sentence("Day [by] day: all?"), Sentence("Day"), columns, (cells,))


@pytest.mark.parametrize("name", ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", "＝1"])
def test_a_name_never_becomes_a_formula(name: str):
    text = to_csv(a_sheet(name, Quantity(-5, Kind.YUAN)), PEN).decode()
    assert text.splitlines()[-1] in (f"'{name},-0.05", f'"\'{name}",-0.05')
    book = load_workbook(io.BytesIO(to_xlsx([a_sheet(name)], PEN, "T & T", AN_EVENING)))
    cell = book.worksheets[0]["A3"]
    assert (cell.value, cell.data_type) == (name, "s")
    assert book.sheetnames == ["Day  by  day  all"]


def test_what_is_not_known_is_a_dash_on_the_page_and_empty_in_a_file():
    assert (PEN.text(None), PEN.plain(None)) == ("–", "")
    assert share(None) is None


def test_quantities_are_shown_as_people_read_them():
    shown = [
        Quantity(123_456, Kind.KWH), Quantity(-5, Kind.YUAN), Quantity(987, Kind.SHARE),
        Quantity(20_340, Kind.AMPS), Quantity(5_460, Kind.HOURS), Quantity(-3, Kind.CHANGE),
    ]  # fmt: skip
    assert [one.text for one in shown] == ["123.456", "-0.05", "98.7 %", "20.3", "1:31", "−3 %"]
    assert [show_change(n) for n in (4, 0)] == ["+4 %", "0 %"]
    assert share(0.99999) == Quantity(999, Kind.SHARE), "100 % only when it is"


# --- cables --------------------------------------------------------------------------------------


def test_what_is_expected_stands_in_the_table_too(house: House):
    whole = house.compound.house
    steps, nothing = tuple(range(1_000, 37_000, 1_000)), (0,) * 36
    whole.outlooks = {
        "site": Outlook(
            "site", steps, nothing, nothing, nothing, steps, nothing, (0.0,) * 36, None, None
        )
    }
    page = house.staff("viewer").get(f"{FIGURES}/cables")
    rows = re.findall(r'<th scope="row">(\d\d:\d\d), expected</th>(.*?)</tr>', page.text)
    assert [time for time, _ in rows][:3] == ["19:15", "19:30", "19:45"]
    assert len(rows) == 12
    assert "3.0 (0.0–3.0)" in rows[0][1]
    bands = [data["band"] for data in charts_of(page.text).values()]
    assert [band["middle"][77] for band in bands if band] == [3.0]


def test_the_band_of_the_coming_hours_lies_on_the_quarters_after_now():
    steps = tuple(range(1_000, 37_000, 1_000))
    nothing = (0,) * 36
    outlook = Outlook(
        "a", steps, nothing, nothing, nothing, steps, nothing, (0.0,) * 36, None, None
    )
    band = band_of(outlook, first=76, slots=96)
    assert [n for n, value in enumerate(band.middle) if value is not None] == list(range(77, 89))
    assert (band.middle[77], band.high[88], band.low[77]) == (3.0, 36.0, 0.0)
    assert band.data("en")["high_name"] == "hardly more (1 time in 40)"
    late = band_of(outlook, first=94, slots=96)
    assert [n for n, value in enumerate(late.middle) if value is not None] == [95]
