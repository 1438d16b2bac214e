"""Sessions in figures: how many were asked for and began, how much energy, how long one waited.

A session's energy counts where it ended, as on the statement; whether it began counts where it was
asked for. Requests that were refused make no session and are counted by the gauges only.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import NamedTuple

from service.clock import from_ms
from service.sessions.lifecycle import State
from service.usage.spans import Span


class Visit(NamedTuple):
    """One session as these figures need it; a tuple because a month has thousands. Times in ms."""

    pile: str
    outlet: int
    state: str
    requested_ms: int
    commanded_ms: int | None
    started_ms: int | None
    ended_ms: int | None
    energy_wh: int | None
    left_by_wish: bool
    """Somebody stopped it; of a session that never began: they no longer wanted to wait."""
    household_id: int | None = None
    was_shed: bool = False
    """Switched off for a while because its cable was too full."""

    @property
    def used_wh(self) -> int:
        """What it took, where nobody doubts it: the record of a held or waived session may be a
        register that jumped by 10,000 kWh."""
        return self.energy_wh or 0 if self.state not in (State.HELD, State.WAIVED) else 0


@dataclass(frozen=True, slots=True)
class VisitFigures:
    """Sessions of a span. `waits_*` are of those that had to queue, until they were let start."""

    asked: int
    started: int
    not_started: int
    """Asked for, wanted to the end, and never began: the pile did not answer or could not."""
    left_queue: int
    under_way: int
    """Asked for and not decided yet: in the queue or starting."""
    ended: int
    energy_wh: int
    held: int
    held_wh: int
    queued: int
    waits_mean_s: int
    waits_longest_s: int

    @property
    def success_share(self) -> float | None:
        """Started of all that were decided; None when none was."""
        decided = self.started + self.not_started
        return self.started / decided if decided else None


@dataclass(frozen=True, slots=True)
class Day:
    """One day by the compound's clock: sessions that ended on it and their energy."""

    day: date
    sessions: int
    energy_wh: int


WAIT_COUNTS_FROM_MS = 1_000
"""A start that found room is commanded in the same moment; more than a second is a queue."""

_WITH_ENERGY = frozenset({State.SETTLED, State.HELD, State.WAIVED})


def figures(visits: Iterable[Visit], span: Span) -> VisitFigures:
    """The figures of a span; visits outside of it are passed over."""
    since, until = span.since_ms, span.until_ms
    asked = started = not_started = left = under_way = ended = energy = held = held_wh = 0
    waits: list[int] = []
    for visit in visits:
        if since <= visit.requested_ms < until:
            asked += 1
            if visit.started_ms is not None:
                started += 1
            elif visit.state in (State.QUEUED, State.STARTING, State.STOPPING):
                under_way += 1
            elif visit.left_by_wish:
                left += 1
            else:
                not_started += 1
            wait_ms = (visit.commanded_ms or visit.requested_ms) - visit.requested_ms
            if wait_ms >= WAIT_COUNTS_FROM_MS:
                waits.append(wait_ms)
        if _ended_within(visit, since, until):
            ended += 1
            energy += visit.used_wh
            if visit.state == State.HELD:
                held += 1
                held_wh += visit.energy_wh or 0
    return VisitFigures(
        asked=asked,
        started=started,
        not_started=not_started,
        left_queue=left,
        under_way=under_way,
        ended=ended,
        energy_wh=energy,
        held=held,
        held_wh=held_wh,
        queued=len(waits),
        waits_mean_s=sum(waits) // len(waits) // 1000 if waits else 0,
        waits_longest_s=max(waits, default=0) // 1000,
    )


def households(visits: Iterable[Visit], span: Span) -> int:
    """How many households had a session that ended in a span."""
    return len(
        {
            visit.household_id
            for visit in visits
            if visit.household_id is not None and _ended_within(visit, span.since_ms, span.until_ms)
        }
    )


def sheds(visits: Iterable[Visit], span: Span) -> int:
    """How many sessions that ended in a span were switched off because a cable was too full."""
    return sum(
        visit.was_shed and _ended_within(visit, span.since_ms, span.until_ms) for visit in visits
    )


def _ended_within(visit: Visit, since: int, until: int) -> bool:
    over = visit.ended_ms is not None and since <= visit.ended_ms < until
    return over and visit.state in _WITH_ENERGY


def by_entrance(
    visits: Iterable[Visit], entrance_of: Mapping[str, int], span: Span
) -> dict[int, VisitFigures]:
    """The same, entrance by entrance; a pile that is not enrolled counts for entrance 0."""
    groups: dict[int, list[Visit]] = {entrance: [] for entrance in sorted(entrance_of.values())}
    for visit in visits:
        groups.setdefault(entrance_of.get(visit.pile, 0), []).append(visit)
    return {entrance: figures(group, span) for entrance, group in groups.items()}


def by_day(visits: Iterable[Visit], span: Span, zone: tzinfo) -> list[Day]:
    """Every day of a span, also those on which nothing ended."""
    sessions: dict[date, int] = defaultdict(int)
    energy: dict[date, int] = defaultdict(int)
    since, until = span.since_ms, span.until_ms
    for visit in visits:
        if _ended_within(visit, since, until):
            day = from_ms(visit.ended_ms or 0).astimezone(zone).date()
            sessions[day] += 1
            energy[day] += visit.used_wh
    if span.seconds == 0:
        return []
    day = span.since.astimezone(zone).date()
    last = (span.until - timedelta(milliseconds=1)).astimezone(zone).date()
    days = []
    while day <= last:
        days.append(Day(day, sessions[day], energy[day]))
        day += timedelta(days=1)
    return days
