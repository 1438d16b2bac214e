"""Part 1: the forecast against what came, and against two simple answers.

Fit on the first days, score on the last ones; nothing is learned from a scored day. Baselines:
"stays as it is now" and "what it was at the same time a week ago".
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from service.feeders.bands import Widths, widths
from service.feeders.forecast import Charging, Outlook, forecast, level_of_today
from service.feeders.habits import STEPS, Habits, learn
from service.feeders.place import STEP_S, Place
from service.feeders.tree import PHASES, Tree
from tests.bench_overload.evenings import (
    BEGAN,
    REAL_BEGAN,
    Charge,
    compound,
    past,
    real_charges,
    simulated_days,
)

DAY_STEPS = 86_400 // STEP_S
FEEDERS = ("e1", "e2", "e3", "e4")
HORIZONS = {15: 2, 60: 11, 180: 35}
FROM_STEP, TO_STEP, EVERY = 16 * 12, 24 * 12, 3
"""Forecasts are made from 16:00 to midnight, every 15 minutes."""


@dataclass
class Score:
    """Sums over scored forecasts of one group of feeders, by horizon in minutes."""

    inside95: int = 0
    inside50: int = 0
    outcomes: int = 0
    errors: dict[tuple[int, str], float] = field(default_factory=lambda: defaultdict(float))

    def ratio(self, minutes: int, whose: str = "forecast") -> float:
        """A mean absolute error over that of the better simple answer."""
        better = min(self.errors[minutes, "stays"], self.errors[minutes, "last week"])
        return self.errors[minutes, whose] / better if better else 0.0

    def row(self) -> dict[str, float]:
        """What the card shows."""
        row = {
            "coverage_95": round(self.inside95 / self.outcomes, 4),
            "coverage_50": round(self.inside50 / self.outcomes, 4),
        }
        for minutes in HORIZONS:
            row[f"mae_ratio_{minutes}"] = round(self.ratio(minutes), 3)
            row[f"floor_{minutes}"] = round(self.ratio(minutes, "all-knowing"), 3)
            each = self.outcomes / len(HORIZONS) * 1000
            row[f"mae_{minutes}_a"] = round(self.errors[minutes, "forecast"] / each, 2)
        return row

    def add(self, other: "Score") -> None:
        self.inside95 += other.inside95
        self.inside50 += other.inside50
        self.outcomes += other.outcomes
        for key, value in other.errors.items():
            self.errors[key] += value


class Replay:
    """A compound's charges on the clock's steps: what is on, and what every feeder carries."""

    def __init__(self, charges: Sequence[Charge], began: datetime):
        self.charges, self.began, self.tree = charges, began, compound()
        self.table: dict[int, dict[str, int]] = {}
        self.starts: dict[int, list[Charge]] = defaultdict(list)
        for one in charges:
            self.starts[one.first_step].append(one)
            for n, current_ma in enumerate(one.currents_ma):
                row = self.table.setdefault(one.first_step + n, dict.fromkeys(FEEDERS, 0))
                row[one.feeder_id] += current_ma

    def carried(self, step: int) -> dict[str, int]:
        """mA of every feeder's fullest phase."""
        row = self.table.get(step) or dict.fromkeys(FEEDERS, 0)
        return {**row, "site": _fullest(self.tree, row)}

    def known_ahead(self, step: int, steps: int) -> dict[str, int]:
        """What those who are there now will really draw so many steps later: the floor, which only
        somebody who knows every battery and every resident's mind could tell."""
        row = dict.fromkeys(FEEDERS, 0)
        for start in range(step - 120, step + 1):
            for one in self.starts[start]:
                n = step + steps - one.first_step
                if n < len(one.currents_ma):
                    row[one.feeder_id] += one.currents_ma[n]
        return {**row, "site": _fullest(self.tree, row)}

    def learn(self, first: int, until: int) -> Habits:
        """From whole days [first, until)."""
        chosen = [one for one in self.charges if first * 86_400 <= one.began_s < until * 86_400]
        return learn(past(chosen, self.began), self.began + timedelta(days=first), until - first,
                     FEEDERS)  # fmt: skip

    def day(self, day: int, habits: Habits, wide: dict[bool, Widths] | None):
        """The forecasts of one day's evening: (step, outlooks)."""
        places: dict[int, tuple[Charge, Place]] = {}
        came, expected = 0, 0.0
        begin = day * DAY_STEPS
        for step in range(begin - DAY_STEPS // 2, begin + TO_STEP):
            for one in self.starts[step]:
                place = Place()
                place.take(0, one.began_s)
                places[id(one)] = (one, place)
            for key, (one, place) in list(places.items()):
                n = step - one.first_step
                if n >= len(one.currents_ma):
                    del places[key]
                else:
                    place.take(one.currents_ma[n], step * STEP_S)
            now = self.began + timedelta(seconds=step * STEP_S)
            if step >= begin:
                came += len(self.starts[step])
                quarter = (step - begin) // 3
                rates = habits.arrivals.per_step.values()
                expected += sum(rate[now.weekday()][quarter] for rate in rates)
            if step - begin >= FROM_STEP and (step - begin) % EVERY == 0:
                charging = [
                    Charging(one.feeder_id, place, one.bike, step * STEP_S - one.began_s,
                             one.began_s + 36_000 - step * STEP_S)
                    for one, place in places.values()
                ]  # fmt: skip
                level = level_of_today(came, expected, habits.arrivals.sameness)
                yield step, forecast(self.tree, habits, charging, now, level=level, widths=wide)


def _fullest(tree: Tree, row: dict[str, int]) -> int:
    phases = [0, 0, 0]
    for feeder_id, current_ma in row.items():
        phases[PHASES[tree.cables[feeder_id].phase][0]] += current_ma
    return max(phases)


def calibrated(replay: Replay, habits: Habits, days: range) -> dict[bool, Widths]:
    """How wide the bands must be, from days that were neither learned from nor are scored."""
    misses: dict[bool, list[tuple[int, float]]] = {True: [], False: []}
    for day in days:
        for step, outlooks in replay.day(day, habits, None):
            for ahead in range(STEPS):
                truth = replay.carried(step + ahead + 1)
                for feeder_id, one in outlooks.items():
                    miss = (truth[feeder_id] - one.expected_ma[ahead]) / one.spread_ma[ahead]
                    misses[feeder_id == "site"].append((ahead, miss))
    return {above: widths(some) for above, some in misses.items()}


def score(
    replay: Replay, habits: Habits, wide: dict[bool, Widths], days: range
) -> dict[str, Score]:
    """The scored days: one score for the site, one for all entrances."""
    scores = {"site": Score(), "entrances": Score()}
    for day in days:
        for step, outlooks in replay.day(day, habits, wide):
            carried = replay.carried(step)
            known = {m: replay.known_ahead(step, n + 1) for m, n in HORIZONS.items()}
            for minutes, ahead in HORIZONS.items():
                truth = replay.carried(step + ahead + 1)
                week_ago = replay.carried(step + ahead + 1 - 7 * DAY_STEPS)
                for feeder_id, one in outlooks.items():
                    into = scores["site" if feeder_id == "site" else "entrances"]
                    _one(into, one, ahead, minutes, truth[feeder_id])
                    told = known[minutes][feeder_id] + one.coming_ma[ahead]
                    into.errors[minutes, "all-knowing"] += abs(truth[feeder_id] - told)
                    into.errors[minutes, "stays"] += abs(truth[feeder_id] - carried[feeder_id])
                    into.errors[minutes, "last week"] += abs(truth[feeder_id] - week_ago[feeder_id])
    return scores


def _one(into: Score, one: Outlook, ahead: int, minutes: int, truth: int) -> None:
    into.outcomes += 1
    into.inside95 += one.low95_ma[ahead] <= truth <= one.high95_ma[ahead]
    into.inside50 += one.low50_ma[ahead] <= truth <= one.high50_ma[ahead]
    into.errors[minutes, "forecast"] += abs(truth - one.expected_ma[ahead])


def simulated(seed: int, learned: int = 21, tried: int = 14, scored: int = 7) -> dict[str, Score]:
    """One compound: so many days learned, so many to see how wide the bands must be, so many
    scored, which is after everything before was learned."""
    whole = learned + tried
    replay = Replay(simulated_days(seed, whole + scored), BEGAN)
    wide = calibrated(replay, replay.learn(0, learned), range(learned, whole))
    return score(replay, replay.learn(0, whole), wide, range(whole, whole + scored))


def run(
    seeds: Sequence[int] = range(2001, 2021), real_days: range = range(289, 411)
) -> dict[str, dict[str, dict[str, float]]]:
    """The card's figures: real and simulated evenings, site and entrances."""
    together = {"site": Score(), "entrances": Score()}
    for seed in seeds:
        for name, one in simulated(seed).items():
            together[name].add(one)
    replay = Replay(real_charges(), REAL_BEGAN)
    wide = calibrated(replay, replay.learn(0, 200), range(200, 289, 2))
    real = score(replay, replay.learn(0, 289), wide, real_days)
    return {"simulated": _rows(together), "real": _rows(real)}


def _rows(scores: dict[str, Score]) -> dict[str, dict[str, float]]:
    both = Score()
    for one in scores.values():
        both.add(one)
    return {name: one.row() for name, one in {"all": both, **scores}.items()}
