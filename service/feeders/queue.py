"""Who starts next when there is room, and when that may be.

In order of arrival, with one exception for fairness: while other households wait with their first
bike, a household's second one stands behind them, but never for longer than a bound. Nobody is
overtaken at the same cable by a smaller bike, so everybody's turn comes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp

from service.feeders.admission import (
    EXPECTED_START_MA,
    Admitted,
    Wait,
    headroom_ma,
    may_start,
    why_it_waits,
)
from service.feeders.load import Load
from service.feeders.shedding import Running
from service.feeders.tree import PHASES, Tree
from service.words import Sentence

SECOND_BIKE_WAITS_S = 3600
"""So long a household's second bike stands behind other households' first ones."""

TAIL_QUICK_S, TAIL_SLOW_S = 31 * 60, 63 * 60
"""Time constants of the falling end of a charge: 31, 36, 38 and 63 minutes, fitted to the four
measured traces of the public repositories hilo-software/ebike-battery-manager and CycleSteward."""

STEP_S = 300
LONGEST_LOOK_S = 10 * 3600
"""Expected starts are told in steps of five minutes, at most ten hours ahead (the longest session
that a pile allows by default)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A start that waits for room. `asked_at` is when it was first asked for, also for a session
    that was paused and waits to go on; before `not_before` its outlet may not be switched again.
    `is_second`: the household has a bike that charges at this moment."""

    session_id: str
    household_id: int | None
    asked_at: datetime
    is_second: bool
    feeder_id: str
    expected_ma: int = EXPECTED_START_MA
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class StartRange:
    """When a waiting bike may start: not a promise, the range that running sessions suggest.
    `latest` is None when it depends on sessions whose end nobody knows."""

    earliest: datetime
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class Turn:
    """What one who waits is told: the place among those in front of the same cable, the sentence
    why, and the expected start (None: nothing can be said yet)."""

    session_id: str
    place: int
    feeder_id: str
    sentence: Sentence
    expected: StartRange | None


def in_turn(
    waiting: Iterable[Waiting], now: datetime, bound_s: int = SECOND_BIKE_WAITS_S
) -> list[Waiting]:
    """The fair order. Two bikes of one household that both wait are a first and a second one."""
    households: set[int] = set()
    firsts: list[Waiting] = []
    seconds: list[Waiting] = []
    for one in sorted(waiting, key=lambda one: (one.asked_at, one.session_id)):
        is_second = one.is_second or one.household_id in households
        if one.household_id is not None:
            households.add(one.household_id)
        has_waited = now - one.asked_at >= timedelta(seconds=bound_s)
        (seconds if is_second and not has_waited else firsts).append(one)
    return firsts + seconds


def may_go(
    tree: Tree, loads: Mapping[str, Load], order: Sequence[Waiting], now: datetime
) -> list[Waiting]:
    """Who may start now, in this order, all of them together within every rating.

    Whoever does not fit closes the feeder that is full for those behind: no overtaking there.
    """
    taken: dict[str, list[int]] = {}
    closed: set[str] = set()
    going: list[Waiting] = []
    for one in order:
        path = tree.path(one.feeder_id)
        if not closed.isdisjoint(path):
            continue
        if one.not_before is not None and one.not_before > now:
            continue
        full = _full_level(tree, loads, taken, one)
        if full is not None:
            closed.add(full)
            continue
        for level_id in path:
            levels = taken.setdefault(level_id, [0, 0, 0])
            for phase in PHASES[tree.cables[one.feeder_id].phase]:
                levels[phase] += one.expected_ma
        going.append(one)
    return going


def ask(
    tree: Tree,
    loads: Mapping[str, Load],
    waiting: Sequence[Waiting],
    newcomer: Waiting,
    now: datetime,
) -> Admitted | Wait:
    """May this newcomer start at once? Room that is there belongs to those in front first."""
    order = in_turn([*waiting, newcomer], now)
    if any(one.session_id == newcomer.session_id for one in may_go(tree, loads, order, now)):
        return Admitted()
    answer = may_start(tree, loads, newcomer.feeder_id, newcomer.expected_ma)
    if isinstance(answer, Wait):
        return answer
    level_id = _fullest_level(tree, loads, newcomer.feeder_id)
    return Wait(level_id, 0, why_it_waits(tree, loads[level_id], 0))


def turns(
    tree: Tree,
    loads: Mapping[str, Load],
    order: Sequence[Waiting],
    running: Sequence[Running],
    now: datetime,
) -> dict[str, Turn]:
    """What everyone who waits is told, by session."""
    ahead: Counter[str] = Counter()
    needed: dict[str, int] = {}
    told: dict[str, Turn] = {}
    for one in order:
        answer = may_start(tree, loads, one.feeder_id, one.expected_ma)
        limiting = _fullest_level(tree, loads, one.feeder_id)
        sentence = why_it_waits(tree, loads[limiting], 0)
        if isinstance(answer, Wait):
            limiting, sentence = answer.feeder_id, answer.sentence
        ahead[limiting] += 1
        for level_id in tree.path(one.feeder_id):
            needed[level_id] = needed.get(level_id, 0) + one.expected_ma
        expected = expected_start(tree, loads, one, needed, running, now)
        told[one.session_id] = Turn(one.session_id, ahead[limiting], limiting, sentence, expected)
    return told


def expected_start(
    tree: Tree,
    loads: Mapping[str, Load],
    one: Waiting,
    needed_ma: Mapping[str, int],
    running: Sequence[Running],
    now: datetime,
) -> StartRange | None:
    """When running sessions will have left room for `needed_ma` at every level above `one` (those
    in front of it included).

    Only what is known counts: tails fall with the measured time constants, quick ones give the
    earliest and slow ones the latest start, and a session with a limit is over at its limit. What
    still charges at full current may end any minute, but nobody knows, so it is not guessed.
    """
    quick_s = slow_s = 0
    for level_id in tree.path(one.feeder_id):
        missing_ma = needed_ma[level_id] - headroom_ma(tree, loads, level_id, one.feeder_id)
        below = [session for session in running if level_id in tree.path(session.feeder_id)]
        soon = _freed_after_s(below, missing_ma, TAIL_QUICK_S, now)
        if soon is None:
            return None
        quick_s = max(quick_s, soon)
        late = _freed_after_s(below, missing_ma, TAIL_SLOW_S, now)
        slow_s = -1 if late is None or slow_s < 0 else max(slow_s, late)
    earliest = now + timedelta(seconds=quick_s)
    return StartRange(earliest, None if slow_s < 0 else now + timedelta(seconds=slow_s))


def _freed_after_s(
    running: Sequence[Running], missing_ma: int, time_constant_s: int, now: datetime
) -> int | None:
    """Seconds, in steps of five minutes, until these sessions have freed so much; None: never."""
    if missing_ma <= 0:
        return 0
    for after_s in range(STEP_S, LONGEST_LOOK_S + 1, STEP_S):
        then = now + timedelta(seconds=after_s)
        fallen = 1 - exp(-after_s / time_constant_s)
        freed = sum(
            one.current_ma
            if one.ends_at is not None and one.ends_at <= then
            else one.current_ma * fallen
            if one.in_tail
            else 0
            for one in running
        )
        if freed >= missing_ma:
            return after_s
    return None


def _full_level(
    tree: Tree, loads: Mapping[str, Load], taken: Mapping[str, list[int]], one: Waiting
) -> str | None:
    """The first level, from the outlet up, that has no room for one more."""
    phases = PHASES[tree.cables[one.feeder_id].phase]
    for level_id in tree.path(one.feeder_id):
        reserved = taken.get(level_id, (0, 0, 0))
        fullest = max(loads[level_id].phases_ma[phase] + reserved[phase] for phase in phases)
        if fullest + one.expected_ma > tree.cables[level_id].rating_ma:
            return level_id
    return None


def _fullest_level(tree: Tree, loads: Mapping[str, Load], feeder_id: str) -> str:
    return max(
        tree.path(feeder_id),
        key=lambda level_id: loads[level_id].current_ma / tree.cables[level_id].rating_ma,
    )
