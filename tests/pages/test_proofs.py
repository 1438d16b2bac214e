"""The proof as a household gets it, as the desk hands it out, and what everybody may read."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from service.billing import check_proof
from service.billing.check_proof import check, code_of
from service.billing.outcomes import Closed
from service.clock import FixedClock
from service.households.records import AuditEntry, household_at
from tests.billing import second_checker
from tests.conftest import AN_EVENING
from tests.pages.published import MARCH, a_closed_march, a_published_march
from tests.pages.visitors import House, Person, build_house, empty_store

PROOF = f"/me/statements/{MARCH}/proof"
ROOT = f"/open/{MARCH}/root.json"


@pytest.fixture(scope="module")
def march(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[House, Closed]]:
    """A compound that has published March; whoever uses it only reads."""
    with empty_store(sqlite_template, tmp_path_factory.mktemp("march")) as store:
        house = build_house(store, FixedClock(AN_EVENING))
        yield house, a_published_march(house)


@pytest.fixture(scope="module")
def town(march: tuple[House, Closed]) -> House:
    """Its pages."""
    return march[0]


@pytest.fixture(scope="module")
def anna(town: House) -> Person:
    """A resident of 1-101."""
    return town.resident("1-101")


def number_of(house: House, door: str) -> int:
    with house.compound.house.store.reading() as uow:
        household = household_at(uow, door)
        assert household is not None
        return household.id or 0


def test_a_household_fetches_its_proof_and_it_leads_to_the_published_root(march, anna: Person):
    house, closed = march
    file = anna.get(f"{PROOF}.txt")
    assert file.headers["content-type"] == "text/plain; charset=utf-8"
    assert 'filename="beimen-2026-03-1-101.txt"' in file.headers["content-disposition"]
    found = check(file.text)
    assert (found.door, found.month, found.leaves) == ("1-101", MARCH, closed.statements)
    assert (found.total_fen, found.total_wh) == (closed.lines_fen, closed.energy_wh)
    root = house.public().get(ROOT).json()
    assert root == {
        "format": "beimen-proof-1",
        "month": MARCH,
        "leaves": 24,
        "amount_fen": closed.lines_fen,
        "energy_wh": closed.energy_wh,
        "root": found.root,
        "code": code_of(found.root),
    }
    assert second_checker.examine(file.content, root["root"])["household"] == found.household


def test_the_page_shows_the_bill_the_total_the_code_and_leads_to_the_check(anna: Person):
    page, file = anna.get(PROOF), anna.get(f"{PROOF}.txt").text
    found = check(file)
    amount = f"{found.amount_fen // 100}.{found.amount_fen % 100:02d}"
    assert f"Your bill of {amount} yuan for" in page.text
    assert "is one of the 24 bills in the published total of" in page.text
    for group in code_of(found.root).split("-"):
        assert f"<span>{group}</span>" in page.text
    link = re.search(r'href="/check#([^"]+)"', page.text)
    assert link
    assert check(link[1]) == found
    assert page.text.count("<svg") == 1
    assert f'href="{PROOF}.txt"' in page.text


def test_the_statement_leads_to_its_proof_for_the_household_and_at_the_desk(
    town: House, anna: Person
):
    number = number_of(town, "1-101")
    for person, statement in (
        (anna, f"/me/statements/{MARCH}"),
        (town.staff("committee"), f"/committee/statements/{MARCH}/{number}"),
    ):
        link = f'href="{statement}/proof"'
        assert link in person.get(statement).text
        assert "Proof of the bill, March 2026 1-101" in person.text(f"{statement}/proof")


def test_before_the_month_is_published_there_is_nothing_to_fetch_and_the_page_says_so(house: House):
    a_closed_march(house)
    person = house.resident("1-101")
    assert "The proof is made when the committee publishes the month." in person.text(PROOF)
    assert person.get(f"{PROOF}.txt").status_code == 404
    assert house.public().get(ROOT).status_code == 404


@pytest.mark.parametrize("month", ["2026-02", "2026-13", "march"])
def test_a_month_that_never_was_has_no_root(town: House, month: str):
    assert town.public().get(f"/open/{month}/root.json").status_code in (404, 422)


def test_nobody_fetches_another_households_proof(town: House, anna: Person):
    other = number_of(town, "1-102")
    for path in (f"/committee/statements/{MARCH}/{other}/proof", PROOF):
        for ending in ("", ".txt"):
            answer = town.public().get(path + ending)
            assert "BEIMEN-PROOF" not in answer.text, path
    assert anna.get(f"/committee/statements/{MARCH}/{other}/proof").status_code == 403
    assert check(anna.get(f"{PROOF}.txt").text).door == "1-101"
    for login in ("gatehouse", "maintenance"):
        answer = town.staff(login).get(f"/committee/statements/{MARCH}/{other}/proof.txt")
        assert answer.status_code == 403


def test_the_desk_prints_the_proof_of_a_household_and_the_trail_keeps_it(town: House):
    number = number_of(town, "1-102")
    committee = town.staff("committee")
    path = f"/committee/statements/{MARCH}/{number}/proof"
    assert "1-102" in committee.text(path)
    assert check(committee.get(f"{path}.txt").text).household == number
    with town.compound.house.store.reading() as uow:
        entries = uow.session.exec(select(AuditEntry)).all()
    kept = [e for e in entries if e.subject == f"household {number}"]
    assert len(kept) == 2
    assert kept[0].detail == {"proof_of": MARCH}
    assert committee.get(f"/committee/statements/{MARCH}/99999/proof").status_code == 404


# --- what everybody may fetch --------------------------------------------------------------------


def test_the_checking_page_has_no_inline_script_and_sends_nothing(town: House):
    page = town.public().get("/check")
    assert page.status_code == 200
    scripts = re.findall(r"<script[^>]*>", page.text)
    assert len(scripts) == 1
    assert 'src="/static/check.js?v=' in scripts[0]
    form = re.search(r'<form id="proof-form".*?</form>', page.text, re.S)
    assert form
    assert " name=" not in form[0], "a field without a name is never sent, script or not"
    assert "method=" not in form[0]


def test_the_saved_page_is_one_file_that_asks_for_no_other(town: House):
    answer = town.public().get("/check/saved.html")
    assert 'attachment; filename="beimen-check.html"' in answer.headers["content-disposition"]
    text = answer.text
    for mark in (' src="', "<link", "url(", "@import", "http://", 'href="/'):
        assert mark not in text, mark
    assert "window.BeimenProof" in text
    assert len(answer.content) < 60_000
    assert "证明" in town.public("zh").get("/check/saved.html").text


def test_the_checking_program_is_the_very_one_that_the_service_uses(town: House):
    answer = town.public().get("/check/check_proof.py")
    own = Path(check_proof.__file__).read_bytes()
    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(own).digest()
    assert "attachment" in answer.headers["content-disposition"]
