"""Fits the shapes of packs.py to measured wall power, and says how far off they are.

The fit is a plain coordinate search, so that it needs no numerical library and gives the same
answer everywhere. `python -m simulator calibrate` writes data/fitted_shapes.json; a test repeats
the measurement of the error.
"""

import csv
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from simulator.packs import FITTED, Shape

TRACES = Path(__file__).parent / "data" / "ebike_wall_power_traces.csv"
RUN = "full_charge_2023-06-24"
PLUGS = ("lectric_battery_1", "lectric_battery_2", "rad_battery_1", "rad_battery_2")
_STEPS = {"rise_s": 600.0, "bend_s": 600.0, "second_bend_s": 600.0, "tau_s": 300.0}


@dataclass(frozen=True)
class Trace:
    """Seconds since the log began, and watts at the wall."""

    name: str
    seconds: list[float]
    watts: list[float]

    def energy_wh(self) -> float:
        """Energy between the first and the last sample, straight lines between samples."""
        total = 0.0
        for i in range(1, len(self.seconds)):
            span = self.seconds[i] - self.seconds[i - 1]
            total += span * (self.watts[i] + self.watts[i - 1]) / 2
        return total / 3600


@dataclass(frozen=True)
class Misfit:
    """How far a shape is from a trace."""

    rms_w: float
    energy_percent: float


def read_traces(path: Path = TRACES) -> dict[str, Trace]:
    """The four traces of the full-charge night."""
    points: dict[str, list[tuple[float, float]]] = {name: [] for name in PLUGS}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["run"] == RUN and row["plug"] in points:
                at = datetime.fromisoformat(row["timestamp_local"] + "+00:00").timestamp()
                points[row["plug"]].append((at, float(row["power_w"])))
    return {
        name: Trace(name, [at - rows[0][0] for at, _ in rows], [w for _, w in rows])
        for name, rows in points.items()
    }


def misfit(shape: Shape, trace: Trace) -> Misfit:
    """Root mean square of the power error, and the error of the energy over the trace."""
    curve = shape.curve()
    errors = [curve.power_w(t) - w for t, w in zip(trace.seconds, trace.watts, strict=True)]
    rms = math.sqrt(sum(e * e for e in errors) / len(errors))
    energy = curve.energy_wh(trace.seconds[-1]) - curve.energy_wh(trace.seconds[0])
    return Misfit(rms, (energy / trace.energy_wh() - 1) * 100)


def first_guess(trace: Trace) -> Shape:
    """A shape read off the trace: where it peaks, where it halves, where it rests."""
    peak = max(trace.watts)
    top = trace.seconds[trace.watts.index(peak)]
    half = next(
        t for t, w in zip(trace.seconds, trace.watts, strict=True) if t > top and w < peak / 2
    )
    last = trace.watts[-1]
    return Shape(
        start_w=trace.watts[0], peak_w=peak, rise_s=max(60.0, top), bend_w=peak * 0.8,
        bend_s=max(300.0, (half - top) / 3), second_bend_w=peak * 0.5,
        second_bend_s=max(300.0, (half - top) / 2), tau_s=2000.0, cutoff_w=max(6.5, last),
        trickle_w=max(5.0, last), trickle_tau_s=14_400.0,
    )  # fmt: skip


def fit(trace: Trace) -> Shape:
    """The shape with the least squared error, by shrinking steps along each parameter."""
    names = [
        "start_w", "peak_w", "rise_s", "bend_w", "bend_s", "second_bend_w", "second_bend_s",
        "tau_s", "cutoff_w", "trickle_w", "trickle_tau_s",
    ]  # fmt: skip
    values = asdict(first_guess(trace))
    steps = {name: _STEPS.get(name, max(1.0, values[name] * 0.1)) for name in names}
    best = misfit(Shape(**values), trace).rms_w
    for _ in range(400):
        moved = False
        for name in names:
            better = _try_both_ways(values, name, steps[name], lambda s: misfit(s, trace).rms_w)
            if better is not None and better[1] < best - 1e-9:
                values[name], best = better
                moved = True
            else:
                steps[name] *= 0.7
        if not moved and max(steps[n] / (abs(values[n]) + 1) for n in names) < 1e-4:
            break
    return Shape(**{name: round(value, 3) for name, value in values.items()})


def _try_both_ways(
    values: dict[str, float], name: str, step: float, cost: Callable[[Shape], float]
) -> tuple[float, float] | None:
    found: tuple[float, float] | None = None
    for value in (values[name] + step, values[name] - step):
        if value <= 0:
            continue
        trial = values | {name: value}
        if not trial["cutoff_w"] < trial["second_bend_w"] < trial["bend_w"] <= trial["peak_w"]:
            continue
        error = cost(Shape(**trial))
        if found is None or error < found[1]:
            found = (value, error)
    return found


def write_fits(path: Path = FITTED) -> dict[str, Misfit]:
    """Fit all four traces, write the shapes with their errors, and return the errors."""
    table, errors = {}, {}
    for name, trace in read_traces().items():
        shape = fit(trace)
        errors[name] = misfit(shape, trace)
        table[name] = {
            "shape": asdict(shape),
            "rms_w": round(errors[name].rms_w, 2),
            "energy_percent": round(errors[name].energy_percent, 2),
        }
    source = "fitted to data/ebike_wall_power_traces.csv by simulator/calibration.py"
    path.write_text(json.dumps({"source": source, "shapes": table}, indent=1) + "\n")
    return errors
