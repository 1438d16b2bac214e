"""The committee reviews a month and prints labels; a passer-by looks at the front page."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect

from service.clock import FixedClock
from service.flow.requests import Started, StartRequest, start
from service.seed import seed_compound
from service.store import Store
from tests.browser.conftest import (
    DESK,
    NARROW,
    PHONE,
    Street,
    open_street,
    overflow,
    picture,
    violations,
)
from tests.conftest import AN_EVENING
from tests.pages.test_place_papers import codes_on
from tests.pages.visitors import PLAN, House, build_house
from tests.usage.compound import SETTINGS, live_through, local

pytestmark = pytest.mark.browser

PARTS = ("/committee", "/committee/figures/outlets", "/committee/figures/cables",
         "/committee/figures/service")  # fmt: skip


def with_a_past(store: Store, clock: FixedClock) -> House:
    """The compound after a February of 120 charges and one day of March."""
    seed_compound(store, SETTINGS, local("2026-01-01 12:00"), PLAN)
    house = build_house(store, clock)
    earlier = live_through(store, local("2026-02-01 00:00"), local("2026-03-01 00:00"), 120)
    live_through(store, local("2026-03-01 00:00"), AN_EVENING, 30, seed=2, earlier=earlier)
    house.run(60)
    return house


@pytest.fixture(scope="module")
def used(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Street]:
    folder = tmp_path_factory.mktemp("figures")
    with open_street(sqlite_template, folder, browser, with_a_past) as opened:
        yield opened


def is_clean(page: Page, name: str) -> None:
    picture(page, name)
    assert violations(page) == [], name
    assert overflow(page) == 0, name


def test_a_member_reviews_the_month_changes_it_reads_a_table_and_takes_it_along(used: Street):
    page = used.visit(used.house.staff_code("committee"), DESK)
    page.goto(f"{used.url}/committee")
    expect(page.get_by_role("heading", name="2026年3月，到 3月2日")).to_be_visible()
    expect(page.locator(".chart canvas")).to_have_count(3)
    is_clean(page, "figures-1-month")
    page.get_by_label("月份").select_option("2026-02")
    page.get_by_role("button", name="查看").click()
    expect(page.get_by_role("heading", name="2026年2月")).to_be_visible()
    total = page.get_by_role("group", name="每天").locator("tfoot td").first
    expect(total).to_have_text("120")

    page.get_by_role("link", name="充电口", exact=True).click()
    page.get_by_role("columnheader", name="度").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="度")).to_have_attribute("aria-sort", "descending")
    energies = [float(text) for text in page.locator("tbody tr td:nth-child(3)").all_inner_texts()]
    assert energies == sorted(energies, reverse=True)
    assert len(energies) == 16

    with page.expect_download() as taken:
        page.get_by_role("link", name="全部表格（XLSX）").click()
    book = load_workbook(io.BytesIO(taken.value.path().read_bytes()))
    assert book["每天"]["B31"].value == 120, "28 days under two lines, then the total"


def test_every_part_is_readable_dark_large_narrow_in_english_and_on_paper(used: Street):
    code = used.house.staff_code("viewer")
    page = used.visit(code, DESK, language="en", color_scheme="dark")
    for number, part in enumerate(PARTS):
        page.goto(f"{used.url}{part}")
        is_clean(page, f"figures-2-dark-{number}")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.emulate_media(color_scheme="light")
    for number, part in enumerate(PARTS[::2]):
        page.goto(f"{used.url}{part}?large=1")
        is_clean(page, f"figures-3-large-{number}")
    page.goto(f"{used.url}/committee?large=0")
    page.emulate_media(media="print")
    picture(page, "figures-4-print")


def test_without_javascript_every_number_is_in_a_table(used: Street):
    page = used.visit(used.house.staff_code("viewer"), DESK, java_script_enabled=False)
    page.goto(f"{used.url}/committee?month=2026-02")
    expect(page.locator("figure.chart:visible")).to_have_count(0)
    expect(page.get_by_role("group", name="每天").locator("tbody tr")).to_have_count(28)
    expect(page.get_by_role("group", name="平常的一天").locator("tbody tr")).to_have_count(24)


def test_the_page_with_the_charts_weighs_less_than_its_budget(used: Street):
    page = used.visit(used.house.staff_code("viewer"), DESK)
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(answer.request.sizes()["responseBodySize"]))
    page.goto(f"{used.url}/committee", wait_until="networkidle")
    assert sum(sizes) < 150_000, sizes


def test_labels_are_printed_from_the_page(used: Street):
    page = used.visit(used.house.staff_code("maintenance"), DESK)
    page.goto(f"{used.url}/labels")
    is_clean(page, "labels-1")
    page.get_by_role("link", name="1 单元").click()
    with page.expect_download() as taken:
        page.get_by_role("link", name="下载标签 PDF").click()
    read = [text for text, _ in codes_on(taken.value.path().read_bytes())]
    assert sorted(read) == [
        f"{used.house.compound.house.settings.public_url}/p/{pile}/{outlet}"
        for pile in (1, 2)
        for outlet in (1, 2)
    ]


def test_a_passer_by_sees_free_outlets_change_and_the_way_to_books_and_proof(used: Street):
    page = used.visit(size=NARROW)
    page.goto(used.url)
    first = page.locator("section", has=page.get_by_role("heading", name="1 单元"))
    expect(first).to_contain_text("空 4 个")
    is_clean(page, "front-1-narrow")
    whole = used.house.compound.house
    used.house.plug("LB-001", 1)
    assert isinstance(
        start(whole, StartRequest("LB-001", 1, 1, "qr", "resident", "a key")), Started
    )
    expect(first).not_to_contain_text("空 4 个")
    page.get_by_role("link", name="核对我的凭证").click()
    expect(page).to_have_url(f"{used.url}/check")

    still = used.visit(size=NARROW, java_script_enabled=False)
    still.goto(used.url)
    expect(still.get_by_text("0.687 元/度")).to_be_visible()
    still.get_by_role("link", name="收支公示").first.click()
    expect(still).to_have_url(f"{used.url}/open")
