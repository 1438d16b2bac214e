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


def plan_shedding(
    tree: Tree,
    loads: Mapping[str, Load],
    sessions: Sequence[Running],
    now: datetime,
    feeders: AbstractSet[str] | None = None,
) -> ShedPlan:
    """Which sessions to pause so that every feeder above 1.13 times its rating comes below it.

    `feeders`: only these are looked at (those for which risk.must_shed says it is time); None: all.
    What a cable below has already freed counts for the cables above. Pauses on their way count as
    done for two minutes, so that a slow reading does not cost another session.
    """
    looked_at = tree.cables.keys() if feeders is None else feeders
    gone = {one.session_id: one for one in sessions if _is_pausing(one, now)}
    may_be_shed = [one for one in sessions if _may_be_shed(one, now)]
    may_be_shed.sort(key=_least_missed_first)
    sheds: list[Shed] = []
    still_over: dict[str, int] = {}
    for level_id in tree.leaves_first:
        cable = tree.cables[level_id]
        for phase in PHASES[cable.phase]:
            load_ma = loads[level_id].phases_ma[phase]
            if load_ma <= NEVER_TRIPS * cable.rating_ma or level_id not in looked_at:
                continue
            left_ma = load_ma - sum(
                one.current_ma for one in gone.values() if _loads(tree, one, level_id, phase)
            )
            excess_ma = left_ma - (cable.rating_ma - 1)
            candidates = [
                one
                for one in may_be_shed
                if one.session_id not in gone and _loads(tree, one, level_id, phase)
            ]
            chosen = choose(candidates, excess_ma)
            gone.update((one.session_id, one) for one in chosen)
            sheds += [Shed(one, level_id, why_paused(tree, level_id, load_ma)) for one in chosen]
            short_ma = excess_ma - sum(one.current_ma for one in chosen)
            if short_ma > 0:
                still_over[level_id] = max(short_ma, still_over.get(level_id, 0))
    return ShedPlan(tuple(sheds), still_over)


def choose(candidates: Sequence[Running], excess_ma: int) -> list[Running]:
    """The first of these, in their order, that together free `excess_ma`; without any that turns
    out not to be needed. All of them when even that is not enough."""
    chosen: list[Running] = []
    freed_ma = 0
    for one in candidates:
        if freed_ma >= excess_ma:
            break
        chosen.append(one)
        freed_ma += one.current_ma
    for one in reversed(list(chosen)):
        if freed_ma - one.current_ma >= excess_ma:
            chosen.remove(one)
            freed_ma -= one.current_ma
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
