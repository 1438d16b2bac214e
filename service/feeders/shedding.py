"""Which sessions to pause when a feeder is so full that its breaker may trip.

Above 1.13 times the rating a breaker may trip, at 1.45 times it must within the hour, so there is
time to choose: first what is nearly full anyway, then the least need and the newest. Never more
than needed, and never the same outlet twice within five minutes: relays and batteries wear too.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.feeders.load import Load
from service.feeders.risk import NEVER_TRIPS, amps
from service.feeders.tree import PHASES, Tree
from service.words import N_, Sentence

REST_S = 300
"""An outlet is switched at most once in five minutes."""

PENDING_S = 120
"""So long a pause that was sent is believed before the readings have to show it."""

TAIL_BELOW = 0.8
UNKNOWN_NEED = 10**9


@dataclass(frozen=True, slots=True)
class Running:
    """A session that draws now, as far as sharing a cable is concerned.

    `in_tail`: its power falls already (see `is_in_tail`). `need_wh`: what it still wants, and
    `ends_at`: when it is over at the latest, where known. `switched_at`: when its outlet was last
    switched. `pausing_since`: it was told to stop, and its readings do not show it yet.
    `is_heard`: its pile can be told anything at all.
    """

    session_id: str
    feeder_id: str
    current_ma: int
    started_at: datetime
    in_tail: bool = False
    need_wh: int | None = None
    ends_at: datetime | None = None
    switched_at: datetime | None = None
    pausing_since: datetime | None = None
    is_heard: bool = True


@dataclass(frozen=True, slots=True)
class Shed:
    """A session to pause, because of which feeder, with the sentence for its resident."""

    session: Running
    feeder_id: str
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class ShedPlan:
    """What to pause now, and by how many mA each feeder stays above its rating all the same."""

    sheds: tuple[Shed, ...]
    still_over_ma: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Goal:
    """One conductor that has to come down by `excess_ma`, and the sessions that load it."""

    feeder_id: str
    load_ma: int
    excess_ma: int
    sessions: AbstractSet[str]

    def missing_ma(self, paused: Sequence["Chosen"]) -> int:
        """What is still too much when these are paused; zero or less when it is enough."""
        return self.excess_ma - sum(
            one.current_ma for _, one in paused if one.session_id in self.sessions
        )


Chosen = tuple[Goal, Running]


def plan_shedding(
    tree: Tree,
    loads: Mapping[str, Load],
    sessions: Sequence[Running],
    now: datetime,
    feeders: AbstractSet[str] | None = None,
) -> ShedPlan:
    """Which sessions to pause so that every feeder above 1.13 times its rating comes below it.

    `feeders`: only these are looked at (those for which risk.must_shed says it is time); None: all.
    What a cable below has already freed counts for the cables above, and whoever turns out not to
    be needed is left alone. Pauses on their way count as done for two minutes, so that a slow
    reading does not cost another session.
    """
    goals = _goals(tree, loads, sessions, tree.cables.keys() if feeders is None else feeders, now)
    candidates = [one for one in sessions if _may_be_shed(one, now)]
    candidates.sort(key=_least_missed_first)
    chosen = _needed(goals, _enough(goals, candidates))
    still_over: dict[str, int] = {}
    for goal in goals:
        short_ma = goal.missing_ma(chosen)
        if short_ma > 0:
            still_over[goal.feeder_id] = max(short_ma, still_over.get(goal.feeder_id, 0))
    return ShedPlan(
        tuple(
            Shed(one, goal.feeder_id, why_paused(tree, goal.feeder_id, goal.load_ma))
            for goal, one in chosen
        ),
        still_over,
    )


def _goals(
    tree: Tree,
    loads: Mapping[str, Load],
    sessions: Sequence[Running],
    feeders: AbstractSet[str],
    now: datetime,
) -> list[Goal]:
    """The conductors above 1.13 times their rating, those at the leaves first."""
    goals = []
    for level_id in tree.leaves_first:
        rating_ma = tree.cables[level_id].rating_ma
        for phase in PHASES[tree.cables[level_id].phase]:
            load_ma = loads[level_id].phases_ma[phase]
            if level_id not in feeders or load_ma / rating_ma <= NEVER_TRIPS:
                continue
            on_it = [one for one in sessions if _loads(tree, one, level_id, phase)]
            pausing_ma = sum(one.current_ma for one in on_it if _is_pausing(one, now))
            excess_ma = load_ma - pausing_ma - (rating_ma - 1)
            goals.append(Goal(level_id, load_ma, excess_ma, {one.session_id for one in on_it}))
    return goals


def _enough(goals: Sequence[Goal], candidates: Sequence[Running]) -> list[Chosen]:
    """The first candidates in their order until every goal is reached, or nobody is left."""
    chosen: list[Chosen] = []
    taken: set[str] = set()
    for goal in goals:
        for one in candidates:
            if goal.missing_ma(chosen) <= 0:
                break
            if one.session_id in goal.sessions and one.session_id not in taken:
                chosen.append((goal, one))
                taken.add(one.session_id)
    return chosen


def _needed(goals: Sequence[Goal], chosen: list[Chosen]) -> list[Chosen]:
    """Those without whom some goal would be missed (by more); the last chosen are spared first."""
    for pair in reversed(list(chosen)):
        without = [other for other in chosen if other is not pair]
        if all(goal.missing_ma(without) <= max(0, goal.missing_ma(chosen)) for goal in goals):
            chosen = without
    return chosen


def is_in_tail(power_w: float, highest_w: float) -> bool:
    """Is a charge past its knee? Power rises slowly (by up to a fifth) while the charger holds its
    current and falls for good after it; 80 % of the highest power seen is well past any wobble of
    the measured traces (hilo-software/ebike-battery-manager, CycleSteward)."""
    return power_w < TAIL_BELOW * highest_w


def why_paused(tree: Tree, feeder_id: str, load_ma: int) -> Sentence:
    """The sentence for the one whose session is paused."""
    cable = tree.cables[feeder_id]
    return Sentence(
        N_(
            "Paused: {name} carries {amps} A, its limit is {rating} A. "
            "Charging goes on by itself when there is room, in turn."
        ),
        {"name": cable.name, "amps": amps(load_ma), "rating": amps(cable.rating_ma)},
    )


def rested_at(switched_at: datetime) -> datetime:
    """From when on an outlet that was switched then may be switched again."""
    return switched_at + timedelta(seconds=REST_S)


def _is_pausing(one: Running, now: datetime) -> bool:
    return one.pausing_since is not None and (
        now - one.pausing_since < timedelta(seconds=PENDING_S)
    )


def _may_be_shed(one: Running, now: datetime) -> bool:
    has_rested = one.switched_at is None or rested_at(one.switched_at) <= now
    return one.is_heard and one.current_ma > 0 and has_rested and not _is_pausing(one, now)


def _least_missed_first(one: Running) -> tuple[bool, int, float, str]:
    """Tails, then the least need (in steps of 100 Wh; unknown last), then the newest."""
    need = UNKNOWN_NEED if one.need_wh is None else one.need_wh // 100
    return (not one.in_tail, need, -one.started_at.timestamp(), one.session_id)


def _loads(tree: Tree, one: Running, level_id: str, phase: int) -> bool:
    return (
        level_id in tree.path(one.feeder_id) and phase in PHASES[tree.cables[one.feeder_id].phase]
    )
