"""What the service notices by itself: a lost stop, ten hours, no current, a cable's own meter."""

import json

import pytest

from service.flow import House, cables, ticks, uplink
from service.flow.requests import start, stop
from service.households.records import households
from service.piles.messages import Heard
from service.seed import Plan, demo_cards
from tests.flow.looking import charging, dead_letters, incidents, session_of, state_of

HOUR = 3600


def still_charging(pile, session_id):
    status = {"outlet": 1, "state": "charging", "session_id": session_id, "power_w": 120}
    return pile.heartbeat([status, {"outlet": 2, "state": "empty"}])


def stops(pile) -> list[str]:
    return [one["session_id"] for one in pile.commands() if one["cmd"] == "stop"]


# --- a stop ---------------------------------------------------------------------------------------


def test_a_stop_that_nobody_answers_is_told_and_asked_again_while_the_pile_charges(
    house, pile, wish, clock
):
    session_id = charging(house, pile, wish())
    stop(house, session_id, "resident")
    assert stops(pile) == [session_id]
    clock.advance(60)
    assert stops(pile) == [session_id]  # the one copy after 15 s
    clock.advance(31)
    ticks.tick(house)
    assert incidents(house) == ["stop_failed"]
    assert stops(pile) == []
    still_charging(pile, session_id)
    (again,) = [one for one in pile.commands() if one["cmd"] == "stop"]
    assert again["session_id"] == session_id
    still_charging(pile, session_id)
    clock.advance(1)
    assert stops(pile) == []  # asked again, but not with every heartbeat
    pile.result(again["command_id"], "done", session_id=session_id, outlet=1)
    assert state_of(house, session_id) == "ended"


def test_a_stop_survives_a_restart_of_the_service(house, pile, wish, clock, store):
    session_id = charging(house, pile, wish())
    stop(house, session_id, "resident")
    pile.commands()
    pile.house = House(store, clock, house.settings, house.random_bytes, house.key)
    clock.advance(100)
    still_charging(pile, session_id)
    assert session_id in stops(pile)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("relay_welded", ["relay_welded"]),
        ("storage_fault", ["stop_failed"]),
        ("expired", []),
        ("already_stopped", []),
    ],
)
def test_a_stop_that_a_pile_refuses_is_a_matter_for_people(house, pile, wish, code, told):
    session_id = charging(house, pile, wish())
    stop(house, session_id, "resident")
    (command,) = pile.commands()
    pile.result(command["command_id"], "rejected", code=code, outlet=1)
    assert incidents(house) == told
    assert state_of(house, session_id) == ("ended" if code == "already_stopped" else "stopping")


# --- time and current -----------------------------------------------------------------------------


def test_after_ten_hours_the_service_stops_what_the_pile_should_have_stopped_rule_21(
    house, pile, wish, clock
):
    session_id = charging(house, pile, wish())
    clock.advance(10 * HOUR + 299)
    still_charging(pile, session_id)
    ticks.tick(house)
    assert state_of(house, session_id) == "charging"
    clock.advance(1)
    ticks.tick(house)
    assert state_of(house, session_id) == "stopping"
    assert session_of(house, session_id).why == "max_time"
    assert stops(pile) == [session_id]


def test_an_outlet_whose_register_does_not_rise_for_two_minutes_does_not_draw_rule_20(
    house, pile, wish, clock
):
    session_id = charging(house, pile, wish())
    for _ in range(3):
        clock.advance(60)
        pile.meter(pile.reading(wh=1000, session_id=session_id, power_w=2.0))
        ticks.tick(house)
    assert incidents(house) == ["not_drawing"]
    ticks.tick(house)
    assert incidents(house) == ["not_drawing"]


def test_a_pile_that_finds_no_charger_frees_the_outlet_and_sells_nothing_rule_20(house, pile, wish):
    session_id = start(house, wish()).session_id
    (command,) = pile.commands()
    pile.result(command["command_id"], "failed", code="no_load", outlet=1)
    assert state_of(house, session_id) == "cancelled"
    assert session_of(house, session_id).why == "no_load"
    assert incidents(house) == []


@pytest.mark.parametrize("code", ["relay_open", "meter_lost"])
def test_a_start_that_fails_by_the_hardware_is_told_to_maintenance(house, pile, wish, code):
    start(house, wish())
    (command,) = pile.commands()
    pile.result(command["command_id"], "failed", code=code, outlet=1)
    assert incidents(house) == [code]


def test_an_answer_to_a_command_of_another_pile_means_nothing(house, pile, wish, clock):
    session_id = start(house, wish()).session_id
    (command,) = pile.commands()
    payload = {
        "boot_id": "0badf00d", "seq": 1, "uptime_ms": 1, "status": "done",
        "command_id": command["command_id"], "session_id": session_id,
    }  # fmt: skip
    uplink.take(house, [Heard("pile/1/LB-002/up/result", json.dumps(payload).encode(), 1)])
    assert state_of(house, session_id) == "starting"


# --- cards ----------------------------------------------------------------------------------------


def swipe(pile, uid: str, intent: str = "start", swipe_id: str = "c-1") -> str:
    fields = {"uptime_ms": pile.uptime_ms, "swipe_id": swipe_id, "outlet": 1}
    pile.say("card", pile.numbered(**fields, card_uid=uid, intent=intent))
    return str(pile.last_told("card_result")["result"])


def card_of(door: str) -> str:
    return next(c.card_uid for c in demo_cards(Plan(4, households=8)) if c.household == door)


def test_a_card_nobody_knows_starts_nothing(house, pile):
    assert swipe(pile, "DEADBEEF") == "unknown_card"
    assert pile.commands() == []


def test_a_card_does_not_stop_somebody_elses_session(house, pile, wish):
    session_id = charging(house, pile, wish("1-101"))
    assert swipe(pile, card_of("1-102"), "stop") == "blocked"
    assert state_of(house, session_id) == "charging"
    assert swipe(pile, card_of("1-101"), "stop", "c-2") == "ok"
    assert state_of(house, session_id) == "stopping"


def test_a_card_at_a_busy_outlet_is_sent_to_the_app(house, pile, wish):
    charging(house, pile, wish("1-101"))
    assert swipe(pile, card_of("1-102")) == "try_app"


def test_the_card_of_somebody_who_moved_out_starts_nothing(house, pile):
    with house.store.writing() as uow:
        next(one for one in households(uow) if one.door == "1-101").moved_out_at = house.clock.now()
    assert swipe(pile, card_of("1-101")) in ("unknown_card", "try_app", "blocked")
    assert pile.commands() == []


# --- a feeder's own meter -------------------------------------------------------------------------


def feeder(house, clock, name: str, *phases: dict) -> None:
    payload = {"boot_id": "9f3a61c2", "uptime_ms": 1, "readings": list(phases)}
    now_ms = int(clock.now().timestamp() * 1000)
    topic = f"pile/1/{name}/up/feeder"
    uplink.take(house, [Heard(topic, json.dumps(payload).encode(), now_ms, 0)])


def test_a_feeders_meter_sees_what_is_no_outlet_too(house, pile, clock):
    feeder(house, clock, "entrance-1", {"phase": "l1", "current_ma": 21_000})
    with house.look() as work:
        load = cables.loads_now(work)["entrance-1"]
    assert (load.current_ma, load.metered) == (21_000, True)
    ticks.tick(house)
    assert incidents(house) == ["feeder_near"]


def test_the_meter_of_a_feeder_nobody_knows_is_counted_and_changes_nothing(house, clock):
    counted = []
    house.listeners.append(lambda outcomes: counted.append(outcomes.counts))
    feeder(house, clock, "entrance-9", {"phase": "l1", "current_ma": 90_000})
    feeder(house, clock, "entrance-1", {"phase": "l7", "current_ma": 90_000})
    assert counted[0]["unknown_feeder_meters", ""] == 1
    assert incidents(house) == []
    assert dead_letters(house) == []


def test_a_message_that_breaks_the_walk_every_time_is_kept_as_evidence(house, pile):
    broken = pile.heard("meter", pile.numbered(readings=[pile.reading()]))
    uplink.put_aside(house, broken, "broke: ZeroDivisionError")
    (letter,) = dead_letters(house)
    assert (letter.reason, letter.payload) == ("broke: ZeroDivisionError", broken.payload)
