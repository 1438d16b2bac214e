"""A session on the pile: limits kept without a network, plug-out, full, power cuts, the meter."""

from itertools import pairwise

import pytest

from simulator.packs import Pack, fitted_shapes
from simulator.times import MINUTE
from tests.simulator.stage import PILE, Stage, kind


def the_settlement(stage: Stage) -> dict:
    settled = {body["settlement_seq"]: body for body in stage.said("session")}
    assert len(settled) == 1
    return next(iter(settled.values()))


def test_unplugging_ends_the_session_with_the_register_of_that_moment():
    stage = Stage().charging().run(3600)
    stage.unplug()
    register = stage.pile.slot(1).hw.meter.total_wh
    stage.run(3)
    settled, event = the_settlement(stage), stage.said("outlet")[-1]
    assert settled["stop_reason"] == "unplugged"
    assert settled["energy_end_wh"] == event["energy_total_wh"] == register
    assert settled["energy_wh"] == settled["energy_end_wh"] - settled["energy_start_wh"] > 100
    assert (event["event"], event["state"], event["session_id"]) == ("unplugged", "empty", "S1")


def test_the_next_bikes_energy_never_lands_on_the_session_before():
    """Domain rule 18."""
    stage = Stage().charging().run(1800)
    stage.unplug()
    stage.plug(1, 800)
    stage.start(1, "S2")
    stage.run(3600)
    stage.unplug()
    stage.run(5)
    first, second = {b["session_id"]: b for b in stage.said("session")}.values()
    assert first["energy_end_wh"] == second["energy_start_wh"]
    truth = stage.world.oracle.sessions
    for settled in (first, second):
        assert settled["energy_wh"] == truth[settled["session_id"]].energy_wh


def test_both_plug_directions_are_always_told():
    stage = Stage().online()
    stage.plug(2)
    stage.unplug(2)
    events = [(e["outlet"], e["event"], e["state"]) for e in stage.said("outlet")]
    assert events == [(2, "plugged", "plugged"), (2, "unplugged", "empty")]


def test_the_longest_time_is_kept_with_no_network():
    stage = Stage().charging(max_duration_s=1800)
    stage.world.link_down(PILE, stage.now, stage.now + 3 * 3_600_000)
    stage.run(4 * 3600)
    settled = the_settlement(stage)
    assert settled["stop_reason"] == "max_time"
    assert settled["duration_s"] == 1800


def test_the_most_energy_is_kept_to_the_watt_hour():
    stage = Stage().charging(max_energy_wh=123).run(3 * 3600)
    settled = the_settlement(stage)
    assert settled["stop_reason"] == "set_energy"
    assert settled["energy_wh"] == 123


def test_too_much_power_opens_the_relay_after_three_samples():
    stage = Stage().online()
    stage.plug(1, 900)
    stage.start(1, "S1", max_power_w=100)
    stage.run(20)
    settled = the_settlement(stage)
    assert settled["stop_reason"] == "overload"
    assert 2 <= settled["duration_s"] <= 12
    assert not stage.relay_is_closed()


def test_full_is_low_power_held_for_an_hour():
    stage = Stage().charging(wh=120).run(6 * 3600)
    settled = the_settlement(stage)
    assert settled["stop_reason"] == "full"
    events = [(e["event"], e["state"]) for e in stage.said("outlet")]
    assert events[-1] == ("full_detected", "full")
    rows = [r for m in stage.said("meter") for r in m["readings"] if r.get("session_id") == "S1"]
    low_since = next(
        r["uptime_ms"] for r in rows if r["reason"] != "start" and 0 < r["power_w"] < 30
    )
    assert settled["end"]["uptime_ms"] - low_since == pytest.approx(3_600_000, abs=150_000)


def test_the_service_may_name_its_own_full_rule():
    stage = Stage().charging(wh=120, full_stop={"below_w": 30, "hold_s": 300}).run(4 * 3600)
    assert the_settlement(stage)["stop_reason"] == "full"
    assert the_settlement(stage)["duration_s"] < 3 * 3600


def test_an_aged_pack_runs_until_the_hard_limit():
    stage = Stage().online()
    stage.plug(1, 2800, "aged lead 48 V 20 Ah")
    stage.start(1, "S1")
    stage.run(11 * 3600)
    assert the_settlement(stage)["stop_reason"] == "max_time"
    assert the_settlement(stage)["energy_wh"] > 1400


@pytest.mark.parametrize(
    ("trace", "minutes"),
    [("lectric_battery_2", 232), ("lectric_battery_1", 232), ("rad_battery_2", 102),
     ("rad_battery_1", 198)],
)  # fmt: skip
def test_the_30_watt_rule_stops_the_measured_chargers_when_it_should(trace, minutes):
    """Domain rule 19: 30 W for 60 min on the four traces, plus or minus 6 min."""
    curve = fitted_shapes()[trace].curve()
    assert curve.below_for(0, 30, 3600) / 60 == pytest.approx(minutes, abs=6)


# --- the meter's cadence ---


def rows_of(stage: Stage, outlet: int = 1) -> list[dict]:
    return [r for m in stage.said("meter") for r in m["readings"] if r["outlet"] == outlet]


def test_a_charging_outlet_reports_each_minute_and_an_idle_one_each_quarter_hour():
    stage = Stage().charging(wh=1000).forget().run(3600)
    gaps = [b["uptime_ms"] - a["uptime_ms"] for a, b in pairwise(rows_of(stage))]
    assert set(gaps) == {60_000}
    idle = [b["uptime_ms"] - a["uptime_ms"] for a, b in pairwise(rows_of(stage, 2))]
    assert set(idle) == {900_000}


def test_a_fall_of_more_than_a_fifth_is_told_before_the_next_interval():
    stage = Stage()
    stage.world.piles[PILE].core.cfg.__dict__["keeps_own_intervals"] = True
    stage.online()
    stage.pile.core.meter_s = 3600
    stage.plug(1, 60, "lithium 48 V 14 Ah")
    stage.start(1, "S1")
    stage.run(3 * 3600)
    changes = [r for r in rows_of(stage) if r["reason"] == "change"]
    assert len(changes) >= 4
    times = [r["uptime_ms"] for r in rows_of(stage)]
    assert all(b - a >= 10_000 for a, b in pairwise(times[2:]))


def test_within_one_register_the_value_never_falls():
    stage = Stage().charging().run(5 * 3600)
    stage.unplug()
    totals = [r["energy_total_wh"] for r in rows_of(stage)]
    assert totals == sorted(totals)


# --- power cuts (contract section 4, domain rule 17, check 20) ---


def test_a_power_cut_inside_a_session_resumes_it_when_the_plug_is_still_in():
    stage = Stage().charging().run(1800).power(False).run(1200).forget().power(True).run(1800)
    hello = stage.said("hello")[0]
    assert hello["reset_reason"] == "power_on"
    assert hello["power_lost_s"] == pytest.approx(1200, abs=2)
    assert [e["event"] for e in stage.said("outlet")] == ["resumed"]
    stage.unplug()
    stage.run(30)
    settled = the_settlement(stage)
    assert settled["session_id"] == "S1"
    assert settled["power_cuts"] == 1
    assert settled["stop_reason"] == "unplugged"
    assert settled["start"]["boot_id"] != settled["end"]["boot_id"]
    assert settled["charging_s"] == pytest.approx(settled["duration_s"] - 1200, abs=15)
    assert settled["energy_wh"] == stage.world.oracle.sessions["S1"].energy_wh


def test_a_plug_pulled_in_the_dark_is_settled_as_power_loss():
    stage = Stage().charging().run(1800).power(False)
    stage.unplug()
    stage.run(300).power(True).run(60)
    settled = the_settlement(stage)
    assert settled["stop_reason"] == "power_loss"
    assert settled["end"]["clock"] == "none"
    assert "time_utc" not in settled["end"]


def test_another_bike_plugged_in_the_dark_does_not_resume_the_session():
    stage = Stage().charging().run(600).power(False)
    stage.unplug()
    stage.desk.take(stage.world.plug(PILE, 1, Pack(kind(), 700)))
    stage.run(300).power(True).run(600)
    assert the_settlement(stage)["stop_reason"] == "power_loss"
    assert not stage.relay_is_closed()


def test_after_an_hour_without_power_the_session_is_settled():
    stage = Stage().charging().run(600).power(False).run(3700).power(True).run(60)
    assert the_settlement(stage)["stop_reason"] == "power_loss"


def test_a_reboot_in_mid_session_resumes_the_same_session():
    """Check 20."""
    stage = Stage().charging().run(600)
    stage.world.emit(PILE, stage.pile.reboot(stage.now, "watchdog", planned=False), stage.now)
    stage.run(600)
    charge = stage.pile.slot(1).charge
    assert charge is not None
    assert charge.session_id == "S1"
    assert charge.power_cuts == 0
    assert stage.said("hello")[-1]["reset_reason"] == "watchdog"


def test_a_gap_in_energy_is_allowed_over_a_power_cut_but_no_fall():
    stage = Stage().charging().run(1800).power(False).run(600).power(True).run(1800)
    totals = [r["energy_total_wh"] for r in rows_of(stage)]
    assert totals == sorted(totals)


# --- the true ledger ---


def test_the_ledger_counts_every_step_of_every_register():
    stage = Stage().charging().run(3600)
    meters = [slot.hw.meter for slot in stage.pile.core.slots]
    began = [1_000_000, 1_000_000]
    for n, row in enumerate(rows_of(stage)[:1] + rows_of(stage, 2)[:1]):
        began[n] = row["energy_total_wh"]
    stage.unplug()
    moved = sum(m.total_wh - b for m, b in zip(meters, began, strict=True))
    assert stage.world.oracle.metered_wh(PILE) == moved
    assert stage.world.oracle.metered_wh() == moved
    assert stage.world.oracle.sessions["S1"].energy_wh == moved
    assert stage.now % MINUTE >= 0
