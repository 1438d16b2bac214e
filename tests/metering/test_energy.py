"""Energy of a session: exact, independent of the order of messages, and never guessed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.metering.energy import Claim, Point, Slice, falls, meter_session, own_energy
from service.metering.live import Progress

HOUR = 3_600_000
EVENING = Claim("a17", 0, 4 * HOUR, 402_118, 402_731, 613, 1000)


def point(hours: float, wh: int, register: str = "a17") -> Point:
    return Point(int(hours * HOUR), wh, register)


@st.composite
def charges(draw):
    """A charge as a meter saw it: a rising register at rising times, no faster than 1 kW."""
    gaps = draw(st.lists(st.integers(10_000, 900_000), min_size=2, max_size=40))
    start_wh, at, wh, points = draw(st.integers(0, 10**9)), 0, 0, []
    for gap in gaps:
        at += gap
        wh += draw(st.integers(0, gap * 1000 // HOUR))
        points.append(Point(at, start_wh + wh, "a17"))
    claim = Claim("a17", 0, at, start_wh, start_wh + wh, wh, 1000)
    borders = sorted(draw(st.sets(st.integers(1, max(2, at - 1)), max_size=6)))
    return claim, points, borders


def test_a_session_is_its_end_register_minus_its_start_register():
    metered = meter_session(EVENING, [point(1, 402_300), point(2, 402_500)])
    assert (metered.energy_wh, metered.doubt) == (613, None)


@given(charges(), st.randoms())
def test_shuffled_and_doubled_readings_give_the_same_energy_to_the_wh(charge, dice):
    claim, points, borders = charge
    mixed = [*points, *points]
    dice.shuffle(mixed)
    assert meter_session(claim, mixed, borders) == meter_session(claim, points, borders)


@given(charges())
def test_the_slices_between_price_borders_add_up_to_the_whole(charge):
    claim, points, borders = charge
    metered = meter_session(claim, points, borders)
    assert metered.doubt is None
    assert sum(part.energy_wh for part in metered.slices) == metered.energy_wh
    assert all(part.energy_wh >= 0 for part in metered.slices)
    assert len(metered.slices) == len([b for b in borders if 0 < b < claim.end_ms]) + 1


@given(charges(), st.data())
def test_losing_any_readings_loses_no_energy(charge, data):
    claim, points, _ = charge
    kept = data.draw(st.lists(st.sampled_from(points), unique=True))
    assert meter_session(claim, kept).energy_wh == meter_session(claim, points).energy_wh


def test_a_border_between_two_readings_is_interpolated_within_them_only_and_said():
    readings = [point(1, 402_200), point(2, 402_300), point(3, 402_400)]
    metered = meter_session(EVENING, readings, [int(1.5 * HOUR)])
    assert metered.slices == (
        Slice(0, int(1.5 * HOUR), 132, True),
        Slice(int(1.5 * HOUR), 4 * HOUR, 481, True),
    )


def test_a_border_at_a_reading_is_exact():
    metered = meter_session(EVENING, [point(1, 402_200)], [HOUR])
    assert metered.slices == (Slice(0, HOUR, 82, False), Slice(HOUR, 4 * HOUR, 531, False))


def test_a_border_outside_the_session_cuts_nothing():
    assert len(meter_session(EVENING, [], [-5, 0, 4 * HOUR, 9 * HOUR]).slices) == 1


@pytest.mark.parametrize(
    ("claim", "own", "doubt"),
    [
        (replace(EVENING, start_wh=None), [], "no_start_reading"),
        (replace(EVENING, end_wh=None), [], "no_start_reading"),
        (replace(EVENING, end_wh=402_000), [], "register_fell"),
        (EVENING, [point(1, 402_400), point(2, 402_200)], "register_fell"),
        (EVENING, [point(1, 402_200, "b03")], "register_changed"),
        (replace(EVENING, energy_wh=700), [], "wrong_sum"),
        (replace(EVENING, end_wh=10_402_118, energy_wh=10_000_000), [], "register_jumped"),
        (EVENING, [point(1, 402_050)], "readings_disagree"),
        (EVENING, [point(3.9, 402_760)], "readings_disagree"),
        (EVENING, [point(1, 402_120), point(1.05, 402_720)], "register_jumped"),
    ],
)
def test_what_does_not_add_up_is_held_with_its_reason(claim, own, doubt):
    assert meter_session(claim, own).doubt == doubt


def test_without_a_start_reading_the_lifetime_register_is_never_billed():
    """Seen in the field: 910 kWh billed for 0.083 (citrineos-core pull request 1060)."""
    metered = meter_session(replace(EVENING, start_wh=None, end_wh=910_031), [])
    assert metered.energy_wh is None
    assert metered.slices == ()


def test_a_difference_of_ten_watt_hours_or_one_percent_is_the_meters_resolution():
    assert meter_session(EVENING, [point(1, 402_110)]).doubt is None
    assert meter_session(EVENING, [point(3.9, 402_740)]).doubt is None


def test_a_fall_opens_a_new_epoch_and_takes_nothing_away():
    points = [point(1, 100), point(2, 150), point(3, 0), point(4, 30)]
    assert own_energy(points) == 80
    assert falls(points) == [(point(2, 150), point(3, 0))]


def test_a_border_whose_time_is_not_known_is_a_matter_for_a_person():
    unknown = replace(EVENING, times_are_known=False)
    assert meter_session(unknown, [], [HOUR]).doubt == "time_unknown"
    assert meter_session(unknown, []).doubt is None


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 10**6)), min_size=1), st.randoms())
def test_the_live_figure_does_not_care_about_the_order_either(readings, dice):
    def shown(some: list[tuple[int, int]]) -> int:
        progress = Progress(some[0][0], some[0][0], some[0][1])
        for wh, at_ms in some:
            progress.take(wh, at_ms, None)
        return progress.energy_wh

    shuffled = [*readings, *readings]
    dice.shuffle(shuffled)
    assert shown(shuffled) == shown(readings)
