"""The fault catalogue is complete: every word a pile may use has words for people."""

import pytest

from service.piles import faults
from service.piles.faults import Severity, SwitchOff, catalogue, fault_of

CRITICAL_ON_THE_WIRE = {
    "smoke", "water", "leakage", "short_circuit", "relay_welded", "over_temp_outlet",
    "over_temp_ambient", "over_current", "ground_fault",
}  # fmt: skip
OTHERS_ON_THE_WIRE = {
    "relay_open", "meter_lost", "meter_suspect", "storage_fault", "storage_full", "clock_bad",
    "over_voltage", "under_voltage", "plug_jam", "fuse", "fan", "tamper", "sim_changed",
    "weak_signal", "identity_collision", "charger_abnormal",
}  # fmt: skip
REFUSALS_FOR_MAINTENANCE = {
    "outlet_fault", "outlet_blocked", "over_total_power", "relay_open", "relay_welded",
    "short_circuit", "meter_lost", "storage_fault", "smoke", "water", "leakage", "over_voltage",
    "under_voltage", "over_temp", "tamper", "bad_request", "unsupported",
}  # fmt: skip
NOTICED_BY_THE_SERVICE = {
    "silent", "charging_without_order", "not_drawing", "identity_collision", "feeder_near",
    "feeder_over", "feeder_shed", "register_jump", "settlement_conflict", "retained_command",
    "clock_bad", "stranded_session", "broker_lost", "inbox_full",
}  # fmt: skip


@pytest.mark.parametrize(
    "code",
    sorted(
        CRITICAL_ON_THE_WIRE | OTHERS_ON_THE_WIRE | REFUSALS_FOR_MAINTENANCE
        | NOTICED_BY_THE_SERVICE
    ),
)  # fmt: skip
def test_every_code_has_words_in_two_languages_and_a_first_thing_to_check(code: str):
    fault = catalogue()[code]
    for text in (fault.zh, fault.check_first_zh):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text)
    for text in (fault.en, fault.check_first_en):
        assert text.strip()
        assert text.isascii()


@pytest.mark.parametrize("code", sorted(CRITICAL_ON_THE_WIRE))
def test_what_the_contract_calls_critical_is_switched_off_and_never_waits(code: str):
    fault = catalogue()[code]
    assert fault.severity is Severity.CRITICAL
    assert fault.switch_off is not SwitchOff.NONE
    assert fault.show_after_s == 0


def test_nothing_critical_waits_to_be_shown():
    assert all(f.show_after_s == 0 for f in catalogue().values() if f.severity == "critical")


@pytest.mark.parametrize("code", ["relay_open", "plug_jam", "fuse", "under_voltage"])
def test_an_ordinary_outlet_fault_is_shown_after_three_minutes(code: str):
    assert catalogue()[code].show_after_s == 180


def test_smoke_reaches_the_neighbours_and_a_short_circuit_only_its_outlet():
    assert catalogue()["smoke"].switch_off is SwitchOff.NEIGHBOURS
    assert catalogue()["short_circuit"].switch_off is SwitchOff.OUTLET


def test_an_unknown_code_is_kept_and_described_as_another_fault():
    fault = fault_of("vendor_word_77")
    assert fault.code == "vendor_word_77"
    assert fault.name("en") == "Another fault"
    assert fault.name("zh_CN") == "其他故障"
    assert "maker" in fault.check_first("en")


def test_an_entry_that_is_not_complete_is_named(tmp_path, monkeypatch: pytest.MonkeyPatch):
    broken = tmp_path / "faults.toml"
    broken.write_text('[fan]\nseverity = "warning"\nzh = "风扇"\n', encoding="utf-8")
    monkeypatch.setattr(faults, "TABLE", broken)
    catalogue.cache_clear()
    try:
        with pytest.raises(ValueError, match=r"\[fan\].*en"):
            catalogue()
    finally:
        catalogue.cache_clear()


def test_severities_have_an_order():
    assert Severity.INFO.rank < Severity.WARNING.rank < Severity.CRITICAL.rank
