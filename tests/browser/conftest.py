"""A real browser against a really running app, and a place for the pictures."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from service.clock import FixedClock
from service.store import Store
from tests.conftest import AN_EVENING
from tests.pages.visitors import House, build_house, empty_store

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PICTURES = Path(__file__).parents[2] / "build/artefacts/screenshots"
AXE = Path(__file__).parents[2] / "service/pages/static/vendor/axe.js"
PHONE, DESK, NARROW = (390, 844), (1440, 900), (320, 640)


@dataclass
class Street:
    """A running compound that a browser can open."""

    url: str
    house: House
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)

    def visit(
        self,
        code: str | None = None,
        size: tuple[int, int] = PHONE,
        language: str = "zh",
        **options: Any,
    ) -> Page:
        """A new browser of somebody, signed in with a code if one is given."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale="zh-CN", **options
        )
        self.contexts.append(context)
        context.add_cookies([{"name": "lang", "value": language, "url": self.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        if code is not None:
            page.goto(f"{self.url}/sign-in")
            page.fill("input[name=code]", code)
            page.click("main button")
        return page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a file of tests; while it is open, nobody else can run an event loop."""
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@contextmanager
def open_street(
    template: Path,
    folder: Path,
    browser: Browser,
    build: Callable[[Store, FixedClock], House] = build_house,
) -> Iterator[Street]:
    """A fresh compound at 19:00 with its pages on a port of its own."""
    with empty_store(template, folder) as store:
        house = build(store, FixedClock(AN_EVENING))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = uvicorn.Server(
            uvicorn.Config(house.app, port=port, log_level="error", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        until = time.monotonic() + 10
        while not server.started and time.monotonic() < until:
            time.sleep(0.02)
        street = Street(f"http://127.0.0.1:{port}", house, browser)
        yield street
        for context in street.contexts:
            context.close()
        house.app.state.hub.close()
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def street(sqlite_template: Path, tmp_path: Path, browser: Browser) -> Iterator[Street]:
    """A compound of one's own for a test."""
    with open_street(sqlite_template, tmp_path, browser) as opened:
        yield opened


THOROUGH = bool(os.environ.get("BEIMEN_THOROUGH"))
"""`make screenshots` keeps pictures of the stories and looks at pages in every way; `make test`
has a quarter of an hour for everything, and drawing is half of what a browser does."""


def picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page, where pictures are wanted."""
    if not THOROUGH:
        return
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong, one line each."""
    # evaluated by the debugger, so the page's own policy does not stand in its way
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{v['id']}: {v['help']} at {[n['target'] for n in v['nodes']][:4]} "
        f"{[n['failureSummary'][:160] for n in v['nodes']][:1]}"
        for v in found["violations"]
    ]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(page.evaluate(width))
