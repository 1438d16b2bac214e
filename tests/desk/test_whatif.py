"""Last month under other prices: the same pricing function, and every Wh in its band."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.billing.outcomes import SessionToBill
from service.billing.pricing import Piece, price
from service.billing.statement import SessionBlock
from service.billing.tariff import Band, TariffVersion, band_at, borders
from service.clock import to_ms
from service.desk.whatif import How, again_from_bill, again_from_readings, pay_back, sum_up
from service.metering.energy import Claim, Point, meter_session
from tests.billing.books import a_session
from tests.billing.days import BERLIN, FLAT, PEAK, SHANGHAI, TWO_BANDS, VALLEY, local

THREE_BANDS = replace(
    TWO_BANDS,
    bands=(
        Band("morning", 4870, 1000, frozenset(range(16, 30))),
        Band("evening", 4870, 4000, frozenset(range(30, 44))),
        Band("night", 2860, 500, frozenset(range(44, 48)) | frozenset(range(16))),
    ),
)
"""08:00 to 15:00, 15:00 to 22:00, 22:00 to 08:00: night is the valley, the peak is divided."""


def block(wh: int | list[Piece], tariff: TariffVersion = FLAT, **more) -> SessionBlock:
    bill, priced = a_session(wh=wh, tariff=tariff, **more)
    return SessionBlock(bill, priced, 1, late=False)


def parts(again) -> dict[str, int]:
    return {line.band_name: line.energy_wh for line in again.priced.lines}


# --- from the bill -------------------------------------------------------------------------------


def test_another_flat_price_needs_nothing_but_the_bill():
    again = again_from_bill(
        block([Piece(PEAK, 400), Piece(VALLEY, 600)], TWO_BANDS), TWO_BANDS, FLAT, SHANGHAI
    )
    assert again is not None
    assert again.how is How.BILL
    assert parts(again) == {"flat": 1000}
    assert again.priced.electricity_fen == 49  # 1.000 x 0.487 = 0.4870
    assert again.priced.service_fen == 20


def test_a_session_that_stays_inside_one_new_band_needs_nothing_but_the_bill():
    evening = block(613, ended="2026-03-02 21:59")
    again = again_from_bill(evening, FLAT, TWO_BANDS, SHANGHAI)
    assert again is not None
    assert parts(again) == {"peak": 613}


def test_a_session_across_a_new_border_needs_its_readings():
    assert again_from_bill(block(613, ended="2026-03-02 23:10"), FLAT, TWO_BANDS, SHANGHAI) is None


def test_an_old_band_that_is_divided_matters_only_if_the_session_saw_both_parts():
    afternoon = block([Piece(PEAK, 500)], TWO_BANDS, ended="2026-03-02 20:00")
    assert parts(again_from_bill(afternoon, TWO_BANDS, THREE_BANDS, SHANGHAI)) == {"evening": 500}
    across = block([Piece(PEAK, 500)], TWO_BANDS, ended="2026-03-02 16:00")
    assert again_from_bill(across, TWO_BANDS, THREE_BANDS, SHANGHAI) is None
    night = block([Piece(VALLEY, 500)], TWO_BANDS, ended="2026-03-03 02:00")
    assert parts(again_from_bill(night, TWO_BANDS, THREE_BANDS, SHANGHAI)) == {"night": 500}


# --- from the readings ---------------------------------------------------------------------------

TEN = local("2026-03-02 22:00")


def across_ten(start_wh: int = 1000) -> SessionBlock:
    """From 20:10 to 23:10, 600 Wh."""
    return block(600, ended="2026-03-02 23:10", start_wh=start_wh)


def at_ten(minutes: float, wh: int) -> Point:
    return Point(to_ms(TEN + timedelta(minutes=minutes)), wh)


def test_an_energy_is_divided_where_the_register_stood_at_the_border():
    again = again_from_readings(
        across_ten(), TWO_BANDS, [at_ten(-60, 1200), at_ten(0, 1450), at_ten(30, 1500)], SHANGHAI
    )
    assert again.how is How.READINGS
    assert parts(again) == {"peak": 450, "valley": 150}
    # 0.450 x 0.487 = 0.21915 -> 0.22; 0.150 x 0.286 = 0.0429 -> 0.04
    assert again.priced.electricity_fen == 26
    # 0.450 x 0.20 = 0.09; 0.150 x 0.15 = 0.0225 -> 0.02
    assert again.priced.service_fen == 11


def test_between_two_readings_it_is_divided_by_time():
    again = again_from_readings(
        across_ten(), TWO_BANDS, [at_ten(-1, 1400), at_ten(1, 1410)], SHANGHAI
    )
    assert parts(again) == {"peak": 405, "valley": 195}


def test_where_the_readings_are_gone_it_is_spread_evenly_and_says_so():
    again = again_from_readings(across_ten(), TWO_BANDS, [], SHANGHAI)
    assert again.how is How.EVENLY
    assert parts(again) == {"peak": 367, "valley": 233}  # 110 and 70 minutes of 180
    of_others = [at_ten(-600, 10), at_ten(600, 99_000)]
    assert again_from_readings(across_ten(), TWO_BANDS, of_others, SHANGHAI).how is How.EVENLY


def test_a_bill_for_less_than_its_registers_say_is_spread_over_what_was_billed():
    """A person decided to bill only what our readings prove."""
    odd = replace(across_ten(), bill=replace(across_ten().bill, end_wh=9000))
    again = again_from_readings(odd, TWO_BANDS, [at_ten(0, 1450)], SHANGHAI)
    assert again.how is How.EVENLY
    assert sum(parts(again).values()) == 600


def test_no_energy_costs_nothing_under_any_price():
    again = again_from_readings(block(0), TWO_BANDS, [], SHANGHAI)
    assert (again.priced.lines, again.priced.total_fen) == ((), 0)


# --- laws ----------------------------------------------------------------------------------------


@st.composite
def tariffs(draw: st.DrawFn) -> TariffVersion:
    shares = draw(
        st.one_of(
            st.just([0] * 48),
            st.integers(0, 47).map(lambda n: [int(slot < n) for slot in range(48)]),
            st.lists(st.integers(0, 4), min_size=48, max_size=48),
        )
    )
    prices = st.tuples(st.integers(0, 4870), st.integers(0, 10_000))
    bands = tuple(
        Band(
            f"band {share}", *draw(prices), frozenset(i for i, s in enumerate(shares) if s == share)
        )
        for share in sorted(set(shares))
    )
    return replace(TWO_BANDS, id=draw(st.integers(1, 9)), bands=bands)


@st.composite
def readings(draw: st.DrawFn, start: datetime, end: datetime, start_wh: int, end_wh: int):
    count = draw(st.integers(0, 6))
    span_ms = to_ms(end) - to_ms(start)
    times = draw(st.lists(st.integers(0, max(span_ms, 1)), min_size=count, max_size=count))
    levels = draw(st.lists(st.integers(start_wh, end_wh), min_size=count, max_size=count))
    return [
        Point(to_ms(start) + at, level)
        for at, level in zip(sorted(times), sorted(levels), strict=True)
    ]


@st.composite
def billed(draw: st.DrawFn, zone=SHANGHAI) -> tuple[SessionBlock, TariffVersion, list[Point]]:
    """A session as it would really be billed by some tariff, from some readings."""
    tariff = draw(tariffs())
    start = local("2026-03-28 12:00") + timedelta(minutes=draw(st.integers(0, 40_000)))
    end = start + timedelta(seconds=draw(st.integers(0, 36_000)))
    wh = draw(st.integers(0, 3000))
    points = draw(readings(start, end, 1000, 1000 + wh))
    cuts = [to_ms(at) for at in borders(tariff, start, end, zone)]
    claim = Claim("a18", to_ms(start), to_ms(end), 1000, 1000 + wh, None, 1000)
    pieces = [
        Piece(
            band_at(tariff, start + timedelta(milliseconds=part.start_ms - to_ms(start)), zone),
            part.energy_wh,
            part.interpolated,
        )
        for part in meter_session(claim, points, cuts).slices
    ]
    bill = SessionToBill("S", 12, "LB-017", 2, start, end, "a18", 1000, 1000 + wh, "full")
    return SessionBlock(bill, price(tariff, pieces), 1, late=False), tariff, points


law = settings(max_examples=40, deadline=None)
zones = pytest.mark.parametrize("zone", [SHANGHAI, BERLIN], ids=["Shanghai", "Berlin"])


@zones
def test_the_unchanged_tariff_gives_what_was_billed_to_the_fen_for_any_session(zone):
    @law
    @given(billed(zone))
    def holds(found):
        past, tariff, _ = found
        unchanged = replace(tariff, id=0)
        again = again_from_bill(past, tariff, unchanged, zone)
        assert again is not None, "the bill itself is enough, also when the readings are gone"
        assert again.priced.lines == past.priced.lines
        assert again.priced.total_fen == past.total_fen

    holds()


@zones
def test_no_watt_hour_is_lost_or_made_by_any_draft(zone):
    @law
    @given(billed(zone), tariffs(), st.booleans())
    def holds(found, draft, forgotten):
        past, tariff, points = found
        again = again_from_bill(past, tariff, draft, zone)
        if again is None:
            again = again_from_readings(past, draft, [] if forgotten else points, zone)
        assert again.priced.energy_wh == past.priced.energy_wh
        electricity = [x for x in again.priced.lines if x.component == "electricity"]
        assert sum(x.energy_wh for x in electricity) == past.priced.energy_wh

    holds()


@law
@given(billed(), tariffs())
def test_what_the_bill_tells_is_what_the_readings_tell(found, draft):
    """Where the bill is enough, measuring again gives the same energy in every band."""
    past, tariff, points = found
    again = again_from_bill(past, tariff, draft, SHANGHAI)
    if again is not None:
        measured = again_from_readings(past, draft, points, SHANGHAI)
        assert parts(again) == parts(measured)


@law
@given(billed(), tariffs())
def test_only_the_readings_next_to_a_border_matter(found, draft):
    """So two of them are fetched for each border, not the hundreds of a whole session."""
    past, _, points = found
    near = set()
    for border in borders(draft, past.bill.started_at, past.bill.ended_at, SHANGHAI):
        at_ms = to_ms(border)
        before = [point for point in points if point.at_ms <= at_ms]
        after = [point for point in points if point.at_ms >= at_ms]
        if before:
            near.add(Point(max(p.at_ms for p in before), max(p.energy_wh for p in before)))
        if after:
            near.add(Point(min(p.at_ms for p in after), min(p.energy_wh for p in after)))
    by_all = again_from_readings(past, draft, points, SHANGHAI)
    by_near = again_from_readings(past, draft, sorted(near), SHANGHAI)
    assert by_near.priced == by_all.priced


# --- households and pay-back ---------------------------------------------------------------------


def test_households_are_summed_and_counted_by_more_less_and_same():
    dearer = TariffVersion.flat(TEN, 4870, 3000)
    made = [
        again_from_bill(block(wh, household_id=household), FLAT, dearer, SHANGHAI)
        for household, wh in ((1, 613), (1, 1000), (2, 0), (3, 300))
    ]
    found = sum_up("2026-03", made)
    # 0.613: 30 + 12 -> 30 + 18; 1.000: 49 + 20 -> 49 + 30
    one = found.households[1]
    assert (one.sessions, one.energy_wh, one.old_fen, one.new_fen) == (2, 1613, 111, 127)
    assert (one.change_fen, one.estimated) == (16, 0)
    assert (found.more, found.less, found.same) == (2, 0, 1)
    # 0.300: 15 + 6 -> 15 + 9
    assert (found.total.old_fen, found.total.new_fen) == (132, 151)
    assert found.total.old_fen == sum(x.old_fen for x in found.households.values())
    assert found.average_fen(found.total.old_fen) == 44
    assert found.average_fen(151) == 50  # 50.33


def test_a_month_without_charges_has_nothing_to_compare():
    found = sum_up("2026-03", [])
    assert (found.households, found.total.old_fen, found.average_fen(0)) == ({}, 0, 0)


def test_the_60_000_yuan_at_0_20_yuan_come_back_in_about_22_years():
    """110 bikes x 0.35 kWh a day x 30 days = 1,155 kWh a month: 231 yuan of service fee."""
    month = price(TariffVersion.flat(TEN, 4870, 2000), [Piece(0, 1_155_000)])
    assert month.service_fen == 231_00
    found = pay_back(60_000_00, month.service_fen)
    assert found.tenths == 2597  # 60,000 / 231 = 259.74
    assert (found.months, found.years) == (260, 22)


def test_at_0_50_yuan_it_is_about_9_years():
    month = price(TariffVersion.flat(TEN, 4870, 5000), [Piece(0, 1_155_000)])
    assert pay_back(60_000_00, month.service_fen).years == 9


def test_without_a_service_fee_it_never_comes_back():
    assert pay_back(60_000_00, 0).months is None
    assert pay_back(60_000_00, 0).years is None
    assert pay_back(0, 231_00).months == 0
