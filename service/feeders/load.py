"""How much current each feeder carries now, from what its outlets and its own meter say.

Current, not power, loads a cable: the small chargers of e-bikes have no power factor correction.
Silence is the dangerous state: a silent outlet that may be on counts as its limit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from service.feeders.tree import PHASES, Tree

SILENT_AFTER_S = 180
"""Default age in seconds from which an outlet counts as silent: three intervals of 60 s."""

ASSUMED_VOLTAGE_V = 220
ASSUMED_POWER_FACTOR = 0.6
"""Small chargers without power factor correction: 0.55 to 0.65. Common engineering knowledge, no
measurement of e-bike chargers was found in public sources; it is used only where a pile reports
power but no current."""

NO_CURRENT = (0, 0, 0)


class Draw(NamedTuple):
    """What is known of one outlet. A named tuple because one is made for every reading.

    `may_be_on`: nothing proves that its relay is open (a session, a start on its way, or a pile
    that was not heard since). `limit_ma`: what it can draw at most. `expected_ma`: what a start
    that was just allowed will draw, until its own readings show it.
    """

    pile: str
    outlet: int
    feeder_id: str
    current_ma: int | None
    power_w: float | None
    measured_at: datetime | None
    may_be_on: bool
    limit_ma: int
    expected_ma: int = 0


class MeterReading(NamedTuple):
    """What a feeder's own meter said: the current of L1, L2 and L3 in mA (0 where it has none)."""

    phases_ma: tuple[int, int, int]
    measured_at: datetime


@dataclass(frozen=True, slots=True)
class Load:
    """What one feeder carries. All currents in mA, counted the careful way."""

    feeder_id: str
    phases_ma: tuple[int, int, int]
    assumed_ma: int
    """The part of `current_ma` that nobody measured: silent outlets at their limit."""
    drawing: int
    """Outlets that draw, or are counted as if they did."""
    silent: int
    """Outlets among them that have not been heard from and count as their limit."""
    metered: bool
    """Whether the feeder's own meter is fresh."""

    @property
    def current_ma(self) -> int:
        """The current of the fullest phase: what the rating is compared with."""
        return max(self.phases_ma)


def current_of_power_ma(power_w: float) -> int:
    """Current for a power where only the power is known, in mA, rounded up to be careful."""
    return -int(-power_w * 1000 // (ASSUMED_VOLTAGE_V * ASSUMED_POWER_FACTOR))


def current_of(current_ma: int | None, power_w: float | None) -> int | None:
    """A measured current in mA, or the one that a power suggests; None if neither is known."""
    if current_ma is None and power_w is not None:
        return current_of_power_ma(power_w)
    return current_ma


def counted_ma(draw: Draw, fresh_since: datetime) -> tuple[int, bool]:
    """The current an outlet counts for in mA, and whether that is because it is silent.

    Fresh means measured at `fresh_since` or later. A fresh current counts even if the outlet
    should be off: the cable does not know what should be.
    """
    _, _, _, current_ma, power_w, measured_at, may_be_on, limit_ma, expected_ma = draw
    current_ma = current_of(current_ma, power_w)
    if measured_at is not None and current_ma is not None and measured_at >= fresh_since:
        return (current_ma if current_ma > expected_ma else expected_ma), False
    if not may_be_on:
        return 0, False
    return max(limit_ma, current_ma or 0, expected_ma), True


def measure(
    tree: Tree,
    draws: Iterable[Draw],
    meters: Mapping[str, MeterReading],
    now: datetime,
    silent_after_s: int = SILENT_AFTER_S,
) -> dict[str, Load]:
    """The load of every feeder, levels added up the tree.

    One pass over all outlets; call it once per batch of readings, not once per reading. A feeder's
    own meter counts only when fresh, and then phase by phase the larger of meter and sum counts: a
    meter sees what hangs there without being an outlet, the sum sees what the meter cannot yet.
    Raises KeyError for a draw on a feeder that is not in the tree.
    """
    fresh_since = now - timedelta(seconds=silent_after_s)
    sums = _own_sums(tree, draws, fresh_since)
    loads: dict[str, Load] = {}
    for feeder_id in tree.leaves_first:
        own = sums[feeder_id]
        meter = meters.get(feeder_id)
        metered = meter is not None and meter.measured_at >= fresh_since
        if meter is not None and metered:
            for phase in PHASES[tree.cables[feeder_id].phase]:
                own[phase] = max(own[phase], meter.phases_ma[phase])
        parent_id = tree.cables[feeder_id].parent_id
        if parent_id is not None:
            above = sums[parent_id]
            for place, value in enumerate(own):
                above[place] += value
        loads[feeder_id] = _load(feeder_id, own, metered)
    return loads


def _own_sums(tree: Tree, draws: Iterable[Draw], fresh_since: datetime) -> dict[str, list[int]]:
    """Per feeder what hangs directly on it: L1, L2, L3, the assumed parts of the three, how many
    draw, how many are silent."""
    sums = {feeder_id: [0] * 8 for feeder_id in tree.leaves_first}
    conductors = {feeder_id: PHASES[cable.phase] for feeder_id, cable in tree.cables.items()}
    for draw in draws:
        current_ma, silent = counted_ma(draw, fresh_since)
        if not current_ma:
            continue
        own = sums[draw.feeder_id]
        for phase in conductors[draw.feeder_id]:
            own[phase] += current_ma
            if silent:
                own[3 + phase] += current_ma
        own[6] += 1
        own[7] += silent
    return sums


def _load(feeder_id: str, own: list[int], metered: bool) -> Load:
    phases_ma = (own[0], own[1], own[2])
    fullest = phases_ma.index(max(phases_ma))
    return Load(
        feeder_id,
        phases_ma,
        assumed_ma=own[3 + fullest],
        drawing=own[6],
        silent=own[7],
        metered=metered,
    )
