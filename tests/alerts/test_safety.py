"""What is switched off at once, and what readings alone prove: rules 25 and 27 of the domain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.alerts.safety import (
    Hot,
    Place,
    Powered,
    beside,
    blocked_from_start,
    outlets_to_switch_off,
    watch_after_end,
    watch_heat,
)
from service.piles.faults import SwitchOff, catalogue

OUTLETS = {"BM-001": [1, 2], "BM-002": [1, 2], "BM-003": [1, 2], "BM-020": [1, 2]}
NEAR = beside([("BM-001", 1, 1), ("BM-002", 1, 2), ("BM-003", 1, 3), ("BM-020", 2, 20)])


def off(
    code: str, pile: str | None, outlet: int | None, severity: str | None = None
) -> list[Place]:
    return outlets_to_switch_off(code, pile, outlet, OUTLETS, NEAR, severity)


def test_smoke_switches_the_neighbours_off_too_and_no_other_entrance():
    assert off("smoke", "BM-002", None) == [
        Place("BM-002", 1), Place("BM-002", 2), Place("BM-001", 1), Place("BM-001", 2),
        Place("BM-003", 1), Place("BM-003", 2),
    ]  # fmt: skip
    assert {place.pile for place in off("smoke", "BM-020", 1)} == {"BM-020"}


def test_without_a_map_every_pile_that_is_named_is_a_neighbour():
    places = outlets_to_switch_off("smoke", "BM-002", None, OUTLETS)
    assert len(places) == 8
    assert places[0].pile == "BM-002"


@pytest.mark.parametrize(
    "code", ["over_temp_outlet", "relay_welded", "short_circuit", "over_current"]
)
def test_a_fault_of_an_outlet_switches_that_outlet_off(code: str):
    assert off(code, "BM-001", 2) == [Place("BM-001", 2)]


@pytest.mark.parametrize("code", ["leakage", "water", "ground_fault", "over_temp_ambient"])
def test_a_fault_of_the_pile_switches_the_whole_pile_off(code: str):
    assert off(code, "BM-001", 2) == [Place("BM-001", 1), Place("BM-001", 2)]


def test_a_fault_of_an_outlet_that_names_none_means_the_whole_pile():
    assert off("short_circuit", "BM-001", None) == [Place("BM-001", 1), Place("BM-001", 2)]


@pytest.mark.parametrize("code", ["silent", "weak_signal", "clock_bad", "feeder_over"])
def test_an_ordinary_fault_switches_nothing_off(code: str):
    assert off(code, "BM-001", 1) == []


def test_an_unknown_word_is_obeyed_when_the_pile_calls_it_critical():
    assert off("plasma", "BM-001", 1, "critical") == [Place("BM-001", 1)]
    assert off("plasma", "BM-001", 1, "warning") == []
    assert off("plasma", "BM-001", 1) == []


def test_a_fault_of_no_pile_or_of_an_unknown_one_switches_nothing_off():
    assert off("smoke", None, None) == []
    assert off("smoke", "BM-999", None) == []


@given(st.sampled_from(sorted(catalogue())), st.none() | st.integers(1, 2))
def test_what_is_switched_off_is_always_at_the_pile_or_beside_it(code: str, outlet: int | None):
    places = off(code, "BM-002", outlet)
    assert len(set(places)) == len(places)
    assert {place.pile for place in places} <= {"BM-001", "BM-002", "BM-003"}
    assert bool(places) == (catalogue()[code].switch_off is not SwitchOff.NONE)


def test_who_hangs_beside_whom():
    assert NEAR["BM-002"] == ("BM-001", "BM-003")
    assert NEAR["BM-001"] == ("BM-002",)
    assert NEAR["BM-020"] == ()


def test_while_a_fault_lasts_nobody_starts_there():
    blocked = blocked_from_start(
        [
            ("relay_welded", "BM-001", 1),
            ("identity_collision", "BM-020", None),
            ("silent", "BM-003", None),
            ("feeder_over", None, None),
        ],
        OUTLETS,
        NEAR,
    )
    assert blocked == {
        Place("BM-001", 1): "relay_welded",
        Place("BM-020", 1): "identity_collision",
        Place("BM-020", 2): "identity_collision",
    }


# --- heat: 80 C for 30 s -----------------------------------------------------------------------


def follow_heat(readings: list[tuple[int, float | None]]) -> Hot | None:
    since, hot = None, None
    for at_s, temp_c in readings:
        hot = watch_heat(since, temp_c, at_s * 1000)
        since = hot.since_ms if hot else None
    return hot


def must_go_off(readings: list[tuple[int, float | None]]) -> bool:
    hot = follow_heat(readings)
    return hot is not None and hot.must_switch_off


def test_eighty_degrees_for_thirty_seconds_is_too_hot():
    assert not must_go_off([(0, 80.0)])
    assert not must_go_off([(0, 80.0), (29, 95.0)])
    assert must_go_off([(0, 80.0), (30, 80.0)])
    assert must_go_off([(0, 82.0), (60, 83.0)])


def test_one_cooler_reading_starts_the_thirty_seconds_again():
    assert not must_go_off([(0, 85.0), (20, 79.9), (40, 85.0)])


def test_a_reading_without_a_temperature_neither_cools_nor_heats():
    assert must_go_off([(0, 85.0), (20, None), (40, 85.0)])
    assert not must_go_off([(0, 85.0), (40, None)])
    assert follow_heat([(0, None)]) is None


def test_a_late_reading_does_not_count_back():
    assert not must_go_off([(100, 85.0), (10, 85.0)])
    assert must_go_off([(100, 85.0), (10, 20.0), (130, 85.0)])


@given(st.lists(st.tuples(st.integers(1, 20), st.floats(20, 79.99)), max_size=50))
def test_below_eighty_degrees_nothing_is_ever_switched_off(steps):
    at_s, readings = 0, []
    for pause_s, temp_c in steps:
        at_s += pause_s
        readings.append((at_s, temp_c))
    assert not must_go_off(readings)


# --- a welded relay: closed, yet above 10 W -----------------------------------------------------


def after_end(readings: list[tuple[int, float | None]], ended_s: int | None = 0) -> Powered | None:
    ended_ms = None if ended_s is None else ended_s * 1000
    since, powered = None, None
    for at_s, power_w in readings:
        powered = watch_after_end(ended_ms, since, power_w, at_s * 1000)
        since = powered.since_ms if powered else None
    return powered


def is_welded(readings: list[tuple[int, float | None]], ended_s: int | None = 0) -> bool:
    powered = after_end(readings, ended_s)
    return powered is not None and powered.is_welded


def test_two_readings_above_ten_watts_after_the_end_are_a_welded_relay():
    assert is_welded([(20, 142.0), (40, 141.0)])
    assert is_welded([(60, 11.0), (120, 11.0)])


def test_the_last_reading_before_the_relay_opened_is_no_proof():
    assert not is_welded([(1, 142.0)])
    assert not is_welded([(1, 142.0), (10, 138.0)])
    assert not is_welded([(1, 142.0), (60, 0.7)])


def test_ten_watts_are_still_off():
    assert after_end([(60, 10.0), (120, 10.0)]) is None
    assert after_end([(60, 5.0), (120, 6.0), (180, 0.7)]) is None


def test_a_reading_without_power_says_nothing():
    assert not is_welded([(60, 142.0), (120, None)])
    assert is_welded([(60, 142.0), (120, None), (180, 142.0)])
    assert after_end([(60, None)]) is None


def test_the_same_reading_twice_is_one_reading():
    assert not is_welded([(60, 142.0), (60, 142.0)])


def test_an_outlet_that_never_had_a_session_and_draws_is_found_too():
    assert is_welded([(0, 100.0), (60, 100.0)], ended_s=None)
