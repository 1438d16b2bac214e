"""What our own readings prove by themselves, where a final record is missing or not believed.

Pure. A register that rises from one reading to the next, no faster than its outlet can deliver, is
proof; a fall, another register or an impossible jump ends a stretch of proof and begins another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from service.metering.energy import Claim, Metered, Point, is_too_fast, meter_session


@dataclass(frozen=True, slots=True)
class Stretch:
    """Energy between two register values, and the moments (ms) between which it lies."""

    register_id: str
    start_wh: int
    end_wh: int
    start_ms: int
    end_ms: int

    @property
    def energy_wh(self) -> int:
        """End minus start: the arithmetic a household can follow."""
        return self.end_wh - self.start_wh


def stretches(points: Iterable[Point], limit_w: int) -> list[Stretch]:
    """Every unbroken rise, in the order of time. `points` in any order, with any repeats."""
    ordered = sorted(set(points))
    found: list[list[Point]] = [[ordered[0]]] if ordered else []
    for before, after in pairwise(ordered):
        if _goes_on(before, after, limit_w):
            found[-1].append(after)
        else:
            found.append([after])
    return [between(part[0], part[-1]) for part in found]


def proven(points: Iterable[Point], limit_w: int) -> Stretch | None:
    """The unbroken rise with the most energy (of equals the first); None below two readings.

    What other stretches add is not counted: one statement line has one start and one end register.
    """
    found = [one for one in stretches(points, limit_w) if one.end_ms > one.start_ms]
    return max(found, key=lambda one: one.energy_wh, default=None)


def between(first: Point, last: Point) -> Stretch:
    """The energy between two readings of one register."""
    return Stretch(first.register_id, first.energy_wh, last.energy_wh, first.at_ms, last.at_ms)


def measure(stretch: Stretch, points: Iterable[Point], borders_ms: Sequence[int] = ()) -> Metered:
    """A stretch cut where the price changes, by the readings inside it, as every session is."""
    inside = [
        point
        for point in points
        if point.register_id == stretch.register_id
        and stretch.start_ms <= point.at_ms <= stretch.end_ms
        and stretch.start_wh <= point.energy_wh <= stretch.end_wh
    ]
    claim = Claim(
        register_id=stretch.register_id,
        start_ms=stretch.start_ms,
        end_ms=stretch.end_ms,
        start_wh=stretch.start_wh,
        end_wh=stretch.end_wh,
        energy_wh=None,
        limit_w=0,
    )
    metered = meter_session(claim, inside, borders_ms)
    return Metered(metered.energy_wh, metered.slices)


def _goes_on(before: Point, after: Point, limit_w: int) -> bool:
    rise = after.energy_wh - before.energy_wh
    if after.register_id != before.register_id or rise < 0:
        return False
    return not is_too_fast(rise, after.at_ms - before.at_ms, limit_w)
