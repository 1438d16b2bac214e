"""Energy in its bands, against a clock that is looked at minute by minute and knows no borders.

Any way to share out the 48 half-hours, any reading times, across midnight, month end, a leap day,
and the hours that clocks skip or repeat: by an hour in Berlin, by half of one on Lord Howe Island.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from service.billing.pricing import Piece, price
from service.billing.tariff import Band, TariffVersion, band_at, borders
from service.clock import from_ms, to_ms
from service.metering.energy import Claim, Metered, Point, meter_session
from tests.billing.days import BERLIN, LONG_AGO, SHANGHAI

LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
"""Five hours and three quarters from UTC: no half-hour there begins with one of ours."""

NIGHTS = [
    (datetime(2026, 3, 28, 18, tzinfo=UTC), BERLIN),  # clocks go forward
    (datetime(2026, 10, 24, 18, tzinfo=UTC), BERLIN),  # and back
    (datetime(2026, 4, 4, 8, tzinfo=UTC), LORD_HOWE),  # back by half an hour
    (datetime(2026, 10, 3, 8, tzinfo=UTC), LORD_HOWE),
    (datetime(2028, 2, 28, 10, tzinfo=UTC), SHANGHAI),  # into a leap day
    (datetime(2028, 2, 29, 10, tzinfo=UTC), SHANGHAI),
    (datetime(2026, 12, 31, 10, tzinfo=UTC), SHANGHAI),
    (datetime(2026, 3, 31, 10, tzinfo=UTC), KATHMANDU),
]
MINUTE_MS = 60_000
WATTS = 180


@st.composite
def tariffs(draw: st.DrawFn) -> TariffVersion:
    """One to five bands, shared out in any way."""
    owners = draw(st.lists(st.integers(0, 4), min_size=48, max_size=48))
    names = sorted(set(owners))
    bands = tuple(
        Band(f"band {name}", 1_000 + 700 * name, 500 * name,
             frozenset(slot for slot, owner in enumerate(owners) if owner == name))
        for name in names
    )  # fmt: skip
    return TariffVersion(1, LONG_AGO, bands, LONG_AGO, "everybody")


@st.composite
def charges(draw: st.DrawFn) -> tuple[int, int, ZoneInfo]:
    """A charge of some minutes in one of the nights, to the minute."""
    evening, zone = draw(st.sampled_from(NIGHTS))
    start = evening + timedelta(minutes=draw(st.integers(0, 14 * 60)))
    length = draw(st.integers(1, 10 * 60))
    return to_ms(start), to_ms(start) + length * MINUTE_MS, zone


def wh_at(start_ms: int, at_ms: int) -> int:
    """The register of a charger that draws the same all the time: 3 Wh a minute."""
    return (at_ms - start_ms) * WATTS // 3_600_000


def metered(
    start_ms: int, end_ms: int, read_at: list[int], tariff: TariffVersion, zone: ZoneInfo
) -> Metered:
    own = [Point(at, wh_at(start_ms, at), "a17") for at in read_at]
    claim = Claim("a17", start_ms, end_ms, 0, wh_at(start_ms, end_ms), None, 1000)
    cuts = [to_ms(at) for at in borders(tariff, from_ms(start_ms), from_ms(end_ms), zone)]
    found = meter_session(claim, own, cuts)
    assert found.doubt is None
    return found


def by_band(found: Metered, tariff: TariffVersion, zone: ZoneInfo) -> dict[int, int]:
    energy: dict[int, int] = {}
    for part in found.slices:
        band = band_at(tariff, from_ms(part.start_ms), zone)
        energy[band] = energy.get(band, 0) + part.energy_wh
    return {band: wh for band, wh in energy.items() if wh}


def minute_by_minute(
    start_ms: int, end_ms: int, tariff: TariffVersion, zone: ZoneInfo
) -> dict[int, int]:
    """What somebody writes down who looks at the wall clock once a minute, all night."""
    energy: dict[int, int] = {}
    for at_ms in range(start_ms, end_ms, MINUTE_MS):
        clock = from_ms(at_ms).astimezone(zone)
        slot = (clock.hour * 60 + clock.minute) // 30
        (band,) = [n for n, one in enumerate(tariff.bands) if slot in one.slots]
        drawn = wh_at(start_ms, at_ms + MINUTE_MS) - wh_at(start_ms, at_ms)
        energy[band] = energy.get(band, 0) + drawn
    return energy


@given(tariffs(), charges())
@settings(max_examples=60, deadline=None)
def test_read_every_minute_every_watt_hour_is_in_the_band_of_its_minute(tariff, charge):
    start_ms, end_ms, zone = charge
    found = metered(start_ms, end_ms, list(range(start_ms, end_ms, MINUTE_MS)), tariff, zone)
    assert by_band(found, tariff, zone) == minute_by_minute(start_ms, end_ms, tariff, zone)
    assert not any(part.interpolated for part in found.slices)


@given(tariffs(), charges(), st.lists(st.integers(0, 10 * 3_600_000), max_size=8))
@settings(max_examples=60, deadline=None)
def test_however_seldom_it_is_read_a_steady_charge_is_off_by_less_than_two_watt_hours_a_border(
    tariff, charge, read
):
    """Placed by time inside the interval between two readings, and nowhere else."""
    start_ms, end_ms, zone = charge
    read_at = [start_ms + after for after in read if start_ms + after < end_ms]
    found = metered(start_ms, end_ms, read_at, tariff, zone)
    true, told = minute_by_minute(start_ms, end_ms, tariff, zone), by_band(found, tariff, zone)
    assert sum(told.values()) == sum(true.values()) == found.energy_wh
    off = sum(abs(told.get(band, 0) - true.get(band, 0)) for band in {*told, *true})
    assert off <= 2 * 2 * max(0, len(found.slices) - 1)


@given(tariffs(), charges(), st.lists(st.integers(0, 10 * 3_600_000), max_size=8), st.data())
@settings(max_examples=60, deadline=None)
def test_energy_never_leaves_the_interval_in_which_it_was_measured(tariff, charge, read, data):
    """A bike that draws now and then: a slice holds at least what was read wholly inside it."""
    start_ms, end_ms, zone = charge
    times = sorted({start_ms, end_ms, *(start_ms + a for a in read if start_ms + a < end_ms)})
    steps = [0, *(data.draw(st.integers(0, (b - a) // 3_600)) for a, b in pairwise(times))]
    levels = [sum(steps[: place + 1]) for place in range(len(times))]
    own = [Point(at, wh, "a17") for at, wh in zip(times, levels, strict=True)]
    claim = Claim("a17", start_ms, end_ms, 0, levels[-1], None, 1000)
    cuts = [to_ms(at) for at in borders(tariff, from_ms(start_ms), from_ms(end_ms), zone)]
    found = meter_session(claim, own, cuts)
    for part in found.slices:
        inside = [p.energy_wh for p in own if part.start_ms <= p.at_ms <= part.end_ms]
        before = [p.energy_wh for p in own if p.at_ms <= part.start_ms]
        after = [p.energy_wh for p in own if p.at_ms >= part.end_ms]
        assert part.energy_wh >= (max(inside) - min(inside) if inside else 0)
        assert part.energy_wh <= min(after) - max(before)
    pieces = [
        Piece(band_at(tariff, from_ms(part.start_ms), zone), part.energy_wh)
        for part in found.slices
    ]
    assert price(tariff, pieces).energy_wh == levels[-1]
