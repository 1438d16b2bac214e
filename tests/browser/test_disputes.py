"""A line is questioned on a phone and answered at the desk; a held charge is decided."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import (
    DESK,
    NARROW,
    PHONE,
    open_street,
    overflow,
    picture,
    violations,
)
from tests.pages.charges import Charges

pytestmark = pytest.mark.browser


def is_clean(page: Page, name: str) -> None:
    picture(page, name)
    assert violations(page) == [], name
    assert overflow(page) == 0, name


def test_a_line_is_questioned_answered_and_told(
    sqlite_template: Path, tmp_path: Path, browser: Browser
):
    with open_street(sqlite_template, tmp_path, browser, Charges) as street:
        charges: Charges = street.house  # type: ignore[assignment]
        held, _ = charges.held("1-102"), charges.line("1-101")
        phone = street.visit(charges.code_of("1-101"), PHONE)
        phone.goto(f"{street.url}/me/statements/2026-03")
        phone.get_by_role("link", name="这一笔我有疑问").click()
        phone.get_by_text("电量或金额偏高。").click()
        phone.fill("textarea", "八点就充满了")
        is_clean(phone, "dispute-1-form")
        phone.get_by_role("button", name="提交疑问").click()
        expect(phone.get_by_text("谢谢，您的疑问已收到。")).to_be_visible()
        is_clean(phone, "dispute-2-thanks")

        desk = street.visit(charges.staff_code("committee"), DESK)
        desk.goto(f"{street.url}/committee/questions")
        picture(desk, "dispute-3-questions")
        desk.get_by_role("link", name="1 号桩 1 号口").click()
        desk.select_option("select[name=first]", "1")
        desk.get_by_role("button", name="算一算").click()
        expect(desk.get_by_text("退还 0.21 元")).to_be_visible()
        is_clean(desk, "dispute-4-question")
        desk.fill("textarea", "读数到 1.500 为止，多收的退还。")
        desk.get_by_role("button", name="答复", exact=True).click()
        expect(desk.get_by_text("已答复，住户会看到。")).to_be_visible()
        desk.goto(f"{street.url}/committee/questions/1/print")
        desk.emulate_media(media="print")
        picture(desk, "dispute-5-print")
        desk.emulate_media(media="screen")

        phone.goto(f"{street.url}/me")
        expect(phone.get_by_text("退还 0.21 元")).to_be_visible()
        phone.get_by_role("link", name="看答复").click()
        picture(phone, "dispute-6-answer")

        desk.goto(f"{street.url}/committee/held")
        picture(desk, "held-1-list")
        desk.goto(f"{street.url}/committee/held/{held}")
        is_clean(desk, "held-2-evidence")
        desk.get_by_text("只按我们的读数能证明的部分计费").click()
        desk.fill("textarea", "现场看过电表")
        desk.get_by_role("button", name="决定", exact=True).click()
        expect(desk.get_by_text("已作决定。")).to_be_visible()
        desk.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        for path in ("held", f"held/{held}", "questions", "questions/1"):
            desk.goto(f"{street.url}/committee/{path}?large=1")
            assert overflow(desk) == 0, path
