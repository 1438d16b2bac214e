"""Batteries that do not behave: found on the curve, with the figures that show it."""

from math import exp
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.feeders.curve_watch import ChargeSeen, Grade, Odd, Oddity, watch
from tests.bench_overload.watch_score import found, healthy, measured


def curve(full_steps: int = 30, tail_steps: int = 40, peak_w: float = 160, tau: float = 12):
    tail = [peak_w * exp(-step / tau) for step in range(1, tail_steps + 1)]
    return [peak_w] * full_steps + tail


def only(seen: ChargeSeen) -> Oddity:
    (one,) = watch(seen)
    return one


def test_a_healthy_charge_raises_nothing():
    assert watch(ChargeSeen(curve())) == []


@pytest.mark.parametrize("name", sorted(measured()))
def test_the_measured_charges_raise_nothing(name):
    assert found(measured()[name]) == set()


def test_two_hundred_healthy_simulated_charges_raise_next_to_nothing():
    assert sum(bool(found(one)) for one in healthy(200, seed=1)) <= 3


def test_a_battery_that_never_tapers_is_looked_at_and_then_warned_of():
    after_seven = only(ChargeSeen([160.0] * 86))
    assert (after_seven.kind, after_seven.grade) == (Odd.NO_TAPER, Grade.LOOK)
    after_nine = only(ChargeSeen([160.0] * 108))
    assert after_nine.grade is Grade.WARN
    assert "its full 160 W for 9.0 h" in after_nine.sentence.in_language("en")


def test_a_bike_that_usually_needs_two_hours_is_looked_at_after_four():
    usual = ChargeSeen([160.0] * 55, full_hours=(1.8, 2.0, 2.1, 1.5, 2.0, 1.9, 2.0, 2.1))
    assert only(usual).kind is Odd.NO_TAPER


def test_a_tail_that_stops_falling_is_a_plateau_with_its_place_on_the_curve():
    watts = curve(tail_steps=8) + [80.0] * 20
    odd = only(ChargeSeen(watts))
    assert odd.kind is Odd.PLATEAU
    assert odd.since >= 37
    assert "stopped falling at 8" in odd.sentence.in_language("en")


@pytest.mark.parametrize(("factor", "grade"), [(1.15, Grade.WARN), (0.7, Grade.LOOK)])
def test_a_step_in_mid_charge_is_found_at_its_minute(factor, grade):
    watts = [value * (factor if n >= 15 else 1) for n, value in enumerate(curve())]
    (odd,) = (one for one in watch(ChargeSeen(watts)) if one.kind is Odd.STEP)
    assert (odd.grade, odd.until) == (grade, 15)
    assert "after 75 min" in odd.sentence.in_language("en")


def test_far_more_energy_than_ever_is_told_with_the_usual_amount():
    before = (400, 420, 380, 500, 450, 410, 390, 430)
    odd = only(ChargeSeen(curve(full_steps=70), energies_wh=before))
    assert odd.kind is Odd.ENERGY
    assert "never took more than 500 Wh" in odd.sentence.in_language("en")


def test_a_bike_that_is_hardly_known_is_not_judged_by_its_habit():
    assert watch(ChargeSeen(curve(full_steps=70), energies_wh=(300, 300, 300))) == []


def test_an_outlet_that_gets_warmer_while_its_power_does_not_is_told():
    degrees = [20 + min(n, 12) * 0.5 + max(0, n - 15) * 1.2 for n in range(30)]
    odd = only(ChargeSeen([160.0] * 30, degrees))
    assert odd.kind is Odd.HEAT
    assert "14 degrees per hour" in odd.sentence.in_language("en")


def test_a_warm_evening_is_not_the_outlets_fault():
    rng = Random(1)
    degrees = [30 + min(n, 12) * 0.6 + rng.gauss(0, 0.4) for n in range(60)]
    assert watch(ChargeSeen([160.0] * 60, degrees)) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 2000), max_size=130), st.lists(st.floats(-20, 90), max_size=130),
    st.lists(st.floats(0, 5000), max_size=20),
)  # fmt: skip
def test_no_curve_breaks_the_watch_and_every_warning_has_its_evidence(watts, degrees, before):
    for odd in watch(ChargeSeen(watts, degrees, before, before)):
        assert 0 <= odd.since <= odd.until < max(len(watts), len(degrees))
        assert odd.sentence.in_language("en")
