"""Whole nights priced in two ways: by the borders, and minute by minute by the clock on the wall.

The second way is written apart and knows nothing of borders: it looks at the clock once a minute.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.billing import actions
from service.billing.pricing import Piece, Priced, estimate, price
from service.billing.tariff import Band, TariffVersion, band_at, borders
from service.store import Store
from tests.billing.books import THE_LIS, a_session, close, misfits, post, publish
from tests.billing.days import (
    BERLIN,
    LONG_AGO,
    PEAK,
    SHANGHAI,
    TWO_BANDS,
    VALLEY,
    VALLEY_SLOTS,
    local,
)

WH_A_MINUTE = 3
MINUTE = timedelta(minutes=1)


def metered(start: datetime, minutes: int, zone: ZoneInfo, tariff=TWO_BANDS) -> list[Piece]:
    """A charger that takes 180 W all night, read exactly at every border."""
    end = start + minutes * MINUTE
    cuts = [start, *borders(tariff, start, end, zone), end]
    return [
        Piece(band_at(tariff, left, zone), (right - left) // MINUTE * WH_A_MINUTE)
        for left, right in pairwise(cuts)
    ]


def minute_by_minute(start: datetime, minutes: int, zone: ZoneInfo) -> dict[int, int]:
    """Energy per band by looking at the wall clock at the start of each minute."""
    energy = {PEAK: 0, VALLEY: 0}
    for number in range(minutes):
        clock = (start + number * MINUTE).astimezone(zone)
        night = clock.hour >= 22 or clock.hour < 8
        energy[VALLEY if night else PEAK] += WH_A_MINUTE
    return energy


def yuan_by_hand(energy: dict[int, int]) -> int:
    """The bill in fen from fractions of a yuan: 0.487 + 0.20 by day, 0.286 + 0.15 by night."""
    yuan_per_kwh = {PEAK: ("0.487", "0.20"), VALLEY: ("0.286", "0.15")}
    return sum(
        int(Fraction(wh, 1000) * Fraction(part) * 100 + Fraction(1, 2))
        for band, wh in energy.items()
        for part in yuan_per_kwh[band]
    )


def by_band(priced: Priced) -> dict[int, int]:
    return {line.band: line.energy_wh for line in priced.lines}


@given(
    st.integers(0, 3 * 366 * 24 * 60), st.integers(1, 26 * 60), st.sampled_from([SHANGHAI, BERLIN])
)
@settings(max_examples=60, deadline=None)
def test_any_night_in_any_season_costs_the_same_by_both_ways(begin, minutes, zone):
    start = LONG_AGO + begin * MINUTE
    priced = price(TWO_BANDS, metered(start, minutes, zone))
    energy = minute_by_minute(start, minutes, zone)
    assert by_band(priced) == {band: wh for band, wh in energy.items() if wh}
    assert priced.total_fen == yuan_by_hand(energy)


@given(st.integers(0, 2 * 366 * 24 * 60), st.integers(1, 600))
@settings(max_examples=40, deadline=None)
def test_the_estimate_of_a_steady_charge_is_its_bill(begin, minutes):
    """Before the start and after the end: one pricing function, one figure."""
    start = LONG_AGO + begin * MINUTE
    before = estimate(TWO_BANDS, minutes * WH_A_MINUTE, start, SHANGHAI, WH_A_MINUTE * 60)
    assert before == price(TWO_BANDS, metered(start, minutes, SHANGHAI))


NIGHTS = [
    ("across midnight", "2026-03-02 21:00", SHANGHAI, {PEAK: 180, VALLEY: 1260}),
    ("across a month end", "2026-03-31 21:00", SHANGHAI, {PEAK: 180, VALLEY: 1260}),
    ("across a leap day", "2028-02-28 21:00", SHANGHAI, {PEAK: 180, VALLEY: 1260}),
    ("out of a leap day", "2028-02-29 21:00", SHANGHAI, {PEAK: 180, VALLEY: 1260}),
    ("across new year", "2026-12-31 21:00", SHANGHAI, {PEAK: 180, VALLEY: 1260}),
    ("clocks put forward", "2026-03-29 01:00", BERLIN, {VALLEY: 1080, PEAK: 360}),
    ("clocks put back", "2026-10-25 01:00", BERLIN, {VALLEY: 1440}),
    ("an ordinary morning there", "2026-06-14 01:00", BERLIN, {VALLEY: 1260, PEAK: 180}),
]


@pytest.mark.parametrize(
    ("clock", "zone", "energy"), [night[1:] for night in NIGHTS], ids=[night[0] for night in NIGHTS]
)
def test_eight_hours_at_180_watts(clock, zone, energy):
    priced = price(TWO_BANDS, metered(local(clock, zone), 8 * 60, zone))
    assert by_band(priced) == energy


def test_a_moment_outside_every_band_is_breakage_not_a_free_charge():
    holes = TariffVersion(9, LONG_AGO, (Band("night only", 1, 1, VALLEY_SLOTS),))
    with pytest.raises(ValueError, match="no band for 12:00"):
        band_at(holes, local("2026-03-02 12:00"), SHANGHAI)


def test_rule_7_a_night_across_the_month_end_is_one_session_of_the_month_it_ended_in(store: Store):
    """Started on 31 March at 21:00, full at 05:00: two bands, one block, on April's statement."""
    start, end = local("2026-03-31 21:00"), local("2026-04-01 05:00")
    with store.writing() as uow:
        number = publish(uow, replace(TWO_BANDS, id=0))
        tariff = actions.tariff_version(uow, number)
        pieces = metered(start, (end - start) // MINUTE, SHANGHAI, tariff)
        post(uow, a_session("night", ended=end, wh=pieces, tariff=tariff), now="2026-04-01 05:10")
        actions.close_month(uow, "2026-03", local("2026-04-01 00:05"), SHANGHAI)
        assert actions.statement_of(uow, THE_LIS, "2026-03") is None
        close(uow, "2026-04", "2026-05-01 00:05")
        april = actions.statement_of(uow, THE_LIS, "2026-04")
    (block,) = april.sessions
    assert by_band(block.priced) == {PEAK: 180, VALLEY: 1260}
    assert april.lines_fen == yuan_by_hand({PEAK: 180, VALLEY: 1260}) == 68
    assert not block.late
    assert not misfits(store)


def test_accounts_can_be_asked_for_one_month_of_the_books(store: Store):
    with store.writing() as uow:
        post(uow, a_session("march"), a_session("april", ended="2026-04-01 05:00", wh=1000),
             now="2026-04-02")  # fmt: skip
        march, april = actions.accounts(uow, "2026-03"), actions.accounts(uow, "2026-04")
        assert sum(march.values()) == sum(april.values()) == 0
        assert march["receivable"] == 42
        assert april["receivable"] == 69
        assert actions.accounts(uow, "2026-05") == {}


def test_times_of_other_zones_are_the_same_moments():
    utc = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
    assert band_at(TWO_BANDS, utc, SHANGHAI) == VALLEY
    assert band_at(TWO_BANDS, utc.astimezone(BERLIN), SHANGHAI) == VALLEY
    assert band_at(TWO_BANDS, utc, BERLIN) == PEAK
