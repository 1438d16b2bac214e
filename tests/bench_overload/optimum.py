"""The best possible plan of an evening, by a mixed-integer program that knows everything.

Every bike has very many possible plans: the quarters of an hour in which it is on. The program
chooses one of them for each so that the load of every quarter stays within the rating and the
energy is as large as it can be. The plans worth knowing are found one by one (column generation):
HiGHS gives a price to each quarter, and a walk through (quarter, quarters on so far) finds the plan
of each bike that is best at those prices. When no plan is worth more than it costs, the prices
prove a bound that no plan of the evening can exceed; HiGHS then chooses among the plans, whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np

from tests.bench_overload.game import QUARTERS, Player

CLOSE_ENOUGH = 0.001
Plan = tuple[int, ...]
"""The quarters in which a bike is on."""


@dataclass(frozen=True)
class Best:
    """Energy of the best whole plan found (Wh), and what no plan can exceed."""

    energy_wh: float
    bound_wh: float


def best_plan(
    players: Sequence[Player], rating_ma: int, known: Sequence[Sequence[Plan]] = (),
    most_rounds: int = 150,
) -> Best:  # fmt: skip
    """Solve one evening. `known`: plans to begin with, one per bike, say of some rule."""
    master = _Master(len(players), rating_ma)
    for number, one in enumerate(players):
        master.add(number, one, ())
        for plans in known:
            master.add(number, one, plans[number])
    bound = float("inf")
    for _ in range(most_rounds):
        value, prices, worth = master.prices()
        better = 0.0
        for number, one in enumerate(players):
            plan, gain = _dearest(one, prices)
            if gain - worth[number] > 1e-6:
                better += gain - worth[number]
                master.add(number, one, plan)
        bound = min(bound, value + better)
        if bound - value <= CLOSE_ENOUGH * value + 1e-6:
            break
    return Best(master.whole(), bound)


def _dearest(one: Player, prices: np.ndarray) -> tuple[Plan, float]:
    """The plan of one bike that is worth most at these prices per mA and quarter."""
    most = one.at_best
    currents = np.array(one.currents_ma[:most], dtype=float)
    energies = np.array([one.energy_wh(n + 1) - one.energy_wh(n) for n in range(most)])
    value = np.zeros(most + 1)
    goes: list[np.ndarray] = []
    for slot in range(one.leaves - 1, one.comes - 1, -1):
        on = value[1:] + energies - prices[slot] * currents
        is_on = on > value[:-1]
        value[:-1] = np.where(is_on, on, value[:-1])
        goes.append(is_on)
    had, plan = 0, []
    for slot in range(one.comes, one.leaves):
        if had < most and goes[one.leaves - 1 - slot][had]:
            plan.append(slot)
            had += 1
    return tuple(plan), float(value[0])


class _Master:
    """The program over the plans known so far: one plan per bike, no quarter above the rating."""

    def __init__(self, players: int, rating_ma: int):
        self.players, self.columns = players, 0
        self.solver = highspy.Highs()
        self.solver.setOptionValue("output_flag", False)
        self.solver.setOptionValue("threads", 1)
        self.solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        for _ in range(players):
            self.solver.addRow(1.0, 1.0, 0, [], [])
        for _ in range(QUARTERS):
            self.solver.addRow(-highspy.kHighsInf, float(rating_ma), 0, [], [])

    def add(self, number: int, one: Player, plan: Plan) -> None:
        rows = [number] + [self.players + slot for slot in plan]
        values = [1.0] + [float(one.currents_ma[had]) for had in range(len(plan))]
        self.solver.addCol(one.energy_wh(len(plan)), 0.0, 1.0, len(rows), rows, values)
        self.columns += 1

    def prices(self) -> tuple[float, np.ndarray, list[float]]:
        """The relaxed optimum, the price of each quarter, and the worth of each bike's choice."""
        self.solver.run()
        duals = list(self.solver.getSolution().row_dual)
        prices = np.maximum(0.0, np.array(duals[self.players :]))
        return self.solver.getInfo().objective_function_value, prices, duals[: self.players]

    def whole(self) -> float:
        """The best whole plan among those known, within a few seconds."""
        kinds = [highspy.HighsVarType.kInteger] * self.columns
        self.solver.changeColsIntegrality(self.columns, list(range(self.columns)), kinds)
        self.solver.setOptionValue("time_limit", self.solver.getRunTime() + 2.0)
        self.solver.setOptionValue("mip_rel_gap", 0.002)
        self.solver.run()
        return float(self.solver.getInfo().objective_function_value)
