"""Gatehouse, maintenance, committee and public, on the screens they use."""

import pytest
from playwright.sync_api import Page

from simulator.mishaps import Mishap
from tests.browser.conftest import DESK, NARROW, Street, overflow, picture, violations
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
