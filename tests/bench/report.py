"""What the bench found: figures with their targets, one table, and the file docs/bench.json."""

import json
import platform
import sqlite3
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from tests.support.processes import ROOT, program

BENCH_FILE = ROOT / "docs" / "bench.json"


@dataclass(frozen=True)
class Figure:
    """One number. `at_most` tells which side of the target is the good one."""

    number: int
    """Of the list in the README: 1 flood, 2 trickle, 3 start, 4 month close, 5 footprint."""
    name: str
    measured: float
    unit: str = ""
    target: float | None = None
    at_most: bool = True
    rounds: Sequence[float] = field(default_factory=tuple)
    """What each round gave; `measured` is their median."""

    @property
    def ratio(self) -> float | None:
        """Measured by target."""
        return self.measured / self.target if self.target else None

    @property
    def is_reached(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return self.measured <= self.target if self.at_most else self.measured >= self.target


def median_of(
    number: int, name: str, rounds: Iterable[float], unit: str = "", target: float | None = None,
    *, at_most: bool = True,
) -> Figure:  # fmt: skip
    """The figure of several rounds."""
    values = tuple(rounds)
    return Figure(number, name, statistics.median(values), unit, target, at_most, values)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -int(-share * len(ordered) // 1) - 1))]


# --- the machine ---------------------------------------------------------------------------------


def machine() -> dict[str, Any]:
    """What it was measured on, as far as it bears on the figures."""
    return {
        "cpu": _cpu_model(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": platform.release().split("-")[0],
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "mosquitto": _mosquitto_version(),
        "load_before": round(psutil.getloadavg()[0], 1),
    }


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _mosquitto_version() -> str:
    said = subprocess.run([program("mosquitto", "mosquitto"), "-h"], capture_output=True, text=True)
    return said.stdout.split("\n", 1)[0].removeprefix("mosquitto version ").strip()


def commit() -> str:
    """The commit that was measured, with a + when the working tree differs from it."""
    head = ["git", "describe", "--always", "--dirty=+", "--abbrev=10", "--exclude=*"]
    said = subprocess.run(head, cwd=ROOT, capture_output=True, text=True)
    return said.stdout.strip() or "unknown"


# --- shown and kept ------------------------------------------------------------------------------


def show(figures: Sequence[Figure], commands: dict[int, str], console: Console) -> None:
    """One table."""
    table = Table(title="Figures of Beimen", title_justify="left")
    for name, justify in (("", "left"), ("figure", "left"), ("measured", "right"),
                          ("target", "right"), ("ratio", "right"), ("", "left"),
                          ("command", "left")):  # fmt: skip
        table.add_column(name, justify=justify, no_wrap=name != "figure")  # type: ignore[arg-type]
    shown = 0
    for one in figures:
        first = one.number != shown
        if first and shown:
            table.add_section()
        shown = one.number
        sign = "<=" if one.at_most else ">="
        table.add_row(
            str(one.number) if first else "",
            one.name,
            f"{_short(one.measured)} {one.unit}".strip(),
            f"{sign} {_short(one.target)}" if one.target is not None else "",
            f"{one.ratio:.2f}" if one.ratio is not None else "",
            {True: "reached", False: "[bold]MISSED[/bold]", None: ""}[one.is_reached],
            commands[one.number] if first else "",
        )
    console.print(table)


def _short(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def keep(
    figures: Sequence[Figure], commands: dict[int, str], where: dict[str, Any],
    path: Path = BENCH_FILE,
) -> None:  # fmt: skip
    """Write the file; figures that were not measured this time stay as they were."""
    before = json.loads(path.read_text())["figures"] if path.exists() else []
    numbers = {figure.number for figure in figures}
    stamp = {"commit": commit(), "date": datetime.now(UTC).date().isoformat(), "machine": where}
    rows = [row for row in before if row["number"] not in numbers]
    rows += [_row(figure, commands[figure.number], stamp) for figure in figures]
    rows.sort(key=lambda row: row["number"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"figures": rows}, indent=1, ensure_ascii=False) + "\n")


def _row(figure: Figure, command: str, stamp: dict[str, Any]) -> dict[str, Any]:
    row = asdict(figure)
    row["measured"] = _rounded(figure.measured)
    row["rounds"] = [_rounded(value) for value in figure.rounds]
    return {**row, "reached": figure.is_reached, "command": command, **stamp}


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
