"""How full each cable was, day by day and through one day, from what is kept of its quarters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import NamedTuple

from service.clock import from_ms

QUARTER_MS = 15 * 60 * 1000


class Quarter(NamedTuple):
    """One feeder in one quarter of an hour: its highest and its mean current."""

    feeder_id: str
    at_ms: int
    peak_ma: int
    mean_ma: int


@dataclass(frozen=True, slots=True)
class DayPeak:
    """The highest current of a feeder on a day, and when the quarter of it began (ms)."""

    peak_ma: int
    at_ms: int


def by_day(quarters: Iterable[Quarter], zone: tzinfo) -> dict[date, dict[str, DayPeak]]:
    """Each day's highest of each feeder, oldest day first; a day that nobody watched is not there.

    Of two quarters that are as high the first one counts.
    """
    found: dict[date, dict[str, DayPeak]] = {}
    for one in quarters:
        day = found.setdefault(from_ms(one.at_ms).astimezone(zone).date(), {})
        known = day.get(one.feeder_id)
        if known is None or one.peak_ma > known.peak_ma:
            day[one.feeder_id] = DayPeak(one.peak_ma, one.at_ms)
    return dict(sorted(found.items()))


def highest(days: Mapping[date, Mapping[str, DayPeak]]) -> dict[str, DayPeak]:
    """Each feeder's highest of all days."""
    found: dict[str, DayPeak] = {}
    for day in days.values():
        for feeder_id, peak in day.items():
            if feeder_id not in found or peak.peak_ma > found[feeder_id].peak_ma:
                found[feeder_id] = peak
    return found
