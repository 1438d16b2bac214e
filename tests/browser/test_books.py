"""A month closed in one sitting at the desk, and read by everybody on a phone and on paper."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, NARROW, PHONE, Street, overflow, picture, violations
from tests.pages.published import MARCH, bills_of_march

pytestmark = pytest.mark.browser


def is_clean(page: Page, name: str) -> None:
    picture(page, name)
    assert violations(page) == [], name
    assert overflow(page) == 0, name


def test_a_month_is_closed_at_the_desk_and_read_by_everybody(street: Street):
    bills_of_march(street.house)
    street.house.clock.at = datetime(2026, 4, 2, 7, 0, tzinfo=UTC)
    page = street.visit(street.house.staff_code("committee"), DESK)
    page.goto(f"{street.url}/committee/money")
    is_clean(page, "books-1-money")
    page.get_by_role("link", name="月结 2026年3月").click()
    is_clean(page, "books-2-open-things")
    page.get_by_role("button", name="月结 2026年3月").click()
    expect(page.get_by_text("没有结账，什么也没有改变")).to_be_visible()
    expect(page.get_by_text("请勾选并写明理由，或者先处理好。")).to_be_visible()
    reason = page.locator("input[name=why_grid_bill]")
    expect(reason).to_be_hidden()
    page.get_by_label("不等它，照样结账").check()
    reason.fill("电费单还没有寄到")
    is_clean(page, "books-3-why")
    page.get_by_role("button", name="月结 2026年3月").click()
    expect(page.get_by_text("还剩一步：公布。")).to_be_visible()
    is_clean(page, "books-4-closed")
    page.get_by_role("button", name="公布 2026年3月").click()
    expect(page.get_by_text("谁也不能更改")).to_be_visible()
    is_clean(page, "books-5-published")

    reader = street.visit(None, PHONE)
    reader.goto(street.url)
    reader.get_by_role("link", name="收支公示", exact=True).click()
    is_clean(reader, "books-6-open")
    reader.get_by_role("link", name="2026年3月", exact=True).click()
    is_clean(reader, "books-7-month")
    expect(reader.get_by_text("三个数完全一致，分文不差。")).to_be_visible()
    reader.goto(f"{street.url}/open/{MARCH}/notice")
    is_clean(reader, "books-8-notice")
    sheet = reader.pdf(prefer_css_page_size=True)
    assert sheet.count(b"/Type /Page\n") == 1, "one sheet of A4"

    small = street.visit(None, NARROW)
    for path in ("/open", f"/open/{MARCH}", f"/open/{MARCH}/notice", "/open/2026-04"):
        small.goto(f"{street.url}{path}?large=1")
        assert overflow(small) == 0, path
