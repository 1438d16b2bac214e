"""What a feeder carries: current not watts, silence counts as the limit, levels add up."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.feeders.load import (
    NO_CURRENT,
    SILENT_AFTER_S,
    Draw,
    MeterReading,
    counted_ma,
    current_of_power_ma,
    measure,
)
from service.feeders.tree import Cable, build_tree
from tests.feeders import compound
from tests.feeders.compound import LAW, LIMIT_MA, NOW, bike, loads_of, site

FRESH_SINCE = NOW - timedelta(seconds=SILENT_AFTER_S)


def test_a_heard_outlet_counts_what_it_measured():
    assert counted_ma(bike(1, current_ma=690), FRESH_SINCE) == (690, False)


def test_a_silent_outlet_counts_as_its_limit_and_not_as_its_last_value():
    assert counted_ma(bike(1, current_ma=690, age_s=180), FRESH_SINCE) == (690, False)
    assert counted_ma(bike(1, current_ma=690, age_s=181), FRESH_SINCE) == (LIMIT_MA, True)


def test_an_outlet_that_was_never_heard_and_may_be_on_counts_as_its_limit():
    never = bike(1)._replace(measured_at=None, current_ma=None)
    assert counted_ma(never, FRESH_SINCE) == (LIMIT_MA, True)


def test_a_silent_outlet_that_is_surely_off_counts_nothing():
    assert counted_ma(bike(1, age_s=900, may_be_on=False), FRESH_SINCE) == (0, False)


def test_an_outlet_that_should_be_off_and_draws_all_the_same_counts():
    assert counted_ma(bike(1, current_ma=700, may_be_on=False), FRESH_SINCE) == (700, False)


def test_a_start_on_its_way_counts_before_its_readings_show_it():
    assert counted_ma(bike(1, current_ma=0, expected_ma=2652), FRESH_SINCE) == (2652, False)
    assert counted_ma(bike(1, current_ma=3100, expected_ma=2652), FRESH_SINCE) == (3100, False)


@pytest.mark.parametrize(
    ("power_w", "current_ma"), [(0, 0), (132, 1000), (142.6, 1081), (1000, 7576)]
)
def test_where_only_power_is_known_the_power_factor_is_taken_for_small_chargers(
    power_w: float, current_ma: int
):
    assert current_of_power_ma(power_w) == current_ma
    draw = bike(1, current_ma=None)._replace(power_w=power_w)
    assert counted_ma(draw, FRESH_SINCE) == (current_ma, False)


def test_levels_add_up_per_phase():
    loads = loads_of(site(), [bike(1, "e1", 900), bike(2, "e1", 600), bike(3, "e2"), bike(4, "e4")])
    assert loads["e1"].phases_ma == (1500, 0, 0)
    assert loads["e1"].current_ma == 1500
    assert loads["e1"].drawing == 2
    assert loads["site"].phases_ma == (2500, 1000, 0)
    assert loads["site"].current_ma == 2500
    assert loads["site"].drawing == 4
    assert loads["e3"].phases_ma == NO_CURRENT


def test_a_pile_on_a_three_phase_cable_counts_on_all_three_because_nobody_knows_its_phase():
    loads = loads_of(site(), [bike(1, "site"), bike(2, "e2")])
    assert loads["site"].phases_ma == (1000, 2000, 1000)


def test_the_assumed_part_is_told_apart_from_the_measured_one():
    loads = loads_of(site(), [bike(1), bike(2, age_s=500), bike(3, age_s=500, may_be_on=False)])
    entrance = loads["e3"]
    assert entrance.current_ma == 1000 + LIMIT_MA
    assert entrance.assumed_ma == LIMIT_MA
    assert (entrance.drawing, entrance.silent) == (2, 1)
    assert loads["site"].assumed_ma == LIMIT_MA


def test_a_fresh_meter_of_the_feeder_counts_when_it_sees_more():
    meters = {"e3": MeterReading((0, 0, 21_000), NOW)}
    loads = measure(site(), [bike(1), bike(2)], meters, NOW)
    assert loads["e3"].current_ma == 21_000
    assert loads["e3"].metered
    assert loads["site"].phases_ma == (0, 0, 21_000)


def test_a_fresh_meter_does_not_hide_what_the_outlets_say():
    meters = {"e3": MeterReading((0, 0, 500), NOW)}
    assert measure(site(), [bike(1), bike(2)], meters, NOW)["e3"].current_ma == 2000


def test_a_silent_meter_falls_back_to_the_sum_of_the_outlets():
    meters = {"e3": MeterReading((0, 0, 21_000), NOW - timedelta(seconds=181))}
    loads = measure(site(), [bike(1), bike(2)], meters, NOW)
    assert loads["e3"].current_ma == 2000
    assert not loads["e3"].metered


def test_the_age_of_silence_is_a_setting():
    draws = [bike(1, age_s=61)]
    assert measure(site(), draws, {}, NOW, silent_after_s=60)["e3"].silent == 1
    assert measure(site(), draws, {}, NOW, silent_after_s=62)["e3"].silent == 0


def test_a_draw_on_a_feeder_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError):
        loads_of(site(), [bike(1, "e9")])


@LAW
@given(st.lists(compound.draws, max_size=40))
def test_a_level_never_carries_less_than_anything_below_it(draws: list[Draw]):
    loads = loads_of(site(), draws)
    for entrance in ("e1", "e2", "e3", "e4"):
        for phase in range(3):
            assert loads["site"].phases_ma[phase] >= loads[entrance].phases_ma[phase]


@LAW
@given(st.lists(compound.draws, max_size=20), compound.draws)
def test_one_more_outlet_never_makes_a_load_smaller(draws: list[Draw], one: Draw):
    before, after = loads_of(site(), draws), loads_of(site(), [*draws, one])
    for feeder_id in before:
        assert after[feeder_id].current_ma >= before[feeder_id].current_ma


@LAW
@given(compound.draws, st.integers(0, 3600))
def test_falling_silent_never_makes_an_outlet_count_less(draw: Draw, seconds: int):
    """Unless nothing says that it may be on."""
    on = draw._replace(may_be_on=True)
    later = FRESH_SINCE + timedelta(seconds=seconds)
    assert counted_ma(on, later)[0] >= counted_ma(on, FRESH_SINCE)[0]


@LAW
@given(st.permutations([bike(n, f"e{1 + n % 4}", 100 * n, age_s=40 * n) for n in range(1, 9)]))
def test_the_order_of_the_outlets_changes_nothing(draws: list[Draw]):
    assert loads_of(site(), draws) == loads_of(site(), sorted(draws))


@LAW
@given(st.lists(compound.draws, max_size=40))
def test_the_sums_agree_with_adding_by_hand(draws: list[Draw]):
    """A tree where everything is on one phase: then the load is a plain sum."""
    one_phase = build_tree(
        [Cable("site", None, "Site", None, "L1", 100_000)]
        + [Cable(f"e{n}", "site", f"E{n}", n, "L1", 40_000) for n in range(1, 5)]
    )
    loads = measure(one_phase, draws, {}, NOW)
    assert loads["site"].current_ma == sum(counted_ma(one, FRESH_SINCE)[0] for one in draws)
    for entrance in ("e1", "e2", "e3", "e4"):
        own = [one for one in draws if one.feeder_id == entrance]
        assert loads[entrance].current_ma == sum(counted_ma(one, FRESH_SINCE)[0] for one in own)
