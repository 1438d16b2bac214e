"""`make screenshots`: every page and state of every role, kept under build/artefacts/screenshots.

    python -m tests.browser.screenshots [--only NAME] [--first]

`--only` takes the pages whose name holds these letters, `--first` one picture of each. The pages
are those that the checks of all pages find; index.html shows them side by side.
"""

import argparse
import html
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, PICTURES, Street, open_street
from tests.browser.stage import STAFF, Evening, full_evening, sign_in_code
from tests.browser.test_every_page import kind_of
from tests.browser.walk import Place, walk
from tests.conftest import migrated

WIDTHS = {390: 844, 1440: 900}
MOST_PX = 9000
"""Of a page that goes on for ever (all statements to print) the beginning is enough."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a page is looked at."""

    width: int
    language: str
    scheme: str = "light"
    large: int = 0

    @property
    def name(self) -> str:
        """For the file."""
        size = f"-large{self.large}" if self.large else ""
        return f"{self.width}-{self.language}-{self.scheme}{size}"


WAYS = {
    "resident": (
        Way(390, "zh"), Way(390, "zh", "dark"), Way(390, "zh", "light", 1),
        Way(390, "zh", "light", 2), Way(390, "en"), Way(1440, "zh"),
    ),
    "duty": (
        Way(390, "zh", "dark"), Way(390, "zh"), Way(1440, "zh"), Way(1440, "zh", "dark"),
        Way(390, "en", "light", 1), Way(1440, "en"),
    ),
    "desk": (
        Way(1440, "zh"), Way(390, "zh"), Way(1440, "en"), Way(1440, "zh", "dark"),
        Way(1440, "zh", "light", 1),
    ),
}  # fmt: skip


def take(street: Street, places: Sequence[Place], folder: Path, *, first_only: bool) -> int:
    """One tab for each visitor and way; how many pictures."""
    jobs: dict[tuple[str, Way], list[Place]] = defaultdict(list)
    for place in places:
        ways = WAYS[kind_of(place)]
        for way in ways[:1] if first_only else ways:
            jobs[(place.login, way)].append(place)
    states: dict[str, object] = {}
    count = 0
    for (login, way), wanted in jobs.items():
        if login not in states:
            assert isinstance(street.house, Evening)
            code = sign_in_code(street.house, login)
            states[login] = street.visit(code).context.storage_state()
        page = _tab(street, states[login], way)
        for place in wanted:
            page.goto(street.url + place.path, wait_until="load")
            page.wait_for_timeout(50)
            tall = min(MOST_PX, int(page.evaluate("document.documentElement.scrollHeight")))
            clip = {"x": 0, "y": 0, "width": way.width, "height": tall}
            path = folder / f"{place.name}--{way.name}.png"
            page.screenshot(path=path, full_page=True, clip=clip)  # type: ignore[arg-type]
            count += 1
        page.context.close()
    return count


def _tab(street: Street, state: object, way: Way) -> Page:
    context = street.browser.new_context(
        viewport={"width": way.width, "height": WIDTHS[way.width]},
        color_scheme=way.scheme,  # type: ignore[arg-type]
        storage_state=state,  # type: ignore[arg-type]
        locale="zh-CN",
    )
    habits = {"lang": way.language, "large": str(way.large)}
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": k, "value": v, "url": street.url} for k, v in habits.items()])
    return context.new_page()


def write_index(places: Sequence[Place], folder: Path) -> None:
    """All of them on one page, the visitors one after the other."""
    order = {login: place for place, login in enumerate(("", "gatehouse", "maintenance", *STAFF))}
    rows = []
    for place in sorted(places, key=lambda one: (order.get(one.login, 1), one.name)):
        found = sorted(folder.glob(f"{place.name}--*.png"))
        shots = "".join(
            f'<figure><a href="{shot.name}"><img src="{shot.name}" loading="lazy" height="420" '
            f'alt=""></a><figcaption>{shot.stem.partition("--")[2]}</figcaption></figure>'
            for shot in found
        )
        rows.append(
            f"<section><h2>{html.escape(place.name)}</h2>"
            f"<p>{html.escape(place.login or 'public')} · {html.escape(place.route)}</p>"
            f"<div>{shots}</div></section>"
        )
    style = "div{display:flex;gap:12px;overflow-x:auto}figure{margin:0}img{border:1px solid #999}"
    text = f'<!doctype html><meta charset="utf-8"><title>Beimen</title><style>{style}</style>'
    (folder / "index.html").write_text(text + "\n".join(rows), encoding="utf-8")


def shoot(browser: Browser, folder: Path, only: str, *, first_only: bool) -> int:
    """Build the evening, walk it, take the pictures; how many."""
    with tempfile.TemporaryDirectory() as scratch:
        template = Path(scratch) / "empty.db"
        engine = migrated(f"sqlite:///{template}")
        with engine.connect() as connection:
            connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
        engine.dispose()
        with open_street(template, Path(scratch), browser, full_evening) as street:
            assert isinstance(street.house, Evening)
            places = [place for place in walk(street.house).places if only in place.name]
            folder.mkdir(parents=True, exist_ok=True)
            count = take(street, places, folder, first_only=first_only)
            write_index(places, folder)
            return count


def main(arguments: Sequence[str] | None = None) -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    parser.add_argument("--first", action="store_true", help="one picture of each page")
    parser.add_argument("--into", type=Path, default=PICTURES / "pages")
    options = parser.parse_args(arguments)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        count = shoot(browser, options.into, options.only, first_only=options.first)
        browser.close()
    print(f"{count} pictures: {options.into / 'index.html'}")


if __name__ == "__main__":
    main()
