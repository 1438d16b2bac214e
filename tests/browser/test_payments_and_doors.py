"""Payment files, arrears and households on the committee's screens: readable, and axe-clean."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, NARROW, PHONE, Street, overflow, picture, violations
from tests.desk.exports import wechat
from tests.pages.test_payments import row

pytestmark = pytest.mark.browser


def test_a_treasurer_takes_in_a_file_and_lets_a_household_go(street: Street):
    street.house.plug("LB-003", 1, 400)
    street.house.resident("2-101").post("/p/3/1", "/p/3/1/start")
    street.house.run(60)
    page = street.visit(street.house.staff_code("committee"), DESK)

    def is_clean(name: str) -> None:
        picture(page, name)
        assert violations(page) == [], name
        for size in (PHONE, NARROW):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            assert overflow(page) == 0, (name, size)
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})

    page.goto(f"{street.url}/committee/payments")
    data = wechat(
        row(1, "1-101"), row(2, "电费"), row(3, "1-102", "1.234"), row(4, "x", way="支出")
    )
    file = {"name": "账单.csv", "mimeType": "text/csv", "buffer": data}
    page.set_input_files("input[type=file]", files=[file])
    page.get_by_role("button", name="上传并预览").click()
    expect(page.get_by_role("heading", name="收进后会怎样")).to_be_visible()
    is_clean("payments-1-dry-run")
    page.get_by_label("不收读不出来的 1 行，我会手工处理。").check()
    page.get_by_role("button", name="收进：1 笔入账").click()
    expect(page.get_by_text("文件已收进。")).to_be_visible()
    page.get_by_role("link", name="去认领").click()
    is_clean("payments-3-open")
    page.get_by_label("门号或缴费代码").fill("1-102")
    page.get_by_role("button", name="是这户的").click()
    expect(page.get_by_text("这笔付款已入账。")).to_be_visible()
    page.goto(f"{street.url}/committee/arrears")
    is_clean("arrears-1")
    page.goto(f"{street.url}/committee/doors?door=2-101")
    is_clean("doors-1-one")
    page.get_by_role("button", name="全部停止").click()
    page.locator("summary", has_text="搬出").click()
    page.get_by_label("是的，2-101 今天搬出。").first.check()
    page.get_by_role("button", name="办理搬出").click()
    expect(page.get_by_text("这户已搬出，请打印结算单。")).to_be_visible()
    page.get_by_role("link", name="结算单").click()
    expect(page.get_by_role("heading", name="搬出结算单")).to_be_visible()
    is_clean("doors-2-final")
