"""How wide a forecast's bands are: as wide as earlier forecasts would have needed.

No distribution is assumed. What came is compared with what was expected, in standard deviations,
and the edges are put where 95 and 50 of 100 outcomes were inside.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.feeders.habits import STEPS, Row


@dataclass(frozen=True, slots=True)
class Widths:
    """How many standard deviations to the edges of the 95 % and 50 % bands, by step: read off
    earlier forecasts (see `widths`), so that 95 of 100 outcomes were inside."""

    low95: Row
    low50: Row
    high50: Row
    high95: Row


SHARES, EDGES = (0.025, 0.25, 0.75, 0.975), (-1.96, -0.67, 0.67, 1.96)

USUAL_WIDTHS = Widths(*((edge,) * STEPS for edge in EDGES))
"""Before any forecast could be compared with what came: those of a normal distribution."""


def widths(misses: Iterable[tuple[int, float]]) -> Widths:
    """The edges that earlier forecasts would have needed: `misses` are steps (0 is five minutes)
    with (what came - what was expected) / spread. A step's neighbours of up to 15 minutes count."""
    by_step: list[list[float]] = [[] for _ in range(STEPS)]
    for step, miss in misses:
        by_step[step].append(miss)
    rows = []
    for step in range(STEPS):
        near = sorted(miss for one in by_step[max(0, step - 3) : step + 4] for miss in one)
        rows.append(tuple(_quantile(near, *part) for part in zip(SHARES, EDGES, strict=True)))
    low95, low50, high50, high95 = zip(*rows, strict=True)
    return Widths(
        tuple(min(0.0, value) for value in low95), tuple(min(0.0, value) for value in low50),
        tuple(max(0.0, value) for value in high50), tuple(max(0.0, value) for value in high95),
    )  # fmt: skip


def _quantile(ordered: Sequence[float], share: float, chance: float) -> float:
    if not ordered:
        return chance
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
