"""The proof of inclusion in a compound of 131,072 households: building it, its size, a check.

    python -m tests.bench.bench_proof

The floor is what no tree over so many bills can do without: as many bare SHA-256 as it has leaves
and nodes, of texts as long as theirs, in the same round. The check runs in Chromium, in a page that
holds nothing but the script of the service.
"""

import hashlib
import random
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import segno
from playwright.sync_api import sync_playwright

from service.billing.check_proof import check
from service.billing.proof import Leaf, Tree, grow, link_text
from tests.bench.report import Figure, median_of
from tests.bench.rig import BenchError
from tests.support.processes import ROOT

NUMBER = 8
LARGE, SMALL = 2**17, 200
CHECKS = 200
MONTH = "2026-10"
LIMIT_BYTES = 2048
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run"]  # fmt: skip
TIMED = """(texts) => texts.map((text) => {
  const began = performance.now();
  BeimenProof.check(text);
  return performance.now() - began;
})"""


def bills(count: int) -> list[Leaf]:
    """A month as it could be: most charge for 5 to 60 yuan, some not at all."""
    draw = random.Random(1)
    return [
        Leaf(
            number,
            f"{number // 400 + 1}-{number % 400 + 101}",
            secrets.token_hex(16).upper(),
            fen := draw.choice((0, *(draw.randrange(500, 6000) for _ in range(9)))),
            fen * 15,
        )
        for number in range(1, count + 1)
    ]


def build_s(leaves: Sequence[Leaf]) -> tuple[float, Tree]:
    """How long a tree takes, in seconds."""
    began = perf_counter()
    tree = grow(MONTH, leaves)
    return perf_counter() - began, tree


def floor_s(tree: Tree) -> float:
    """The bare hashes: one for each leaf and node, of texts that long."""
    lines = (tree.proof_of(tree.leaves[0].household_id) or "").splitlines(keepends=True)
    leaf = "".join(lines[:7]).encode()
    node = ("BEIMEN-NODE-1\n" + "".join(lines[9:11])).encode()
    texts = [leaf] * len(tree.leaves) + [node] * (len(tree.leaves) - 1)
    began = perf_counter()
    for text in texts:
        hashlib.sha256(text).digest()
    return perf_counter() - began


def browser_ms(proofs: Sequence[str]) -> list[float]:
    """What each check took in Chromium, in milliseconds; the first one comes first."""
    if not Path(CHROMIUM).exists():
        raise BenchError("the check in the browser needs Chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.add_script_tag(path=ROOT / "service/pages/static/check.js")
        took: list[float] = page.evaluate(TIMED, list(proofs))
        browser.close()
    return took


def run(rounds: int, large: int = LARGE, checks: int = CHECKS) -> list[Figure]:
    """The figures; a tree is built and its floor measured once in every round."""
    leaves = bills(large)
    took, floors = [], []
    for _ in range(rounds):
        build, tree = build_s(leaves)
        took.append(build)
        floors.append(floor_s(tree))
    largest = max(len(tree.proof_of(leaf.household_id) or "") for leaf in leaves)
    proofs = [tree.proof_of(leaf.household_id) or "" for leaf in leaves[:checks]]
    in_browser = browser_ms(proofs)
    began = perf_counter()
    for text in proofs:
        check(text)
    in_python_ms = (perf_counter() - began) / len(proofs) * 1000

    few = grow(MONTH, bills(SMALL))
    small = [link_text(few.proof_of(n) or "") for n in range(1, SMALL + 1)]
    address = "https://beimen.example/check#"
    squares = max(
        segno.make([address, text], error="l", micro=False).symbol_size(border=0)[0]  # type: ignore[arg-type]
        for text in small
    )
    return [
        median_of(NUMBER, f"proof of {large:,} bills, build", took, "s"),
        median_of(NUMBER, "bare SHA-256 of its leaves and nodes", floors, "s"),
        median_of(
            NUMBER, "build to bare SHA-256",
            [build / floor for build, floor in zip(took, floors, strict=True)], "x",
        ),
        Figure(NUMBER, "largest proof", largest, "bytes", LIMIT_BYTES),
        median_of(NUMBER, f"check in the browser, median of {len(in_browser)}", in_browser, "ms"),
        Figure(NUMBER, "the first check after the page is open", in_browser[0], "ms"),
        Figure(NUMBER, "check in Python", in_python_ms, "ms"),
        Figure(NUMBER, f"largest proof of {SMALL} bills", max(map(len, small)), "characters"),
        Figure(NUMBER, "its QR code, a side", squares, "squares"),
    ]  # fmt: skip


if __name__ == "__main__":
    for figure in run(3):
        print(f"{figure.name}: {figure.measured:.4g} {figure.unit}")
