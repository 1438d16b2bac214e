"""What readings prove by themselves: one unbroken rise, never more than the registers moved."""

from hypothesis import given, settings
from hypothesis import strategies as st

from service.metering.energy import Point, own_energy
from service.metering.proven import Stretch, between, measure, proven, stretches

MINUTE = 60_000
LIMIT_W = 1000


def readings(*values: int | None, register: str = "a17", every: int = 10) -> list[Point]:
    """A register every ten minutes; None is a reading that was lost."""
    return [
        Point(i * every * MINUTE, wh, register) for i, wh in enumerate(values) if wh is not None
    ]


def test_lowest_to_highest_is_what_is_proven():
    assert proven(readings(1000, 1050, 1120, 1120), LIMIT_W) == Stretch(
        "a17", 1000, 1120, 0, 30 * MINUTE
    )


def test_readings_that_were_lost_in_between_do_not_break_the_proof():
    found = proven(readings(1000, None, None, 1300), LIMIT_W)
    assert found is not None
    assert found.energy_wh == 300


def test_after_a_fall_the_longer_stretch_counts_and_the_other_is_not_added():
    found = proven(readings(5000, 5100, 20, 120, 200), LIMIT_W)
    assert found == Stretch("a17", 20, 200, 20 * MINUTE, 40 * MINUTE)


def test_another_register_begins_another_stretch():
    points = [
        *readings(1000, 1100),
        Point(30 * MINUTE, 1150, "b02"),
        Point(40 * MINUTE, 1160, "b02"),
    ]
    assert [one.energy_wh for one in stretches(points, LIMIT_W)] == [100, 10]


def test_a_jump_that_no_outlet_can_deliver_is_no_proof():
    found = proven(readings(1000, 1100, 101_100, 101_150), LIMIT_W)
    assert found is not None
    assert (found.start_wh, found.end_wh) == (1000, 1100)


def test_one_reading_or_none_proves_nothing():
    assert proven([], LIMIT_W) is None
    assert proven(readings(1000), LIMIT_W) is None


def test_a_register_that_stood_still_proves_that_nothing_was_drawn():
    found = proven(readings(1000, 1000), LIMIT_W)
    assert found is not None
    assert found.energy_wh == 0


def test_a_stretch_is_cut_where_the_price_changes():
    points = readings(1000, 1100, 1200)
    found = measure(between(points[0], points[2]), points, [10 * MINUTE])
    assert [(part.energy_wh, part.interpolated) for part in found.slices] == [
        (100, False),
        (100, False),
    ]
    halves = measure(between(points[0], points[2]), [points[0], points[2]], [5 * MINUTE])
    assert [(part.energy_wh, part.interpolated) for part in halves.slices] == [
        (50, True),
        (150, True),
    ]


POINTS = st.lists(
    st.builds(
        Point,
        at_ms=st.integers(0, 36_000_000),
        energy_wh=st.integers(0, 5000),
        register_id=st.sampled_from(["a17", "b02"]),
    ),
    max_size=12,
)


@given(POINTS, st.lists(st.integers(0, 36_000_000), max_size=4, unique=True))
@settings(max_examples=200, deadline=None)
def test_what_is_proven_is_never_more_than_what_the_readings_rose(points, borders):
    found = proven(points, LIMIT_W)
    if found is None:
        return
    assert 0 <= found.energy_wh <= own_energy(points)
    slices = measure(found, points, sorted(borders)).slices
    assert sum(part.energy_wh for part in slices) == found.energy_wh
    assert all(part.energy_wh >= 0 for part in slices)


@given(POINTS, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_and_the_repeats_of_readings_change_no_proof(points, dice):
    told = [*points, *points]
    dice.shuffle(told)
    assert proven(told, LIMIT_W) == proven(points, LIMIT_W)
