"""The gatehouse: the wall, the desk for who has no phone, slips, and an entrance that is cut."""

import re

from service.flow import requests
from service.flow.duty import cut_and_close, open_again
from service.pages.desk_view import suggestions
from service.seed import demo_cards
from simulator.mishaps import Mishap
from tests.pages.visitors import PLAN, House, Person, hidden, words


def start(gate: Person, door: str, place: str = "", **more: str) -> str:
    """Type at the desk; the words of what comes."""
    return words(gate.post("/gate", "/gate/start", door=door, place=place, **more).text)


def a_charge(house: House, gate: Person, pile: int = 2, door: str = "1-102") -> str:
    """Somebody charges for ten minutes; the number of the session."""
    house.plug(f"LB-{pile:03d}", 1)
    answer = gate.post("/gate", "/gate/start", door=door, place=f"{pile}-1")
    house.run(600)
    return answer.url.path.rpartition("/")[2]


# --- the desk ------------------------------------------------------------------------------------


def test_a_door_is_started_has_a_slip_is_stopped_and_has_a_receipt(house: House):
    gate = house.staff("gatehouse")
    house.plug("LB-002", 1)
    answer = gate.post("/gate", "/gate/start", door=" 1-102 ", place="2-1")
    assert answer.url.path.startswith("/gate/slip/")
    assert "Telling the pile" in words(answer.text)
    house.run(600)
    path = answer.url.path
    slip = gate.text(path)
    assert "Charging 1-102 Pile 2 · outlet 1" in slip
    assert "It ends by itself when the battery is full." in slip
    assert re.search(r"At the latest .*05:0\d, or after 3\.0 kWh\.", slip)
    assert re.search(r"Never more than \d\.\d\d yuan", slip)
    assert "1-102" in gate.text("/gate")
    session = path.rpartition("/")[2]
    asked = gate.text(f"/gate/stop/{session}")
    assert "Stop this charge? 1-102 · Pile 2 · outlet 1" in asked
    assert house.compound.house.held_by("LB-002", 1) is not None, "asking stops nothing"
    stopped = gate.post(f"/gate/stop/{session}", "/gate/stop")
    assert stopped.url.path == path
    house.run(120)
    receipt = gate.text(path)
    for said in ("Receipt", "1-102", "End", "Electricity", "Service fee", "Total"):
        assert said in receipt, said
    assert re.search(r"Energy \d\.\d{3} kWh", receipt)
    assert "Stop …" not in receipt


def test_a_card_is_as_good_as_a_door_and_its_number_stands_nowhere(house: House):
    card = next(card for card in demo_cards(PLAN) if card.household)
    gate = house.staff("gatehouse")
    answer = gate.post("/gate", "/gate/start", door=card.card_uid, place="")
    assert "Start a charge: where is the bike?" in words(answer.text)
    assert card.household in words(answer.text)
    assert card.card_uid not in answer.text
    assert card.card_uid not in str(answer.url)
    unknown = gate.post("/gate", "/gate/start", door="04A1B2C3", place="")
    assert unknown.status_code == 422
    assert "This card belongs to no household here." in words(unknown.text)
    assert "04A1B2C3" not in unknown.text


def test_where_a_plug_waits_near_the_door_is_offered_first(house: House):
    house.plug("LB-002", 2)
    gate = house.staff("gatehouse")
    answer = gate.post("/gate", "/gate/start", door="1-101", place="")
    text = words(answer.text)
    plugged, free = text.index("A plug is in and nothing runs"), text.index("Free at entrance 1")
    assert plugged < text.index("2 outlet 2") < free
    forms = [f for f in re.findall(r"<form.*?</form>", answer.text, re.S) if 'value="2-2"' in f]
    started = gate.client.post("/gate/start", data=hidden(forms[0]) | {"place": "2-2"})
    assert started.url.path.startswith("/gate/slip/")
    held = house.compound.house.held_by("LB-002", 2)
    assert held is not None


def test_suggestions_never_hold_an_outlet_that_is_taken_or_twice():
    assert suggestions([], frozenset(), 1).others == ()


def test_a_door_that_charges_already_shows_it_with_its_stop(house: House):
    gate = house.staff("gatehouse")
    a_charge(house, gate)
    text = start(gate, "1-102")
    assert "Running for this door 1-102 Pile 2 · outlet 1" in text
    assert "Stop …" in text


def test_a_door_where_nobody_lives_is_said_and_what_was_typed_stays(house: House):
    answer = house.staff("gatehouse").post("/gate", "/gate/start", door="9-999", place="2-1")
    assert answer.status_code == 422
    assert "Nobody is registered at door 9-999." in words(answer.text)
    assert 'value="9-999"' in answer.text


def test_a_refusal_shows_other_outlets_beside_its_reason(house: House):
    gate = house.staff("gatehouse")
    a_charge(house, gate)
    text = start(gate, "1-101", "2-1")
    assert "This outlet is being used by someone else." in text
    assert "Free at entrance 1" in text


def test_the_same_form_sent_twice_is_one_charge(house: House):
    gate = house.staff("gatehouse")
    house.plug("LB-003", 1)
    page = gate.get("/gate").text
    form = next(f for f in re.findall(r"<form.*?</form>", page, re.S) if "/gate/start" in f)
    fields = hidden(form) | {"door": "2-101", "place": "3-1"}
    first, second = (gate.client.post("/gate/start", data=fields) for _ in range(2))
    assert first.url.path == second.url.path


def test_a_pile_at_the_desk_shows_who_charges_and_starts_at_its_free_outlet(house: House):
    gate = house.staff("gatehouse")
    a_charge(house, gate)
    text = gate.text("/gate/pile/2")
    assert "1-102" in text
    answer = gate.post("/gate/pile/2", "/gate/start", door="1-103")
    assert answer.url.path.startswith("/gate/slip/")
    assert house.compound.house.held_by("LB-002", 2) is not None
    assert gate.get("/gate/pile/99").status_code == 404


def test_a_charge_that_does_not_exist_has_no_slip_and_no_stop(house: House):
    gate = house.staff("gatehouse")
    for path in ("/gate/slip/01UNKNOWN", "/gate/stop/01UNKNOWN"):
        assert gate.get(path).status_code == 404


def test_maintenance_may_stop_a_charge_but_reads_no_door(house: House):
    session = a_charge(house, house.staff("gatehouse"))
    fix = house.staff("maintenance")
    assert "1-102" not in fix.text(f"/gate/stop/{session}")
    assert "1-102" not in fix.text("/fix/piles/2")
    assert "The pile is being told to stop." in words(
        fix.post(f"/gate/stop/{session}", "/gate/stop").text
    )


# --- the wall ------------------------------------------------------------------------------------


def test_the_wall_says_what_is_free_what_is_wrong_and_how_full_the_cables_are(house: House):
    gate = house.staff("gatehouse")
    a_charge(house, gate)
    text = gate.text("/gate")
    assert "Nothing is wrong." in text
    assert re.search(r"Entrance 1 3 free", text)
    assert re.search(r"\d+ % · calm \d+\.\d of 25\.0 A, \d+\.\d A left", text)
    now = house.compound.world.now
    hot = Mishap("over_temperature", now + 1000, "LB-002", 1, now + 600_000)
    house.compound.world.mishap(hot)
    house.run(60)
    text = gate.text("/gate")
    assert "Open incidents · 1" in text
    assert "Pile 2 · outlet 1" in text
    assert "just reported" in text
    assert re.search(r"2 out of order", text), "what is wrong is written out in its cell"
    assert "/fix/incidents/" in gate.get("/gate").text


# --- cut and open --------------------------------------------------------------------------------


def test_cutting_asks_twice_says_what_it_does_and_stays_cut_until_somebody_opens(house: House):
    gate = house.staff("gatehouse")
    a_charge(house, gate, pile=1, door="1-101")
    now = house.compound.world.now
    house.compound.world.link_down("LB-002", now, now + 3_600_000)
    house.run(300)
    asked = gate.text("/gate/cut/1")
    assert "1 bikes that charge there stop at once, 0 that wait lose their place." in asked
    assert "All 4 outlets of piles 1, 2 are switched off" in asked
    assert "Not reachable from here, so they stay on: piles 2." in asked
    assert "The breaker by hand:" in asked
    assert "25.0 A" in asked
    assert house.compound.house.held_by("LB-001", 1) is not None
    cut = words(gate.post("/gate/cut/1", "/gate/cut/1").text)
    assert "Entrance 1 is cut" in cut
    house.run(30)
    assert house.compound.house.held_by("LB-001", 1) is None
    assert "Every pile that can be reached has confirmed" in gate.text("/gate/cut/1")
    assert "Cut in an emergency. Nobody can start here." in gate.text("/gate")
    resident = house.resident("1-101").text("/p/1/1")
    assert "Out of service: the entrance was cut in an emergency" in resident
    opened = words(gate.post("/gate/cut/1", "/gate/open/1").text)
    assert "The entrance is open again. Nothing starts by itself." in opened
    assert "Cut in an emergency" not in opened
    assert house.compound.house.held_by("LB-001", 1) is None


def test_no_phone_switches_on_what_the_gatehouse_has_cut(house: House):
    house.plug("LB-001", 1)
    inside = house.compound.house
    cut_and_close(inside, 1, "gatehouse:1")
    household = requests.StartRequest("LB-001", 1, 1, "app", "resident:1", "after the cut")
    answer = requests.start(inside, household)
    assert isinstance(answer, requests.Refused)
    assert answer.reason == "out_of_service"
    assert open_again(inside, 1) == 2
    assert isinstance(requests.start(inside, household), requests.Started)


def test_a_pile_that_was_out_of_service_before_stays_so_when_its_entrance_opens(house: House):
    inside = house.compound.house
    requests.put_in_service(inside, "LB-002", False, "new cable")
    assert cut_and_close(inside, 1, "gatehouse:1").closed == 1
    assert open_again(inside, 1) == 1
    assert not inside.board.piles["LB-002"].in_service
    assert open_again(inside, 1) == 0


def test_maintenance_may_cut_and_open_too_and_comes_back_to_its_own_page(house: House):
    fix = house.staff("maintenance")
    assert "Entrance 3 is cut" in words(fix.post("/gate/cut/3", "/gate/cut/3").text)
    assert fix.post("/gate/cut/3", "/gate/open/3").url.path == "/fix"
    assert house.staff("gatehouse").get("/gate/cut/9").status_code == 404
