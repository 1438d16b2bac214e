"""Figure 7: two hundred statements as one PDF, by our press and by a browser's print-to-PDF.

The peer is what a committee would use without the press: Chromium prints the page "Print from the
screen" of the very same statements, with the style sheet of the pages, niced as the press is. Its
pages are laid out differently, so the two are compared by statements per second.

python -m tests.bench.bench_paper [statements]
"""

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

import psutil
from markupsafe import Markup
from pypdf import PdfReader

from service.billing.pricing import Piece
from service.billing.statement import SessionBlock
from service.pages.draw import STATIC, environment
from service.pages.paper.facts import statements_facts
from service.pages.paper.press import EACH, Order, Run
from service.pages.statement_page import StatementPage
from tests.bench.report import Figure, median_of
from tests.bench.rig import BenchError
from tests.billing.books import a_session
from tests.billing.days import FLAT, PEAK, TWO_BANDS, VALLEY, local
from tests.pages.papers import HEAD, MADE, a_page, a_view, paid

STATEMENTS, CHARGES = 200, 10
"""Ten charges a month: an e-bike that is charged every third night."""

FLAGS = (
    "--headless", "--no-sandbox", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--no-pdf-header-footer", "--disable-gpu",
)  # fmt: skip
SHEETS = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><style>{{ css }}</style>
<main>{% from "statement_parts.html" import statement_sheet %}
{% for view in pages %}<article class="sheet">{{ statement_sheet(view, paper=true) }}</article>
{% endfor %}</main></html>"""


@dataclass(frozen=True)
class Printed:
    """One file."""

    seconds: float
    pages: int
    kib: float
    peak_mib: float


def pages_of(statements: int) -> list[StatementPage]:
    """A month of many households: half of the charges fall into two bands."""
    return [
        a_page(
            a_view(
                *(a_charge(household, n) for n in range(CHARGES)),
                household=household,
                payments=[paid(1000)],
            ),
            f"{household % 4 + 1}-{household // 4 + 101}",
        )
        for household in range(1, statements + 1)
    ]


def a_charge(household: int, number: int) -> SessionBlock:
    """A charge of its own energy."""
    wh = 300 + (household * 37 + number * 101) % 600
    energy = [Piece(PEAK, wh), Piece(VALLEY, 400)] if number % 2 else wh
    tariff = TWO_BANDS if number % 2 else FLAT
    ended = local("2026-03-01 20:00") + timedelta(hours=71 * number)
    sent = a_session(f"S{household:05d}{number:03d}", household, ended, energy, tariff)
    return SessionBlock(*sent, entry_id=number, late=False)


def by_press(pages: list[StatementPage], each: int = EACH) -> Printed:
    """Our way, from texts to the file; the facts are part of it."""
    with tempfile.TemporaryFile() as file, watched() as peak:
        began = perf_counter()
        order = Order("statement.typ", statements_facts(pages, HEAD, "zh_CN"), MADE)
        why_not = Run(order, 600, each).work(file)
        seconds = perf_counter() - began
        if why_not is not None:
            raise BenchError(why_not.in_language("en"))
        file.seek(0)
        return measured(seconds, file.read(), peak)


def by_browser(pages: list[StatementPage], folder: Path) -> Printed:
    """The peer, from texts to the file; drawing the page is part of it."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise BenchError("there is no Chromium to compare with")
    sheet, out = folder / "sheets.html", folder / "sheets.pdf"
    css = Markup((STATIC / "beimen.css").read_text(encoding="utf-8"))  # noqa: S704 - ours
    with watched() as peak:
        began = perf_counter()
        html = environment("zh_CN").from_string(SHEETS).render(pages=pages, css=css)
        sheet.write_text(html, encoding="utf-8")
        command = ["nice", "-n", "10", chromium, *FLAGS, f"--user-data-dir={folder / 'profile'}",
                   f"--print-to-pdf={out}", sheet.as_uri()]  # fmt: skip
        said = subprocess.run(command, capture_output=True, text=True, timeout=600)
        seconds = perf_counter() - began
    if not out.exists():
        raise BenchError(f"Chromium printed nothing: {said.stderr[-500:]}")
    data = out.read_bytes()
    out.unlink()
    return measured(seconds, data, peak)


def measured(seconds: float, pdf: bytes, peak: list[float]) -> Printed:
    """What is told of a file."""
    pages = len(PdfReader(io.BytesIO(pdf)).pages)
    return Printed(seconds, pages, len(pdf) / 1024, max(peak))


@contextmanager
def watched() -> Iterator[list[float]]:
    """The memory of all our children together, in MiB, twenty times a second."""
    peak, over, us = [0.0], Event(), psutil.Process()

    def watch() -> None:
        while not over.wait(0.05):
            held = 0
            for child in us.children(recursive=True):
                try:
                    held += child.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            peak.append(held / 2**20)

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def run(rounds: int, statements: int = STATEMENTS) -> list[Figure]:
    """The figures of several rounds; ours and the peer's take turns."""
    pages = pages_of(statements)
    by_press(pages[:1])  # the first start reads everything from the disk
    ours, single, peer = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        by_browser(pages[:1], Path(folder))
        for _ in range(rounds):
            ours.append(by_press(pages))
            single.append(by_press(pages[:1]))
            peer.append(by_browser(pages, Path(folder)))
    rate = f"{statements} statements of {CHARGES} charges as one PDF"
    return [
        median_of(7, f"{rate}, pages per second", [one.pages / one.seconds for one in ours], "/s"),
        median_of(7, "the same in all", [one.seconds for one in ours], "s"),
        median_of(
            7, "statements per second to Chromium's print-to-PDF",
            [theirs.seconds / one.seconds for one, theirs in zip(ours, peer, strict=True)], "x",
        ),
        median_of(7, "pages", [one.pages for one in ours]),
        median_of(7, "a file, per statement", [one.kib / statements for one in ours], "KiB"),
        median_of(7, "the same by Chromium", [one.kib / statements for one in peer], "KiB"),
        median_of(7, "memory of the press, at most", [one.peak_mib for one in ours], "MiB"),
        median_of(7, "the same of Chromium", [one.peak_mib for one in peer], "MiB"),
        median_of(7, "one statement, start to file", [one.seconds for one in single], "s"),
    ]  # fmt: skip


if __name__ == "__main__":
    for figure in run(1, int(sys.argv[1]) if len(sys.argv) > 1 else STATEMENTS):
        print(f"{figure.name:60} {figure.measured:10.2f} {figure.unit}")
