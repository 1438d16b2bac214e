"""From cumulative register values to the energy of one session, split where the price changes.

Pure: the same facts give the same answer in whatever order they came. Nothing is billed by guess;
what does not add up is held, with the reason, for a person.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

TOLERANCE_WH = 10
TOLERANCE_SHARE = 0.01
"""A settlement and our own readings may differ by 1 % or 10 Wh, whichever is more."""

FASTEST = 1.2
"""A register that rises faster than 1.2 x the outlet's limit x time is not believed."""


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """A register value at a moment (service time, ms)."""

    at_ms: int
    energy_wh: int
    register_id: str = ""
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Claim:
    """What the settlement says: where the register stood at the start and at the end."""

    register_id: str
    start_ms: int
    end_ms: int
    start_wh: int | None
    end_wh: int | None
    energy_wh: int | None
    limit_w: int
    times_are_known: bool = True


@dataclass(frozen=True, slots=True)
class Slice:
    """Energy between two borders; `interpolated` if a border fell between two readings."""

    start_ms: int
    end_ms: int
    energy_wh: int
    interpolated: bool


@dataclass(frozen=True, slots=True)
class Metered:
    """The energy of a session: its slices sum to `energy_wh`. Held if `doubt` is named."""

    energy_wh: int | None
    slices: tuple[Slice, ...]
    doubt: str | None = None


def meter_session(claim: Claim, own: Iterable[Point], borders_ms: Sequence[int] = ()) -> Metered:
    """Energy = end - start of the register, checked against our own readings, cut at the borders.

    `own` are our readings of this session in any order and with any repeats; `borders_ms` are the
    moments at which the price changes, ascending. Doubts: no_start_reading, register_fell,
    register_changed, wrong_sum, register_jumped, readings_disagree, time_unknown.
    """
    points = sorted(dict.fromkeys(own))  # in the order they came they are nearly sorted already
    doubt = _doubt(claim, points)
    if claim.start_wh is None or claim.end_wh is None or claim.end_wh < claim.start_wh:
        return Metered(None, (), doubt)
    inside = [border for border in borders_ms if claim.start_ms < border < claim.end_ms]
    if inside and not claim.times_are_known:
        doubt = doubt or "time_unknown"
    slices = _cut(claim, points, inside)
    return Metered(claim.end_wh - claim.start_wh, slices, doubt)


def own_energy(points: Iterable[Point]) -> int:
    """What our own readings saw: rises are counted, a fall opens a new epoch and counts nothing."""
    total = 0
    for before, after in pairwise(sorted(dict.fromkeys(points))):
        if after.register_id == before.register_id and after.energy_wh > before.energy_wh:
            total += after.energy_wh - before.energy_wh
    return total


def falls(points: Iterable[Point]) -> list[tuple[Point, Point]]:
    """Where a register fell: each is the beginning of a new epoch."""
    return [
        (before, after)
        for before, after in pairwise(sorted(dict.fromkeys(points)))
        if after.register_id == before.register_id and after.energy_wh < before.energy_wh
    ]


def is_too_fast(energy_wh: int, span_ms: int, limit_w: int) -> bool:
    """Could an outlet with this limit not have delivered that much in that time?"""
    most_wh = FASTEST * limit_w * max(span_ms, 0) / 3_600_000
    return energy_wh > most_wh + TOLERANCE_WH


def _doubt(claim: Claim, points: Sequence[Point]) -> str | None:
    if claim.start_wh is None or claim.end_wh is None:
        return "no_start_reading"
    if claim.end_wh < claim.start_wh or falls(points):
        return "register_fell"
    if any(point.register_id != claim.register_id for point in points):
        return "register_changed"
    energy_wh = claim.end_wh - claim.start_wh
    if claim.energy_wh is not None and claim.energy_wh != energy_wh:
        return "wrong_sum"
    if is_too_fast(energy_wh, claim.end_ms - claim.start_ms, claim.limit_w):
        return "register_jumped"
    return _own_doubt(claim, points, energy_wh)


def _own_doubt(claim: Claim, points: Sequence[Point], energy_wh: int) -> str | None:
    """Own readings must lie inside what the settlement claims: losing some proves nothing."""
    if not points or claim.start_wh is None or claim.end_wh is None:
        return None
    leeway = max(TOLERANCE_WH, int(energy_wh * TOLERANCE_SHARE))
    low, high = points[0].energy_wh, points[-1].energy_wh
    if low < claim.start_wh - leeway or high > claim.end_wh + leeway:
        return "readings_disagree"
    for before, after in pairwise(points):
        rise = after.energy_wh - before.energy_wh
        if is_too_fast(rise, after.at_ms - before.at_ms, claim.limit_w):
            return "register_jumped"
    return None


def _cut(claim: Claim, points: Sequence[Point], borders_ms: Sequence[int]) -> tuple[Slice, ...]:
    """Slices between the borders; they add up to the whole to the Wh."""
    start_wh, end_wh = claim.start_wh or 0, claim.end_wh or 0
    curve = [Point(claim.start_ms, start_wh)]
    for point in points:
        if claim.start_ms < point.at_ms < claim.end_ms:
            level = min(max(point.energy_wh, curve[-1].energy_wh), end_wh)
            curve.append(Point(point.at_ms, level))
    curve.append(Point(max(claim.end_ms, claim.start_ms), end_wh))

    slices: list[Slice] = []
    last_ms, last_wh, last_guess = claim.start_ms, start_wh, False
    for border in borders_ms:
        level, guess = _level_at(curve, border)
        slices.append(Slice(last_ms, border, level - last_wh, guess or last_guess))
        last_ms, last_wh, last_guess = border, level, guess
    slices.append(Slice(last_ms, curve[-1].at_ms, end_wh - last_wh, last_guess))
    return tuple(slices)


def _level_at(curve: Sequence[Point], at_ms: int) -> tuple[int, bool]:
    """The register at a moment, and whether it had to be interpolated within its interval."""
    for before, after in pairwise(curve):
        if before.at_ms == at_ms:
            return before.energy_wh, False
        if before.at_ms < at_ms < after.at_ms:
            rise, span = after.energy_wh - before.energy_wh, after.at_ms - before.at_ms
            part = (2 * rise * (at_ms - before.at_ms) + span) // (2 * span)
            return before.energy_wh + part, rise > 0
    return curve[-1].energy_wh, False
