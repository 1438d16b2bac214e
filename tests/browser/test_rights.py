"""A phone's own key, a guest with a QR code, and a list with errors: in a real browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

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
from tests.pages.light import Desk

pytestmark = pytest.mark.browser


@pytest.fixture
def desk_street(sqlite_template: Path, tmp_path: Path, browser: Browser) -> Iterator[Street]:
    """A compound of silent piles, reached by a name: browsers make no keys for a number."""
    with open_street(sqlite_template, tmp_path, browser, Desk) as opened:
        named = opened.url.replace("127.0.0.1", "localhost")
        settings = opened.house.compound.house.settings.model_copy(update={"public_url": named})
        opened.house.compound.house.settings = settings
        opened.house.app.state.door.settings = settings
        opened.url = named
        yield opened


def is_clean(page: Page, name: str, *sizes: tuple[int, int]) -> None:
    picture(page, name)
    assert violations(page) == [], name
    for size in (*sizes, NARROW):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert overflow(page) == 0, (name, size)


def with_keys(page: Page) -> None:
    """The phone has a finger print reader."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


SEND_AGAIN = """async ([url, token, body]) => (await fetch(url, {method: "POST", body, headers: {
    "Content-Type": "application/json", "Accept": "application/json", "X-Form-Token": token,
}})).status"""


def test_a_phone_makes_a_key_after_the_code_and_signs_in_with_it_later(desk_street: Street):
    page = desk_street.visit(desk_street.house.code_of("1-101"), PHONE)
    with_keys(page)
    expect(page).to_have_url(re.compile("/me$"))
    page.goto(f"{desk_street.url}/me/people")
    page.get_by_role("button", name="让这部手机存一把钥匙").click()
    expect(page.get_by_text("好了。下次这部手机可以直接登录。")).to_be_visible()
    is_clean(page, "people-1-key", PHONE)
    page.context.clear_cookies(name="beimen")
    sent: list[str] = []
    page.on(
        "request", lambda r: sent.append(r.post_data or "") if "passkey/sign-in" in r.url else 0
    )
    page.goto(f"{desk_street.url}/sign-in?next=/me/people")
    is_clean(page, "sign-in-key", PHONE)
    page.get_by_role("button", name="用这部手机的钥匙登录").click()
    expect(page).to_have_url(re.compile("/me/people"))
    expect(page.get_by_text("用自己的钥匙")).to_be_visible()

    assert len(sent) == 1
    page.context.clear_cookies(name="beimen")
    page.goto(f"{desk_street.url}/sign-in")
    token = page.locator("[name=form_token]").first.input_value()
    again = page.evaluate(SEND_AGAIN, ["/passkey/sign-in", token, sent[0]])
    assert again == 401, "a challenge is good once"
    for forged in ({}, {"id": "x"}, {"id": 3, "response": []}, json.loads(sent[0]) | {"id": "no"}):
        status = page.evaluate(SEND_AGAIN, ["/passkey/sign-in", token, json.dumps(forged)])
        assert status in (401, 429), forged

    page.get_by_role("button", name="用这部手机的钥匙登录").click()
    expect(page).to_have_url(re.compile("/me$"))
    page.goto(f"{desk_street.url}/me/people")
    page.get_by_role("button", name="作废").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    page.get_by_role("button", name="用这部手机的钥匙登录").click()
    expect(page.get_by_text("这部手机的钥匙在这里打不开。")).to_be_visible()


def test_without_scripts_the_code_stays_the_way_and_no_key_is_offered(desk_street: Street):
    code = desk_street.house.code_of("1-102")
    page = desk_street.visit(code, PHONE, java_script_enabled=False)
    page.goto(f"{desk_street.url}/me/people")
    expect(page.get_by_role("button", name="让这部手机存一把钥匙")).to_be_hidden()
    page.get_by_label("怎么称呼，只给自己看（可以不填）").first.fill("女儿")
    page.get_by_role("button", name="生成代码").first.click()
    expect(page.locator(".invite-code")).to_be_visible()


def test_a_list_with_errors_is_mended_and_taken_in_and_its_codes_are_printed(desk_street: Street):
    page = desk_street.visit(desk_street.house.staff_code("committee"), DESK)
    page.goto(f"{desk_street.url}/committee/begin")
    is_clean(page, "begin-1-steps", PHONE)
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    page.get_by_role("link", name="收进名单").click()
    is_clean(page, "begin-2-import", PHONE)

    def send(text: str) -> None:
        file = {"name": "名单.csv", "mimeType": "text/csv", "buffer": text.encode("gbk")}
        page.set_input_files("input[type=file]", files=[file])
        page.get_by_role("button", name="先看一看").click()

    send("门号,单元,人数\n5-101,1,3\n3月20日,1,2\n1-101,1,2\n")
    expect(page.get_by_text("有 2 处要先改好。什么都没有收进。")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("第 3 行.*日期"))).to_be_visible()
    is_clean(page, "begin-3-errors", PHONE)
    page.get_by_role("link", name="发来改好的名单").click()
    send("门号,单元,人数\n5-101,1,3\n3-20,9,2\n")
    expect(page.get_by_text("9 单元还没有充电桩。")).to_be_visible()
    is_clean(page, "begin-4-good", PHONE)
    page.get_by_role("button", name="收进 2 户").click()
    expect(page.get_by_text("已收进 2 户。")).to_be_visible()
    page.goto(f"{desk_street.url}/committee/begin/codes")
    is_clean(page, "begin-5-codes", PHONE)
    page.get_by_role("button", name="生成 1 单元的代码").click()
    expect(page.locator(".code-cell")).to_have_count(3)
    is_clean(page, "begin-6-slips", PHONE)
    for path, name in (
        ("/committee/begin/piles", "begin-7-piles"),
        ("/committee/staff", "staff-1"),
        ("/committee/trail", "trail-1"),
        ("/staff/password", "staff-2-password"),
    ):
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        page.goto(f"{desk_street.url}{path}")
        is_clean(page, name, PHONE)


def test_a_guest_scans_starts_within_the_limit_and_is_ended_by_the_host(street: Street):
    street.house.plug("LB-001", 1, 2_000)
    host = street.visit(street.house.code_of("1-101"), PHONE)
    expect(host).to_have_url(re.compile("/me$"))
    host.goto(f"{street.url}/me/people")
    is_clean(host, "people-2-nobody", PHONE)
    host.locator("summary", has_text="给访客通行证").click()
    guests = host.locator("form[action$='/guests']")
    guests.get_by_label("怎么称呼，只给自己看（可以不填）").fill("表弟")
    guests.get_by_label("最多").select_option("fen:100")
    guests.get_by_role("button", name="生成代码").click()
    is_clean(host, "people-3-invited", PHONE)
    code = host.locator(".invite-code").inner_text()

    guest = street.visit(code, PHONE)
    expect(guest.get_by_text("剩 1.00 元，共 1.00 元")).to_be_visible()
    is_clean(guest, "shared-1-guest", PHONE)
    guest.goto(f"{street.url}/p/1/1")
    guest.locator("form[action$='/start'] button.go").click()
    expect(guest).to_have_url(re.compile("/me/sessions/"))
    street.house.run(20)
    guest.reload()
    picture(guest, "shared-2-charging")
    guest.goto(f"{street.url}/me/people")
    assert guest.get_by_text("表弟").count() == 0

    host.goto(f"{street.url}/me/people")
    expect(host.get_by_text("正在充电")).to_be_visible()
    is_clean(host, "people-4-guest", PHONE)
    host.get_by_role("button", name="停用 表弟").click()
    expect(host.get_by_text("已停用，那部手机什么也做不了了。")).to_be_visible()
    guest.goto(f"{street.url}/shared")
    expect(guest).to_have_url(re.compile("/sign-in"))
