"""Tell me when one is free, and does this pile blink: on the pages a household has open."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Street, overflow, picture, violations

pytestmark = pytest.mark.browser


def take_both(street: Street, pile: int) -> None:
    """A neighbour's bikes stand on both outlets."""
    neighbour = street.house.resident("1-201", "zh")
    for outlet in (1, 2):
        street.house.plug(f"LB-{pile:03d}", outlet)
        neighbour.post(f"/p/{pile}/{outlet}", f"/p/{pile}/{outlet}/start")
    street.house.run(30)


def test_an_outlet_that_turns_free_is_told_on_every_open_page_and_by_a_notification(
    street: Street,
):
    take_both(street, 3)
    page = street.visit(street.house.code_of("1-101"), size=(320, 640), color_scheme="dark")
    page.context.grant_permissions(["notifications"], origin=street.url)
    page.goto(f"{street.url}/p/3/1?large=1")
    expect(page.get_by_text("这个口有人在充")).to_be_visible()
    assert violations(page) == []
    assert overflow(page) == 0
    picture(page, "resident-busy-large-dark-320")
    page.get_by_role("button", name="这里有空口时告诉我").click()
    expect(page.get_by_text("一有空口就告诉您")).to_be_visible()
    assert overflow(page) == 0
    prices = page.context.new_page()
    prices.goto(f"{street.url}/me/prices")
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    street.house.unplug("LB-003", 2)
    street.house.run(60)
    for open_page in (page, prices):
        expect(open_page.get_by_text("3 号桩 2 号口现在空闲")).to_be_visible()
    there = "navigator.serviceWorker.ready.then(r => r.getNotifications())"
    shown = f"{there}.then(n => n.map(x => x.data))"
    page.wait_for_function(f"{shown}.then(n => n.length)")
    assert page.evaluate(shown) == ["/p/3/2"]
    picture(page, "resident-wish-told-large-dark-320")
    assert violations(page) == []
    page.get_by_role("link", name="3 号桩 2 号口现在空闲").click()
    expect(page.get_by_role("button", name="开始充电")).to_be_visible()


def test_without_javascript_a_wish_is_told_at_the_next_page_and_a_pile_blinks(street: Street):
    take_both(street, 3)
    page = street.visit(
        street.house.code_of("1-101"), size=(1440, 900), language="en", java_script_enabled=False
    )
    page.goto(f"{street.url}/p/3/2")
    page.get_by_role("button", name="Tell me when one is free here").click()
    expect(page.get_by_text("You are told as soon as one is free: Pile 3.")).to_be_visible()
    street.house.unplug("LB-003", 2)
    street.house.run(60)
    page.reload()
    expect(page.get_by_text("Pile 3 · outlet 2 is free now")).to_be_visible()
    page.get_by_role("link", name="Pile 3 · outlet 2 is free now").click()
    page.get_by_role("link", name="Is this sticker genuine?").click()
    page.get_by_role("button", name="Let it blink").click()
    expect(page.get_by_text("It blinks now, for 20 seconds")).to_be_visible()
    picture(page, "resident-blinks-1440")
    assert overflow(page) == 0
