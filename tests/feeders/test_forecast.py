"""Three hours ahead: from each session's place on its curve and the bikes that usually come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from math import exp
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.feeders.bands import USUAL_WIDTHS, widths
from service.feeders.forecast import Charging, Outlook, forecast, level_of_today
from service.feeders.habits import STEPS, Arrivals, Habits, PastCharge, learn
from service.feeders.place import STEP_S, Place
from tests.feeders.compound import site

LAW = settings(max_examples=20, deadline=None)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
EVENING = MONDAY + timedelta(days=28, hours=19)
FEEDERS = ("e1", "e2", "e3", "e4")


def charge(
    day: int, hour: float, full_steps: int, peak_ma: int = 1300, tau_steps: float = 8,
    feeder_id: str = "e3", bike: str | None = None, taken_after: int | None = None,
) -> PastCharge:  # fmt: skip
    """Full current for some steps, then an exponential tail until a tenth is left."""
    tail = [peak_ma * exp(-step / tau_steps) for step in range(1, 60)]
    currents = [peak_ma] * full_steps + [int(ma) for ma in tail if ma > 0.1 * peak_ma]
    if taken_after is not None:
        currents = currents[:taken_after]
    began_at = MONDAY + timedelta(days=day, hours=hour)
    return PastCharge(feeder_id, bike, began_at, currents, taken_after is not None)


@cache
def habits() -> Habits:
    """Four weeks: every evening a dozen bikes at entrance 3 around 18:30, constant for two to four
    hours, one of them taken away early."""
    rng = Random(6)
    charges = []
    for day in range(28):
        for number in range(12):
            taken = 20 if number == 0 else None
            charges.append(charge(day, rng.gauss(18.5, 1), rng.randint(24, 48), taken_after=taken))
    return learn(charges, MONDAY, 28, FEEDERS)


def nobody_comes() -> Habits:
    known = habits()
    none = {feeder: tuple((0.0,) * 96 for _ in range(7)) for feeder in FEEDERS}
    kept = known.arrivals
    return replace(known, arrivals=Arrivals(none, kept.draws_ma, kept.squares, kept.sameness))


def at_full(minutes: int, current_ma: int = 1300, feeder_id: str = "e3") -> Charging:
    """A session that has drawn its full current for so long."""
    place = Place()
    for second in range(0, minutes * 60 + 1, 60):
        place.take(current_ma, second)
    return Charging(feeder_id, place, None, minutes * 60.0)


def in_tail(minutes: int, tau_min: float = 40, peak_ma: int = 1300) -> Charging:
    """A session that passed its knee so many minutes ago, after two hours."""
    place = Place()
    for minute in range(121 + minutes):
        place.take(int(peak_ma * exp(-max(0, minute - 120) / tau_min)), minute * 60)
    return Charging("e3", place, None, 7200.0 + minutes * 60)


def e3(charging: list[Charging], known: Habits | None = None, **more: object) -> Outlook:
    return forecast(site(), known or nobody_comes(), charging, EVENING, **more)["e3"]  # type: ignore[arg-type]


# --- the place on the curve ----------------------------------------------------------------------


def test_a_session_at_full_current_is_in_its_constant_part():
    place = at_full(60).place
    assert not place.in_tail
    assert place.full_steps == 12


def test_a_rising_constant_part_is_no_knee():
    place = Place()
    for minute in range(240):
        place.take(1000 + minute, minute * 60)
    assert not place.in_tail


@pytest.mark.parametrize("tau_min", [31, 38, 63, 120])
def test_a_tail_tells_its_time_constant_within_the_hour(tau_min):
    place = in_tail(60, tau_min).place
    assert place.in_tail
    assert 1 / place.fall_per_s / 60 == pytest.approx(tau_min, rel=0.15)


def test_the_slope_is_less_sure_in_the_first_minutes():
    assert in_tail(12).place.fall_spread > 1.5 * in_tail(60).place.fall_spread


def test_a_session_that_goes_on_at_full_current_has_no_tail_any_more():
    place = in_tail(30).place
    place.take(1300, place.at_s + 60)
    assert not place.in_tail


def test_a_late_reading_changes_nothing():
    place = at_full(30).place
    before = replace(place)
    place.take(5, 60)
    assert place == before


# --- ahead ---------------------------------------------------------------------------------------


def test_a_tail_is_expected_to_go_on_falling_as_it_fell():
    session = in_tail(60)
    half_an_hour = e3([session]).expected_ma[5]
    assert half_an_hour == pytest.approx(session.place.current_ma * exp(-30 / 40), rel=0.1)


def test_a_constant_part_as_short_as_none_before_goes_on():
    assert e3([at_full(30)]).expected_ma[5] > 1200


def test_a_constant_part_longer_than_most_will_end_soon():
    young, old = e3([at_full(60)]), e3([at_full(225)])
    assert old.expected_ma[11] < 0.6 * young.expected_ma[11]


def test_a_session_with_a_limit_is_over_then():
    session = at_full(30)._replace(ends_in_s=3600.0)
    outlook = e3([session])
    assert outlook.expected_ma[10] > 0
    assert outlook.expected_ma[12] == 0
    assert outlook.high95_ma[12] < 100


def test_bikes_that_usually_come_are_expected():
    empty = e3([], habits())
    assert empty.expected_ma[35] > 2000
    assert empty.coming_ma == empty.expected_ma
    night = forecast(site(), habits(), [], EVENING + timedelta(hours=9))["e3"]
    assert max(night.expected_ma) < 100


def test_a_busy_day_stays_busy_when_days_differ_and_not_when_they_are_all_alike():
    assert level_of_today(30, 20, sameness=10) == pytest.approx(40 / 30)
    assert level_of_today(30, 20, sameness=float("inf")) == 1


def test_what_is_certain_stays_in_every_edge():
    outlook = e3([at_full(30)], certain_ma={"e3": (0, 0, 7000)})
    assert min(outlook.low95_ma) >= 7000
    assert outlook.expected_ma[0] > 8000


def test_the_site_carries_what_its_entrances_carry_phase_by_phase():
    charging = [at_full(30, feeder_id=feeder) for feeder in ("e1", "e4", "e2")]
    outlooks = forecast(site(), nobody_comes(), charging, EVENING)
    both = outlooks["e1"].expected_ma[3] + outlooks["e4"].expected_ma[3]
    assert outlooks["site"].expected_ma[3] == both


# --- the moment it may pass ----------------------------------------------------------------------


def test_a_calm_evening_is_not_flagged():
    assert e3([at_full(30)]).may_pass is None


def test_the_flag_names_the_moment_and_the_bikes_that_will_come():
    outlook = e3([at_full(30) for _ in range(26)], habits())
    flag = outlook.may_pass
    assert flag is not None
    assert outlook.high95_ma[flag.after_min // 5 - 1] > 40_000
    said = flag.sentence.in_language("en")
    assert said.startswith(f"Entrance 3 may pass its 40.0 A in {flag.after_min} min")
    assert "bikes that usually come by then" in said
    assert outlook.likely_passes is None or outlook.likely_passes.after_min >= flag.after_min


def test_the_flag_names_silent_outlets_when_they_are_the_cause():
    outlook = e3([at_full(30) for _ in range(20)], certain_ma={"e3": (0, 0, 15_152)})
    assert outlook.may_pass is not None
    assert "15.2 A kept" in outlook.may_pass.sentence.in_language("en")


# --- laws ----------------------------------------------------------------------------------------

sessions = st.one_of(
    st.builds(at_full, st.integers(3, 600), st.integers(200, 3000), st.sampled_from(FEEDERS)),
    st.builds(in_tail, st.integers(1, 200), st.floats(10, 200), st.integers(300, 3000)),
)
evenings = st.lists(sessions, max_size=6)


@LAW
@given(evenings, st.integers(0, 95))
def test_the_bands_lie_within_each_other(charging, quarter):
    now = MONDAY + timedelta(days=30, minutes=15 * quarter)
    for one in forecast(site(), habits(), charging, now).values():
        for edges in zip(
            one.low95_ma, one.low50_ma, one.expected_ma, one.high50_ma, one.high95_ma, strict=True
        ):
            assert list(edges) == sorted(edges)
            assert edges[0] >= 0


@LAW
@given(evenings, sessions)
def test_one_more_bike_never_lowers_what_is_expected_nor_what_may_be(charging, one_more):
    before = forecast(site(), habits(), charging, EVENING)
    after = forecast(site(), habits(), [*charging, one_more], EVENING)
    for feeder_id, one in before.items():
        for step in range(STEPS):
            assert after[feeder_id].expected_ma[step] >= one.expected_ma[step]
            assert after[feeder_id].high95_ma[step] >= one.high95_ma[step]


@LAW
@given(evenings, st.randoms(use_true_random=False))
def test_the_order_of_sessions_does_not_matter(charging, rng):
    shuffled = list(charging)
    rng.shuffle(shuffled)
    one = forecast(site(), habits(), charging, EVENING)
    assert forecast(site(), habits(), shuffled, EVENING) == one


@LAW
@given(sessions, st.integers(0, 20_000))
def test_what_is_certain_is_added_whole(session, certain_ma):
    without, with_it = e3([session]), e3([session], certain_ma={"e3": (0, 0, certain_ma)})
    assert with_it.expected_ma == tuple(ma + certain_ma for ma in without.expected_ma)
    assert min(with_it.low95_ma) >= certain_ma


# --- how wide ------------------------------------------------------------------------------------


def test_edges_are_where_earlier_forecasts_needed_them():
    rng = Random(1)
    found = widths((step, rng.gauss(0, 2)) for step in range(STEPS) for _ in range(1000))
    assert found.high95[10] == pytest.approx(2 * 1.96, rel=0.1)
    assert found.low50[10] == pytest.approx(2 * -0.67, rel=0.1)


def test_without_earlier_forecasts_they_are_those_of_chance():
    assert widths([]) == USUAL_WIDTHS


def test_a_bike_is_compared_with_bikes_that_behave_alike():
    charges = [
        charge(day, 17 + number / 10, 12 if number < 6 else 60, bike=f"bike {number}")
        for day in range(10)
        for number in range(12)
    ]
    known = learn(charges, MONDAY, 10, FEEDERS)
    short, long = at_full(60)._replace(bike="bike 1"), at_full(60)._replace(bike="bike 9")
    assert e3([short], known).expected_ma[5] < e3([long], known).expected_ma[5] - 400


def test_a_weekday_that_differs_is_learned_and_pulled_to_the_usual_day():
    charges = [charge(day, 18, 24) for day in range(28) if day % 7 == 2 for _ in range(8)]
    rates = learn(charges, MONDAY, 28, FEEDERS).arrivals.per_step["e3"]
    assert sum(rates[2]) > sum(rates[0]) > 0


def test_steps_are_five_minutes():
    assert STEP_S * STEPS == 3 * 3600
