"""A charge's power over time as the points of a small drawing; no library, no script."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, TOP = 320, 72, 6
MOST_POINTS = 120

Sample = tuple[int, float]
"""A moment in milliseconds and the power in watts."""


@dataclass(frozen=True, slots=True)
class Curve:
    """`line` and `area` for an SVG of WIDTH x HEIGHT; `peak_w` is its top."""

    line: str
    area: str
    peak_w: int


def curve(samples: Sequence[Sample]) -> Curve | None:
    """The drawing of at least three samples; None when there is too little to see."""
    ordered = thin(sorted(set(samples)))
    peak = max((power for _, power in ordered), default=0.0)
    if len(ordered) < 3 or peak <= 0:
        return None
    start, span = ordered[0][0], max(1, ordered[-1][0] - ordered[0][0])
    points = [
        f"{WIDTH * (at - start) / span:.1f},{HEIGHT - (HEIGHT - TOP) * power / peak:.1f}"
        for at, power in ordered
    ]
    line = " ".join(points)
    return Curve(line, f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}", round(peak))


def thin(ordered: Sequence[Sample]) -> list[Sample]:
    """At most MOST_POINTS of them, the first and the last among them."""
    if len(ordered) <= MOST_POINTS:
        return list(ordered)
    step = (len(ordered) - 1) / (MOST_POINTS - 1)
    return [ordered[round(i * step)] for i in range(MOST_POINTS)]
