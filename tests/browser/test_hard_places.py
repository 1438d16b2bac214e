"""No JavaScript, no signal, two taps, a full cable, a demo; and what the pages weigh."""

import pytest
from playwright.sync_api import Page, Response, expect

from service.clock import from_ms
from service.feeders.actions import set_rating
from tests.browser.conftest import Street, overflow, picture, violations

pytestmark = pytest.mark.browser

FIRST_PAINT_BYTES = 15_000
ALL_BYTES = 40_000


def weigh(page: Page, url: str) -> tuple[int, int]:
    """Bytes over the wire, compressed: to the first useful paint (page and style), and in all."""
    heard: list[Response] = []

    def hear(response: Response) -> None:
        heard.append(response)

    page.on("response", hear)
    page.goto(url, wait_until="load")
    page.wait_for_timeout(300)
    sizes = {}
    for response in heard:
        kind = response.headers.get("content-type", "")
        if "event-stream" not in kind and response.status == 200:
            wire = response.request.sizes()
            sizes[response.url] = (kind, wire["responseBodySize"] + wire["responseHeadersSize"])
    first = sum(size for kind, size in sizes.values() if "html" in kind or "css" in kind)
    return first, sum(size for _, size in sizes.values())


def test_the_pages_of_a_resident_are_light(street: Street):
    street.house.plug("LB-001", 1)
    person = street.house.resident("1-101", "zh")
    person.post("/p/1/1", "/p/1/1/start")
    street.house.run(3600)
    held = street.house.compound.house.held_by("LB-001", 1)
    assert held is not None
    table = {}
    for path in ("/p/2/1", f"/me/sessions/{held.id}", "/me", "/", "/sign-in"):
        # a browser of its own for each: nothing is in its cache but what the sign-in brought
        page = street.visit(street.house.code_of("1-101") if "/me" in path else None)
        table[path] = weigh(page, f"{street.url}{path}")
    print(table)
    for path, (first, everything) in table.items():
        assert first <= FIRST_PAINT_BYTES, (path, first)
        assert everything <= ALL_BYTES, (path, everything)


def test_the_whole_way_works_without_javascript(street: Street):
    street.house.plug("LB-003", 1, 400)
    page = street.visit(street.house.code_of("1-101"), java_script_enabled=False)
    page.goto(f"{street.url}/p/3/1")
    page.get_by_text("提前停，或指定几点前充好").click()
    page.get_by_text("按金额").click()
    page.select_option("select[name=amount]", "0.50")
    page.get_by_role("button", name="开始充电").click()
    street.house.run(600)
    page.reload()
    expect(page.get_by_role("heading", name="充电中")).to_be_visible()
    expect(page.get_by_text("您设的上限：最多 0.50 元，到")).to_be_visible()
    picture(page, "no-javascript-live")
    page.get_by_role("button", name="结束充电").click()
    street.house.run(60)
    page.reload()
    expect(page.get_by_text("您结束了充电")).to_be_visible()


def test_two_quick_taps_are_one_charge(street: Street):
    street.house.plug("LB-003", 1)
    page = street.visit(street.house.code_of("1-101"))
    page.goto(f"{street.url}/p/3/1")
    page.get_by_role("button", name="开始充电").dblclick(no_wait_after=True)
    page.wait_for_url("**/me/sessions/*")
    mine = [one for one in street.house.compound.house.open.values() if one.pile == "LB-003"]
    assert len(mine) == 1


def test_a_lost_connection_is_a_line_and_heals(street: Street):
    street.house.plug("LB-003", 1)
    page = street.visit(street.house.code_of("1-101"))
    page.goto(f"{street.url}/p/3/1")
    page.get_by_role("button", name="开始充电").click()
    street.house.run(120)
    expect(page.get_by_role("heading", name="充电中")).to_be_visible()
    expect(page.locator(".figure")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("网络断了")).to_be_visible(timeout=15_000)
    expect(page.locator(".figure")).to_be_visible()
    picture(page, "offline-live")
    page.context.set_offline(False)
    page.reload()
    expect(page.get_by_text("网络断了")).to_be_hidden()


def test_a_full_cable_is_told_with_place_reason_and_what_happens_next(street: Street):
    house = street.house.compound.house
    with house.work() as work:
        set_rating(work.uow, "entrance-2", 3000)
        work.uow.after_commit(house.read_again)
    for pile, door in ((3, "1-101"), (4, "1-102")):
        street.house.plug(f"LB-{pile:03d}", 1)
        page = street.visit(street.house.code_of(door))
        page.goto(f"{street.url}/p/{pile}/1")
        page.get_by_role("button", name="开始充电").click()
        page.wait_for_url("**/me/sessions/*")
        street.house.run(60)
    expect(page.get_by_role("heading", name="正在排队")).to_be_visible()
    expect(page.get_by_text("不用在这里等")).to_be_visible()
    picture(page, "queue")
    assert violations(page) == []
    page.get_by_role("button", name="不排了").click()
    expect(page.get_by_text("您在开始前取消了，没有扣费。")).to_be_visible()


def test_a_pile_that_does_not_answer_is_no_start_and_costs_nothing(street: Street):
    street.house.plug("LB-003", 1)
    page = street.visit(street.house.code_of("1-101"))
    page.goto(f"{street.url}/p/3/1")
    now = street.house.compound.world.now
    street.house.compound.world.link_down("LB-003", now, now + 3_600_000)
    page.get_by_role("button", name="开始充电").click()
    expect(page.get_by_role("heading", name="正在启动")).to_be_visible()
    street.house.run(120)
    expect(page.get_by_text("充电桩没有回应，没有开始充电，没有扣费。")).to_be_visible()
    picture(page, "not-started")
    assert violations(page) == []


def test_old_figures_are_grey_and_named(street: Street):
    street.house.plug("LB-003", 1)
    page = street.visit(street.house.code_of("1-101"), language="en", color_scheme="dark")
    page.goto(f"{street.url}/p/3/1")
    page.get_by_role("button", name="Start charging").click()
    street.house.run(300)
    now = street.house.compound.world.now
    street.house.compound.world.link_down("LB-003", now, now + 3_600_000)
    street.house.run(600)
    page.reload()
    expect(page.get_by_text("The pile has not been heard since")).to_be_visible()
    picture(page, "stale-live-dark")
    assert violations(page) == []
    assert from_ms(now) < street.house.clock.now()


def test_a_demo_says_so_on_every_page(street: Street):
    object.__setattr__(street.house.compound.house.settings, "demo", True)
    page = street.visit()
    for path in ("/", "/p/1/1", "/sign-in", "/p/99/1"):
        page.goto(f"{street.url}{path}")
        expect(page.get_by_text("演示：这里的内容都不是真的")).to_be_visible()
        assert overflow(page) == 0
