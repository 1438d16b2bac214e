"""Scan, sign in, start, watch live, stop or unplug, see the bill: zh, en, large type, a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Street, overflow, picture, violations

pytestmark = pytest.mark.browser

WORDS = {
    "zh": ("登录后开始充电", "开始充电", "充电中", "结束充电", "您结束了充电", "我的充电和账单"),
    "en": (
        "Sign in to start",
        "Start charging",
        "Charging",
        "End charging",
        "The plug was pulled out.",
        "My charging and statements",
    ),
}


def is_clean(page: Page, name: str) -> None:
    picture(page, name)
    assert violations(page) == [], name
    assert overflow(page) == 0, name


@pytest.mark.parametrize(
    ("language", "large"), [("zh", False), ("en", False), ("zh", True)], ids=["zh", "en", "large"]
)
def test_from_scan_to_bill(street: Street, language: str, large: bool):
    sign_in, start, charging, end, ended, mine = WORDS[language]
    mark = f"resident-{language}{'-large' if large else ''}"
    street.house.plug("LB-003", 1, 520)
    page = street.visit(language=language)
    page.goto(f"{street.url}/p/3/1{'?large=1' if large else ''}")
    is_clean(page, f"{mark}-1-scan")
    page.get_by_role("link", name=sign_in, exact=True).click()
    page.fill("input[name=code]", street.house.code_of("1-101").lower())
    is_clean(page, f"{mark}-2-sign-in")
    page.locator("main button").click()
    expect(page.get_by_role("button", name=start)).to_be_visible()
    is_clean(page, f"{mark}-3-start")
    page.get_by_role("button", name=start).click()
    page.wait_for_url("**/me/sessions/*")
    is_clean(page, f"{mark}-4-starting")
    street.house.run(30)
    expect(page.get_by_role("heading", name=charging, exact=True)).to_be_visible()
    street.house.run(90 * 60)
    expect(page.locator("svg.curve")).to_be_visible()
    is_clean(page, f"{mark}-5-live")
    if language == "en":
        street.house.unplug("LB-003", 1)
    else:
        page.get_by_role("button", name=end).click()
        expect(page.get_by_role("heading", name="正在停止", exact=True)).to_be_visible()
    street.house.run(60)
    expect(page.get_by_text(ended)).to_be_visible()
    expect(page.get_by_role("link", name=mine)).to_be_visible()
    is_clean(page, f"{mark}-6-bill")
    street.house.run(15 * 60)
    page.goto(f"{street.url}/me")
    is_clean(page, f"{mark}-7-me")
    page.get_by_role("link", name="2026").click()
    page.locator("details summary").first.click()
    is_clean(page, f"{mark}-8-statement")
