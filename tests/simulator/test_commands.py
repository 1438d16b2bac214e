"""What a pile does when told: the six rules of the contract's section 4, and checks 5 to 9."""

import pytest

from tests.simulator.stage import PILE, Stage


def test_a_start_is_accepted_at_once_and_done_when_the_current_is_seen():
    stage = Stage().online()
    stage.plug()
    stage.start(1, "S1")
    assert stage.results() == [("accepted", None)]
    assert [r["state"] for r in stage.pile.reports.statuses(stage.now)] == ["starting", "empty"]
    stage.run(10)
    assert stage.results() == [("accepted", None), ("done", None)]
    done = stage.said("result")[-1]
    assert done["outlet_state"] == "charging"
    assert done["session_id"] == "S1"
    assert done["power_w"] > 10


def test_a_start_brings_a_reading_with_the_order_number_and_the_reason_start():
    stage = Stage().charging()
    rows = [r for m in stage.said("meter") for r in m["readings"] if r["reason"] == "start"]
    assert len(rows) == 1
    assert rows[0]["session_id"] == "S1"


# --- rule 1 ---


def test_a_start_delivered_late_expires_and_leaves_the_relay_alone():
    """Check 5: the link stalled for 40 s inside a living connection."""
    stage = Stage().online()
    stage.plug()
    late = {
        "command_id": "C1", "conn_id": stage.pile.core.conn_id, "cmd": "start", "outlet": 1,
        "session_id": "S1", "valid_s": 30,
        "valid_until_uptime_ms": stage.pile.core.uptime(stage.now) + 30_000,
    }  # fmt: skip
    stage.run(40)
    stage.tell("cmd", late)
    assert stage.results() == [("expired", "expired")]
    assert not stage.relay_is_closed()


def test_a_start_is_good_until_its_last_millisecond():
    stage = Stage().online()
    stage.plug()
    stage.start(1, "S1", valid_until_uptime_ms=stage.pile.core.uptime(stage.now))
    assert stage.results()[0] == ("accepted", None)


def test_a_start_for_an_old_connection_expires():
    """Check 7."""
    stage = Stage().online()
    stage.plug()
    stage.start(1, "S1", conn_id="5d0e77a1")
    assert stage.results() == [("expired", "expired")]
    assert not stage.relay_is_closed()


def test_a_command_without_an_end_expires():
    stage = Stage().online()
    stage.plug()
    stage.start(1, "S1", valid_until_uptime_ms=None)
    assert stage.results() == [("expired", "expired")]


# --- rule 2 ---


def test_a_start_sent_twice_starts_once_and_answers_twice():
    """Check 6: the service resends once at 15 s with the same id."""
    stage = Stage().online()
    stage.plug()
    stage.start(1, "S1", command_id="C1")
    stage.run(15)
    before = stage.pile.slot(1).hw.meter.total_wh
    stage.start(1, "S1", command_id="C1")
    stage.run(5)
    assert stage.results() == [("accepted", None), ("done", None), ("done", None)]
    assert len(stage.world.oracle.sessions) == 1
    assert stage.pile.slot(1).hw.meter.total_wh - before < 3


def test_a_repeat_after_the_end_of_its_time_still_gets_the_stored_answer():
    stage = Stage().charging()
    command_id = stage.said("result")[0]["command_id"]
    stage.run(120)
    stage.start(1, "S1", command_id=command_id, valid_until_uptime_ms=1)
    assert stage.results()[-1] == ("done", None)


def test_the_last_32_answers_are_kept_also_over_a_reboot():
    stage = Stage().online()
    for n in range(40):
        stage.command("locate", outlet=1, for_s=5, command_id=f"L{n}")
    stage.world.emit(PILE, stage.pile.reboot(stage.now, "watchdog"), stage.now)
    stage.run(60)
    kept = stage.pile.core.flash.results
    assert list(kept) == [f"L{n}" for n in range(8, 40)]
    stage.forget()
    stage.command("locate", outlet=1, for_s=5, command_id="L39")
    assert stage.results() == [("done", None)]


# --- rule 3 ---


def test_a_start_without_a_charger_behind_the_plug_fails_with_no_load():
    """Domain rule 20: under 10 W within 10 s; nothing is settled and the outlet is free."""
    stage = Stage().online()
    stage.plug(1, 0)
    stage.start(1, "S1")
    stage.run(12)
    assert stage.results() == [("accepted", None), ("failed", "no_load")]
    assert stage.said("result")[-1]["outlet_state"] == "plugged"
    assert not stage.relay_is_closed()
    assert stage.said("session") == []
    assert stage.world.oracle.sessions == {}


def test_a_start_on_a_broken_relay_fails_by_name():
    stage = Stage().online()
    stage.plug()
    stage.pile.slot(1).hw.damage(stage.now, broken=True)
    stage.start()
    stage.run(12)
    assert stage.results()[-1] == ("failed", "relay_open")


def test_pulling_the_plug_while_starting_fails_the_start():
    stage = Stage().online()
    stage.plug()
    stage.start()
    stage.run(1)
    stage.unplug()
    stage.run(1)
    assert stage.results()[-1] == ("failed", "not_plugged")
    assert stage.said("session") == []


def test_a_stop_is_done_when_the_current_is_gone():
    stage = Stage().charging().forget()
    stage.command("stop", outlet=1, session_id="S1", reason="user")
    stage.run(2)
    assert stage.results() == [("accepted", None), ("done", None)]
    done = stage.said("result")[-1]
    assert done["outlet_state"] == "finished_not_removed"
    assert done["power_w"] == 0


def test_a_stop_on_a_welded_relay_fails_and_raises_the_worst_fault():
    stage = Stage().charging()
    stage.pile.slot(1).hw.damage(stage.now, welded=True)
    stage.command("stop", outlet=1, session_id="S1", reason="user")
    stage.run(2)
    assert stage.results()[-1] == ("failed", "relay_welded")
    fault = stage.said("fault")[-1]
    assert (fault["code"], fault["severity"], fault["outlet"]) == ("relay_welded", "critical", 1)
    stage.run(3600)
    assert stage.world.oracle.unattributed_wh() > 50
    settled = stage.said("session")[0]
    assert settled["energy_wh"] == stage.world.oracle.sessions["S1"].energy_wh < 5


# --- rule 4 ---


def test_a_stop_with_another_sessions_id_is_refused():
    """Check 9."""
    stage = Stage().charging().forget()
    stage.command("stop", outlet=1, session_id="S2", reason="user")
    assert stage.results() == [("rejected", "session_mismatch")]
    assert stage.relay_is_closed()


def test_the_operators_emergency_stop_stops_any_session():
    stage = Stage().charging().forget()
    stage.command("stop", outlet=1, session_id="any", reason="operator")
    stage.run(2)
    assert stage.results() == [("accepted", None), ("done", None)]
    assert stage.said("session")[0]["stop_reason"] == "operator"


def test_stopping_what_does_not_run_is_refused():
    stage = Stage().online()
    stage.command("stop", outlet=1, session_id="S1", reason="user")
    assert stage.results() == [("rejected", "already_stopped")]


def test_a_reason_the_pile_does_not_know_is_kept_as_detail():
    stage = Stage().charging()
    stage.command("stop", outlet=1, session_id="S1", reason="unknown_session")
    stage.run(3)
    settled = stage.said("session")[0]
    assert (settled["stop_reason"], settled["stop_detail"]) == ("other", "unknown_session")


# --- rule 5 ---


def test_a_second_start_or_stop_while_one_is_in_work_is_busy():
    stage = Stage().online()
    stage.plug()
    stage.start(1, "S1")
    stage.start(1, "S2")
    stage.command("stop", outlet=1, session_id="S1", reason="user")
    assert stage.results() == [("accepted", None), ("rejected", "busy"), ("rejected", "busy")]


# --- rule 6 and the refusals ---


@pytest.mark.parametrize("limit", ["max_duration_s", "max_energy_wh", "max_power_w"])
@pytest.mark.parametrize("value", [0, -1, "60", 1.5, True, None])
def test_a_limit_of_zero_or_nonsense_is_not_unlimited(limit, value):
    stage = Stage().online()
    stage.plug()
    stage.start(1, "S1", **{limit: value})
    if value is True:
        assert stage.results() == [("rejected", "bad_request")]
    assert ("done", None) not in stage.results()
    assert stage.results()[-1][1] == "bad_request"


def test_a_missing_limit_takes_the_configured_one():
    stage = Stage().charging()
    charge = stage.pile.slot(1).charge
    assert (charge.max_duration_s, charge.max_power_w) == (36_000, 1000)
    assert (charge.below_w, charge.hold_s) == (30, 3600)


def test_a_limit_above_the_configured_power_is_cut_to_it():
    stage = Stage().charging(max_power_w=9000)
    assert stage.pile.slot(1).charge.max_power_w == 1000


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"outlet": 3}, "outlet_unknown"),
        ({"outlet": 0}, "outlet_unknown"),
        ({"outlet": "1"}, "outlet_unknown"),
        ({"outlet": 2}, "not_plugged"),
        ({"session_id": ""}, "bad_request"),
        ({"session_id": "any"}, "bad_request"),
        ({"session_id": None}, "bad_request"),
    ],
)
def test_a_start_that_cannot_be_is_refused_by_code(fields, code):
    stage = Stage().online()
    stage.plug()
    stage.start(**({"outlet": 1} | fields))
    assert stage.results() == [("rejected", code)]


def test_a_command_the_pile_does_not_know_is_unsupported():
    stage = Stage().online()
    stage.command("explode", outlet=1)
    assert stage.results() == [("rejected", "unsupported")]


def test_a_charging_outlet_refuses_a_second_session():
    stage = Stage().charging().forget()
    stage.start(1, "S2")
    assert stage.results() == [("rejected", "already_charging")]


def test_an_outlet_with_a_fault_names_it():
    stage = Stage().online()
    stage.plug()
    stage.pile.safety.alarm("smoke", True, stage.now)
    stage.start()
    assert stage.results() == [("rejected", "smoke")]


def test_too_much_power_on_the_whole_pile_is_refused():
    stage = Stage().charging()
    stage.plug(2)
    object.__setattr__(stage.pile.core.cfg, "total_power_w", 100)
    stage.forget().start(2, "S2")
    assert stage.results() == [("rejected", "over_total_power")]


# --- the other commands ---


def test_extend_replaces_the_limits_of_the_running_session():
    stage = Stage().charging(max_energy_wh=50).forget()
    stage.command("extend", outlet=1, session_id="S1", max_duration_s=43_200, max_energy_wh=4000)
    stage.run(3600)
    assert stage.results() == [("accepted", None), ("done", None)]
    assert stage.said("session") == []


def test_extend_of_another_session_is_refused():
    stage = Stage().charging().forget()
    stage.command("extend", outlet=1, session_id="S2", max_duration_s=1, max_energy_wh=1)
    stage.command("extend", outlet=2, session_id="S1", max_duration_s=1, max_energy_wh=1)
    assert stage.results() == [("rejected", "session_mismatch"), ("rejected", "already_stopped")]


def test_watching_an_outlet_brings_readings_each_five_seconds_for_five_minutes():
    stage = Stage().charging().run(120).forget()
    stage.command("watch", outlet=1, every_s=5, for_s=300)
    stage.run(300)
    assert 58 <= len(stage.said("meter")) <= 62
    stage.run(10).forget().run(600)
    assert 9 <= len(stage.said("meter")) <= 12


@pytest.mark.parametrize(("every", "span"), [(4, 300), (5, 301), (5, 0)])
def test_watching_closer_or_longer_than_allowed_is_refused(every, span):
    stage = Stage().charging().forget()
    stage.command("watch", outlet=1, every_s=every, for_s=span)
    assert stage.results() == [("rejected", "bad_request")]


def test_report_now_brings_what_was_asked():
    stage = Stage().charging().forget()
    stage.command("report_now", what=["meter", "outlets", "config"])
    rows = stage.said("meter")[0]["readings"]
    assert [(r["outlet"], r["reason"]) for r in rows] == [(1, "request"), (2, "request")]
    assert len(stage.said("heartbeat")) == 1
    assert len(stage.said("config")) == 1


def test_report_now_to_all_is_spread():
    stage = Stage(piles=12).online().forget()
    body = b'{"what": ["meter"], "spread_s": 30}'
    stage.world.deliver("_all", "pile/1/_all/down/report_now", body, False, stage.now)
    stage.run(31)
    at = {
        u.pile: u.at for u, b in stage.desk.heard
        if u.publish.topic.endswith("/meter") and b["readings"][0]["reason"] == "request"
    }  # fmt: skip
    assert len(at) == 12
    assert max(at.values()) - min(at.values()) > 10_000


def test_a_reboot_when_idle_waits_for_the_running_charge():
    stage = Stage().charging().forget()
    stage.command("reboot", when="idle")
    stage.run(600)
    assert stage.said("hello") == []
    stage.unplug()
    stage.run(60)
    hello = stage.said("hello")[0]
    assert hello["reset_reason"] == "command"
    assert [s["state"] for s in stage.said("state")] == ["offline", "online"]


# --- cards ---


def test_a_swipe_asks_and_the_start_that_follows_is_a_start_by_card():
    stage = Stage().online()
    stage.plug()
    stage.desk.take(stage.world.swipe(PILE, 1, "04A2B7119C5A80"))
    stage.run(60)
    stage.unplug()
    stage.run(5)
    card, settled = stage.said("card")[0], stage.said("session")[0]
    assert (card["intent"], card["outlet"]) == ("start", 1)
    assert settled["start_source"] == "card"
    assert settled["card_uid"] == "04A2B7119C5A80"


def test_an_unanswered_swipe_is_sent_once_more_after_five_seconds_with_its_id():
    stage = Stage().online()
    stage.plug()
    stage.desk.deaf = True
    stage.desk.take(stage.world.swipe(PILE, 1, "04A2B7119C5A80"))
    stage.run(60)
    first, second = stage.said("card")
    assert first["swipe_id"] == second["swipe_id"]
    assert second["uptime_ms"] - first["uptime_ms"] == 5000
    assert first["seq"] < second["seq"]


def test_a_swipe_during_a_charge_asks_to_stop():
    stage = Stage().charging()
    stage.desk.take(stage.world.swipe(PILE, 1, "04A2B7119C5A80"))
    assert stage.said("card")[-1]["intent"] == "stop"


def test_a_swipe_without_a_service_says_so_and_sends_nothing():
    stage = Stage(deaf=True).run(20)
    stage.plug()
    stage.world.swipe(PILE, 1, "04A2B7119C5A80")
    assert stage.pile.voice == ["no_network"]
    assert stage.said("card") == []
