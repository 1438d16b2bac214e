"""Real papers from the real press, and every way in which a press may fail."""

import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Timer

import pytest
from pypdf import PdfReader

from service.pages.paper import press
from service.pages.paper.facts import Proof
from service.pages.paper.press import PRESS, Order, Run, print_now
from service.words import Sentence
from tests.pages.papers import (
    MADE,
    a_block,
    a_view,
    an_order,
    corrected,
    facts_of,
    fonts_of,
    many_blocks,
    paid,
    squeezed,
    texts_of,
)

NASTY = '#read("statement.typ") $x^2$ *b* _i_ `r` \\u{41} @last-of-2026 // <end> [link](x)'


def printed(order: Order) -> bytes:
    data = print_now(order)
    assert isinstance(data, bytes), data.in_language("en")
    return data


def why_not(found: bytes | Sentence | None) -> str:
    assert isinstance(found, Sentence), found
    return found.in_language("en")


def every_text(paper: dict) -> list[str]:
    """All texts of a statement that must be on its paper."""
    texts = [paper["number"], paper["door"], paper["heading"], paper["status"], paper["check"]]
    texts += [text for row in (*paper["sums"], paper["closing"]) for text in row.values()]
    texts += paper["ask"]
    for charge in paper["charges"]:
        texts += [charge[name] for name in ("when", "place", "total", "meter", "why")]
        texts += charge["marks"]
        texts += [text for line in charge["lines"] for text in line.values()]
    if paper["charges"]:
        texts += paper["total"].values()
    return texts + [text for row in paper["movements"] for text in row.values()]


# --- what is on a paper --------------------------------------------------------------------------


def test_every_text_is_on_the_paper_in_chinese_with_its_fonts_inside():
    view = a_view(
        *many_blocks(4), payments=[paid(1000, "现金，李阿姨楼下")], corrections=[corrected(-42)]
    )
    pdf = printed(an_order(view))
    whole = "".join(texts_of(pdf))
    for text in every_text(facts_of(view)["papers"][0]):
        assert squeezed(text) in whole
    assert "充电明细" in whole
    fonts = fonts_of(pdf)
    assert len(fonts) >= 2
    assert all(fonts.values()), fonts
    assert all("NotoSans" in name.replace("-", "") for name in fonts), fonts
    assert len(pdf) < 200_000


def test_a_single_statement_can_be_read_aloud_and_says_what_it_is():
    reader = PdfReader(io.BytesIO(printed(an_order(a_view(a_block(1)), language="en"))))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value is True
    assert root["/Lang"] == "en-GB"
    assert reader.metadata.title == "Statements March 2026"
    assert reader.metadata.author == "北门小区"


def test_sixty_charges_repeat_the_headings_and_the_total_never_stands_alone():
    view = a_view(*many_blocks(60), payments=[paid(5000)])
    pages = texts_of(printed(an_order(view, language="en")))
    (paper,) = facts_of(view, language="en")["papers"]
    assert len(pages) >= 8
    head = squeezed("part kWh × price = exactly rounded left over")
    last = squeezed(paper["charges"][-1]["when"])
    assert squeezed(paper["running"]) not in pages[0]
    assert all(squeezed(paper["running"]) in page for page in pages[1:])
    seen = 0
    for number, page in enumerate(pages, 1):
        here = [c for c in paper["charges"] if squeezed(c["when"] + c["place"]) in page]
        seen += len(here)
        assert (head in page) == bool(here), number
        assert squeezed(paper["number"]) in page
        assert squeezed(paper["door"]) in page
        assert squeezed(f"page {number} of {len(pages)}") in page
        for charge in here:  # a charge is never torn
            texts = [charge["meter"], *charge["lines"][-1].values()]
            assert all(squeezed(text) in page for text in texts)
        if squeezed(paper["total"]["words"]) in page:
            assert last in page
    assert seen == 60


def test_a_month_without_a_charge_is_one_page_that_says_so():
    (page,) = texts_of(printed(an_order(a_view(opening=-900))))
    assert "这个月没有充电" in page
    assert "预缴余额（元）9.00" in page


def test_what_somebody_wrote_stays_what_it_was():
    view = a_view(a_block(1), payments=[paid(1, NASTY)], corrections=[corrected(2, "长" * 4000)])
    pages = texts_of(printed(an_order(view)))
    assert squeezed(NASTY) in "".join(pages)
    assert sum(page.count("长") for page in pages) == 4000
    assert len(pages) >= 3


def test_rare_characters_of_names_have_a_shape():
    (page,) = texts_of(
        printed(an_order(a_view(payments=[paid(1, "喆堃犇骉赟翀曈玥珺璟旻祎彧晟")])))
    )
    assert "喆堃犇骉赟翀曈玥珺璟旻祎彧晟" in page


def test_the_code_of_the_proof_is_drawn():
    proof = Proof(
        "https://example.org/check#", "BEIMEN-PROOF-1/" + "0123456789ABCDEF" * 40, "AA-BB"
    )
    plain = printed(an_order(a_view(a_block(1))))
    pdf = printed(an_order(a_view(a_block(1)), proof=proof))
    assert "AA-BB" in texts_of(pdf)[0]
    assert len(pdf) > len(plain) + 3_000


def test_many_statements_in_parts_are_the_same_as_in_one_piece():
    order = an_order(*(a_view(a_block(n), household=n) for n in range(1, 6)))
    told, files = [], []
    for each in (2, 100):
        files.append(run_into_file(order, each, told.append))
    assert texts_of(files[0]) == texts_of(files[1])
    assert all(page.startswith("北门小区") for page in texts_of(files[1]))  # no running head on it
    assert told == [2, 4, 5, 5]
    reader = PdfReader(io.BytesIO(files[0]))
    assert len([entry for entry in reader.outline if not isinstance(entry, list)]) == 5
    assert reader.metadata.author == "北门小区"
    assert all(fonts_of(files[0]).values())


def test_for_both_sides_of_the_paper_every_household_begins_on_a_new_sheet():
    views = [a_view(household=1), a_view(*many_blocks(9), household=2), a_view(household=3)]
    facts = facts_of(*views)
    for each in (1, 100):
        order = Order("statement.typ", {**facts, "both_sides": True}, MADE)
        pages = texts_of(run_into_file(order, each))
        firsts = [n for n, page in enumerate(pages) if "第1页" in page]
        assert firsts == [0, 2, 4]
        assert pages[1] == ""


def run_into_file(order: Order, each: int, tell=None) -> bytes:
    with tempfile.TemporaryFile() as file:
        assert Run(order, 60, each).work(file, tell) is None
        file.seek(0)
        return file.read()


# --- when it fails -------------------------------------------------------------------------------


@pytest.mark.parametrize("each", [1, 10])
def test_a_full_disk_is_a_sentence(each):
    order = an_order(a_view(a_block(1)), a_view(a_block(2), household=2))
    with open("/dev/full", "wb") as full:
        said = why_not(Run(order, 60, each).work(full))
    assert "the disk of the service is full. No figure was changed." in said


def test_missing_fonts_are_a_sentence_with_what_to_do(monkeypatch):
    monkeypatch.setattr(press, "FONTS", (Path("/nowhere/regular.otf"),))
    assert "make setup" in why_not(print_now(an_order(a_view())))


def test_facts_that_do_not_fit_the_template_are_our_fault_and_said_so():
    order = Order("statement.typ", {"papers": [{}], "lang": "en"}, MADE)
    assert "something is wrong with our print program" in why_not(print_now(order))


def a_press_that(monkeypatch, tmp_path: Path, text: str) -> None:
    """Put another program in the place of the press."""
    program = tmp_path / "other_press.py"
    program.write_text(text)
    monkeypatch.setattr(press, "PRESS", program)


def test_a_press_that_takes_too_long_is_given_up(monkeypatch, tmp_path):
    a_press_that(monkeypatch, tmp_path, "import time; time.sleep(60)")
    began = time.monotonic()
    with io.FileIO(tmp_path / "out", "w") as out:
        said = why_not(Run(an_order(a_view()), 0.3).work(out))
    assert "took longer than 1 min and was given up" in said
    assert time.monotonic() - began < 10


def test_a_press_that_is_killed_is_a_sentence(monkeypatch, tmp_path):
    a_press_that(monkeypatch, tmp_path, "import os; os.kill(os.getpid(), 9)")
    assert "broken off from outside" in why_not(print_now(an_order(a_view())))


def test_a_press_that_ends_before_it_listens_is_a_sentence(monkeypatch, tmp_path):
    a_press_that(monkeypatch, tmp_path, "raise SystemExit(1)")
    big = an_order(*(a_view(a_block(n), household=n) for n in range(1, 60)))
    assert "something is wrong" in why_not(print_now(big))


def test_a_press_stops_when_nobody_wants_its_paper(monkeypatch, tmp_path):
    a_press_that(monkeypatch, tmp_path, "import time; time.sleep(60)")
    run = Run(an_order(a_view()), 60)
    Timer(0.3, run.stop).start()
    with io.FileIO(tmp_path / "out", "w") as out:
        assert "as you wished" in why_not(run.work(out))
        assert "as you wished" in why_not(run.work(out))


def test_the_press_is_told_no_secret(monkeypatch, tmp_path):
    monkeypatch.setenv("BEIMEN_SECRET_KEY", "a secret")
    a_press_that(
        monkeypatch, tmp_path, "import os, sys; sys.stdout.write(' '.join(sorted(os.environ)))"
    )
    assert b"BEIMEN" not in printed(an_order(a_view()))


def test_too_many_at_once_are_asked_to_come_again(monkeypatch):
    monkeypatch.setattr(press, "WAIT_S", 0.0)
    taken = [press._places.acquire(blocking=False) for _ in range(press.AT_ONCE)]
    try:
        assert all(taken)
        assert "Please try again in a few seconds" in why_not(print_now(an_order(a_view())))
    finally:
        for _ in taken:
            press._places.release()


def test_the_press_ends_with_whoever_asked_it():
    order = an_order(*(a_view(*many_blocks(40), household=n) for n in range(1, 6)))
    with subprocess.Popen(
        [sys.executable, "-I", str(PRESS)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as child:  # fmt: skip
        said, _ = child.communicate(order.as_line(5), timeout=30)  # this closes its stdin
    assert child.returncode == 5
    assert said == b""
