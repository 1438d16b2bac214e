"""Calm, near, over: with hysteresis, with a sentence, and with the time until the breaker trips."""

from datetime import timedelta
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.feeders.load import Load
from service.feeders.risk import (
    Changed,
    FeederState,
    Level,
    amps,
    explain,
    follow,
    must_shed,
    percent,
    time_to_trip_s,
)
from service.feeders.tree import Cable
from tests.feeders.compound import LAW, NOW

CABLE = Cable("e3", "site", "Entrance 3", 3, "L3", 40_000, 600)


def load(ratio: float, silent: int = 0) -> Load:
    return Load("e3", (0, 0, round(ratio * 40_000)), 0, 5, silent, metered=False)


def walk(ratios: list[float], step_s: float = 10) -> tuple[FeederState, list[Changed]]:
    """The state after a row of looks, and every change on the way."""
    state, changes, now = FeederState(), [], NOW
    for ratio in ratios:
        state, changed = follow(state, CABLE, load(ratio), now)
        if changed:
            changes.append(changed)
        now += timedelta(seconds=step_s)
    return state, changes


@pytest.mark.parametrize(
    ("ratio", "level"),
    [(0.0, "calm"), (0.79, "calm"), (0.8, "near"), (1.0, "near"), (1.001, "over"), (3.0, "over")],
)
def test_a_feeder_is_near_from_eight_tenths_and_over_above_its_rating(ratio: float, level: str):
    assert walk([ratio])[0].level == level


def test_going_up_is_told_at_once_and_with_a_sentence():
    _, changes = walk([0.5, 0.85, 1.05])
    assert [(one.before, one.after) for one in changes] == [("calm", "near"), ("near", "over")]
    assert all(one.is_worse for one in changes)
    says = [one.sentence.in_language("en") for one in changes]
    assert says == [
        "Entrance 3 carries 34.0 of 40.0 A (85 %).",
        "Entrance 3 carries 42.0 of 40.0 A (105 %).",
    ]


def test_coming_down_takes_a_minute_below_the_lower_edge():
    state, _ = walk([1.05] + [0.94] * 6)
    assert state.level is Level.OVER
    state, changes = walk([1.05] + [0.94] * 7)
    assert state.level is Level.NEAR
    assert not changes[-1].is_worse
    assert walk([1.05] + [0.5] * 7)[0].level is Level.CALM


def test_one_look_above_the_lower_edge_starts_the_minute_again():
    assert walk([1.05] + [0.94] * 6 + [0.96] + [0.94] * 6)[0].level is Level.OVER


def test_between_the_edges_nothing_changes():
    assert walk([0.79] * 50)[0].level is Level.CALM
    assert walk([0.8] + [0.76] * 50)[0].level is Level.NEAR
    assert walk([1.01] + [0.96] * 50)[0].level is Level.OVER


@LAW
@given(
    st.sampled_from([(0.5, 0.75, 0.7999), (0.85, 0.75, 0.9999), (1.2, 0.95, 5.0)]),
    st.lists(st.floats(0, 1), max_size=80),
)
def test_in_a_dead_band_a_feeder_never_flaps(band: tuple[float, float, float], places: list[float]):
    """Wherever the load wanders between a level's lower edge and the next level, it stays."""
    begins_at, low, high = band
    wandering = [low + place * (high - low) for place in places]
    _, changes = walk([begins_at, *wandering], step_s=30)
    assert len(changes) <= 1


@LAW
@given(st.lists(st.floats(0, 2), min_size=1, max_size=120), st.integers(1, 30))
def test_a_level_falls_only_after_a_minute_below_its_lower_edge(ratios: list[float], step_s: int):
    state, looks = FeederState(), []
    for place, ratio in enumerate(ratios):
        now = NOW + timedelta(seconds=place * step_s)
        state, changed = follow(state, CABLE, load(ratio), now)
        looks.append((now, round(ratio * 40_000)))
        if changed is not None and not changed.is_worse:
            edge_ma = 38_000 if changed.before is Level.OVER else 30_000
            last_minute = [ma for at, ma in looks if now - at <= timedelta(seconds=60)]
            assert max(last_minute) < edge_ma


@LAW
@given(st.lists(st.floats(0, 2), max_size=100))
def test_over_means_more_than_near_whatever_came_before(ratios: list[float]):
    state, _ = walk(ratios)
    if ratios and ratios[-1] > 1.0:
        assert state.level is Level.OVER
    if ratios and ratios[-1] >= 0.8:
        assert state.level is not Level.CALM


# --- warmth and the breaker --------------------------------------------------------------------


def test_warmth_follows_the_square_of_the_current_with_the_time_constant():
    state, _ = walk([1.0, 1.0], step_s=600)
    assert state.warmth == pytest.approx(1 - exp(-1))
    state, _ = walk([1.0] * 30, step_s=600)
    assert state.warmth == pytest.approx(1.0)
    state, _ = walk([1.2] * 30, step_s=600)
    assert state.warmth == pytest.approx(1.44)


@LAW
@given(st.lists(st.floats(0, 3), min_size=1, max_size=50), st.integers(1, 900))
def test_warmth_stays_between_cold_and_the_square_of_the_highest(ratios: list[float], step_s: int):
    state, _ = walk(ratios, step_s)
    assert 0 <= state.warmth <= max(ratios) ** 2 + 1e-6


def test_a_clock_that_steps_back_cools_nothing():
    state, _ = walk([1.0] * 10, step_s=600)
    again, _ = follow(state, CABLE, load(1.0), NOW)
    assert again.warmth == state.warmth


@pytest.mark.parametrize("ratio", [0.0, 0.8, 1.0, 1.13])
def test_up_to_113_hundredths_a_breaker_must_not_trip(ratio: float):
    assert time_to_trip_s(ratio, 1.2, 600) is None


def test_above_it_the_time_gets_shorter_with_current_and_with_warmth():
    cold = [time_to_trip_s(ratio, 0.0, 600) for ratio in (1.14, 1.2, 1.3, 1.45, 2.0, 2.9)]
    assert cold == sorted(cold, reverse=True)
    warm = [time_to_trip_s(1.3, warmth, 600) for warmth in (0.0, 0.5, 1.0, 1.2)]
    assert warm == sorted(warm, reverse=True)


def test_at_145_hundredths_it_trips_within_the_hour_whatever_the_time_constant():
    assert time_to_trip_s(1.45, 0.0, 100_000) == 3600
    assert time_to_trip_s(1.45, 1.0, 600) == 173


def test_a_short_circuit_trips_at_once_and_so_does_a_hot_breaker():
    assert time_to_trip_s(3.0, 0.0, 600) == 0
    assert time_to_trip_s(1.2, 1.28, 600) == 0


@LAW
@given(st.floats(0, 10), st.floats(0, 5), st.integers(60, 3600))
def test_a_time_to_trip_is_never_negative(ratio: float, warmth: float, time_constant_s: int):
    seconds = time_to_trip_s(ratio, warmth, time_constant_s)
    assert (seconds is None) == (ratio <= 1.13)
    assert seconds is None or seconds >= 0


# --- shedding in time, and words ---------------------------------------------------------------


def test_one_odd_sample_costs_nobody_a_charge():
    state, _ = walk([0.7, 1.3, 0.7, 1.3])
    assert not must_shed(state, NOW + timedelta(seconds=30))


def test_after_twenty_seconds_above_113_hundredths_it_is_time():
    state, _ = walk([1.2, 1.2])
    assert not must_shed(state, NOW + timedelta(seconds=19))
    assert must_shed(state, NOW + timedelta(seconds=20))
    assert not must_shed(walk([1.13] * 20)[0], NOW + timedelta(hours=1))


def test_at_145_hundredths_it_is_time_at_once():
    assert must_shed(walk([1.45])[0], NOW)


def test_the_sentence_names_the_minutes_to_a_trip_and_what_is_only_assumed():
    state, _ = walk([1.2])
    says = explain(state, CABLE, load(1.2)).in_language("en")
    assert says == "Entrance 3 carries 48.0 of 40.0 A (120 %); the breaker may trip in 21 min."
    state, _ = walk([0.9])
    says = explain(state, CABLE, load(0.9, silent=2)).in_language("en")
    assert says.endswith("2 silent outlets are counted at their limit.")


def test_figures_for_people_are_rounded_half_up():
    assert (percent(36_800, 40_000), percent(200, 40_000), percent(0, 1)) == (92, 1, 0)
    assert (amps(36_840), amps(36_850), amps(0)) == ("36.8", "36.9", "0.0")
