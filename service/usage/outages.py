"""How much of the time outlets could be used, and how long it took to mend what was broken.

An outlet counts as unusable while its pile is silent, blocked, or has a fault that puts the outlet
out of order (read from incidents), and while people have taken the pile out of service (read from
the audit trail); what only needs a look (a weak signal, a held session) does not count. A neighbour
who finds an outlet dead does not care why, so whatever the reason it is time lost.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from service.alerts.trouble import PILE
from service.piles.faults import Severity, SwitchOff, fault_of
from service.usage.spans import Span
from service.usage.utilisation import Place

Stretch = tuple[int, int]

SILENT = "silent"
STOPS_ALL = frozenset({SILENT, "identity_collision"})
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


class Closing(NamedTuple):
    """A pile that people took out of service. `until_ms` is None while it is out."""

    pile: str
    since_ms: int
    until_ms: int | None


class Wish(NamedTuple):
    """One line of the audit trail: somebody wanted a pile out of service, or back in."""

    pile: str
    at_ms: int
    wanted: str


@dataclass(frozen=True, slots=True)
class Availability:
    """One outlet: the share of the span in which it could be used, and the seconds it could not.

    The seconds are told apart by reason, each counted once: out of service, else silent, else
    broken; together they are `unusable_seconds`.
    """

    pile: str
    outlet: int
    share: float
    unusable_seconds: int
    closed_seconds: int = 0
    silent_seconds: int = 0

    @property
    def broken_seconds(self) -> int:
        """Neither out of service nor silent, and yet not to be used."""
        return self.unusable_seconds - self.closed_seconds - self.silent_seconds


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


def closings(wishes: Iterable[Wish]) -> list[Closing]:
    """When piles were out of service, from what people wanted, oldest first."""
    out: dict[str, int] = {}
    found = []
    for wish in wishes:
        if wish.wanted == "out":
            out.setdefault(wish.pile, wish.at_ms)
        elif wish.pile in out:
            found.append(Closing(wish.pile, out.pop(wish.pile), wish.at_ms))
    return found + [Closing(pile, since, None) for pile, since in out.items()]


def availability(
    outages: Iterable[Outage],
    places: Sequence[Place],
    span: Span,
    there_since_ms: Mapping[str, int] | None = None,
    closed: Iterable[Closing] = (),
) -> list[Availability]:
    """Every outlet in the order given. A pile counts from when it was enrolled (`there_since_ms`).

    What overlaps counts once.
    """
    lost = _Lost(span.until_ms)
    numbers: dict[str, list[int]] = defaultdict(list)
    for pile, number in places:
        numbers[pile].append(number)
    for closing in closed:
        for number in numbers[closing.pile]:
            lost.closed[closing.pile, number].append(lost.part(closing.since_ms, closing.until_ms))
    for outage in outages:
        if outage.pile is None or not stops_use(outage):
            continue
        kind = lost.silent if outage.code == SILENT else lost.broken
        hit = [outage.outlet] if outage.outlet is not None else numbers[outage.pile]
        for number in hit:
            kind[outage.pile, number].append(lost.part(outage.raised_ms, outage.over_ms))
    there = there_since_ms or {}
    return [
        _available(place, lost, max(span.since_ms, there.get(place[0], 0)), span.until_ms)
        for place in places
    ]


@dataclass(slots=True)
class _Lost:
    """Stretches (ms) in which outlets could not be used, by reason."""

    until_ms: int
    closed: dict[Place, list[Stretch]] = field(default_factory=lambda: defaultdict(list))
    silent: dict[Place, list[Stretch]] = field(default_factory=lambda: defaultdict(list))
    broken: dict[Place, list[Stretch]] = field(default_factory=lambda: defaultdict(list))

    def part(self, since_ms: int, over_ms: int | None) -> Stretch:
        return since_ms, self.until_ms if over_ms is None else over_ms


def _available(place: Place, lost: _Lost, since: int, until: int) -> Availability:
    closed = _covered(lost.closed[place], since, until)
    quiet = _covered(lost.closed[place] + lost.silent[place], since, until)
    away = _covered(lost.closed[place] + lost.silent[place] + lost.broken[place], since, until)
    length = until - since
    share = 1 - away / length if length > 0 else 1.0
    seconds, shut = away // 1000, closed // 1000
    return Availability(*place, share, seconds, shut, quiet // 1000 - shut)


def _covered(stretches: Iterable[Stretch], since: int, until: int) -> int:
    """How many ms of a span at least one stretch covers."""
    away, covered = 0, since
    for begun, over in sorted(stretches):
        start, end = max(begun, covered), min(over, until)
        if end > start:
            away += end - start
            covered = end
    return away


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


def longest(outages: Iterable[Outage], span: Span, count: int) -> list[tuple[Outage, int]]:
    """The incidents at piles of a span that lasted longest, with their seconds up to its end."""
    lasted = [
        (one, (min(one.over_ms or span.until_ms, span.until_ms) - one.raised_ms) // 1000)
        for one in outages
        if one.pile is not None
        and one.severity != Severity.INFO
        and span.since_ms <= one.raised_ms < span.until_ms
    ]
    return sorted(lasted, key=lambda pair: (-pair[1], pair[0].raised_ms))[:count]
