"""Part 2: the rules against the best possible plan, on seeded evenings with a feeder too small."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench_overload.game import (
    OUTLETS,
    Player,
    Result,
    demand_ma,
    evening,
    habits_before,
    play,
    waited,
)
from tests.bench_overload.optimum import best_plan
from tests.bench_overload.rules import (
    earliest_deadline,
    first_come,
    least_laxity,
    ours,
    round_robin,
)

MISSED_BELOW = 0.95
"""A deadline is missed with less than 95 % of what the bike would have had without waiting."""

SHARES = (0.4, 0.6, 0.8)


@dataclass
class Tally:
    """One rule's evenings at one share of demand."""

    energy_wh: float = 0.0
    bound_wh: float = 0.0
    missed: int = 0
    bikes: int = 0
    waits: list[int] = field(default_factory=list)
    fairness: list[float] = field(default_factory=list)
    operations: int = 0
    highest: float = 0.0
    evenings: int = 0

    def add(
        self, players: Sequence[Player], result: Result, bound_wh: float, rating_ma: int
    ) -> None:
        had = [one.energy_wh(result.quarters[one.name]) / one.energy_wh(one.at_best)
               for one in players]  # fmt: skip
        self.energy_wh += result.energy_wh
        self.bound_wh += bound_wh
        self.missed += sum(share < MISSED_BELOW for share in had)
        self.bikes += len(players)
        self.waits += [waited(one, result) for one in players]
        self.fairness.append(jain(had))
        self.operations += result.operations
        self.highest = max(self.highest, result.peak_ma / rating_ma)
        self.evenings += 1

    def row(self) -> dict[str, float]:
        """What the card shows."""
        waits = sorted(self.waits)
        return {
            "energy_share_of_optimum": round(self.energy_wh / self.bound_wh, 4),
            "deadlines_missed_share": round(self.missed / self.bikes, 4),
            "wait_p95_min": waits[int(0.95 * len(waits))],
            "jain": round(sum(self.fairness) / len(self.fairness), 4),
            "jain_lowest": round(min(self.fairness), 4),
            "peak_over_rating": round(self.highest, 4),
            "relay_operations_per_outlet_day": round(
                self.operations / (OUTLETS * self.evenings), 2
            ),
        }


def jain(shares: Sequence[float]) -> float:
    """Jain's fairness index: 1 if all had the same share of their need, 1/n if one had all."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 1.0


def run(seeds: Sequence[int]) -> dict[str, dict[str, dict[str, float]]]:
    """Share of demand -> rule -> figures. The last column is the best whole plan HiGHS found; the
    energies are shares of what no plan can exceed."""
    tallies: dict[str, dict[str, Tally]] = {}
    plan_wh: dict[str, float] = {}
    for seed in seeds:
        players, habits = evening(seed), habits_before(seed)
        demand = demand_ma(players)
        for share in SHARES:
            rating_ma, level = int(demand * share), f"{share:.0%}"
            rules = {
                "Beimen": ours(rating_ma, habits),
                "Beimen, nobody says when": ours(rating_ma, habits, says_when=False),
                "first come first served": first_come(rating_ma),
                "round robin": round_robin(rating_ma),
                "earliest deadline first": earliest_deadline(rating_ma),
                "least laxity first": least_laxity(rating_ma),
            }
            results = {name: play(players, rule) for name, rule in rules.items()}
            known = [
                [tuple(result.plans.get(one.name, ())) for one in players]
                for result in results.values()
                if result.peak_ma <= rating_ma
            ]
            best = best_plan(players, rating_ma, known)
            kept = [one.energy_wh for one in results.values() if one.peak_ma <= rating_ma]
            plan_wh[level] = plan_wh.get(level, 0.0) + max(best.energy_wh, *kept)
            for name, result in results.items():
                tally = tallies.setdefault(level, {}).setdefault(name, Tally())
                tally.add(players, result, best.bound_wh, rating_ma)
    table = {
        level: {name: tally.row() for name, tally in of.items()} for level, of in tallies.items()
    }
    for level, of in tallies.items():
        bound_wh = of["Beimen"].bound_wh
        share = round(plan_wh[level] / bound_wh, 4)
        table[level]["best whole plan found"] = {"energy_share_of_optimum": share}
    return table
