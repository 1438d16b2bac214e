"""Scenarios are data: one TOML file each, read here, and a sentence for each mistake in one."""

import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from simulator.mishaps import KINDS

FOLDER = Path(__file__).parent / "scenarios"


class BadScenarioError(ValueError):
    """A scenario that cannot be played; the message says why."""


@dataclass(frozen=True)
class Planned:
    """A mishap at a given hour of the first day (local), for so many seconds."""

    kind: str
    at: str
    pile: str
    outlet: int = 1
    for_s: int = 300

    def minutes(self) -> int:
        """Minutes after local midnight."""
        hours, minutes = self.at.split(":")
        return int(hours) * 60 + int(minutes)


@dataclass(frozen=True)
class Scenario:
    """What is played. Rates are mishaps per pile and day; chances are per message."""

    name: str
    title: str = ""
    piles: int = 38
    outlets: int = 2
    bikes: int = 110
    busier: float = 1.0
    meter_s: int = 60
    meter_idle_s: int = 900
    heartbeat_s: int = 60
    keeps_own_intervals: bool = False
    begins_at: str = "17:00"
    """Local time at which a person would like to start watching."""
    double_chance: float = 0.0
    delay_chance: float = 0.0
    delay_s: int = 30
    rates: dict[str, float] = field(default_factory=dict)
    mishaps: tuple[Planned, ...] = ()
    evening: str | None = None
    """A date of the apartment file, or `busiest`: plug-ins come from it instead of habits."""

    def with_changes(self, **changes: Any) -> "Scenario":
        """The same scenario with some values replaced."""
        return replace(self, **changes)


def scenario_names() -> list[str]:
    """The scenarios that come with the simulator."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_scenario(name: str) -> Scenario:
    """One of ours by name, or a file by its path. BadScenarioError with a sentence if not."""
    path = FOLDER / f"{name}.toml"
    if not path.exists():
        path = Path(name)
    try:
        table = tomllib.loads(path.read_text())
    except OSError:
        raise BadScenarioError(
            f"there is no scenario {name!r}; there are {', '.join(scenario_names())}"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise BadScenarioError(f"scenario {name!r} is not TOML: {error}") from None
    return scenario_from(path.stem, table)


def scenario_from(name: str, table: dict[str, Any]) -> Scenario:
    """A scenario from its table; every key and type is checked."""
    table = dict(table)
    planned = table.pop("mishap", [])
    rates = table.get("rates", {})
    kinds = {f.name: getattr(f.type, "__name__", str(f.type)) for f in fields(Scenario)}
    for key, value in table.items():
        if key in ("name", "mishaps") or key not in kinds:
            raise BadScenarioError(f"scenario {name!r} has a key {key!r} that means nothing")
        if not _fits(kinds[key], value):
            raise BadScenarioError(f"scenario {name!r}: {key} cannot be {value!r}")
    for kind in rates:
        if kind not in KINDS:
            raise BadScenarioError(f"scenario {name!r}: no mishap is called {kind!r}")
    mishaps = tuple(_planned(name, row) for row in planned)
    scenario = Scenario(name=name, mishaps=mishaps, **table)
    if not (1 <= scenario.piles <= 999 and 1 <= scenario.outlets <= 16 and scenario.bikes >= 0):
        raise BadScenarioError(f"scenario {name!r}: piles 1-999, outlets 1-16, bikes 0 or more")
    return scenario


def _fits(type_name: str, value: object) -> bool:
    if type_name == "bool":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if type_name == "int":
        return isinstance(value, int) and value >= 0
    if type_name == "float":
        return isinstance(value, (int, float)) and value >= 0
    if type_name.startswith("dict"):
        return isinstance(value, dict) and all(_fits("float", v) for v in value.values())
    return isinstance(value, str)


def _planned(name: str, row: Any) -> Planned:
    try:
        planned = Planned(**row)
        planned.minutes()
    except (TypeError, ValueError, AttributeError):
        raise BadScenarioError(
            f"scenario {name!r}: a mishap needs kind, at (HH:MM) and pile; {row!r} is not that"
        ) from None
    if planned.kind not in KINDS:
        raise BadScenarioError(f"scenario {name!r}: no mishap is called {planned.kind!r}")
    return planned
