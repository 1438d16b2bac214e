"""Starting and stopping: one session per wish, obeyed once, and never 'charging' before it is."""

import threading

import pytest
from pydantic import ValidationError

from service.alerts.records import open_rows
from service.flow import requests, ticks
from service.flow.requests import Started, Stopped, start, stop
from service.sessions.lifecycle import State
from service.sessions.may_start import Reason, Refused
from service.sessions.records import session_row
from service.settings import Settings


def state_of(house, session_id):
    with house.store.reading() as uow:
        return session_row(uow, session_id).state


def test_a_start_names_the_connection_and_ends_at_the_piles_own_uptime(house, pile, wish, clock):
    started = start(house, wish())
    (command,) = pile.commands()
    assert command["cmd"] == "start"
    assert command["session_id"] == started.session_id
    assert command["conn_id"] == pile.conn_id
    assert command["valid_until_uptime_ms"] == pile.uptime_ms + 30_000
    assert command["max_power_w"] == 1000
    assert command["max_duration_s"] == 36_000


def test_the_session_is_charging_only_after_the_pile_confirmed(house, pile, wish):
    started = start(house, wish())
    assert started.state is State.STARTING
    (command,) = pile.commands()
    pile.result(command["command_id"], "accepted")
    assert state_of(house, started.session_id) == "starting"
    pile.result(command["command_id"], "done", session_id=started.session_id, outlet=1)
    assert state_of(house, started.session_id) == "charging"


def test_a_reading_with_the_order_number_is_confirmation_too(house, pile, wish):
    started = start(house, wish())
    pile.meter(pile.reading(session_id=started.session_id, reason="start"))
    assert state_of(house, started.session_id) == "charging"


def test_the_same_tap_repeated_is_the_same_session(house, pile, wish):
    first, second = start(house, wish()), start(house, wish())
    assert second == Started(first.session_id, State.STARTING, again=True)
    assert len(pile.commands()) == 1


def test_a_second_scan_of_a_busy_outlet_is_refused(house, pile, wish):
    start(house, wish("1-101"))
    refused = start(house, wish("1-102"))
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.OUTLET_BUSY


def test_twenty_taps_at_once_on_one_outlet_make_one_session(house, pile, wish):
    answers = []
    wishes = [wish("1-101", key=f"tap {n}") for n in range(20)]
    threads = [threading.Thread(target=lambda w=w: answers.append(start(house, w))) for w in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [answer for answer in answers if isinstance(answer, Started)]
    assert len(winners) == 1
    assert {a.reason for a in answers if isinstance(a, Refused)} == {Reason.OUTLET_BUSY}


def test_a_silent_pile_starts_nothing(house, pile, wish, clock):
    clock.advance(200)
    refused = start(house, wish())
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.PILE_SILENT


def test_a_pile_out_of_service_starts_nothing_whatever_it_says_itself(house, pile, wish):
    requests.put_in_service(house, "LB-001", False, "screws loose")
    pile.heartbeat()
    assert start(house, wish()).reason is Reason.OUT_OF_SERVICE
    requests.put_in_service(house, "LB-001", True, None)
    assert isinstance(start(house, wish()), Started)


def test_a_household_that_moved_out_starts_nothing(house, pile, wish):
    asked = wish()
    with house.store.writing() as uow:
        requests.household_of(uow, asked.household_id).moved_out_at = house.clock.now()
    assert start(house, asked).reason is Reason.HOUSEHOLD_UNKNOWN


def test_a_spending_cap_becomes_an_energy_limit_that_the_pile_keeps_by_itself(house, pile, wish):
    start(house, wish(cap_fen=35))
    (command,) = pile.commands()
    assert command["max_energy_wh"] == 523  # 0.2547 and 0.1046: printed as 0.25 and 0.10


def test_a_pile_that_refuses_leaves_nothing_behind_rule_20(house, pile, wish):
    started = start(house, wish())
    (command,) = pile.commands()
    pile.result(command["command_id"], "rejected", code="not_plugged", outlet=1)
    assert state_of(house, started.session_id) == "cancelled"
    assert isinstance(start(house, wish(key="again")), Started)


def test_a_start_without_an_answer_is_sent_once_more_after_15_s_rule_14(house, pile, wish, clock):
    start(house, wish())
    (first,) = pile.commands()
    clock.advance(14)
    assert pile.commands() == []
    clock.advance(1)
    (second,) = pile.commands()
    assert second == first
    clock.advance(30)
    pile.heartbeat()
    assert pile.commands() == []


def test_after_90_s_without_an_answer_the_order_is_cancelled_rule_14(house, pile, wish, clock):
    started = start(house, wish())
    pile.commands()
    clock.advance(89)
    ticks.tick(house)
    assert state_of(house, started.session_id) == "starting"
    clock.advance(1)
    ticks.tick(house)
    assert state_of(house, started.session_id) == "cancelled"


def test_a_pile_that_charges_after_all_is_stopped_and_told_of_rule_14(house, pile, wish, clock):
    started = start(house, wish())
    pile.commands()
    clock.advance(90)
    ticks.tick(house)
    pile.meter(pile.reading(session_id=started.session_id))
    (command,) = pile.commands()
    assert (command["cmd"], command["session_id"]) == ("stop", started.session_id)
    assert incidents(house) == ["charging_without_order"]


def incidents(house):
    with house.store.reading() as uow:
        return [row.code for row in open_rows(uow)]


def test_a_stop_carries_the_running_order_number_rule_13(house, pile, wish):
    started = charging(house, pile, wish())
    stop(house, started.session_id, "resident", wish().household_id)
    (command,) = pile.commands()
    assert (command["cmd"], command["session_id"]) == ("stop", started.session_id)
    assert command["reason"] == "user"


def test_stopping_twice_is_one_stop(house, pile, wish, clock):
    started = charging(house, pile, wish())
    stop(house, started.session_id, "resident")
    assert stop(house, started.session_id, "resident") == Stopped(
        started.session_id, State.STOPPING
    )
    assert len(pile.commands()) == 1
    clock.advance(1)
    assert pile.commands() == []


def test_nobody_stops_another_households_session(house, pile, wish):
    started = charging(house, pile, wish("1-101"))
    refused = stop(house, started.session_id, "resident", wish("1-102").household_id)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.NOT_YOURS


def test_half_a_second_lies_between_two_commands_to_one_pile_rule_15(house, pile, wish, clock):
    start(house, wish("1-101"))
    start(house, wish("1-102", outlet=2))
    assert len(pile.commands()) == 1
    assert pile.commands() == []
    clock.advance(0.5)
    assert len(pile.commands()) == 1


def test_unplugging_ends_the_session_at_once_rule_18(house, pile, wish, clock):
    started = charging(house, pile, wish())
    clock.advance(60)
    pile.event("unplugged")
    assert state_of(house, started.session_id) == "ended"
    assert isinstance(start(house, wish("1-102")), Started)


def test_an_unplug_from_before_the_start_does_not_end_it(house, pile, wish, clock):
    early = pile.heard("outlet", pile.numbered(
        uptime_ms=pile.uptime_ms, outlet=1, event="unplugged", state="empty",
    ))  # fmt: skip
    clock.advance(20)
    pile.heartbeat()
    started = charging(house, pile, wish())
    pile.deliver(early)
    assert state_of(house, started.session_id) == "charging"


def test_a_pile_that_no_longer_mentions_a_session_has_ended_it(house, pile, wish, clock):
    started = charging(house, pile, wish())
    for _ in range(4):
        clock.advance(60)
        pile.heartbeat()
    assert state_of(house, started.session_id) == "ended"


def test_cutting_an_entrance_switches_every_outlet_off_with_or_without_a_session(house, pile, wish):
    charging(house, pile, wish())
    sent = requests.cut_entrance(house, 1, "gatehouse")
    assert sent == 2
    kinds = []
    for _ in range(4):
        kinds += [(one["cmd"], one["session_id"]) for one in pile.commands()]
        house.clock.advance(1)
    assert [cmd for cmd, _ in kinds] == ["stop", "stop", "stop"]
    assert [session for _, session in kinds].count("any") == 2


def charging(house, pile, asked):
    """A session that the pile has confirmed."""
    started = start(house, asked)
    for command in pile.commands():
        pile.result(command["command_id"], "done", session_id=started.session_id, outlet=1)
    house.clock.advance(1)
    return started


def test_an_outlet_is_limited_to_1000_w_and_stops_by_itself_above_rule_22(house, pile, wish):
    started = start(house, wish())
    (command,) = pile.commands()
    assert command["max_power_w"] == 1000
    record = pile.settlement(started.session_id, 1000, 1200, stop_reason="overload")
    pile.say("session", record)
    with house.store.reading() as uow:
        assert session_row(uow, started.session_id).stop_reason == "overload"


def test_no_setting_lifts_an_outlet_above_2000_w_rule_22():
    assert Settings(outlet_limit_w=2000).outlet_limit_w == 2000
    with pytest.raises(ValidationError):
        Settings(outlet_limit_w=2001)


@pytest.mark.parametrize("cmd", ["locate", "reboot", "report_now", "watch"])
def test_maintenance_may_ask_a_pile_for_harmless_things(house, pile, cmd):
    requests.operate(house, requests.Operation("LB-001", cmd, 1), "maintenance")
    (command,) = pile.commands()
    assert command["cmd"] == cmd


def test_maintenance_cannot_start_a_session_by_a_command(house, pile):
    refused = requests.operate(house, requests.Operation("LB-001", "start", 1), "maintenance")
    assert isinstance(refused, Refused)
    assert pile.commands() == []
