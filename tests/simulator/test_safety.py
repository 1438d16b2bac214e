"""Faults, settings, firmware and the clock of a pile."""

from itertools import pairwise

import pytest

from simulator.clockwork import PileClock
from simulator.mishaps import Mishap
from simulator.times import DAY, HOUR, parse_iso
from tests.simulator.stage import PILE, Stage


def mishap(stage: Stage, kind: str, seconds: int = 600, outlet: int = 1) -> Stage:
    stage.world.mishap(Mishap(kind, stage.now, PILE, outlet, stage.now + seconds * 1000))
    return stage


# --- faults ---


def test_an_outlet_too_hot_for_30_seconds_is_switched_off_and_says_what_was_measured():
    stage = mishap(Stage().charging().run(600).forget(), "over_temperature").run(29)
    assert stage.relay_is_closed()
    stage.run(2)
    fault, settled = stage.said("fault")[0], stage.said("session")[0]
    assert not stage.relay_is_closed()
    assert fault["code"] == "over_temp_outlet"
    assert (fault["value"], fault["limit"], fault["unit"]) == (82.5, 80, "c")
    assert fault["action"] == "outlet_off"
    assert settled["stop_reason"] == "over_temp_outlet"


def test_the_fault_is_cleared_under_its_own_id_when_it_has_cooled():
    stage = mishap(Stage().charging(), "over_temperature").run(700)
    raised, cleared = stage.said("fault")
    assert raised["fault_id"] == cleared["fault_id"]
    assert (raised["active"], cleared["active"]) == (True, False)
    assert cleared["value"] == 51.0


def test_a_short_heat_is_no_fault():
    stage = mishap(Stage().charging(), "over_temperature", seconds=20).run(600)
    assert stage.said("fault") == []


def test_smoke_switches_everything_off_and_refuses_starts():
    stage = Stage().charging()
    stage.plug(2)
    stage.start(2, "S2")
    mishap(stage.run(15), "smoke").run(2)
    assert [b["stop_reason"] for b in stage.said("session")] == ["smoke", "smoke"]
    assert not stage.relay_is_closed(1)
    assert not stage.relay_is_closed(2)
    fault = stage.said("fault")[0]
    assert (fault["severity"], fault["action"]) == ("critical", "all_off")
    assert "outlet" not in fault
    stage.forget().start(1, "S3")
    assert stage.results() == [("rejected", "smoke")]
    stage.run(700).forget().start(1, "S4")
    assert stage.results()[0] == ("accepted", None)


def test_an_active_fault_is_in_every_heartbeat_until_it_is_cleared():
    stage = mishap(Stage().online(), "smoke", seconds=300).run(250)
    assert stage.said("heartbeat")[-1]["faults"][0]["code"] == "smoke"
    assert stage.said("heartbeat")[-1]["outlets"][0]["state"] == "fault"
    stage.run(200)
    assert stage.said("heartbeat")[-1]["faults"] == []


def test_a_raise_is_repeated_only_after_a_reboot_with_a_new_id():
    stage = mishap(Stage().online(), "smoke", seconds=7200).run(600)
    assert len(stage.said("fault")) == 1
    stage.power(False).run(10).power(True).run(120)
    first, second = [f for f in stage.said("fault") if f["active"]][:2]
    assert first["fault_id"] != second["fault_id"]
    assert second["fault_id"].startswith(stage.pile.core.boot_id)


def test_a_relay_that_welds_while_idle_is_noticed_when_a_bike_is_plugged_in():
    stage = Stage().online()
    mishap(stage, "relay_welded", seconds=3600).run(60)
    stage.plug(1)
    stage.run(15)
    assert stage.said("fault")[0]["code"] == "relay_welded"
    assert stage.said("heartbeat") != []
    stage.run(600).start(1, "S1")
    assert stage.results() == [("rejected", "relay_welded")]
    assert stage.world.oracle.unattributed_wh() > 10
    stage.run(3600)
    assert stage.said("fault")[-1]["active"] is False


def test_a_replaced_register_begins_a_new_epoch_and_ends_the_session_exactly():
    """Check 14: the register falls."""
    stage = Stage().charging().run(1800)
    old = stage.pile.slot(1).hw.meter.register_id
    mishap(stage, "register_reset").run(5)
    settled = stage.said("session")[0]
    assert (settled["stop_reason"], settled["register_id"]) == ("meter", old)
    assert settled["energy_wh"] == stage.world.oracle.sessions["S1"].energy_wh > 0
    assert stage.pile.slot(1).hw.meter.register_id != old
    assert stage.said("meter")[-1]["readings"][0]["energy_total_wh"] == 0


def test_a_register_that_falls_unnoticed_keeps_its_id():
    stage = Stage().charging().run(1800)
    old = stage.pile.slot(1).hw.meter
    register_id = old.register_id
    mishap(stage, "register_falls").run(600)
    assert stage.said("session") == []
    row = stage.said("meter")[-1]["readings"][0]
    assert row["register_id"] == register_id
    assert row["energy_total_wh"] < 200


def test_a_register_jump_is_not_in_the_true_ledger():
    """Check 15."""
    stage = Stage().charging().run(600)
    mishap(stage, "register_jump").run(600)
    assert stage.said("meter")[-1]["readings"][0]["energy_total_wh"] > 10_000_000
    assert stage.world.oracle.metered_wh() < 100


# --- settings ---


def test_a_setting_is_applied_reported_and_numbered():
    stage = Stage().online().forget()
    stage.command("config_set", if_rev=7, rev=8, config={"max_power_w": 800, "meter_s": 30})
    assert stage.results() == [("accepted", None), ("done", None)]
    config = stage.said("config")[0]
    assert config["rev"] == 8
    assert config["config"]["max_power_w"] == 800
    assert stage.pile.core.meter_s == 30


def test_two_different_settings_have_different_hashes():
    stage = Stage().online()
    before = stage.pile.core.flash.config.sha()
    stage.command("config_set", if_rev=7, rev=8, config={"meter_s": 30})
    assert stage.pile.core.flash.config.sha() != before


@pytest.mark.parametrize(
    "config",
    [{"meter_s": 30, "colour": 1}, {"max_power_w": 2500}, {"over_temp_outlet_c": 85},
     {"meter_s": 0}, {"offline_start": 1}, {"meter_s": True}, "x", None],
)  # fmt: skip
def test_a_change_that_cannot_be_applies_nothing_and_names_the_key(config):
    stage = Stage().online()
    before = dict(stage.pile.core.flash.config.values)
    stage.command("config_set", if_rev=7, rev=8, config=config)
    assert stage.results() == [("rejected", "bad_request")]
    assert stage.pile.core.flash.config.values == before
    assert stage.pile.core.flash.config.rev == 7
    if isinstance(config, dict):
        assert sorted(config)[0] in stage.said("result")[0]["detail"] or "meter_s" in config


def test_if_rev_guards_a_newer_change():
    stage = Stage().online()
    stage.command("config_set", if_rev=6, rev=8, config={"meter_s": 30})
    assert stage.results() == [("rejected", "bad_request")]
    assert "revision is 7" in stage.said("result")[0]["detail"]


def test_settings_survive_a_power_cut():
    stage = Stage().online()
    stage.command("config_set", if_rev=7, rev=8, config={"full_stop_hold_s": 600})
    stage.power(False).run(5).power(True).run(60)
    assert stage.said("hello")[-1]["config_rev"] == 8


# --- firmware ---

IMAGE = {
    "version": "2.5.0", "url": "https://fw.example.org/kx2p/2.5.0.bin", "size_bytes": 412_672,
    "sha256": "9f" * 32, "sig_ed25519": "x" * 88, "when": "idle",
}  # fmt: skip


def phases(stage: Stage) -> list[str]:
    once = {(f["boot_id"], f["seq"]): f["phase"] for f in stage.said("firmware")}
    found = list(once.values())
    return [a for a, b in pairwise([*found, ""]) if a != b]


def test_new_firmware_is_loaded_checked_installed_and_confirmed_by_the_welcome():
    stage = Stage().online()
    stage.command("firmware", **IMAGE)
    stage.run(600)
    assert phases(stage) == [
        "queued", "downloading", "verified", "installing", "rebooting", "confirmed",
    ]  # fmt: skip
    hello = stage.said("hello")[-1]
    assert (hello["fw"], hello["fw_slot"], hello["reset_reason"]) == ("2.5.0", "b", "firmware")
    offline = [s for s in stage.said("state") if s["state"] == "offline"]
    assert [s["reason"] for s in offline] == ["firmware"]


def test_it_waits_until_no_one_charges():
    stage = Stage().charging()
    stage.command("firmware", **IMAGE)
    stage.run(1800)
    assert phases(stage)[-1] == "waiting_idle"
    stage.unplug()
    stage.run(300)
    assert phases(stage)[-1] == "confirmed"


def test_a_bad_signature_is_refused_by_the_pile():
    stage = Stage().online()
    stage.command("firmware", **(IMAGE | {"url": "https://fw.example.org/bad-signature.bin"}))
    stage.run(600)
    assert phases(stage) == ["queued", "downloading", "failed"]
    assert stage.said("firmware")[-1]["detail"] == "signature"
    assert stage.pile.core.flash.fw == "2.4.1"


def test_an_image_without_a_welcome_in_ten_minutes_rolls_back():
    stage = Stage().online()
    stage.command("firmware", **(IMAGE | {"url": "https://fw.example.org/never-welcomed.bin"}))
    stage.run(1500)
    assert phases(stage)[-1] == "rolled_back"
    assert stage.said("hello")[-1]["fw"] == "2.4.1"
    assert stage.said("hello")[-1]["fw_slot"] == "a"


@pytest.mark.parametrize(
    "change", [{"url": "http://fw.example.org/x"}, {"size_bytes": 0}, {"sha256": None}]
)
def test_an_image_that_may_not_be_loaded_is_refused(change):
    stage = Stage().online()
    stage.command("firmware", **(IMAGE | change))
    assert stage.results() == [("rejected", "bad_request")]


# --- the clock (contract section 5, check 18) ---

NOON = parse_iso("2026-03-02T12:00:00Z")


def test_before_the_first_welcome_no_time_is_told():
    stage = Stage(deaf=True).run(20)
    hello = stage.said("hello")[0]
    assert hello["clock"] == "none"
    assert hello["time_utc"] is None
    assert all("time_utc" not in r for m in stage.said("meter") for r in m["readings"])


def test_the_welcome_sets_the_clock_and_half_the_round_trip_is_added():
    clock = PileClock()
    clock.told(NOON, 1000, 1400, may_step=True)
    assert clock.utc_ms(1400) == NOON + 200
    assert clock.state(1400) == "synced"


def test_after_a_day_without_an_answer_the_clock_is_no_longer_synced():
    clock = PileClock()
    clock.told(NOON, None, 0, may_step=True)
    assert clock.state(DAY) == "synced"
    assert clock.state(DAY + 1) == "rtc"


def test_during_a_session_the_clock_is_slewed_and_never_steps():
    clock = PileClock()
    clock.told(NOON, None, 0, may_step=True)
    clock.told(NOON + HOUR + 2000, None, HOUR, may_step=False)
    seen = [clock.utc_ms(HOUR + t) for t in range(0, 2 * HOUR, 60_000)]
    assert all(59_000 < b - a < 61_000 for a, b in pairwise(seen))
    assert seen[-1] - (NOON + 3 * HOUR - 60_000) == 2000


def test_the_time_is_asked_again_each_twelve_hours():
    stage = Stage().online().run(25 * 3600)
    times = stage.times("time")
    assert len(times) == 2
    assert times[1] - times[0] == pytest.approx(12 * 3600, abs=5)


def test_a_wrong_clock_changes_no_uptime_and_no_energy():
    right, wrong = Stage().charging(), Stage().charging()
    mishap(wrong, "clock_wrong")
    for stage in (right, wrong):
        stage.run(3600)
        stage.unplug()
        stage.run(5)
    a, b = right.said("session")[0], wrong.said("session")[0]
    assert a["end"]["time_utc"] != b["end"]["time_utc"]
    for key in ("energy_wh", "duration_s", "energy_end_wh"):
        assert a[key] == b[key]


def test_uptime_does_not_wrap_after_49_days():
    """Check 19."""
    stage = Stage(deaf=False, meter_idle_s=86_400, heartbeat_s=3600, keeps_own_intervals=True)
    stage.online().run(50 * 86_400)
    assert stage.said("heartbeat")[-1]["uptime_ms"] > 2**32
