"""Part 2's game: one feeder, one evening, a decision every quarter of an hour, on or off.

Everybody plays the same evening: bikes come and go on the quarter, each draws what its curve says
for as long as it was on. The rules differ only in whom they switch on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from service.feeders.habits import Habits, learn
from simulator.times import DAY
from tests.bench_overload.evenings import (
    BEGAN,
    VOLTS,
    past,
    residents_of,
    simulated_days,
    visits_of,
)

QUARTER_S = 900
QUARTERS = 60
BEGIN_H = 16
"""From 16:00 to 07:00."""
OUTLETS = 20
FULL_MA = 230
EVENING_DAY = 28
"""The evening after four weeks of which the service has learned."""


@dataclass(frozen=True)
class Player:
    """One bike on one evening. `currents_ma[n]`: what it draws in its n-th quarter of being on."""

    name: str
    household: str
    comes: int
    leaves: int
    currents_ma: tuple[int, ...]
    usual_ma: int
    """What its earlier charges drew at full current."""
    power_factor: float

    def energy_wh(self, quarters_on: int) -> float:
        """What it has after being on for so long."""
        return sum(self.currents_ma[:quarters_on]) / 1000 * VOLTS * self.power_factor / 4

    @property
    def at_best(self) -> int:
        """Quarters on if it never had to wait."""
        return min(len(self.currents_ma), self.leaves - self.comes)


@dataclass
class Result:
    """What became of an evening under one rule."""

    quarters: dict[str, int] = field(default_factory=dict)
    plans: dict[str, list[int]] = field(default_factory=dict)
    """In which slots each was on."""
    operations: int = 0
    peak_ma: int = 0
    energy_wh: float = 0.0


Rule = Callable[[int, Sequence[Player], Result, set[str]], set[str]]
"""(slot, who is there and not full, result so far, who was on) -> who is on."""


def evening(seed: int, day: int = EVENING_DAY, bikes: int = 32) -> list[Player]:
    """The bikes of one feeder's evening: those that come between 16:00 and 24:00."""
    rng = Random(f"{seed}:game")
    players = []
    names = {id(one): n for n, one in enumerate(residents_of(seed, bikes))}
    for visit in visits_of(seed, day, bikes):
        comes = -(-(visit.comes_ms - day * DAY - BEGIN_H * 3_600_000) // (QUARTER_S * 1000))
        leaves = (visit.leaves_ms - day * DAY - BEGIN_H * 3_600_000) // (QUARTER_S * 1000)
        leaves = min(leaves, QUARTERS)
        if comes < 0 or leaves - comes < 2:
            continue
        who = visit.resident
        pack = who.pack(visit.needs_wh)
        curve, factor = pack.draw(), VOLTS * pack.power_factor
        currents: list[int] = []
        for quarter in range(40):
            begin = quarter * QUARTER_S + 8
            mean_w = sum(curve.power_w(begin + part * 180) for part in range(5)) / 5
            ma = round(mean_w / factor * 1000)
            if quarter and ma < FULL_MA:
                break
            currents.append(ma)
        usual = round(who.kind.shape.peak_w * who.peak_factor / factor * 1000)
        players.append(
            Player(f"bike {names[id(who)]}", who.household, comes, leaves, tuple(currents),
                   round(usual * rng.uniform(0.97, 1.03)), pack.power_factor)
        )  # fmt: skip
    return players


def play(players: Sequence[Player], rule: Rule) -> Result:
    """The evening under a rule; nobody is switched who is not there."""
    result = Result(quarters=dict.fromkeys((one.name for one in players), 0))
    was_on: set[str] = set()
    for slot in range(QUARTERS):
        there = [
            one for one in players
            if one.comes <= slot < one.leaves
            and result.quarters[one.name] < len(one.currents_ma)
        ]  # fmt: skip
        names = {one.name for one in there}
        on = rule(slot, there, result, was_on & names) & names
        # a relay that opens because the battery is full or the bike leaves is no rule's doing
        result.operations += len(on ^ (was_on & names))
        load = 0
        for one in there:
            if one.name in on:
                load += one.currents_ma[result.quarters[one.name]]
                result.quarters[one.name] += 1
                result.plans.setdefault(one.name, []).append(slot)
        result.peak_ma = max(result.peak_ma, load)
        was_on = on
    result.energy_wh = sum(one.energy_wh(result.quarters[one.name]) for one in players)
    return result


def waited(one: Player, result: Result) -> int:
    """Minutes until it was first switched on; until it left if it never was."""
    first = result.plans.get(one.name, [one.leaves])[0]
    return (first - one.comes) * 15


def demand_ma(players: Sequence[Player]) -> int:
    """The highest current if nobody had to wait."""
    return play(players, lambda slot, there, result, on: {one.name for one in there}).peak_ma


def habits_before(seed: int, bikes: int = 32, days: int = EVENING_DAY) -> Habits:
    """What the service has learned of these bikes in the four weeks before the evening."""
    charges = simulated_days(seed, days, bikes)
    return learn(past(charges), BEGAN, days, ("e1", "e2", "e3", "e4"))
