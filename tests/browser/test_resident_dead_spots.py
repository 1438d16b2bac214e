"""A basement with poor signal: offline in mid-charge, the service away, taps that never arrive."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Route, expect

from service.clock import FixedClock
from tests.browser.conftest import Street, overflow, picture, violations
from tests.conftest import AN_EVENING
from tests.pages.visitors import app_over, build_house, empty_store

pytestmark = pytest.mark.browser

HEALS_WITHIN_MS = 5_000
READY = "navigator.serviceWorker.ready.then(() => !!navigator.serviceWorker.controller)"


class Service:
    """A street whose service can go away and come back at the same address."""

    def __init__(self, street: Street, port: int):
        self.street, self.port = street, port
        self.come_back()

    def come_back(self) -> None:
        """A fresh process, as far as pages can tell: another app, another hub, memory read anew."""
        house = self.street.house
        house.compound.house.listeners.clear()
        house.compound.house.read_again()
        house.app = app_over(house.compound)
        settings = uvicorn.Config(
            house.app, port=self.port, log_level="error", timeout_graceful_shutdown=1
        )
        self.server = uvicorn.Server(settings)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        until = time.monotonic() + 10
        while not self.server.started and time.monotonic() < until:
            time.sleep(0.02)

    def go_away(self) -> None:
        """No connection is accepted any more, and every open one ends."""
        self.street.house.app.state.hub.close()
        self.server.should_exit = True
        self.thread.join(10)


@pytest.fixture
def service(sqlite_template: Path, tmp_path: Path, browser: Browser) -> Iterator[Service]:
    """A compound at 19:00 whose service can be restarted."""
    with empty_store(sqlite_template, tmp_path) as store:
        house = build_house(store, FixedClock(AN_EVENING))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        opened = Service(Street(f"http://127.0.0.1:{port}", house, browser), port)
        yield opened
        for context in opened.street.contexts:
            context.close()
        opened.go_away()


def charging(street: Street, door: str = "1-101") -> Page:
    """Somebody's page of a charge that runs, with the worker that keeps copies at work."""
    street.house.plug("LB-003", 1)
    page = street.visit(street.house.code_of(door))
    page.goto(f"{street.url}/p/3/1")
    page.get_by_role("button", name="开始充电").click()
    page.wait_for_url("**/me/sessions/*")
    street.house.run(180)
    expect(page.get_by_role("heading", name="充电中")).to_be_visible()
    expect(page.locator(".figure")).to_be_visible()
    return page


def test_offline_in_mid_charge_the_last_known_state_stays_and_heals(street: Street):
    page = charging(street)
    page.reload()
    assert page.evaluate(READY), "the worker holds this page"
    page.context.set_offline(True)
    expect(page.get_by_text("网络断了")).to_be_visible(timeout=9_000)
    page.reload()
    expect(page.get_by_text("没有信号。这是 19:")).to_be_visible()
    expect(page.locator(".figure")).to_be_visible()
    assert violations(page) == []
    picture(page, "resident-offline-copy")
    page.goto(f"{street.url}/p/5/1")
    expect(page.get_by_role("heading", name="没有信号")).to_be_visible()
    picture(page, "resident-offline-nothing-known")
    page.go_back()
    expect(page.locator(".figure")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("没有信号。这是")).to_be_hidden(timeout=HEALS_WITHIN_MS)
    street.house.run(600)
    expect(page.locator(".figure")).not_to_have_text("0.00")


def test_only_own_pages_are_kept_and_nothing_is_left_after_a_sign_out(street: Street):
    page = charging(street)
    mine = page.url
    for path in ("/p/3/2", "/", "/me/prices", "/me", "/me", "/p/5/1/check"):
        page.goto(f"{street.url}{path}")
    page.get_by_role("button", name="让它闪灯").click()
    expect(page.get_by_text("正在闪灯")).to_be_visible()
    kept = "caches.open('beimen-own').then(c => c.keys()).then(k => k.map(r => r.url))"
    paths = {url.removeprefix(street.url) for url in page.evaluate(kept)}
    assert "/me" in paths
    assert all(path == "/me" or path.startswith("/me/sessions/") for path in paths), paths
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url(f"{street.url}/")
    assert page.evaluate(kept) == []
    page.context.set_offline(True)
    page.goto(mine)
    expect(page.get_by_role("heading", name="没有信号")).to_be_visible()
    assert page.get_by_text("充电中").count() == 0


def test_pages_heal_within_five_seconds_of_a_restart_in_mid_charge(service: Service):
    street = service.street
    page = charging(street)
    before = page.locator(".figure").text_content()
    service.go_away()
    street.house.compound.run(1200, tick_every=30)
    expect(page.get_by_text("网络断了")).to_be_visible(timeout=9_000)
    assert page.locator(".figure").text_content() == before, "the numbers stay in sight"
    service.come_back()
    begun = time.monotonic()
    expect(page.locator(".figure")).not_to_have_text(before or "", timeout=HEALS_WITHIN_MS)
    expect(page.get_by_text("网络断了")).to_be_hidden()
    print(f"healed {time.monotonic() - begun:.1f} s after the service was back")


def test_a_start_without_signal_or_without_its_answer_is_sent_again_and_is_one_start(
    street: Street,
):
    street.house.plug("LB-003", 1)
    page = street.visit(street.house.code_of("1-101"), size=(320, 640))
    page.goto(f"{street.url}/p/3/1")
    lost: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        if not lost:
            lost.append(route.fetch(max_redirects=0).headers["location"])
            route.abort()
        else:
            route.continue_()

    page.context.set_offline(True)
    page.get_by_role("button", name="开始充电").click()
    expect(page.get_by_text("没有信号，正在自动重发")).to_be_visible()
    assert overflow(page) == 0
    picture(page, "resident-start-without-signal-320")
    assert street.house.compound.house.held_by("LB-003", 1) is None
    page.route("**/start", lose_the_first_answer)
    page.context.set_offline(False)
    page.wait_for_url("**/me/sessions/*")
    assert page.url.endswith(lost[0]), "the same charge that the lost answer spoke of"
    mine = [one for one in street.house.compound.house.open.values() if one.pile == "LB-003"]
    assert len(mine) == 1


def test_slow_mobile_signal_paints_within_a_second(street: Street):
    """400 kbit/s and 400 ms, as Chromium emulates them; style, frame and page come compressed."""
    page = street.visit(street.house.code_of("1-101"))
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    slow = {
        "offline": False,
        "latency": 400,
        "downloadThroughput": 50_000,
        "uploadThroughput": 50_000,
    }
    session.send("Network.emulateNetworkConditions", slow)
    painted = {}
    for path in ("/p/3/1", "/me", "/"):
        session.send("Network.clearBrowserCache")
        page.goto(f"{street.url}{path}")
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        painted[path] = page.evaluate(
            "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        )
    print({path: f"{ms:.0f} ms" for path, ms in painted.items()})
    # the budget is 1 s on a machine that does nothing else; a loaded one gets some room
    assert all(ms <= 1_500 for ms in painted.values()), painted
