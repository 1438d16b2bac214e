"""Batteries and the chargers residents bring: what the wall sees while they fill.

Shapes: constant part with a slow rise, knee, tail, trickle. The lithium shapes are fitted to
measured wall power (data/fitted_shapes.json, made by calibration.py); lead-acid follows the three
stages of a charging-modes guide for lead-acid controllers: bulk to about 60 % of the charge,
absorption 30 %, float 10 %. Wall-side sizes are those of Chinese e-bikes: 48 V 12/20 Ah at about
115/165 W, 60 V 20 Ah at about 240 W, 72 V 20/32 Ah at 250-450 W, lithium 48 V at 70-270 W. Power
factors of 0.55-0.65 for small chargers without correction are an assumption; so is the efficiency
of 0.85.
"""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

from simulator.curves import INFINITY, Curve, Piece

EFFICIENCY = 0.85
"""Battery energy over wall energy; published estimates are 0.80 and 0.90."""
RAMP_S = 7.0
FITTED = Path(__file__).parent / "data" / "fitted_shapes.json"


@dataclass(frozen=True)
class Shape:
    """One full charge as the wall sees it, watts and seconds.

    `rise_s` from start_w to peak_w, then `bend_s` straight down to bend_w, then an exponential tail
    with `tau_s` until cutoff_w, then a trickle that fades with `trickle_tau_s` towards rest_w.
    """

    start_w: float
    peak_w: float
    rise_s: float
    bend_w: float
    bend_s: float
    tau_s: float
    cutoff_w: float
    trickle_w: float = 5.0
    trickle_tau_s: float = 14_400.0
    rest_w: float = 0.7
    second_bend_w: float = 0.0
    second_bend_s: float = 0.0

    def curve(self) -> Curve:
        """The power curve from an empty pack."""
        pieces = [Piece(self.rise_s, self.start_w, self.peak_w)]
        level = self.peak_w
        for to_w, seconds in (
            (self.bend_w, self.bend_s),
            (self.second_bend_w, self.second_bend_s),
        ):
            if seconds > 0:
                pieces.append(Piece(seconds, level, to_w))
                level = to_w
        if level > self.cutoff_w:
            tail_s = self.tau_s * math.log(level / self.cutoff_w)
            pieces.append(Piece(tail_s, level, 0.0, self.tau_s))
        pieces.append(Piece(INFINITY, self.trickle_w, self.rest_w, self.trickle_tau_s))
        return Curve(pieces)

    def full_after_s(self) -> float:
        """Seconds from empty until the trickle begins."""
        return self.curve().starts[-1]

    def scaled(self, watts: float) -> "Shape":
        """The same shape with every power multiplied by `watts`."""
        return replace(
            self,
            start_w=self.start_w * watts,
            peak_w=self.peak_w * watts,
            bend_w=self.bend_w * watts,
            second_bend_w=self.second_bend_w * watts,
            cutoff_w=self.cutoff_w * watts,
        )

    def lasting(self, wall_wh: float) -> "Shape":
        """The same shape with its constant part made so long that a full charge takes `wall_wh`."""
        curve = self.curve()
        now_wh = curve.energy_wh(curve.starts[-1])
        mean_w = (self.start_w + self.peak_w) / 2
        return replace(self, rise_s=max(60.0, self.rise_s + (wall_wh - now_wh) * 3600 / mean_w))


@dataclass(frozen=True)
class PackKind:
    """A battery with the charger that came with it."""

    name: str
    battery_wh: float
    shape: Shape
    power_factor: float
    share: float
    """How common it is among the bikes of the compound (an assumption; relative)."""

    @property
    def wall_wh(self) -> float:
        """Wall energy of a full charge from empty."""
        return self.shape.curve().energy_wh(self.shape.full_after_s())


class Pack:
    """One battery on its charger: where in its curve it is, and what it draws when switched on."""

    def __init__(self, kind: PackKind, needs_wh: float, peak_factor: float = 1.0):
        """`needs_wh` of wall energy are missing; `peak_factor` is this charger's spread."""
        self.kind, self.peak_factor = kind, peak_factor
        self.power_factor = kind.power_factor
        self.curve = kind.shape.scaled(peak_factor).curve()
        self.full_at_s = self.curve.starts[-1]
        full_wh = self.curve.energy_wh(self.full_at_s)
        self.at_s = self.curve.when_energy(max(0.0, full_wh - needs_wh)) if needs_wh > 0 else (
            self.full_at_s
        )  # fmt: skip

    def draw(self) -> Curve:
        """What the wall sees from the moment the relay closes: a ramp of 7 s, then the curve.

        A meter sees 4, 0.3, 5, 33 and 66 W in the first seconds of a charger that takes 70 W
        (CycleSteward's published log); the true inrush of milliseconds is invisible to it.
        """
        level = self.curve.power_w(self.at_s)
        first = min(4.0, level)
        ramp = [Piece(3.0, first, first), Piece(RAMP_S - 3.0, first, level)]
        return self.curve.from_second(self.at_s, ramp)

    def was_on(self, seconds: float) -> None:
        """The relay was closed for so long."""
        self.at_s += max(0.0, seconds - RAMP_S)

    def is_full(self) -> bool:
        """Only the trickle is left."""
        return self.at_s >= self.full_at_s


def _lead(
    battery_wh: float, peak_w: float, power_factor: float, share: float, name: str
) -> PackKind:
    """Bulk to 60 % of the charge, then an absorption tail that holds about a third of it."""
    wall_wh = battery_wh / EFFICIENCY
    shape = Shape(
        start_w=peak_w * 0.95, peak_w=peak_w, rise_s=3600.0, bend_w=peak_w, bend_s=0.0,
        tau_s=0.33 * wall_wh / peak_w * 3600, cutoff_w=peak_w * 0.11,
        trickle_w=peak_w * 0.05, trickle_tau_s=3 * 3600.0, rest_w=2.0,
    )  # fmt: skip
    return PackKind(name, battery_wh, shape.lasting(wall_wh), power_factor, share)


def _aged(name: str, battery_wh: float, peak_w: float, share: float) -> PackKind:
    """An aged battery that may never reach the end condition: full power for hours, no taper."""
    shape = Shape(
        start_w=peak_w * 0.97, peak_w=peak_w, rise_s=16 * 3600.0, bend_w=peak_w * 0.9,
        bend_s=3600.0, tau_s=7200.0, cutoff_w=peak_w * 0.5, trickle_w=peak_w * 0.5,
        trickle_tau_s=86_400.0, rest_w=peak_w * 0.4,
    )  # fmt: skip
    return PackKind(name, battery_wh, shape, 0.6, share)


def fitted_shapes() -> dict[str, Shape]:
    """The shapes fitted to the four measured traces, by the name of the trace."""
    table = json.loads(FITTED.read_text())["shapes"]
    return {name: Shape(**values["shape"]) for name, values in table.items()}


def _lithium(name: str, battery_wh: float, peak_w: float, like: str, share: float) -> PackKind:
    fitted = fitted_shapes()[like]
    shape = fitted.scaled(peak_w / fitted.peak_w).lasting(battery_wh / EFFICIENCY)
    return PackKind(name, battery_wh, shape, 0.6, share)


def catalogue() -> list[PackKind]:
    """Every pack the compound's bikes come with, with how common each is."""
    return [
        _lead(576, 115, 0.58, 18, "lead 48 V 12 Ah"),
        _lead(960, 165, 0.60, 30, "lead 48 V 20 Ah"),
        _lead(1200, 240, 0.60, 16, "lead 60 V 20 Ah"),
        _lead(1440, 280, 0.62, 7, "lead 72 V 20 Ah"),
        _lead(2304, 420, 0.65, 2, "lead 72 V 32 Ah"),
        _lithium("lithium 48 V 14 Ah", 672, 105, "rad_battery_1", 10),
        _lithium("lithium 48 V 12 Ah", 576, 110, "lectric_battery_1", 8),
        _lithium("lithium 48 V 24 Ah", 1152, 250, "lectric_battery_2", 6),
        _aged("aged lead 48 V 20 Ah", 960, 160, 3),
    ]
