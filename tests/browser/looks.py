"""Everything that is checked of one open page, in one visit: nothing is loaded twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import CDPSession, Page

from tests.browser.conftest import AXE, NARROW, THOROUGH, overflow
from tests.browser.walk import Place

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HALF_A_DESK = (640, 450)
"""What a window of 1280 px shows at 200 % zoom."""

TABS = 4
"""So many presses of the key are made for real on each page; every element is focused besides."""

PROBE = """() => {
  const shown = (el) => el.checkVisibility({visibilityProperty: true}) && !el.closest("[inert]");
  const what = (el) => el.outerHTML.slice(0, 90);
  const all = [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")]
    .filter((el) => shown(el) && !el.disabled);
  const wrong = [];
  for (const el of all) {
    if (el.tabIndex > 0) wrong.push("out of order: " + what(el));
    if (el.tabIndex < 0) {
      if (el.matches("a, button, input, select, textarea")) wrong.push("not reached: " + what(el));
      continue;
    }
    el.focus({preventScroll: true});
    if (document.activeElement !== el) { wrong.push("takes no focus: " + what(el)); continue; }
    const style = getComputedStyle(el);
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    if (!ring && style.boxShadow === "none") wrong.push("focus unseen: " + what(el));
  }
  const bad = (name) => wrong.push(name);
  const skip = document.querySelector("a.skip");
  if (!skip || !document.querySelector(skip.getAttribute("href"))) bad("no way to the content");
  if (document.querySelectorAll("h1").length !== 1) {
    if (!document.querySelector(".paper, .receipt-page, .sheet")) bad("not one h1");
  }
  document.activeElement.blur();
  return wrong;
}"""

COUNT_TABS = """() => {
  window.__met = [];
  addEventListener("focusin", (event) => window.__met.push(event.target));
}"""

MET = """() => [window.__met.length, new Set(window.__met).size, window.__met[0]?.className,
  document.querySelector("[autofocus]") !== null]"""

FIRST_PAINT = """() => [...document.querySelectorAll("head link[rel=stylesheet], head script[src]")]
  .filter((el) => el.tagName === "LINK" ? el.media !== "print" : !el.defer && !el.async &&
    el.type !== "module").map((el) => el.href || el.src)"""


RUN_AXE = """how => axe.run(document.querySelectorAll("*").length < 6000 ? document
  : {include: ["header", "main > :nth-child(-n+4)", "footer"]}, how)"""
"""A sheet that comes two hundred times is judged by the first ones."""


@dataclass
class Weight:
    """What came over the wire, compressed, headers included."""

    page: str = ""
    requests: dict[str, int] = field(default_factory=dict)
    blocking: Sequence[str] = ()
    """What the browser waits for before it paints."""

    @property
    def everything(self) -> int:
        """Bytes in all."""
        return sum(self.requests.values())

    @property
    def first_paint(self) -> int:
        """Bytes before anything can be read."""
        return sum(self.requests.get(url, 0) for url in (self.page, *self.blocking))


@dataclass
class Look:
    """What one visit found."""

    place: Place
    axe: list[str] = field(default_factory=list)
    keyboard: list[str] = field(default_factory=list)
    sideways: list[str] = field(default_factory=list)
    weight: Weight = field(default_factory=Weight)


class Looker:
    """One tab of a browser, which goes from page to page."""

    def __init__(self, page: Page, url: str):
        self.page, self.url = page, url
        self.wire: CDPSession = page.context.new_cdp_session(page)
        self.wire.send("Network.enable")
        self.wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
        self.names: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        self.wire.on("Network.responseReceived", self._hear)
        self.wire.on("Network.loadingFinished", self._weigh)

    def _hear(self, event: dict[str, Any]) -> None:
        self.names[event["requestId"]] = event["response"]["url"]

    def _weigh(self, event: dict[str, Any]) -> None:
        name = self.names.get(event["requestId"])
        if name is not None:
            self.sizes[name] = int(event["encodedDataLength"])

    def look(self, place: Place, size: tuple[int, int]) -> Look:
        """Open a page once and check all of it."""
        page = self.page
        page.set_viewport_size({"width": size[0], "height": size[1]})
        self.names.clear()
        self.sizes.clear()
        page.goto(self.url + place.path, wait_until="load")
        look = Look(place)
        look.keyboard = self._keys()
        page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
        look.axe = self._axe(None)
        if THOROUGH:
            page.emulate_media(color_scheme="dark")
            look.axe += [f"dark {line}" for line in self._axe(["color-contrast"])]
            page.emulate_media(color_scheme="light")
        look.sideways = self._widths()
        look.weight = Weight(page.url, dict(self.sizes), page.evaluate(FIRST_PAINT))
        return look

    def _keys(self) -> list[str]:
        self.page.evaluate(COUNT_TABS)
        for _ in range(TABS):
            self.page.keyboard.press("Tab")
        presses, different, first, starts_in_a_field = self.page.evaluate(MET)
        wrong = (
            []
            if first == "skip" or starts_in_a_field
            else [f"the first key leads to {first!r}, not to the content"]
        )
        if different < min(presses, TABS):
            wrong.append(f"{presses} keys reach only {different} elements")
        return wrong + list(self.page.evaluate(PROBE))

    def _axe(self, rules: list[str] | None) -> list[str]:
        only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": STANDARDS}
        how = {"resultTypes": ["violations"], "runOnly": only, "preload": False, "iframes": False}
        found = self.page.evaluate(RUN_AXE, how)["violations"]
        return [
            f"{v['id']}: {[n['target'][0] for n in v['nodes']][:3]} "
            f"{v['nodes'][0]['failureSummary'][:200]}"
            for v in found
        ]

    def _widths(self) -> list[str]:
        wrong = []
        ways = [(NARROW, ""), (NARROW, "huge")]
        if THOROUGH:
            ways += [(HALF_A_DESK, ""), (NARROW, "large")]
        for size, letters in ways:
            self.page.set_viewport_size({"width": size[0], "height": size[1]})
            self.page.evaluate("c => { document.documentElement.className = c }", letters)
            over = overflow(self.page)
            if over > 0:
                wrong.append(f"{size[0]} px {letters or 'usual'}: {over} px too wide")
        return wrong
