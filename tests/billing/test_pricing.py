"""The one pricing function, against a pencil and against fractions."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.billing.pricing import Component, Piece, energy_for, estimate, price
from service.billing.tariff import Band, TariffVersion
from service.quantities import E7_PER_FEN
from tests.billing.days import FLAT, LONG_AGO, PEAK, SHANGHAI, TWO_BANDS, VALLEY, local

FREE = TariffVersion.flat(LONG_AGO, 0, 0)

some_energy = st.integers(0, 5_000)
some_pieces = st.lists(st.builds(Piece, st.sampled_from([PEAK, VALLEY]), some_energy), max_size=12)


def figures(priced) -> list[tuple[str, str, int, int, int]]:
    return [
        (x.band_name, str(x.component), x.energy_wh, x.amount_fen, x.remainder_e7)
        for x in priced.lines
    ]


# --- with a pencil --------------------------------------------------------------------------------


def test_rule_1_electricity_and_service_fee_are_two_lines_and_the_total_is_their_sum():
    """0.613 kWh x 0.487 = 0.298531 -> 0.30; x 0.20 = 0.1226 -> 0.12; together 0.42."""
    priced = price(FLAT, [Piece(0, 613)])
    assert figures(priced) == [
        ("flat", "electricity", 613, 30, -14_690),
        ("flat", "service", 613, 12, 26_000),
    ]
    assert (priced.electricity_fen, priced.service_fen, priced.total_fen) == (30, 12, 42)


def test_rule_1_the_total_is_never_rounded_a_third_time():
    """5 Wh at 0.20 is 0.1 fen, at 0.487 0.2435 fen: nothing and nothing is nothing."""
    assert price(FLAT, [Piece(0, 5)]).total_fen == 0
    both_up = TariffVersion.flat(LONG_AGO, 5000, 5000)
    assert price(both_up, [Piece(0, 10)]).total_fen == 2  # 0.5 + 0.5 fen, each half up


def test_rule_3_nothing_charged_costs_nothing_however_long_it_took():
    for pieces in ([], [Piece(0, 0)], [Piece(0, 0)] * 9):
        priced = price(FLAT, pieces)
        assert (priced.total_fen, priced.lines) == (0, ())


def test_rule_4_energy_is_summed_before_it_is_rounded():
    """100 steps of 10 Wh are 1 kWh: 0.487 -> 0.49 yuan, not 100 times 0.487 fen -> 0."""
    priced = price(FLAT, [Piece(0, 10)] * 100)
    assert priced.electricity_fen == 49
    assert price(FLAT, [Piece(0, 10)]).electricity_fen == 0


@pytest.mark.parametrize(("wh", "fen"), [(1, 0), (99, 5), (100, 5), (102, 5), (103, 5), (113, 6)])
def test_rule_4_half_a_fen_is_rounded_up(wh, fen):
    assert price(FLAT, [Piece(0, wh)]).electricity_fen == fen


def test_rule_7_a_session_across_22_is_split_by_measured_energy():
    priced = price(TWO_BANDS, [Piece(PEAK, 400), Piece(VALLEY, 600)])
    assert figures(priced) == [
        ("peak", "electricity", 400, 19, 48_000),
        ("peak", "service", 400, 8, 0),
        ("valley", "electricity", 600, 17, 16_000),
        ("valley", "service", 600, 9, 0),
    ]


def test_a_band_visited_twice_in_a_night_is_one_line_each():
    pieces = [Piece(PEAK, 100), Piece(VALLEY, 200), Piece(PEAK, 300)]
    assert price(TWO_BANDS, pieces) == price(TWO_BANDS, [Piece(VALLEY, 200), Piece(PEAK, 400)])


def test_a_line_says_when_a_border_was_interpolated():
    priced = price(TWO_BANDS, [Piece(PEAK, 100, interpolated=True), Piece(VALLEY, 200)])
    assert [line.interpolated for line in priced.lines] == [True, True, False, False]


def test_negative_energy_is_breakage_and_never_a_credit():
    with pytest.raises(ValueError, match="negative"):
        price(FLAT, [Piece(0, -1)])


@pytest.mark.parametrize("band", [-1, 1])
def test_a_band_that_the_tariff_does_not_have_is_breakage(band):
    with pytest.raises(ValueError, match="no band"):
        price(FLAT, [Piece(band, 1)])


# --- laws -----------------------------------------------------------------------------------------


@given(some_pieces)
def test_every_line_can_be_checked_and_no_rounding_moves_more_than_half_a_fen(pieces):
    priced = price(TWO_BANDS, pieces)
    for line in priced.lines:
        assert line.energy_wh * line.price_e4 == line.amount_e7
        assert line.amount_fen * E7_PER_FEN + line.remainder_e7 == line.amount_e7
        assert -E7_PER_FEN // 2 <= line.remainder_e7 < E7_PER_FEN // 2
    assert priced.total_fen == sum(line.amount_fen for line in priced.lines)
    assert priced.total_fen == priced.electricity_fen + priced.service_fen


@given(some_pieces)
def test_the_same_figures_come_out_of_fractions_of_a_yuan(pieces):
    expected = 0
    for position, band in enumerate(TWO_BANDS.bands):
        kwh = Fraction(sum(p.energy_wh for p in pieces if p.band == position), 1000)
        for price_e4 in (band.electricity_e4, band.service_e4):
            expected += int(kwh * Fraction(price_e4, 10_000) * 100 + Fraction(1, 2))
    assert price(TWO_BANDS, pieces).total_fen == expected


@given(some_pieces, st.randoms(use_true_random=False))
def test_the_order_in_which_energy_was_measured_does_not_matter(pieces, random):
    shuffled = random.sample(pieces, len(pieces))
    assert price(TWO_BANDS, shuffled) == price(TWO_BANDS, pieces)


@given(some_pieces, some_energy)
def test_more_energy_never_costs_less(pieces, more_wh):
    more = price(TWO_BANDS, [*pieces, Piece(PEAK, more_wh)])
    assert more.total_fen >= price(TWO_BANDS, pieces).total_fen
    assert more.energy_wh == price(TWO_BANDS, pieces).energy_wh + more_wh


# --- before the start -----------------------------------------------------------------------------


def test_the_estimate_is_what_the_bill_will_say():
    at = local("2026-03-02 19:00")
    assert estimate(FLAT, 613, at, SHANGHAI) == price(FLAT, [Piece(0, 613)])
    assert estimate(TWO_BANDS, 613, at, SHANGHAI) == price(TWO_BANDS, [Piece(PEAK, 613)])


def test_an_estimate_with_an_expected_power_runs_through_the_bands_to_come():
    """150 W from 21:00: 150 Wh until 22:00, the other 450 Wh at night."""
    priced = estimate(TWO_BANDS, 600, local("2026-03-02 21:00"), SHANGHAI, power_w=150)
    assert priced == price(TWO_BANDS, [Piece(PEAK, 150), Piece(VALLEY, 450)])


@given(some_energy, st.integers(1, 2000), st.integers(0, 48 * 60))
def test_an_estimate_prices_all_the_energy_and_no_more(energy_wh, power_w, minutes):
    at = local("2026-03-02") + timedelta(minutes=minutes)
    assert estimate(TWO_BANDS, energy_wh, at, SHANGHAI, power_w).energy_wh == energy_wh


# --- never more than ------------------------------------------------------------------------------


def test_a_spending_cap_of_one_yuan_buys_this_much_and_not_one_watt_hour_more():
    wh = energy_for(FLAT, 100)
    assert price(FLAT, [Piece(0, wh)]).total_fen == 100
    assert price(FLAT, [Piece(0, wh + 1)]).total_fen == 101


@given(st.integers(0, 2000), st.sampled_from([PEAK, VALLEY]))
def test_a_cap_within_one_band_is_used_to_the_last_watt_hour(cap_fen, band):
    wh = energy_for(TWO_BANDS, cap_fen, band)
    assert price(TWO_BANDS, [Piece(band, wh)]).total_fen <= cap_fen
    assert price(TWO_BANDS, [Piece(band, wh + 1)]).total_fen > cap_fen


@given(st.integers(0, 2000), st.floats(0, 1))
def test_a_cap_over_several_bands_holds_however_the_energy_falls_on_them(cap_fen, share):
    wh = energy_for(TWO_BANDS, cap_fen)
    peak_wh = int(wh * share)
    pieces = [Piece(PEAK, peak_wh), Piece(VALLEY, wh - peak_wh)]
    assert price(TWO_BANDS, pieces).total_fen <= cap_fen


FIVE_ALIKE = TariffVersion(
    5,
    LONG_AGO,
    tuple(Band(f"band {i}", 4870, 2000, frozenset(range(i, 48, 5))) for i in range(5)),
    LONG_AGO,
    "all households",
)
"""Five bands of one price: the same energy has ten lines to round instead of two."""


@given(st.integers(0, 500), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_a_cap_holds_even_where_every_one_of_ten_lines_rounds_up(cap_fen, shares):
    wh = energy_for(FIVE_ALIKE, cap_fen)
    cuts = [0, *sorted(int(share * wh) for share in shares), wh]
    pieces = [Piece(band, cuts[band + 1] - cuts[band]) for band in range(5)]
    assert price(FIVE_ALIKE, pieces).total_fen <= cap_fen


def test_ten_lines_can_round_up_together_and_the_cap_reckons_with_it():
    """5 x 13 Wh: 0.6331 fen -> 1 and 0.26 -> 0, five times; 65 Wh on one band cost 4."""
    assert price(FIVE_ALIKE, [Piece(band, 13) for band in range(5)]).total_fen == 5
    assert price(FIVE_ALIKE, [Piece(0, 65)]).total_fen == 4
    assert energy_for(FIVE_ALIKE, 4) < 65


def test_a_cap_over_several_bands_gives_away_no_more_than_the_rounding_of_its_lines():
    wh = energy_for(TWO_BANDS, 100)
    assert price(TWO_BANDS, [Piece(PEAK, wh)]).total_fen >= 97


def test_a_negative_cap_buys_nothing_and_a_free_charge_is_limited_by_other_things():
    assert energy_for(FLAT, -1) == 0
    assert energy_for(FREE, 0) >= 100_000


def test_the_components_are_named_as_the_statement_prints_them():
    assert [str(component) for component in Component] == ["electricity", "service"]
