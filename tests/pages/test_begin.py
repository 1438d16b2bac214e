"""The first days of a compound: a list taken in whole or not at all, places, codes on slips."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import Response

from service.clock import FixedClock
from service.households.records import audit_trail, household_at, households
from service.pages.begin_view import BeginFacts, steps
from service.piles.records import Pile
from tests.pages.light import Desk, open_desk
from tests.pages.test_sharing import press
from tests.pages.visitors import Person, hidden, words

HOME = "/committee/begin"
GOOD = "门号,单元,人数,称呼,卡号\n5-101,1,3,,\n5-102,1,2,=1+1,04A2B7119C5A81\n"


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    with open_desk(sqlite_template, tmp_path, clock) as opened:
        yield opened


def send(person: Person, text: str | bytes, encoding: str = "utf-8") -> Response:
    data = text if isinstance(text, bytes) else text.encode(encoding)
    token = hidden(person.get(f"{HOME}/import").text)
    file = {"file": ("list.csv", data, "text/csv")}
    return person.client.post(f"{HOME}/import", data=token, files=file)


def living(desk: Desk) -> int:
    with desk.compound.house.store.reading() as uow:
        return len(households(uow))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_good_list_is_looked_at_first_and_then_taken_in_whole(desk: Desk, encoding: str):
    committee = desk.staff("committee")
    before = living(desk)
    page = send(committee, GOOD, encoding)
    text = words(page.text)
    assert "Every row can be taken in: 2 households." in text
    assert ("GBK" if encoding == "gbk" else "UTF-8") in text
    assert living(desk) == before, "a look only"
    form = re.findall(r"<form.*?take-in.*?</form>", page.text, re.S)[-1]
    done = committee.client.post(f"{HOME}/import/take-in", data=hidden(form))
    assert "2 households are taken in." in words(done.text)
    assert living(desk) == before + 2
    again = committee.client.post(f"{HOME}/import/take-in", data=hidden(form))
    assert again.status_code == 422, "pressed twice"
    assert "Door 5-101 already has a household." in words(again.text)
    assert living(desk) == before + 2
    with desk.compound.house.store.reading() as uow:
        deed = next(e for e in audit_trail(uow, 9) if e.action == "households.manage")
    assert deed.detail == {"what": "imported", "count": 2}


def test_every_wrong_row_is_named_with_its_number_and_nothing_is_taken_in(desk: Desk):
    committee = desk.staff("committee")
    before = living(desk)
    page = send(
        committee, "door,entrance,card_uid\n5-101,1,\nMar-20,1,\n1-101,1,\n5-101,x,4.2E+13\n"
    )
    text = words(page.text)
    assert page.status_code == 422
    for said in (
        "5 things must be mended first. Nothing was taken in.",
        "Row 3 'MAR-20' was turned into a date.",
        "Row 4 Door 1-101 already has a household.",
        "Row 5 'x' is no entrance: a whole number from 1 to 99.",
        "The card number 4.2E+13 was shortened.",
    ):
        assert said in text or "4 things must be mended" in text, said
    assert "take-in" not in page.text
    assert living(desk) == before


def test_what_is_no_list_is_refused_in_words(desk: Desk):
    committee = desk.staff("committee")
    for data, said in (
        (b"", "Choose a file first."),
        (b"\xff\xfe\x00\x01", "neither UTF-8 nor GBK"),
        (b"a,b\n1,2\n", "The first row must name the columns"),
        ("门号,单元\n".encode(), "no rows besides the names"),
        (b"x" * (1 << 20) + b"y", "larger than 1024 KiB"),
    ):
        assert said in words(send(committee, data).text), said
    token = hidden(committee.get(f"{HOME}/import").text)
    for forged in ("", "%%%", "bm90IGEgbGlzdA=="):
        answer = committee.client.post(f"{HOME}/import/take-in", data={**token, "data": forged})
        assert answer.status_code == 422


def test_the_list_to_fill_in_is_one_that_can_be_read(desk: Desk):
    committee = desk.staff("committee")
    sample = committee.get(f"{HOME}/example.csv").content
    text = words(send(committee, sample).text)
    assert "Door 1-101 already has a household." in text, "read as meant"
    assert "turned into a date" not in text


def test_codes_of_an_entrance_are_printed_on_slips_and_the_sheet_before_stops_working(desk: Desk):
    committee = desk.staff("committee")
    desk.resident("1-101")

    def slips(**more: str) -> list[str]:
        page = committee.post(f"{HOME}/codes", f"{HOME}/codes", entrance="1", **more)
        return re.findall(r'code-mid num">([0-9A-Z-]+)<', page.text)

    old = slips()
    assert len(old) == 1, "1-101 has a phone"
    new = slips(everybody="yes")
    assert len(new) == 2
    assert desk.public().post("/sign-in", "/sign-in", code=old[0]).status_code == 401
    assert "1-102" in desk.public().sign_in(new[1]).text("/me")
    assert "Every household of this entrance has a phone" in words(
        committee.post(f"{HOME}/codes", f"{HOME}/codes", entrance="1").text
    )
    token = hidden(committee.get(f"{HOME}/codes").text)
    for entrance in ("0", "100", "x"):
        answer = committee.client.post(f"{HOME}/codes", data={**token, "entrance": entrance})
        assert answer.status_code == 422


def test_piles_get_a_place_and_a_wrong_entrance_changes_nothing(desk: Desk):
    committee = desk.staff("committee")
    page = f"{HOME}/piles"
    done = committee.post(page, page, **{"place-1": " left of  the door ", "entrance-2": "3"})
    assert "Kept." in words(done.text)
    house = desk.compound.house
    with house.store.reading() as uow:
        first, second = uow.session.get(Pile, "LB-001"), uow.session.get(Pile, "LB-002")
    assert first is not None
    assert second is not None
    assert (first.place, second.entrance) == ("left of the door", 3)
    assert house.board.piles["LB-002"].entrance == 3
    wrong = committee.post(page, page, **{"place-1": "elsewhere", "entrance-2": "nought"})
    assert "Pile 2: an entrance is a number from 1 to 99. Nothing was changed." in words(wrong.text)
    assert 'value="elsewhere"' in wrong.text, "what was typed stays"
    assert house.board.piles["LB-001"].place == "left of the door"
    committee.post(page, page, **{"cable-1": "no such cable"})
    assert house.board.piles["LB-001"].feeder_id == "entrance-1"


def test_the_guide_says_what_is_done_and_what_comes_next(desk: Desk):
    text = desk.staff("committee").text(HOME)
    assert "8 households live here." in text
    assert "A price is in force." in text
    assert "0 of 4 piles have a place" in text
    assert "0 households have a phone, 0 more have a code on paper, of 8." in text


def test_a_compound_that_runs_sees_that_everything_is_done():
    facts = BeginFacts(200, 150, 50, 38, 38, 38, True, 38, 2, 1, False)
    assert all(one.is_done for one in steps(facts))
    nothing = BeginFacts(0, 0, 0, 0, 0, 0, False, 0, 1, 0, True)
    assert not any(one.is_done for one in steps(nothing))
    for one in (*steps(facts), *steps(nothing)):
        assert "{" not in one.told.in_language("en")


def test_a_new_household_of_the_list_signs_in_with_its_slip(desk: Desk):
    committee = desk.staff("committee")
    page = send(committee, GOOD)
    form = re.findall(r"<form.*?take-in.*?</form>", page.text, re.S)[-1]
    committee.client.post(f"{HOME}/import/take-in", data=hidden(form))
    with desk.compound.house.store.reading() as uow:
        assert household_at(uow, "5-102") is not None
    sheet = press(committee, f"{HOME}/codes", "/codes", entrance="1")
    codes = re.findall(r'code-mid num">([0-9A-Z-]+)<', sheet.text)
    assert "5-102" in desk.public().sign_in(codes[-1]).text("/me")
