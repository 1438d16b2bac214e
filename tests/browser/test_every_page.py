"""Every page for every role: clean to axe in light and dark, walked by keys, narrow, and light.

The pages are found by walking the app (see walk.py); each is opened once for all checks.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from service.clock import FixedClock
from service.store import Store
from tests.browser.conftest import DESK, PHONE, Street, open_street
from tests.browser.looks import Look, Looker
from tests.browser.stage import Evening, full_evening, sign_in_code
from tests.browser.walk import Place, Walk, walk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

KB = 1000
BUDGETS = {"resident": (15 * KB, 40 * KB), "duty": (25 * KB, 60 * KB), "desk": (60 * KB, 150 * KB)}
"""To the first useful paint, and in all. The design names no first paint for duty and desk; the
longest page there, an entrance's bills to be printed, comes in one piece."""

MOST_REQUESTS = 2
"""Before the first useful paint: the page and its style."""


def kind_of(place: Place) -> str:
    """By whom a page is meant to be opened."""
    if place.route.startswith(("/gate", "/fix")):
        return "duty"
    return (
        "desk" if place.route.startswith(("/committee", "/labels", "/styleguide")) else "resident"
    )


@pytest.fixture(scope="module")
def street(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Street]:
    def build(store: Store, clock: FixedClock) -> Evening:
        return full_evening(store, clock)

    with open_street(sqlite_template, tmp_path_factory.mktemp("all"), browser, build) as opened:
        yield opened


@pytest.fixture(scope="module")
def walked(street: Street) -> Walk:
    assert isinstance(street.house, Evening)
    return walk(street.house)


@pytest.fixture(scope="module")
def looks(street: Street, walked: Walk) -> list[Look]:
    """Every page, opened once by its visitor."""
    found: list[Look] = []
    lookers: dict[str, Looker] = {}
    for place in walked.places:
        if place.login not in lookers:
            assert isinstance(street.house, Evening)
            page = street.visit(sign_in_code(street.house, place.login))
            page.set_default_timeout(60_000)
            lookers[place.login] = Looker(page, street.url)
        size = DESK if kind_of(place) == "desk" or place.route == "/gate" else PHONE
        found.append(lookers[place.login].look(place, size))
    return found


def told(findings: dict[str, list[str]]) -> str:
    return "\n".join(f"{name}: {line}" for name, lines in findings.items() for line in lines)


def test_every_page_is_reached_by_a_link_or_shown_on_the_stage(walked: Walk):
    assert not walked.unreached, "link to them, or show them in tests/browser/stage.py"
    assert not walked.broken
    assert len(walked.places) > 80


def test_axe_finds_nothing_on_any_page_in_light_or_dark(looks: list[Look]):
    assert not told({look.place.name: look.axe for look in looks})


def test_every_page_is_walked_by_keys_with_the_focus_in_sight(looks: list[Look]):
    assert not told({look.place.name: look.keyboard for look in looks})


def test_no_page_scrolls_sideways_narrow_zoomed_or_in_large_type(looks: list[Look]):
    assert not told({look.place.name: look.sideways for look in looks})


def test_every_page_keeps_its_weight(looks: list[Look]):
    heavy: dict[str, list[str]] = {}
    for look in looks:
        first, everything = BUDGETS[kind_of(look.place)]
        weight, lines = look.weight, []
        if weight.first_paint > first:
            lines.append(f"{weight.first_paint} B to the first paint, {first} at most")
        if weight.everything > everything:
            lines.append(f"{weight.everything} B in all, {everything} at most {weight.requests}")
        if 1 + len(weight.blocking) > MOST_REQUESTS:
            lines.append(f"waits for {weight.blocking} before it paints")
        heavy[look.place.name] = lines
    assert not told(heavy)
