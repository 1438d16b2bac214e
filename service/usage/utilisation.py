"""How long outlets are taken: each outlet, and each hour of the week over all of them.

Hours are those of the compound's clock. An hour that the clock repeats is counted twice and one
that it skips not at all, on both sides of the division, so a share is a share on any day.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from service.clock import to_ms
from service.usage.spans import Span
from service.usage.visits import Visit

WEEKDAYS, HOURS = 7, 24
SATURDAY = 5

Place = tuple[str, int]
"""An outlet: pile and number."""


@dataclass(frozen=True, slots=True)
class OutletUse:
    """One outlet in a span: sessions that were on it, and for how much of the time it was taken."""

    pile: str
    outlet: int
    sessions: int
    energy_wh: int
    taken_seconds: int
    share: float


class HourSlot(NamedTuple):
    """One hour of the compound's clock; Monday is 0. The first and last may be shorter."""

    start_ms: int
    end_ms: int
    weekday: int
    hour: int


@dataclass(frozen=True, slots=True)
class HourUse:
    """One hour of the week: the mean share of outlets taken, None if the span has no such hour."""

    weekday: int
    hour: int
    share: float | None
    mean_taken: float
    """How many outlets were taken, on average."""


def by_outlet(visits: Iterable[Visit], places: Sequence[Place], span: Span) -> list[OutletUse]:
    """Every outlet in the order given, also those that nobody used."""
    since, until = span.since_ms, span.until_ms
    taken: dict[Place, list[int]] = {place: [0, 0, 0] for place in places}
    for visit in visits:
        part = _clipped(visit, since, until)
        row = taken.get((visit.pile, visit.outlet))
        if part is None or row is None:
            continue
        row[0] += 1
        row[2] += part[1] - part[0]
        if visit.ended_ms is not None and since <= visit.ended_ms < until:
            row[1] += visit.used_wh
    length = max(1, until - since)
    return [
        OutletUse(*place, count, energy_wh, ms // 1000, min(1.0, ms / length))
        for place, (count, energy_wh, ms) in taken.items()
    ]


def by_hour(visits: Iterable[Visit], outlets: int, span: Span, zone: tzinfo) -> list[HourUse]:
    """All 168 hours of the week, Monday 00:00 first."""
    slots = hour_slots(span, zone)
    taken = [0] * (WEEKDAYS * HOURS)
    for slot, ms in zip(slots, _taken_ms(visits, slots, span), strict=True):
        taken[slot.weekday * HOURS + slot.hour] += ms
    lengths = _lengths(slots)
    return [
        HourUse(
            number // HOURS,
            number % HOURS,
            min(1.0, taken[number] / (length * outlets)) if length and outlets else None,
            taken[number] / length if length else 0.0,
        )
        for number, length in enumerate(lengths)
    ]


def _taken_ms(visits: Iterable[Visit], slots: Sequence[HourSlot], span: Span) -> list[int]:
    """How long outlets were taken in each slot, added up. The hours in the middle of a visit are
    counted by where they begin and end, so that a long visit costs no more than a short one."""
    since, until = span.since_ms, span.until_ms
    starts = [slot.start_ms for slot in slots]
    ms = [0] * len(slots)
    more = [0] * (len(slots) + 1)
    for visit in visits:
        part = _clipped(visit, since, until)
        if part is None:
            continue
        start, end = part
        first, last = bisect_right(starts, start) - 1, bisect_left(starts, end) - 1
        if first == last:
            ms[first] += end - start
            continue
        ms[first] += slots[first].end_ms - start
        ms[last] += end - starts[last]
        more[first + 1] += 1
        more[last] -= 1
    whole = 0
    for place, slot in enumerate(slots):
        whole += more[place]
        ms[place] += whole * (slot.end_ms - slot.start_ms)
    return ms


def hour_slots(span: Span, zone: tzinfo) -> list[HourSlot]:
    """The hours of the compound's clock that a span touches, in the order in which they passed."""
    slots, at = [], span.since
    while at < span.until:
        local = at.astimezone(zone)
        end = min(_next_hour(at, local), span.until)
        slots.append(HourSlot(to_ms(at), to_ms(end), local.weekday(), local.hour))
        at = end
    return slots


def _next_hour(at: datetime, local: datetime) -> datetime:
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return at + timedelta(hours=1) - into


def _lengths(slots: Iterable[HourSlot]) -> list[int]:
    lengths = [0] * (WEEKDAYS * HOURS)
    for slot in slots:
        lengths[slot.weekday * HOURS + slot.hour] += slot.end_ms - slot.start_ms
    return lengths


def _clipped(visit: Visit, since: int, until: int) -> tuple[int, int] | None:
    """The part of a visit that lies in the span (ms); a running one lasts up to its end."""
    if visit.started_ms is None:
        return None
    start = max(since, visit.started_ms)
    end = min(until, until if visit.ended_ms is None else visit.ended_ms)
    return (start, end) if start < end else None


@dataclass(frozen=True, slots=True)
class HourOfDay:
    """One hour of the day: outlets taken on average, Monday to Friday and at weekends."""

    hour: int
    workdays: float | None
    weekend: float | None


def profile(hours: Iterable[HourUse]) -> list[HourOfDay]:
    """The 24 hours of a day from the 168 of a week; None where the span has no such hour."""
    work: dict[int, list[float]] = {hour: [] for hour in range(HOURS)}
    rest: dict[int, list[float]] = {hour: [] for hour in range(HOURS)}
    for one in hours:
        if one.share is not None:
            (work if one.weekday < SATURDAY else rest)[one.hour].append(one.mean_taken)
    return [HourOfDay(hour, _mean(work[hour]), _mean(rest[hour])) for hour in range(HOURS)]


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def mean_share(uses: Iterable[OutletUse]) -> float:
    """The mean share over outlets; 0 when there are none."""
    shares = [use.share for use in uses]
    return sum(shares) / len(shares) if shares else 0.0


def outlets_of(places: Mapping[str, int]) -> list[Place]:
    """All outlets of piles with so many outlets each."""
    return [(pile, n) for pile, count in places.items() for n in range(1, count + 1)]
