"""How much of the time outlets could be used, and how long it took to mend what was broken.

Both are read from incidents. An outlet counts as unusable while its pile is silent, blocked, or
has a fault that puts the outlet out of order; what only needs a look (a weak signal, a held
session) does not count. What the operator takes out of service for works is not an outage.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from service.alerts.trouble import PILE
from service.piles.faults import Severity, SwitchOff, fault_of
from service.usage.spans import Span
from service.usage.utilisation import Place

STOPS_ALL = frozenset({"silent", "identity_collision"})
"""Noticed by the service, and nobody can start on that pile meanwhile."""


class Outage(NamedTuple):
    """An incident as these figures need it: where and when. `over_ms` is None while it lasts."""

    code: str
    severity: str
    source: str
    pile: str | None
    outlet: int | None
    raised_ms: int
    answered_ms: int | None
    over_ms: int | None


@dataclass(frozen=True, slots=True)
class Availability:
    """One outlet: the share of the span in which it could be used, and the seconds it could not."""

    pile: str
    outlet: int
    share: float
    unusable_seconds: int


@dataclass(frozen=True, slots=True)
class Repairs:
    """Incidents at piles that began in a span, without mere information; times in seconds.

    A mean says little while something is still broken, so what is open and its age stand beside it.
    """

    raised: int
    mended: int
    open: int
    mean_seconds: int | None
    median_seconds: int | None
    longest_seconds: int | None
    mean_to_answer_seconds: int | None
    oldest_open_seconds: int | None


def stops_use(outage: Outage) -> bool:
    """Whether an outlet cannot be used while this lasts."""
    if outage.code in STOPS_ALL:
        return True
    fault = fault_of(outage.code)
    if fault.switch_off is not SwitchOff.NONE:
        return True
    return outage.source == PILE and Severity(outage.severity) is not Severity.INFO


def availability(
    outages: Iterable[Outage],
    places: Sequence[Place],
    span: Span,
    there_since_ms: Mapping[str, int] | None = None,
) -> list[Availability]:
    """Every outlet in the order given. A pile counts from when it was enrolled (`there_since_ms`).

    Outages that overlap count once.
    """
    parts: dict[Place, list[tuple[int, int]]] = defaultdict(list)
    numbers: dict[str, list[int]] = defaultdict(list)
    for pile, number in places:
        numbers[pile].append(number)
    for outage in outages:
        if outage.pile is None or not stops_use(outage):
            continue
        end = span.until_ms if outage.over_ms is None else outage.over_ms
        hit = [outage.outlet] if outage.outlet is not None else numbers[outage.pile]
        for number in hit:
            parts[outage.pile, number].append((outage.raised_ms, end))
    there = there_since_ms or {}
    return [
        _available(place, parts[place], max(span.since_ms, there.get(place[0], 0)), span.until_ms)
        for place in places
    ]


def _available(place: Place, parts: list[tuple[int, int]], since: int, until: int) -> Availability:
    away, covered = 0, since
    for raised, over in sorted(parts):
        start, end = max(raised, covered), min(over, until)
        if end > start:
            away += end - start
            covered = end
    length = until - since
    return Availability(*place, 1 - away / length if length > 0 else 1.0, away // 1000)


def mean_availability(all_outlets: Sequence[Availability]) -> float | None:
    """The mean over outlets; None when there are none."""
    return sum(one.share for one in all_outlets) / len(all_outlets) if all_outlets else None


def repairs(outages: Iterable[Outage], span: Span) -> Repairs:
    """How long it took to mend what broke in a span; `span.until` is the moment of asking."""
    begun = [
        one
        for one in outages
        if one.pile is not None
        and one.severity != Severity.INFO
        and span.since_ms <= one.raised_ms < span.until_ms
    ]
    lasted = [
        (one.over_ms - one.raised_ms) / 1000
        for one in begun
        if one.over_ms is not None and one.over_ms <= span.until_ms
    ]
    answered = [
        (one.answered_ms - one.raised_ms) / 1000 for one in begun if one.answered_ms is not None
    ]
    still = [
        span.until_ms - one.raised_ms
        for one in begun
        if one.over_ms is None or one.over_ms > span.until_ms
    ]
    return Repairs(
        raised=len(begun),
        mended=len(lasted),
        open=len(still),
        mean_seconds=int(sum(lasted) / len(lasted)) if lasted else None,
        median_seconds=int(median(lasted)) if lasted else None,
        longest_seconds=int(max(lasted)) if lasted else None,
        mean_to_answer_seconds=int(sum(answered) / len(answered)) if answered else None,
        oldest_open_seconds=max(still) // 1000 if still else None,
    )
