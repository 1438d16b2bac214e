"""Gatehouse, maintenance, committee and public, on the screens they use."""

import pytest
from playwright.sync_api import Page, expect

from simulator.mishaps import Mishap
from tests.browser.conftest import DESK, NARROW, PHONE, Street, overflow, picture, violations
from tests.pages.visitors import House

pytestmark = pytest.mark.browser


def a_lively_evening(house: House) -> None:
    """Some charge, one is full, one pile is silent, one has a fault, one is out of service."""
    for pile, outlet, door in ((1, 1, "1-101"), (2, 2, "1-102"), (4, 1, "2-101"), (5, 2, "3-101")):
        house.plug(f"LB-{pile:03d}", outlet, 450)
        person = house.resident(door)
        person.post(f"/p/{pile}/{outlet}", f"/p/{pile}/{outlet}/start")
    house.run(120)
    now = house.compound.world.now
    house.compound.world.link_down("LB-007", now, now + 3_600_000)
    house.compound.world.mishap(Mishap("over_temperature", now + 1000, "LB-005", 2, now + 600_000))
    house.staff("maintenance").post(
        "/fix/piles/8", "/fix/piles/8/service", wanted="out", reason="换线"
    )
    house.run(300)


def is_clean(page: Page, name: str) -> None:
    picture(page, name)
    assert violations(page) == [], name
    assert overflow(page) == 0, name


def test_the_gatehouse_sees_the_wall_starts_for_a_door_and_cuts_an_entrance(street: Street):
    a_lively_evening(street.house)
    page = street.visit(street.house.staff_code("gatehouse"), DESK)
    expect(page.get_by_role("heading", name="4 个单元 8 个桩")).to_be_visible()
    is_clean(page, "gate-1-wall")
    street.house.plug("LB-003", 2, 300)
    page.fill("input[name=door]", "2-102")
    page.select_option("select[name=place]", "3-2")
    page.get_by_role("button", name="开始", exact=True).click()
    expect(page.get_by_text("正在通知充电桩，开始充电后会变成蓝色。")).to_be_visible()
    street.house.run(30)
    expect(page.locator("#wall .pile", has_text="3").locator(".dot.in_use")).to_be_visible()
    page.get_by_role("link", name="3 单元", exact=True).click()
    is_clean(page, "gate-2-cut")
    page.get_by_role("button", name="是，立即切断 3 单元").click()
    street.house.run(60)
    is_clean(page, "gate-3-after")
    assert street.house.compound.house.held_by("LB-005", 2) is None


def test_maintenance_takes_an_incident_at_night_with_one_hand(street: Street):
    a_lively_evening(street.house)
    page = street.visit(street.house.staff_code("maintenance"), PHONE, color_scheme="dark")
    is_clean(page, "fix-1-incidents-dark")
    page.get_by_role("button", name="我来处理").first.click()
    expect(page.get_by_text("maintenance 正在处理").first).to_be_visible()
    page.locator("details summary").first.click()
    page.locator("form[action$=note] input[name=words]").first.fill("已断电，明早换插座")
    page.get_by_role("button", name="添加备注").first.click()
    expect(page.get_by_text("已断电，明早换插座")).to_be_visible()
    page.goto(f"{street.url}/fix/piles/5")
    is_clean(page, "fix-2-pile-dark")
    page.get_by_role("button", name="1 号口闪灯").click()
    expect(page.get_by_text("正在通知充电桩，它的回应会显示在下面。")).to_be_visible()
    street.house.run(10)
    page.reload()
    expect(page.get_by_text("完成").first).to_be_visible()
    page.goto(f"{street.url}/fix/piles/7")
    is_clean(page, "fix-3-silent-pile-dark")


def test_the_committee_reads_the_month_and_every_statement(street: Street):
    a_lively_evening(street.house)
    street.house.run(3 * 3600)
    for outlet in (("LB-001", 1), ("LB-002", 2)):
        street.house.unplug(*outlet)
    street.house.run(1200)
    page = street.visit(street.house.staff_code("committee"), DESK)
    is_clean(page, "committee-1-overview")
    page.goto(f"{street.url}/committee/statements")
    is_clean(page, "committee-2-statements")
    page.get_by_role("link", name="1-101").click()
    is_clean(page, "committee-3-statement")
    page.goto(f"{street.url}/labels")
    is_clean(page, "committee-4-labels")
    page.goto(f"{street.url}/committee/statements/2026-03/print")
    page.emulate_media(media="print")
    picture(page, "committee-5-print")


def test_everybody_sees_which_outlets_are_free(street: Street):
    a_lively_evening(street.house)
    page = street.visit()
    page.goto(street.url)
    is_clean(page, "public-1-front")
    page.goto(f"{street.url}/p/7/1")
    is_clean(page, "public-2-silent")
    page.goto(f"{street.url}/p/8/1")
    is_clean(page, "public-3-out-of-order")
    page.goto(f"{street.url}/p/99/1")
    is_clean(page, "public-4-not-found")


def test_no_page_scrolls_sideways_on_the_narrowest_phone(street: Street):
    a_lively_evening(street.house)
    for login, paths in {
        "": ("/", "/p/1", "/p/1/1", "/p/2/1", "/sign-in", "/staff/sign-in"),
        "gatehouse": ("/gate", "/gate/cut/1", "/fix"),
        "maintenance": ("/fix", "/fix/piles/5", "/labels"),
        "committee": ("/committee", "/committee/statements", "/labels", "/gate"),
    }.items():
        code = street.house.staff_code(login) if login else None
        page = street.visit(code, NARROW)
        for large in (0, 1):
            for path in paths:
                page.goto(f"{street.url}{path}?large={large}")
                assert overflow(page) == 0, (login, path, large)
