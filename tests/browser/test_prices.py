"""A new price on the screens and papers of the committee: looked at, printed, one sheet each."""

import io

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import DESK, PHONE, Street, overflow, picture, violations
from tests.pages.test_prices import february, the_piles_cost

pytestmark = pytest.mark.browser
PRICES, BOARDS = "/committee/prices", "/committee/boards"


def is_clean(page: Page, name: str) -> None:
    picture(page, name)
    assert violations(page) == [], name
    assert overflow(page) == 0, name


def sheets(page: Page) -> int:
    return len(PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages)


def test_a_price_is_proposed_voted_on_and_hung_up(street: Street):
    february(street.house, d1_101=613, d1_102=1000)
    the_piles_cost(street.house, 60_000_00)
    page = street.visit(street.house.staff_code("committee"), PHONE)
    page.goto(f"{street.url}{PRICES}/new")
    for _ in range(4):
        page.locator("button[value=more]").click()
    for place, (name, times) in enumerate(
        [("深谷", "23-7"), ("谷", "7-8, 22-23"), ("平", "8-12"), ("峰", "12-20"), ("尖峰", "20-21")]
    ):
        page.fill(f"#name-{place}", name)
        page.fill(f"#times-{place}", times)
        page.fill(f"#electricity-{place}", f"0.4{place}")
        page.fill(f"#service-{place}", f"0.2{place}")
    page.fill("#why", "晚上电缆负荷高，分时计价可以把充电引导到深夜。" * 3)
    page.get_by_role("button", name="保存方案").click()
    expect(page.get_by_text("21:00-22:00 没有价格：各时段要排满全天。")).to_be_visible()
    is_clean(page, "prices-1-gap")
    page.fill("#times-4", "20-22")
    page.get_by_role("button", name="保存方案").click()
    expect(page.get_by_role("heading", name="方案 1")).to_be_visible()
    is_clean(page, "prices-2-draft")

    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    page.get_by_role("link", name="逐户对比").click()
    is_clean(page, "prices-3-what-if")
    page.goto(f"{street.url}{PRICES}/drafts/1/notice")
    is_clean(page, "prices-4-notice")
    assert sheets(page) == 1

    page.goto(f"{street.url}{PRICES}/drafts/1/decision")
    page.get_by_label("通过：现在公布").check()
    for field, text in {
        "decided": "2026-03-01", "votes_for": "132", "votes_against": "18",
        "consent": "2026-03-01", "scope": "全体业主",
    }.items():  # fmt: skip
        page.fill(f"#{field}", text)
    is_clean(page, "prices-5-decision")
    page.get_by_role("button", name="登记表决结果").click()
    page.goto(f"{street.url}{PRICES}")
    is_clean(page, "prices-6-list")
    page.get_by_role("link", name="现在就打印它的价格牌").click()
    is_clean(page, "prices-7-boards")
    page.get_by_role("link", name="每个单元一张").click()
    is_clean(page, "prices-8-board")
    assert sheets(page) == 4
