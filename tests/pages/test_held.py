"""The committee decides about held charges on the page, in words and to the fen."""

import re

import pytest

from service.billing.actions import balance
from service.households.actions import find_household
from service.households.records import audit_trail
from tests.pages.charges import Charges
from tests.pages.visitors import empty_store, words

REASON = "The board was read on site."


@pytest.fixture
def street(sqlite_template, tmp_path, clock):
    with empty_store(sqlite_template, tmp_path) as store:
        yield Charges(store, clock)


def decide(person, session_id: str, key: str, reason: str = REASON, **more: str):
    page = f"/committee/held/{session_id}"
    return person.post(page, page, key=key, reason=reason, **more)


def owes(street: Charges, door: str) -> int:
    with street.flow.store.reading() as uow:
        household = find_household(uow, door)
        return balance(uow, household.id)


def test_where_nothing_is_held_the_page_says_so(street):
    text = street.staff("committee").text("/committee/held")
    assert "Nothing is held" in text
    assert "Nothing yet." in text


def test_the_list_tells_what_is_at_stake_by_each_choice(street):
    street.held("1-101")
    street.clock.advance(7200)
    text = street.staff("committee").text("/committee/held")
    for said in (
        "1 charges wait for a decision", "Pile 1 · outlet 1", "1-101", "2 h ago",
        "the meter reading at the start is missing", "0.500", "0.34", "Total",
    ):  # fmt: skip
        assert said in text, said


def test_the_sheet_says_what_it_means_what_to_look_at_and_shows_the_evidence(street):
    session_id = street.held()
    html = street.staff("committee").get(f"/committee/held/{session_id}").text
    text = words(html)
    for said in (
        "no meter value for the beginning", "What to look at:", "Our own readings",
        "1.000", "1.500", "What the pile's final record says", "1.613",
        "The pile told no time of its own", "To the pile", "Switch on outlet 1", "done",
        "electricity 0.487 + service fee 0.20", "It is on no statement.",
    ):  # fmt: skip
        assert said in text, said
    assert html.count("<svg") == 2
    assert re.search(r"Fingerprint of everything above: [0-9a-f]{64}", text)


def test_each_choice_shows_to_the_fen_what_it_would_bill(street):
    session_id = street.held()
    text = street.staff("committee").text(f"/committee/held/{session_id}")
    assert "Bill only what our own readings prove 1.500 − 1.000 = 0.500 kWh" in text
    assert "electricity · 0.500 kWh × 0.487 = 0.2435000 → 0.24" in text
    assert "Bill nothing 0.500 kWh are let go" in text
    assert "Bill by the pile's final record" not in text


def test_a_decision_bills_and_is_written_down(street):
    session_id, person = street.held(), street.staff("committee")
    answer = decide(person, session_id, "readings")
    assert answer.status_code == 200
    text = words(answer.text)
    for said in ("It is decided.", "billed by what our own readings prove", REASON, "0.34 yuan"):
        assert said in text, said
    assert owes(street, "1-101") == 34
    with street.flow.store.reading() as uow:
        (deed,) = [one for one in audit_trail(uow, 20) if one.action == "held.decide"]
    assert deed.detail["choice"] == "readings"
    assert (deed.detail["fen"], deed.detail["reason"]) == (34, REASON)
    lately = person.text("/committee/held")
    assert "Nothing is held" in lately
    assert REASON in lately


def test_letting_go_is_told_to_the_household_too(street):
    session_id = street.held()
    decide(street.staff("committee"), session_id, "waive")
    assert owes(street, "1-101") == 0
    text = street.resident("1-101").text(f"/me/sessions/{session_id}")
    assert "Over, nothing is billed" in text
    assert "you pay nothing for it" in text


def test_deciding_twice_is_answered_with_what_was_decided(street):
    session_id, person = street.held(), street.staff("committee")
    page = person.get(f"/committee/held/{session_id}").text
    decide(person, session_id, "readings")
    form = re.search(r'<form method="post" action="/committee/held.*?</form>', page, re.S)[0]
    token = re.search(r'name="form_token" value="([^"]+)"', form)[1]
    fields = {"key": "waive", "reason": REASON, "form_token": token}
    again = person.client.post(f"/committee/held/{session_id}", data=fields)
    assert again.status_code == 409
    assert "Somebody decided before you" in words(again.text)
    assert owes(street, "1-101") == 34


def test_what_cannot_be_decided_is_said_and_nothing_is_billed(street):
    session_id, person = street.held(), street.staff("committee")
    for key, reason, said in (
        ("readings", " ", "needs a reason"),
        ("record", REASON, "not possible any more"),
        ("", REASON, "not possible any more"),
        ("readings", "长" * 301, "too long"),
    ):
        answer = decide(person, session_id, key, reason)
        assert answer.status_code == 422
        assert said in words(answer.text)
        assert "Nothing was decided, and nothing is billed." in words(answer.text)
    assert owes(street, "1-101") == 0


def test_a_charge_of_nobody_asks_for_a_door(street):
    street.clock.advance(3600)
    street.pile.heartbeat()
    stranger = "01JNAX7CZV5Q9T3M7H1K2D4F6S"
    street.settle(stranger, 1000, 1400)
    person = street.staff("committee")
    html = person.get(f"/committee/held/{stranger}").text
    assert "Which door pays?" in html
    key = re.search(r'value="(record:[0-9a-f]+)"', html)[1]
    assert "name the door" in words(decide(person, stranger, key).text)
    assert decide(person, stranger, key, door="1-102").status_code == 200
    assert owes(street, "1-102") == 27


def test_a_charge_that_is_not_held_shows_its_evidence_and_no_choice(street):
    session_id = street.line()
    html = street.staff("committee").get(f"/committee/held/{session_id}").text
    assert "Your decision" not in html
    assert "1.613 − 1.000 = 0.613 kWh" in words(html)


def test_markup_in_a_reason_is_text(street):
    session_id, person = street.held(), street.staff("committee")
    decide(person, session_id, "waive", "<script>alert(1)</script>")
    for path in ("/committee/held", f"/committee/held/{session_id}"):
        html = person.get(path).text
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)" in html


def test_only_the_committee_decides(street):
    session_id = street.held()
    page = f"/committee/held/{session_id}"
    for person in (street.resident(), street.staff("gatehouse"), street.staff("maintenance")):
        for path in ("/committee/held", page, f"{page}/print"):
            assert person.get(path).status_code == 403, path
        assert person.client.post(page, data={"key": "waive", "reason": REASON}).status_code == 403
    assert street.staff("committee").get("/committee/held/01JNAX7CZV5Q9T3M7").status_code == 404
    assert street.staff("committee").get("/committee/held/..%2f..").status_code in (404, 422)


def test_the_sheet_can_be_printed(street):
    session_id = street.held()
    html = street.staff("committee").get(f"/committee/held/{session_id}/print").text
    assert "Evidence sheet" in html
    assert "Stamp and signature" in html
    assert "Your decision" not in html
