"""docs/proof-format.md says what is so, and the first checker runs anywhere with Python alone."""

import ast
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import segno

from service.billing import check_proof
from service.billing.check_proof import REASONS, check, code_of, neighbours
from service.billing.proof import Leaf, grow, link_text
from tests.billing import second_checker
from tests.billing.forged import bills, forgeries, proof, published, salt

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/proof-format.md").read_text(encoding="utf-8")
PROOFS = re.findall(r"```proof\n(.*?)```", DOCUMENT, re.S)
HASHED = re.findall(r"```hash (\w{64})\n(.*?)```", DOCUMENT, re.S)
THREE = [
    Leaf(12, "3-201", "000102030405060708090A0B0C0D0E0F", 1260, 31204),
    Leaf(25, "2单元-101", "101112131415161718191A1B1C1D1E1F", 75, 1090),
    Leaf(7, "1-102", "202122232425262728292A2B2C2D2E2F", 0, 0),
]


# --- the document ---------------------------------------------------------------------------------


def test_every_text_of_the_example_has_the_hash_that_is_printed_over_it():
    assert len(HASHED) == 4
    for digest, text in HASHED:
        assert hashlib.sha256(text.encode()).hexdigest().upper() == digest


def test_the_hashed_texts_of_the_example_follow_from_its_file():
    lines = PROOFS[0].splitlines()
    (leaf, first), (one, second), (two, third), (root, last) = HASHED
    assert first.splitlines() == lines[:7]
    assert second.splitlines() == ["BEIMEN-NODE-1", f"N:{leaf}:1260:31204", lines[9]]
    assert third.splitlines() == ["BEIMEN-NODE-1", f"N:{one}:1335:32294", lines[10]]
    assert last.splitlines() == [
        "BEIMEN-ROOT-1", "MONTH:2026-10", "LEAVES:3", f"N:{two}:1335:32294"
    ]  # fmt: skip
    assert lines[8] == f"CODE:{code_of(root)}"


def test_the_files_of_the_example_are_those_that_the_books_would_hand_out():
    tree = grow("2026-10", THREE)
    assert [proof(tree, household) for household in (12, 25, 7)] == PROOFS
    assert [check(text).door for text in PROOFS] == ["3-201", "2单元-101", "1-102"]
    for text in PROOFS:
        assert second_checker.examine(text.encode())["root"] == tree.root


def test_the_document_names_every_reason_for_which_a_proof_fails():
    told = set(re.findall(r"\(`(\w+)`\)", DOCUMENT))
    assert told == {forgery.reason for forgery in forgeries()}
    assert told == set(REASONS) - {"published"}


def test_the_way_up_is_that_of_rfc_6962_for_every_place_of_every_small_tree():
    """The document halves on the way up, the RFC splits on the way down."""
    for leaves in range(1, 130):
        for place in range(1, leaves + 1):
            down = second_checker.way_down(place, leaves)
            assert [side == "left" for side in reversed(down)] == neighbours(place, leaves)


def test_a_proof_among_200_bills_fits_a_qr_code_that_an_ordinary_phone_reads():
    many = [Leaf(n, f"{n % 4 + 1}-{100 + n}", salt(n), 300 + 7 * n, 9000 + n) for n in range(200)]
    tree = grow("2026-10", many)
    for household in (0, 77, 199):
        text = link_text(proof(tree, household))
        assert len(text) <= 850
        code = segno.make(["https://beimen.example/check#", text], error="l", micro=False)
        assert code.version <= 18, "89 x 89 squares: half a millimetre each on 5 cm of paper"


def test_a_proof_among_131072_bills_is_smaller_than_2_kilobytes():
    assert len(neighbours(77, 2**17)) == 17
    largest = 150 + 5 * 20 + 17 * len(f"\nN:{'F' * 64}:{10**9}:{10**11}")
    assert largest <= 2048


# --- the checker alone ----------------------------------------------------------------------------


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """The checker, copied to where nothing else of the project is."""
    return Path(shutil.copy(check_proof.__file__, tmp_path / "check_proof.py"))


def run(alone: Path, *words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    """Run it with Python's own library and nothing of this environment."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "-X", "utf8", alone.name, *words],
        cwd=alone.parent, capture_output=True, text=True, encoding="utf-8", input=given, env={},
    )  # fmt: skip


def test_it_imports_nothing_but_the_standard_library():
    tree = ast.parse(Path(check_proof.__file__).read_text(encoding="utf-8"))
    names = {
        name.name if isinstance(node, ast.Import) else node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_it_says_in_two_languages_what_it_has_checked_and_what_to_compare(alone: Path):
    (alone.parent / "mine.txt").write_text(PROOFS[1])
    done = run(alone, "mine.txt")
    assert done.returncode == 0, done.stderr
    assert "门号 2单元-101（编号 25），2026-10：您的账单 0.75 元、1.090 度" in done.stdout
    assert "在 3 份账单、合计 13.35 元、32.294 度的总数之内" in done.stdout
    assert "your bill of 0.75 yuan and 1.090 kWh is inside the total of 3 bills" in done.stdout
    assert "Compare this total and this code with the notice" in done.stdout
    assert done.stdout.endswith("2B7B-1701-4711-391B-6D3D-D7F1-7277-1A4F\n")


@pytest.mark.parametrize("code", ["2B7B-1701-4711-391B-6D3D-D7F1-7277-1A4F", HASHED[3][0].lower()])
def test_it_compares_with_a_code_or_a_whole_root_that_is_typed_in(alone: Path, code: str):
    done = run(alone, "-", code, given=PROOFS[0])
    assert done.returncode == 0
    assert "It is the code you gave." in done.stdout
    assert "Compare" not in done.stdout


@pytest.mark.parametrize(
    ("given", "words", "said"),
    [
        (PROOFS[0].replace("3-201", "3-202"), ["-"], "something in the proof was changed"),
        (PROOFS[0].replace("1335", "1334"), ["-"], "do not sum to the total"),
        (PROOFS[0][:-80], ["-"], "This is not a whole proof"),
        ("", ["-"], "这不是一份完整的账单证明"),
        (PROOFS[0], ["-", "F" * 32], "belongs to another total"),
        (PROOFS[0], ["-", "F" * 31], "is not 32 (or all 64) digits"),
        ("", ["nowhere.txt"], "nowhere.txt"),
    ],
)
def test_what_does_not_hold_ends_with_a_sentence_and_1(alone: Path, given, words, said):
    done = run(alone, *words, given=given)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_asked_wrongly_it_says_how_to_ask(alone: Path):
    done = run(alone)
    assert done.returncode == 2
    assert "python3 check_proof.py FILE [CODE]" in done.stderr


def test_any_bytes_at_all_get_a_sentence(alone: Path):
    (alone.parent / "photo.jpg").write_bytes(bytes(range(256)) * 4)
    done = run(alone, "photo.jpg")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


def test_what_a_proof_says_cannot_steer_the_terminal_that_shows_it():
    tricky = grow("2026-10", [*bills(), Leaf(50, "3-1\u009b2J\u202e", salt(50), 1, 1)])
    said = check_proof.in_words(check(proof(tricky, 50)), compared=False)
    assert "\u009b" not in said
    assert "\u202e" not in said
    assert "3-1?2J?" in said


def test_a_code_is_the_first_half_of_its_root():
    tree = published()
    assert tree.code.replace("-", "") == tree.root[:32]
    assert re.fullmatch(r"([0-9A-F]{4}-){7}[0-9A-F]{4}", tree.code)
