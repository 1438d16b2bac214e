"""A fault at night from the wall to the closing; who has no phone; an entrance cut; a restart."""

import base64
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from service.alerts.records import photo_facts, photo_row
from service.clock import FixedClock
from tests.alerts.test_photos import PLACE, exif
from tests.browser.conftest import DESK, PHONE, Street, open_street, overflow, picture, violations
from tests.browser.test_desks import a_lively_evening
from tests.browser.test_hard_places import weigh
from tests.conftest import AN_EVENING
from tests.pages.visitors import app_over, build_house, empty_store

pytestmark = pytest.mark.browser

MAINTENANCE_BYTES = 60_000
SMALL_PICTURE = """() => {
  const canvas = document.createElement('canvas'); canvas.width = 60; canvas.height = 30;
  const ink = canvas.getContext('2d'); ink.fillStyle = '#a33'; ink.fillRect(0, 0, 30, 30);
  return canvas.toDataURL('image/jpeg').split(',')[1];
}"""


@pytest.fixture(scope="module")
def evening(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Street]:
    """One lively evening for the tests that only look, or that touch a pile of their own."""
    with open_street(sqlite_template, tmp_path_factory.mktemp("evening"), browser) as opened:
        a_lively_evening(opened.house)
        yield opened


def is_clean(page: Page, name: str) -> None:
    picture(page, name)
    assert violations(page) == [], name
    assert overflow(page) == 0, name


def press_to(page: Page, name: str, most: int = 60) -> None:
    """With the keyboard alone: go on until the button or link of this name has the focus, then
    press it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText || ''").strip() == name:
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    raise AssertionError(f"the keyboard does not reach '{name}'")


def a_phones_photo(page: Page) -> bytes:
    """A real picture, with what a phone writes into it: lying on its side, and where it stood."""
    plain = base64.b64decode(page.evaluate(SMALL_PICTURE))
    return plain[:2] + exif(6) + plain[2:]


def test_a_fault_at_night_from_the_wall_to_the_closing_with_the_keyboard_alone(street: Street):
    gate = street.visit(street.house.staff_code("gatehouse"), DESK)
    expect(gate.get_by_text("一切正常。")).to_be_visible()
    a_lively_evening(street.house)
    expect(gate.locator(".trouble li.critical").first).to_contain_text("5 号桩 2 号口")
    is_clean(gate, "duty-1-wall-sees-it")

    fix = street.visit(street.house.staff_code("maintenance"), PHONE, color_scheme="dark")
    picture(fix, "duty-2-list-dark")
    assert fix.locator(".ticket.critical").count() == 1
    for _ in range(20):
        fix.keyboard.press("Tab")
        if "critical" in fix.evaluate("document.activeElement.className"):
            break
    fix.keyboard.press("Enter")
    fix.wait_for_url("**/fix/incidents/*")
    is_clean(fix, "duty-3-incident-dark")
    press_to(fix, "我看到了")
    expect(fix.get_by_text("maintenance 已看到").first).to_be_visible()
    press_to(fix, "我来处理")
    press_to(fix, "这里已断电，安全。")
    expect(fix.locator(".steps")).to_contain_text("这里已断电，安全。")
    expect(gate.locator(".trouble li.critical").first).to_contain_text("maintenance 正在处理")

    photo = a_phones_photo(fix)
    assert PLACE in photo
    fix.set_input_files("input[type=file]", {"name": "1.jpg", "mimeType": "", "buffer": photo})
    press_to(fix, "添加照片")
    shown = fix.locator(".photos img")
    shown.scroll_into_view_if_needed()
    expect(shown).to_be_visible()
    fix.wait_for_function("document.querySelector('.photos img').naturalWidth > 0")
    assert shown.evaluate("i => [i.naturalWidth, i.naturalHeight]") == [30, 60], "it stands upright"
    with street.house.compound.house.store.reading() as uow:
        row = photo_row(uow, photo_facts(uow, range(1, 9))[0].id)
        assert row is not None
        assert PLACE not in row.content
    picture(fix, "duty-4-noted-dark")

    fix.locator("#close textarea").focus()
    fix.keyboard.type("换了插座")
    press_to(fix, "关闭告警")
    expect(fix.get_by_text("由 maintenance 关闭：换了插座", exact=False)).to_be_visible()
    expect(gate.locator(".trouble li.critical")).to_have_count(0)


def test_who_has_no_phone_starts_at_the_window_and_takes_a_receipt_along(street: Street):
    street.house.plug("LB-003", 2, 300)
    page = street.visit(street.house.staff_code("gatehouse"), DESK)
    page.fill("input[name=door]", "2-102")
    page.keyboard.press("Enter")
    picture(page, "duty-5-window")
    page.get_by_role("button", name="3 2 号口").click()
    page.wait_for_url("**/gate/slip/*")
    street.house.run(30)
    expect(page.get_by_role("heading", name="充电中")).to_be_visible(timeout=8000)
    street.house.run(900)
    page.reload()
    is_clean(page, "duty-6-slip")
    for paper, width in (("80", 80), ("a5", 148)):
        page.goto(f"{page.url.partition('?')[0]}?paper={paper}")
        assert paper_width_mm(page) == pytest.approx(width, abs=1)
    page.goto(f"{street.url}/gate")
    expect(page.locator("#running")).to_contain_text("2-102")
    page.locator("#running a.button").first.click()
    picture(page, "duty-7-stop")
    page.get_by_role("button", name="是，停止").click()
    street.house.run(60)
    page.reload()
    expect(page.get_by_role("heading", name="收据")).to_be_visible()
    picture(page, "duty-8-receipt")
    english = street.visit(street.house.staff_code("gatehouse"), PHONE, language="en")
    english.goto(page.url)
    expect(english.get_by_text("Total")).to_be_visible()
    picture(english, "duty-9-receipt-phone-en")


def paper_width_mm(page: Page) -> float:
    """The width of the paper on which a page is printed; it must be one sheet."""
    pdf = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) [\d.]+\s*\]", pdf)
    assert len(boxes) == 1, f"{len(boxes)} sheets"
    return float(boxes[0]) / 72 * 25.4


def test_an_entrance_is_cut_after_a_second_question_and_opened_again(evening: Street):
    page = evening.visit(evening.house.staff_code("gatehouse"), DESK, language="en")
    page.get_by_role("link", name="Emergency: cut entrance 3 …").click()
    is_clean(page, "duty-10-cut-question")
    page.get_by_role("button", name="Yes, cut entrance 3 now").click()
    evening.house.run(60)
    expect(page.get_by_text("Every pile that can be reached has confirmed")).to_be_visible(
        timeout=8000
    )
    picture(page, "duty-11-cut")
    assert evening.house.compound.house.held_by("LB-005", 2) is None
    page.goto(f"{evening.url}/gate")
    is_clean(page, "duty-12-wall-cut")
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    picture(page, "duty-13-wall-phone-dark")
    page.get_by_role("link", name="Look, or open it again").click()
    page.get_by_role("button", name="Open entrance 3 again").click()
    expect(page.get_by_text("The entrance is open again.")).to_be_visible()


def test_maintenance_tries_a_switch_makes_a_pile_blink_and_asks_before_a_restart(evening: Street):
    page = evening.visit(evening.house.staff_code("maintenance"), PHONE, color_scheme="dark")
    page.goto(f"{evening.url}/fix/piles/5")
    is_clean(page, "duty-14-pile-dark")
    bar = page.locator(".next")
    box = bar.bounding_box()
    assert box is not None
    assert box["y"] > 844 / 2, "what is needed most is where the thumb is"
    assert min(b.bounding_box()["height"] for b in bar.locator("button").all()) >= 60  # type: ignore[index]
    page.get_by_role("button", name="1 号口闪灯").click()
    evening.house.run(10)
    page.reload()
    expect(page.get_by_text("完成").first).to_be_visible()
    page.get_by_role("button", name="测试 1 号口能否断开").click()
    evening.house.run(60)
    expect(page.locator("#switches .verdict.unsure").first).to_contain_text(
        "没插插头", timeout=8000
    )
    page.goto(f"{evening.url}/fix/piles/4")
    page.get_by_role("link", name="重启…").click()
    expect(page.get_by_text("有车在充电：重启会打断它。")).to_be_visible()
    picture(page, "duty-15-restart-dark")
    page.goto(f"{evening.url}/fix/piles/7?large=1")
    picture(page, "duty-16-silent-pile-large")


def test_the_pages_on_duty_are_light(evening: Street):
    page = evening.visit(evening.house.staff_code("maintenance"))
    table = {}
    for path in ("/fix", "/fix/incidents/1", "/fix/piles/5", "/fix/piles/5?more=1"):
        context = evening.browser.new_context(storage_state=page.context.storage_state())
        evening.contexts.append(context)
        table[path] = weigh(context.new_page(), f"{evening.url}{path}")[1]
    print(table)
    for path, size in table.items():
        assert size <= MAINTENANCE_BYTES, (path, size)


def test_the_wall_says_that_it_lost_the_service_and_heals_within_five_seconds(
    sqlite_template: Path, tmp_path: Path, browser: Browser
):
    with empty_store(sqlite_template, tmp_path) as store:
        house = build_house(store, FixedClock(AN_EVENING))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server, thread = serve(house.app, port)
        street = Street(f"http://127.0.0.1:{port}", house, browser)
        page = street.visit(house.staff_code("gatehouse"), DESK)
        expect(page.locator("[data-lost]")).to_be_hidden()
        stop(house.app, server, thread)
        expect(page.locator("[data-lost]")).to_be_visible(timeout=8000)
        expect(page.locator("[data-lost]")).to_contain_text("19:01")
        picture(page, "duty-17-wall-lost")
        house.app = app_over(house.compound)
        server, thread = serve(house.app, port)
        began = time.monotonic()
        expect(page.locator("[data-lost]")).to_be_hidden(timeout=8000)
        assert time.monotonic() - began <= 5
        house.plug("LB-001", 1)
        house.resident("1-101").post("/p/1/1", "/p/1/1/start")
        house.run(30)
        expect(page.locator("#wall .dot.in_use").nth(1)).to_be_visible()
        page.context.close()
        stop(house.app, server, thread)


def serve(app: object, port: int) -> tuple[uvicorn.Server, threading.Thread]:
    config = uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    return server, thread


def stop(app: object, server: uvicorn.Server, thread: threading.Thread) -> None:
    app.state.hub.close()  # type: ignore[attr-defined]
    server.should_exit = True
    thread.join(10)
