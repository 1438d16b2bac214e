"""How much current every feeder will carry in the next three hours, as a band, and what would cause
it to pass its rating.

Expected values and variances add up: of the sessions that charge now (each from its place on its
curve), of the bikes that usually come, and of what is certain. docs/forecast.md explains it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp
from typing import NamedTuple

from service.feeders.bands import USUAL_WIDTHS, Widths
from service.feeders.habits import QUARTER_S, STAY_S, STEPS, Habits, Row
from service.feeders.place import FALL_SPREAD, STEP_S, Place
from service.feeders.risk import amps
from service.feeders.tree import PHASES, Tree
from service.words import N_, Sentence

FULL_BELOW_MA, FULL_AFTER_STEPS = 230, 12
"""A pile ends a charge that draws less than 30 W for 60 minutes; 30 W are about 230 mA for chargers
with a power factor of 0.6."""

METER_NOISE_MA = 30
HABIT_SPREAD = 0.2
"""How much a bike's own earlier tails differ among themselves."""

STEPS_OF_A_STAY, STEPS_OF_A_QUARTER = STAY_S // STEP_S, QUARTER_S // STEP_S
LEVEL_FROM, LEVEL_TO = 0.3, 3.0
"""However today began, no more than three times the usual number of bikes is expected."""


class Charging(NamedTuple):
    """A session that draws now. `here_s`: seconds since the bike was plugged in; `ends_in_s`: when
    a limit will end it, where known."""

    feeder_id: str
    place: Place
    bike: str | None
    here_s: float
    ends_in_s: float | None = None


AT_THE_MIDDLE: Row = (0.0,) * STEPS


@dataclass(frozen=True, slots=True)
class Flag:
    """The feeder may pass its rating: in how many minutes, and why."""

    after_min: int
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Outlook:
    """One feeder's next three hours in mA of its fullest phase, one value per step of five minutes,
    the first one five minutes from now."""

    feeder_id: str
    expected_ma: tuple[int, ...]
    low95_ma: tuple[int, ...]
    low50_ma: tuple[int, ...]
    high50_ma: tuple[int, ...]
    high95_ma: tuple[int, ...]
    coming_ma: tuple[int, ...]
    """The part of `expected_ma` that bikes which are not there yet would draw."""
    spread_ma: tuple[float, ...]
    may_pass: Flag | None
    """When the 95 % band reaches the rating."""
    likely_passes: Flag | None
    """When what is expected reaches it."""


@dataclass(slots=True)
class _Sum:
    """Sums of one conductor, in whole mA and mA squared, so that no order of adding matters."""

    mean: list[int]
    variance: list[int]
    coming: list[int]
    certain: int = 0

    def add(self, other: "_Sum") -> None:
        for mine, more in (
            (self.mean, other.mean), (self.variance, other.variance), (self.coming, other.coming),
        ):  # fmt: skip
            mine[:] = [a + b for a, b in zip(mine, more, strict=True)]
        self.certain += other.certain


def forecast(
    tree: Tree,
    habits: Habits,
    charging: Iterable[Charging],
    now: datetime,
    *,
    certain_ma: Mapping[str, tuple[int, int, int]] | None = None,
    level: float = 1.0,
    widths: Mapping[bool, Widths] | None = None,
) -> dict[str, Outlook]:
    """The outlook of every feeder. `now` is the compound's wall clock.

    `certain_ma`: what a feeder carries on L1, L2, L3 besides these sessions and goes on carrying:
    silent outlets at their limit, what only its own meter sees. `level`: how busy today is (see
    `level_of_today`). `widths`: by whether a feeder has others below it.
    """
    sums = {
        feeder_id: {phase: _nothing() for phase in PHASES[tree.cables[feeder_id].phase]}
        for feeder_id in tree.leaves_first
    }
    stays: dict[int, list[float]] = {}
    for one in charging:
        here = int(one.here_s // STEP_S)
        there = stays.get(here)
        if there is None:
            there = stays[here] = _still_there(habits, now, here)
        mean, variance = session_ahead(habits, one, there)
        for conductor in sums[one.feeder_id].values():
            conductor.mean = [a + b for a, b in zip(conductor.mean, mean, strict=True)]
            conductor.variance = [a + b for a, b in zip(conductor.variance, variance, strict=True)]
    for feeder_id in habits.arrivals.per_step.keys() & sums.keys():
        coming, variance = _arriving(habits, feeder_id, now, level)
        for conductor in sums[feeder_id].values():
            conductor.add(_Sum(coming, variance, coming))
    return _up_the_tree(tree, sums, certain_ma or {}, widths or {})


def session_ahead(
    habits: Habits, one: Charging, there: Sequence[float]
) -> tuple[list[int], list[int]]:
    """Expected current (mA) and its variance (mA squared) of one session, step by step.

    In the constant part: what earlier charges of such bikes did after as long a constant part. In
    the tail: its own exponential. Both times the chance `there` that the bike is not taken away.
    """
    place = one.place
    share: Sequence[float]
    square: Sequence[float]
    if place.in_tail:
        share, square = _tail(place, habits.fall_of_bike.get(one.bike or ""))
    else:
        kind = habits.kind(one.bike)
        row = min(place.full_steps, len(kind.share) - 1)
        share, square = kind.share[row], kind.square[row]
    current = place.current_ma
    power = current * current
    mean = [int(current * still * part + 0.5) for still, part in zip(there, share, strict=True)]
    variance = [
        int(power * still * (both - still * part * part) + 0.5)
        for still, part, both in zip(there, share, square, strict=True)
    ]
    if one.ends_in_s is not None:
        for step in range(max(0, int(one.ends_in_s // STEP_S)), STEPS):
            mean[step] = variance[step] = 0
    return mean, variance


def _tail(place: Place, usual_fall: float | None) -> tuple[list[float], list[float]]:
    """exp(-fall x t) for a slope that is itself uncertain; nothing once full detection ends it."""
    fall, spread = place.fall_per_s, place.fall_spread
    if usual_fall is not None:
        own = max(0.0, spread**-2 - FALL_SPREAD**-2)
        habit = (HABIT_SPREAD * usual_fall + 1e-6) ** -2
        fall = (fall * own + usual_fall * habit) / (own + habit)
        spread = (own + habit) ** -0.5
    share, square = [], []
    left, falls, widens = 1.0, exp(-fall * STEP_S), (spread * STEP_S) ** 2 / 2
    full = FULL_BELOW_MA / max(1, place.current_ma)
    ends = STEPS + 1 if left >= full else FULL_AFTER_STEPS
    for step in range(1, STEPS + 1):
        left *= falls
        if left < full and ends > STEPS:
            ends = step + FULL_AFTER_STEPS
        if step > ends:
            left = 0.0
        wide = min(0.5, widens * step * step)
        share.append(min(1.0, left * (1 + wide)))
        square.append(min(1.0, left * left * (1 + 4 * wide)))
    return share, square


def _still_there(habits: Habits, now: datetime, here_steps: int) -> list[float]:
    """The chance that a bike which has been there for so long still is, step by step."""
    minute, longest = now.hour * 60 + now.minute, len(habits.leaving[0]) - 1
    still, chances = 1.0, []
    for step in range(STEPS):
        hour = (minute + step * 5) // 60 % 24
        stay = (here_steps + step) // STEPS_OF_A_STAY
        still *= 1 - habits.leaving[hour][stay if stay < longest else longest]
        chances.append(still)
    return chances


def _arriving(
    habits: Habits, feeder_id: str, now: datetime, level: float
) -> tuple[list[int], list[int]]:
    """What bikes that come from now on will draw: everyone who came n steps ago draws what one
    usually draws after n steps; numbers of arrivals vary as chance does, and as whole days do."""
    arrivals = habits.arrivals
    mean, chance = [0.0] * STEPS, [0.0] * STEPS
    for first in range(0, STEPS, STEPS_OF_A_QUARTER):
        then = now + timedelta(seconds=(first + STEPS_OF_A_QUARTER / 2) * STEP_S)
        quarter = (then.hour * 60 + then.minute) // 15
        rate = level * arrivals.per_step[feeder_id][then.weekday()][quarter]
        for step in range(first, STEPS):
            mean[step] += rate * arrivals.draws_ma[step - first]
            chance[step] += rate * arrivals.squares[step - first]
    like = arrivals.sameness
    return (
        [int(value + 0.5) for value in mean],
        [
            int(value + usual * usual / like + 0.5)
            for value, usual in zip(chance, mean, strict=True)
        ],
    )


def level_of_today(came: int, expected: float, sameness: float) -> float:
    """How busy today is beside a usual day, from how many bikes came so far: the usual number
    counts for as much evidence as days are alike."""
    if sameness == float("inf"):
        return 1.0
    return min(LEVEL_TO, max(LEVEL_FROM, (came + sameness) / (expected + sameness)))


def _nothing() -> _Sum:
    return _Sum([0] * STEPS, [0] * STEPS, [0] * STEPS)


def _up_the_tree(
    tree: Tree,
    sums: Mapping[str, dict[int, _Sum]],
    certain_ma: Mapping[str, tuple[int, int, int]],
    widths: Mapping[bool, Widths],
) -> dict[str, Outlook]:
    outlooks = {}
    for feeder_id in tree.leaves_first:
        own = certain_ma.get(feeder_id, (0, 0, 0))
        for phase, conductor in sums[feeder_id].items():
            conductor.certain += own[phase]
        parent_id = tree.cables[feeder_id].parent_id
        if parent_id is not None:
            for phase, conductor in sums[feeder_id].items():
                sums[parent_id][phase].add(conductor)
        width = widths.get(bool(tree.children[feeder_id]), USUAL_WIDTHS)
        outlooks[feeder_id] = _outlook(tree, feeder_id, list(sums[feeder_id].values()), width)
    return outlooks


def _outlook(tree: Tree, feeder_id: str, conductors: Sequence[_Sum], width: Widths) -> Outlook:
    spreads = [[(value + METER_NOISE_MA**2) ** 0.5 for value in one.variance] for one in conductors]

    def edge(by_step: Row) -> tuple[int, ...]:
        lines = [
            [
                certain if mean + spread * far < 0 else certain + int(mean + spread * far)
                for mean, spread, far in zip(one.mean, own, by_step, strict=True)
            ]
            for one, own in zip(conductors, spreads, strict=True)
            for certain in (one.certain,)
        ]
        return tuple(lines[0]) if len(lines) == 1 else tuple(map(max, *lines))

    expected, high95 = edge(AT_THE_MIDDLE), edge(width.high95)
    fullest = max(conductors, key=lambda one: one.certain + max(one.mean))
    rating_ma = tree.cables[feeder_id].rating_ma
    return Outlook(
        feeder_id, expected, edge(width.low95), edge(width.low50), edge(width.high50), high95,
        tuple(fullest.coming), tuple(spreads[conductors.index(fullest)]),
        _flag(tree, feeder_id, fullest, high95, rating_ma),
        _flag(tree, feeder_id, fullest, expected, rating_ma),
    )  # fmt: skip


def _flag(
    tree: Tree, feeder_id: str, conductor: _Sum, line: Sequence[int], rating_ma: int
) -> Flag | None:
    """The first step at which a line passes the rating, with what makes up the current then."""
    step = next((n for n, value in enumerate(line) if value > rating_ma), None)
    if step is None:
        return None
    minutes = (step + 1) * STEP_S // 60
    coming = conductor.coming[step]
    values = {
        "name": tree.cables[feeder_id].name,
        "minutes": minutes,
        "rating": amps(rating_ma),
        "running": amps(conductor.mean[step] - coming),
        "coming": amps(coming),
        "certain": amps(conductor.certain),
    }
    if conductor.certain > coming:
        return Flag(minutes, Sentence(N_(
            "{name} may pass its {rating} A in {minutes} min: {running} A of bikes that charge "
            "now, and {certain} A kept for outlets that are silent or that only the meter sees."
        ), values))  # fmt: skip
    return Flag(minutes, Sentence(N_(
        "{name} may pass its {rating} A in {minutes} min: {running} A of bikes that charge now, "
        "and {coming} A of bikes that usually come by then."
    ), values))  # fmt: skip
