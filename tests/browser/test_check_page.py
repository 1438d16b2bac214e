"""The checker in a real browser: the same attacks as the other two, and the pages around it."""

import hashlib
import io
import random
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from service.billing.check_proof import ProofError, check, code_of
from service.billing.proof import Leaf, grow, link_text
from tests.billing.forged import ANNA, MONTH, crooked, forgeries, proof, published, salt
from tests.browser.conftest import (
    DESK,
    NARROW,
    Street,
    open_street,
    overflow,
    picture,
    violations,
)
from tests.browser.test_hard_places import weigh
from tests.pages.published import MARCH, a_published_march

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).parents[2] / "service/pages/static/check.js"
PROOF = f"/me/statements/{MARCH}/proof"
ANSWERS = """(cases) => cases.map(([text, root]) => {
  try { return BeimenProof.check(text, root).root; }
  catch (error) { return error.reason || String(error); }
})"""


@pytest.fixture(scope="module")
def checker(browser: Browser) -> Page:
    """The script alone in an empty page, without any server."""
    page = browser.new_page()
    page.add_script_tag(path=SCRIPT)
    assert page.evaluate("BeimenProof.works()")
    return page


def first(text: str) -> str:
    try:
        return check(text).root
    except ProofError as error:
        return error.reason


# --- the third checker ----------------------------------------------------------------------------


def test_every_forgery_is_caught_in_the_browser_at_the_same_step(checker: Page):
    table = forgeries()
    said = checker.evaluate(ANSWERS, [[one.text, one.root] for one in table])
    wrong = {
        one.name: answer
        for one, answer in zip(table, said, strict=True)
        if answer != one.reason
    }  # fmt: skip
    assert wrong == {}
    assert len(said) > 100


def test_the_browser_and_python_say_the_same_of_a_thousand_damaged_proofs(checker: Page):
    draw = random.Random(20261101)
    texts = []
    for count in (1, 2, 3, 7, 8, 21):
        leaves = [Leaf(n, "2单元-1", salt(n), draw.randrange(2**50), n) for n in range(count)]
        tree = grow(MONTH, leaves)
        for household in range(count):
            text = proof(tree, household)
            texts += [text, link_text(text), f"https://h/check#{link_text(text)}"]
            for _ in range(24):
                at = draw.randrange(len(text))
                other = draw.choice("0123456789ABCDEFabc-:%/\n #N單\u3000\x00\x0b")
                texts.append(text[:at] + other + text[at + draw.randrange(3) :])
    assert checker.evaluate(ANSWERS, [[text, ""] for text in texts]) == [first(t) for t in texts]
    assert len(texts) > 1000


def test_no_crooked_tree_convinces_the_browser_of_less_than_was_paid(checker: Page):
    draw = random.Random(7)
    for _ in range(30):
        amounts = [draw.randrange(-300, 1000) for _ in range(draw.randrange(1, 14))]
        root, total, files = crooked(amounts)
        said = checker.evaluate(ANSWERS, [[text, root] for text in files])
        paid = [fen for fen, answer in zip(amounts, said, strict=True) if answer == root]
        assert not paid or sum(paid) <= total


def test_its_sha_256_is_that_of_python_at_every_length_around_its_blocks(checker: Page):
    texts = ["".join(chr(33 + (i * 7 + n) % 90) for i in range(n)) for n in range(200)]
    texts.append("x" * 100_000)
    said = checker.evaluate("(texts) => texts.map(BeimenProof.sha256)", texts)
    assert said == [hashlib.sha256(t.encode()).hexdigest().upper() for t in texts]


def test_a_check_takes_no_time_that_a_person_would_notice(checker: Page):
    """Not a judgement on speed: the figure is in docs/bench.json."""
    text = proof(published(), ANNA)
    took = checker.evaluate(
        "(text) => [1, 2, 3].map(() => { const t = performance.now();"
        " BeimenProof.check(text); return performance.now() - t; })",
        text,
    )
    assert statistics.median(took) < 1000


# --- the pages ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def march(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Street]:
    """A compound that has published March; these tests only read."""
    with open_street(sqlite_template, tmp_path_factory.mktemp("march"), browser) as opened:
        a_published_march(opened.house)
        yield opened


@pytest.fixture(scope="module")
def text(march: Street) -> str:
    """The proof of door 1-101."""
    return str(march.house.resident("1-101").get(f"{PROOF}.txt").text)


def is_clean(page: Page, name: str) -> None:
    picture(page, name)
    assert violations(page) == [], name
    assert overflow(page) == 0, name


def check_typed(page: Page, text: str) -> None:
    page.fill("#proof-text", text)
    page.get_by_role("button", name="核对").click()


def test_a_resident_checks_the_bill_with_two_taps_and_finds_it_in_the_published_total(
    march: Street,
):
    heard: list[str] = []
    page = march.visit(march.house.code_of("1-101"))
    page.on("request", lambda request: heard.append(request.url + (request.post_data or "")))
    page.goto(f"{march.url}{PROOF}")
    is_clean(page, "proof-1-page")
    page.get_by_role("link", name="现在核对").click()
    expect(page.get_by_text("这份账单在公布的合计之内。")).to_be_visible()
    expect(page.get_by_text("与本网站公布的核对码相同。")).to_be_visible()
    expect(page.locator("[data-fill=door]")).to_have_text("1-101")
    is_clean(page, "proof-2-checked")
    asked = [url.split("#")[0] for url in heard]
    assert f"{march.url}/open/{MARCH}/root.json" in asked
    assert not [url for url in asked if "BEIMEN-PROOF" in url or "SALT" in url]


@pytest.mark.parametrize(
    ("size", "language", "large"), [(DESK, "en", 0), (NARROW, "zh", 1)], ids=["desk", "narrow"]
)
def test_the_same_on_a_desk_in_english_and_on_the_narrowest_phone_in_large_type(
    march: Street, size: tuple[int, int], language: str, large: int
):
    page = march.visit(march.house.code_of("1-101"), size, language)
    page.goto(f"{march.url}{PROOF}?large={large}")
    picture(page, f"proof-3-page-{language}")
    assert overflow(page) == 0
    page.locator("a.go").click()
    expect(page.locator("#codebox [data-published=same]")).to_be_visible()
    is_clean(page, f"proof-3-checked-{language}")


def test_a_stranger_pastes_a_proof_or_opens_its_file(march: Street, text: str, tmp_path: Path):
    page = march.visit()
    page.goto(f"{march.url}/check")
    is_clean(page, "check-1-empty")
    check_typed(page, text.replace("\n", "\r\n"))
    expect(page.locator("#codebox [data-published=same]")).to_be_visible()
    check_typed(page, text.replace("1-101", "1-102"))
    expect(page.get_by_text("核对码算出来不一样：其中有内容被改动。")).to_be_visible()
    expect(page.get_by_text("这份账单在公布的合计之内")).to_be_hidden()
    expect(page.locator("#codebox")).to_be_hidden()
    is_clean(page, "check-2-refused")
    (tmp_path / "mine.txt").write_text(text)
    page.set_input_files("#proof-file", tmp_path / "mine.txt")
    expect(page.get_by_text("这份账单在公布的合计之内。")).to_be_visible()


def test_only_the_published_root_gives_a_proof_of_another_total_away(march: Street):
    """It adds up and everything in it fits: so the page asks, and says what to do if it cannot."""
    leaves = [Leaf(n, "1-101", salt(n), 5, 5) for n in range(9)]
    forged = proof(grow(MARCH, leaves), 3)
    page = march.visit()
    page.goto(f"{march.url}/check#{link_text(forged)}")
    expect(page.get_by_text("与本网站公布的该月核对码不同")).to_be_visible()
    expect(page.get_by_text("这份账单在公布的合计之内")).to_be_hidden()
    is_clean(page, "check-3-other-total")
    page.locator("#another summary").click()
    page.route("**/root.json", lambda route: route.abort())
    check_typed(page, forged)
    expect(page.get_by_text("现在连不上网站。")).to_be_visible()
    expect(page.get_by_text("加得对。还差一步")).to_be_visible()
    expect(page.get_by_text("这份账单在公布的合计之内")).to_be_hidden()
    is_clean(page, "check-4-unreached")
    page.unroute("**/root.json")
    check_typed(page, proof(published(), ANNA))
    expect(page.get_by_text("本网站还没有公布这个月的核对码。")).to_be_visible()


def test_the_saved_page_checks_from_a_memory_stick_without_any_network(
    march: Street, text: str, tmp_path: Path
):
    page = march.visit(size=DESK, language="en")
    page.goto(f"{march.url}/check")
    with page.expect_download() as download:
        page.get_by_role("link", name="This page as a file").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    alone = march.visit(size=DESK)
    asked: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.context.set_offline(True)
    alone.goto(saved.as_uri())
    (tmp_path / "mine.txt").write_text(text)
    alone.set_input_files("#proof-file", tmp_path / "mine.txt")
    expect(alone.get_by_text("The sum is right. One step is left")).to_be_visible()
    expect(alone.get_by_text("This page asks nobody.")).to_be_visible()
    expect(alone.locator("#code")).to_have_text(code_of(check(text).root).replace("-", ""))
    is_clean(alone, "check-5-saved")
    assert asked == [saved.as_uri()]


def test_the_desk_prints_it_on_one_sheet_of_paper(march: Street):
    page = march.visit(march.house.staff_code("committee"), DESK)
    page.goto(f"{march.url}/committee/statements/{MARCH}/2/proof")
    is_clean(page, "proof-5-desk")
    page.emulate_media(media="print")
    picture(page, "proof-6-print")
    printed = page.pdf(prefer_css_page_size=True)
    paper = PdfReader(io.BytesIO(printed))
    assert len(paper.pages) == 1


def test_without_scripts_the_page_says_what_else_can_be_done(march: Street):
    page = march.visit(java_script_enabled=False)
    page.goto(f"{march.url}/check")
    expect(page.get_by_text("如果这行字一直不消失，就是浏览器没有运行它")).to_be_visible()


def test_the_pages_of_a_proof_are_light(march: Street):
    table = {}
    for path in (PROOF, "/check"):
        page = march.visit(march.house.code_of("1-101") if path == PROOF else None)
        table[path] = weigh(page, f"{march.url}{path}")
    print(table)
    for first_paint, everything in table.values():
        assert first_paint <= 15_000
        assert everything <= 40_000
