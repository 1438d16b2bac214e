"""A program of a household charges: starts once, watches, stops, and sees only what is its own."""

import pytest

from service.flow import ticks
from service.households.records import audit_trail
from service.sessions.records import of_household
from tests.api.conftest import Town

WISH = {"pile": "LB-001", "outlet": 1}
KEY = {"Idempotency-Key": "first-wish"}


def test_a_start_is_told_to_the_pile_and_is_charging_only_after_it_confirmed(town: Town):
    program = town.resident()
    made = program.post("/api/v1/sessions", json=WISH, headers=KEY)
    assert made.status_code == 201
    assert made.json()["state"] == "starting"
    (command,) = town.pile.commands()
    assert command["session_id"] == made.json()["id"]
    town.pile.result(command["command_id"], "done", session_id=made.json()["id"], outlet=1)
    assert program.get(made.headers["location"]).json()["state"] == "charging"


def test_the_same_key_sent_again_is_the_same_start_and_not_a_second_command(town: Town):
    program = town.resident()
    first = program.post("/api/v1/sessions", json=WISH, headers=KEY)
    second = program.post("/api/v1/sessions", json={**WISH, "idempotency_key": "first-wish"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert len(town.pile.commands()) == 1


def test_a_key_of_one_household_is_not_the_key_of_another(town: Town):
    mine = town.resident("1-101").post("/api/v1/sessions", json=WISH, headers=KEY)
    theirs = town.resident("1-102").post("/api/v1/sessions", json=WISH, headers=KEY)
    assert mine.status_code == 201
    assert (theirs.status_code, theirs.json()["reason"]) == (409, "outlet_busy")


def test_a_key_that_was_used_for_another_outlet_is_refused_not_misunderstood(town: Town):
    program = town.resident()
    program.post("/api/v1/sessions", json=WISH, headers=KEY)
    other = program.post("/api/v1/sessions", json={**WISH, "outlet": 2}, headers=KEY)
    assert (other.status_code, other.json()["reason"]) == (409, "key_used_before")


@pytest.mark.parametrize(
    ("wish", "status", "reason"),
    [
        (WISH, 422, "bad_input"),
        ({**WISH, "idempotency_key": "short"}, 422, "bad_input"),
        ({**WISH, "idempotency_key": "long enough; but odd"}, 422, "bad_input"),
        ({**WISH, "idempotency_key": "key-of-mine", "outlet": 0}, 422, "bad_input"),
        ({**WISH, "idempotency_key": "key-of-mine", "cap_fen": -5}, 422, "bad_input"),
        ({**WISH, "idempotency_key": "key-of-mine", "outlet": 3}, 404, "outlet_unknown"),
        ({"pile": "LB-999", "outlet": 1, "idempotency_key": "key-of-mine"}, 404, "outlet_unknown"),
        ({"pile": "LB-002", "outlet": 1, "idempotency_key": "key-of-mine"}, 503, "pile_silent"),
    ],
)
def test_a_no_is_a_problem_document_with_a_reason_and_a_sentence(town: Town, wish, status, reason):
    answer = town.resident().post("/api/v1/sessions", json=wish)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["reason"] == reason
    assert answer.json()["detail"]
    assert town.pile.commands() == []


def test_a_refused_start_is_counted_although_nothing_was_stored(town: Town):
    wish = {"pile": "LB-002", "outlet": 1, "idempotency_key": "key-of-mine"}
    town.resident().post("/api/v1/sessions", json=wish)
    assert b'beimen_refusals_total{reason="pile_silent"} 1.0' in town.gauges.text()


def test_a_running_session_shows_energy_power_and_cost_so_far(town: Town, charge):
    session = charge(energy_wh=500)
    seen = town.resident().get(f"/api/v1/sessions/{session}").json()
    assert (seen["state"], seen["energy_wh"], seen["power_w"]) == ("charging", 500, 120.0)
    assert seen["sampled_at"] == "2026-03-02T11:50:01Z"
    # 0.5 kWh at 0.487 + 0.20 yuan, each rounded by itself
    assert (seen["electricity_fen"], seen["service_fen"], seen["total_fen"]) == (24, 10, 34)
    assert seen["is_final"] is False


def test_the_amounts_are_final_once_they_are_in_the_ledger(town: Town, charge):
    session = charge(energy_wh=500)
    town.clock.advance(700)
    town.pile.say("session", town.pile.settlement(session, 1000, 1613))
    town.clock.advance(700)
    ticks.tick_slowly(town.house)
    seen = town.resident().get(f"/api/v1/sessions/{session}").json()
    assert (seen["state"], seen["energy_wh"], seen["is_final"]) == ("settled", 613, True)
    assert (seen["electricity_fen"], seen["service_fen"]) == (30, 12)


def test_stopping_is_told_to_the_pile_once_and_a_second_stop_is_no_error(town: Town, charge):
    session, program = charge(), town.resident()
    town.clock.advance(5)
    first = program.delete(f"/api/v1/sessions/{session}")
    assert (first.status_code, first.json()["state"]) == (202, "stopping")
    assert program.delete(f"/api/v1/sessions/{session}").status_code == 202
    assert [command["cmd"] for command in town.pile.commands()] == ["stop"]
    town.pile.event("unplugged", session_id=session)
    assert program.delete(f"/api/v1/sessions/{session}").status_code == 200


def test_another_households_session_does_not_exist_for_me(town: Town, charge):
    session, stranger = charge("1-101"), town.resident("1-102")
    for answer in (
        stranger.get(f"/api/v1/sessions/{session}"),
        stranger.delete(f"/api/v1/sessions/{session}"),
        stranger.get("/api/v1/sessions/01JNAX3K6ZQ4V8S2T7M9D1C5BH"),
    ):
        assert answer.status_code == 404
    assert stranger.get("/api/v1/me/sessions").json() == []
    assert [one["id"] for one in town.resident("1-101").get("/api/v1/me/sessions").json()] == [
        session
    ]


def test_a_session_that_waits_says_its_place_and_why(town: Town):
    with town.house.work() as work:
        cable = town.house.tree.cables[town.house.board.piles["LB-001"].feeder_id]
        work.house.meters[cable.id] = full_meter(cable, work.now)
    made = town.resident().post("/api/v1/sessions", json=WISH, headers=KEY)
    assert made.json()["state"] == "queued"
    assert made.json()["queue"]["place"] == 1
    assert "100 % of its limit" in made.json()["queue"]["sentence"]


def full_meter(cable, now):
    from service.feeders.load import MeterReading

    return MeterReading((cable.rating_ma,) * 3, now)


# --- at the desk --------------------------------------------------------------------------------


def test_the_gatehouse_starts_for_a_door_and_the_trail_tells(town: Town):
    desk = town.staff("gatehouse")
    made = desk.post("/api/v1/desk/sessions", json={**WISH, "door": " 1-102 "}, headers=KEY)
    assert (made.status_code, made.json()["door"]) == (201, "1-102")
    seen = desk.get(made.headers["location"]).json()
    assert (seen["source"], seen["state"]) == ("gatehouse", "starting")
    with town.house.store.reading() as uow:
        assert [row.id for row in of_household(uow, town.household("1-102"), 5)] == [seen["id"]]
        assert audit_trail(uow, 1)[0].action == "session.start_for_door"


def test_a_door_nobody_lives_behind_is_said(town: Town):
    wish = {**WISH, "door": "9-999", "idempotency_key": "nobody-there"}
    answer = town.staff("gatehouse").post("/api/v1/desk/sessions", json=wish)
    assert (answer.status_code, answer.json()["reason"]) == (404, "household_unknown")
    assert "9-999" in answer.json()["detail"]


def test_maintenance_may_stop_any_session_and_learns_nothing_of_whose_it_is(town: Town, charge):
    session, electrician = charge(), town.staff("maintenance")
    assert electrician.get(f"/api/v1/desk/sessions/{session}").status_code == 403
    stopped = electrician.delete(f"/api/v1/desk/sessions/{session}")
    assert stopped.json() == {"id": session, "state": "stopping"}
    with town.house.store.reading() as uow:
        assert audit_trail(uow, 1)[0].action == "session.stop_any"
