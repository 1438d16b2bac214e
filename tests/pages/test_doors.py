"""Households through the committee's pages: moving in and out, dividing, joining, codes, cards."""

import re

from httpx import Response

from service.clock import FixedClock
from service.households.actions import find_household, household_of_card
from service.households.records import Household, live_passes
from service.pages.doors_view import variant
from tests.pages.test_arrears import a_billed_charge
from tests.pages.test_payments import press
from tests.pages.visitors import KEY, House, Person, words
from tests.support.compound import at

HOME = "/committee/doors"
CARD = "04A2B7119C5A80"


def home(house: House, door: str) -> Household:
    with house.compound.house.store.reading() as uow:
        found = find_household(uow, door)
    assert found, door
    return found


def page_of(house: House, person: Person, door: str) -> Response:
    return person.get(f"{HOME}/{home(house, door).id}")


def code_in(page: Response) -> str:
    found = re.search(r'code-big num">([0-9A-Z-]+)<', page.text)
    assert found, words(page.text)
    return found[1]


def cards_of(house: House, door: str) -> int:
    with house.compound.house.store.reading() as uow:
        return len(live_passes(uow, home(house, door).id or 0, "card"))


def moves_in(person: Person, door: str, **more: str) -> Response:
    fields = {"door": door, "entrance": "1", "residents": "2", **more}
    return person.post(f"{HOME}/new", f"{HOME}/new", **fields)


def test_households_are_listed_by_entrance_with_what_they_owe(house: House):
    a_billed_charge(house)
    committee = house.staff("committee")
    text = committee.text(HOME)
    assert "Households · 24" in text
    assert "Entrance 4 · 6 households" in text
    owed = re.search(r"1-101 2 March 2026 1 (\d\.\d\d)", text)
    assert owed
    assert f"Total {owed[1]}" in text
    found = committee.get(f"{HOME}?door= 1-101 ")
    assert "Payment word, for the note of a transfer BM1J" in words(found.text)
    missing = committee.get(f"{HOME}?door=9-999")
    assert missing.status_code == 404
    assert "Nobody is registered at door 9-999." in words(missing.text)


def test_who_moves_in_gets_a_code_on_paper_and_signs_in_with_it(house: House):
    committee = house.staff("committee")
    page = moves_in(committee, "1-999", card_uid=CARD)
    code = code_in(page)
    assert "shows the code once" in words(page.text)
    assert "1-999" in house.public().sign_in(code).text("/me")
    assert cards_of(house, "1-999") == 1
    again = moves_in(committee, "1-999")
    assert again.status_code == 422
    assert "Door 1-999 already has a household." in words(again.text)
    assert 'value="1-999"' in again.text, "what was typed stays"
    wrong = moves_in(committee, "Mar-20", residents="many")
    text = words(wrong.text)
    assert "was turned into a date" in text
    assert "'many' is no residents" in text


def test_a_new_code_and_a_new_card_are_given_and_a_lost_one_is_blocked(house: House):
    committee = house.staff("committee")
    page = page_of(house, committee, "1-101")
    code = code_in(press(committee, page, "/code"))
    assert "1-101" in house.public().sign_in(code).text("/me")
    wrong = press(committee, page, "/cards", card_uid="12", label="")
    assert "A card number has 8, 14 or 20 characters" in words(wrong.text)
    done = press(committee, page, "/cards", card_uid=CARD, label="奶奶")
    assert "Card 2 · 奶奶" in words(done.text)
    press(committee, done, "/block")
    assert cards_of(house, "1-101") == 1
    stranger = committee.client.post(
        f"{HOME}/{home(house, '1-102').id}/cards/1/block",
        data={"form_token": re.findall(r'form_token" value="([^"]+)"', page.text)[0]},
    )
    assert stranger.status_code == 404


def test_nobody_moves_out_while_they_charge_and_then_gets_a_final_sheet(house: House):
    committee = house.staff("committee")
    house.plug("LB-001", 1, 400)
    phone = house.resident("1-101")
    phone.post("/p/1/1", "/p/1/1/start")
    house.run(120)
    before = home(house, "1-101").id
    page = page_of(house, committee, "1-101")
    assert "Charging or waiting now Pile 1 · outlet 1" in words(page.text)
    refused = press(committee, page, "/move-out")
    assert "1 charges of this household are running or waiting." in words(refused.text)
    press(committee, page, "/stop")
    done = press(committee, committee.get(page.url.path), "/move-out")
    assert "The household has moved out. Print its final sheet." in words(done.text)
    assert "Their cards" not in words(done.text)
    sheet = committee.text(f"{HOME}/{before}/final")
    assert "Lived here from 2 March 2026 to 2 March 2026." in sheet
    assert "Not settled yet Pile 1 · outlet 1" in sheet
    assert "write BM1J into its note" in sheet
    assert phone.get("/me").url.path == "/sign-in", "their phone is signed out"


def test_the_next_household_sees_and_pays_nothing_of_the_one_before(
    house: House, clock: FixedClock
):
    a_billed_charge(house)
    committee = house.staff("committee")
    gone = home(house, "1-101").id
    press(committee, page_of(house, committee, "1-101"), "/move-out")
    code = code_in(moves_in(committee, "1-101"))
    newcomer = house.public().sign_in(code)
    assert "Nothing yet. Scan the code on an outlet to start." in newcomer.text("/me")
    assert newcomer.get("/me/statements/2026-03").status_code == 404
    listed = committee.text(HOME)
    assert "Moved out, accounts not even" in listed
    old = committee.text(f"{HOME}/{gone}")
    assert "moved out 2 March" in old
    assert "Whoever lives behind the door now is another household." in old
    for ending in ("/code", "/split"):
        action = f"{HOME}/{gone}{ending}"
        token = re.findall(r'form_token" value="([^"]+)"', committee.get(HOME + "/new").text)[0]
        answer = committee.client.post(action, data={"form_token": token, "door": "1-101B"})
        assert answer.status_code == 404
    clock.at = at("2026-03-03 10:00")


def test_a_part_of_a_household_gets_a_door_and_the_cards_it_takes(house: House):
    committee = house.staff("committee")
    press(committee, page_of(house, committee, "1-101"), "/cards", card_uid=CARD)
    page = page_of(house, committee, "1-101")
    assert 'value="1-101B"' in page.text
    taken = re.findall(r'name="cards" value="(\d+)"', page.text)[-1]
    wrong = press(committee, page, "/split", door="1-102", residents="1", cards=taken)
    assert "Door 1-102 already has a household." in words(wrong.text)
    stolen = press(committee, page, "/split", door="1-101B", residents="1", cards="999999")
    assert "already belongs to another household" in words(stolen.text)
    done = press(committee, page, "/split", door="1-101B", residents="1", cards=taken)
    code = code_in(done)
    assert "1-101B" in house.public().sign_in(code).text("/me")
    with house.compound.house.store.reading() as uow:
        holder = household_of_card(uow, CARD, KEY)
    assert isinstance(holder, Household)
    assert holder.door == "1-101B"
    assert cards_of(house, "1-101") == 1


def test_a_household_joins_another_and_its_debt_waits_for_a_second_signature(house: House):
    a_billed_charge(house)
    committee = house.staff("committee")
    page = page_of(house, committee, "1-101")
    nobody = press(committee, page, "/merge", door="9-999")
    assert "Nobody is registered at door 9-999." in words(nobody.text)
    itself = press(committee, page, "/merge", door="1-101")
    assert "Choose another household" in words(itself.text)
    done = press(committee, page, "/merge", door="1-102")
    assert "What was owed waits as a transfer for a second signature." in words(done.text)
    assert done.url.path == f"{HOME}/{home(house, '1-102').id}"
    assert cards_of(house, "1-102") == 2
    waiting = committee.text("/committee/entries")
    assert "1-101" in waiting
    even = press(committee, page_of(house, committee, "2-101"), "/merge", door="2-102")
    assert "The households are one. Nothing was owed." in words(even.text)


def test_only_the_committee_manages_households(house: House):
    for login in ("gatehouse", "maintenance", "viewer"):
        for path in (HOME, f"{HOME}/new", f"{HOME}/1", f"{HOME}/1/final"):
            assert house.staff(login).get(path).status_code == 403
    committee = house.staff("committee")
    assert committee.get(f"{HOME}/9999").status_code == 404
    for number in (0, 2**31, 10**30):
        assert committee.get(f"{HOME}/{number}").status_code == 422
        assert committee.get(f"/committee/payments/files/{number}").status_code == 422


def test_a_variant_of_a_door_is_proposed_as_long_as_one_is_free():
    assert variant("3-201", frozenset({"3-201"})) == "3-201B"
    assert variant("3-201", frozenset({"3-201B", "3-201C"})) == "3-201D"
    assert variant("3-201B", frozenset({"3-201B"})) == "3-201C"
    assert variant("3-201", frozenset(f"3-201{x}" for x in "BCDEF")) == ""
