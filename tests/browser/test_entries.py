"""A payment at the desk and a repair, written and signed in a real browser, large and small."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, NARROW, PHONE, Street, overflow
from tests.browser.test_desks import is_clean
from tests.desk.papers import png

pytestmark = pytest.mark.browser


def test_two_members_of_the_committee_take_a_payment_and_pay_a_repair(
    street: Street, tmp_path: Path
):
    photo = tmp_path / "凭证.png"
    photo.write_bytes(png(400, 300, 200))
    page = street.visit(street.house.staff_code("committee"), DESK)
    page.goto(f"{street.url}/committee/receipts/new")
    page.fill("input[name=door]", "1-101")
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_text("没有欠款")).to_be_visible()
    is_clean(page, "entries-1-payment")
    page.fill("input[name=amount]", "12.60")
    page.get_by_label("现金").check()
    page.get_by_role("button", name="记下并开收据").click()
    expect(page.get_by_text("壹拾贰元陆角整")).to_be_visible()
    is_clean(page, "entries-2-receipt")
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="再收一笔")).to_be_hidden()

    page.emulate_media(media="screen")
    page.goto(f"{street.url}/committee/entries/new/repair")
    page.fill("input[name=amount]", "120")
    page.get_by_label("转账").check()
    page.fill("input[name=memo]", "换 7 号桩插座")
    page.set_input_files("input[name=paper]", photo)
    is_clean(page, "entries-3-repair")
    page.get_by_role("button", name="记下").click()
    expect(page.get_by_text("要由业委会另一位成员签字").first).to_be_visible()

    other = street.visit(street.house.staff_code("committee2"), PHONE)
    other.goto(f"{street.url}/committee/entries")
    is_clean(other, "entries-4-list")
    other.get_by_role("link", name="查看并签字 H-2").click()
    shown = other.locator("img.paper")
    expect(shown).to_be_visible()
    assert shown.evaluate("picture => picture.naturalWidth") == 400
    is_clean(other, "entries-5-sign")
    other.get_by_role("button", name="签字：120.00 元").click()
    expect(other.get_by_text("已签字，已入账。")).to_be_visible()
    other.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    for path in ("", "/1", "/2", "/new/grid_bill"):
        other.goto(f"{street.url}/committee/entries{path}?large=1")
        assert overflow(other) == 0, path
