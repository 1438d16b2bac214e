"""The card: docs/overload-card.json with the named figures, docs/overload-card.md to be read."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.bench.report import commit, machine
from tests.support.processes import ROOT

FOLDER = ROOT / "docs"
COMMAND = "make bench-overload"
Parts = Mapping[int, Mapping[str, Any]]

KEYS: Mapping[str, tuple[int, tuple[str, ...], str]] = {
    "coverage_95": (1, ("simulated", "all", "coverage_95"), "0.93 to 0.97"),
    "mae_ratio_15": (1, ("simulated", "all", "mae_ratio_15"), "0.5"),
    "mae_ratio_60": (1, ("simulated", "all", "mae_ratio_60"), "0.5"),
    "mae_ratio_180": (1, ("simulated", "all", "mae_ratio_180"), "0.5"),
    "energy_share_of_optimum": (2, ("40%", "Beimen", "energy_share_of_optimum"), "0.97"),
    "deadlines_missed_share": (2, ("40%", "Beimen", "deadlines_missed_share"), ""),
    "jain": (2, ("40%", "Beimen", "jain"), "0.95"),
    "trips": (3, ("with", "trips"), "0"),
    "relay_operations_per_outlet_day": (
        2, ("40%", "Beimen", "relay_operations_per_outlet_day"), "",
    ),
    "precision": (4, ("precision",), ""),
    "recall": (4, ("recall",), ""),
    "false_per_1000_healthy": (4, ("false_per_1000_healthy",), ""),
    "ms_76_outlets": (5, ("ms_76_outlets",), "10"),
    "s_76000_outlets": (5, ("s_76000_outlets",), "10"),
}  # fmt: skip
"""Key -> part, path in its figures, aim. The hardest case is the named one: simulated evenings of
unseen compounds, site and entrances together; the feeder at 40 % of demand."""

HEADINGS = {
    1: "Forecast: coverage of the bands, and mean error over that of the better simple answer",
    2: "Sharing: energy by the deadline as a share of what no plan can exceed",
    3: "Breakers: simulated evenings with faults of metering and link",
    4: "Charge-curve watch",
    5: "Cost, processor time on one core",
}
NOTES = {
    1: "`floor`: the ratio of somebody who knows the battery and the plans of everyone who is"
    " there, and only not who will come. Simulated: 20 compounds of seeds used for nothing"
    " else, five weeks learned, the sixth scored. Real: the apartment compound's arrivals and"
    " stays, energy as a twentieth, measured e-bike curves; learned from the first 70 % of the"
    " days, scored on the rest. Every 15 minutes from 16:00 to midnight.",
    2: "100 evenings of one feeder, about 19 bikes each, seeds used for nothing else; learned from"
    " the four weeks before. The optimum knows every battery; its energies are shares of the bound"
    " that column generation with HiGHS proves. `Deadline missed`: less than 95 % of what the bike"
    " would have had without waiting.",
    3: "The breaker is the quickest that IEC 60898-1 allows: it trips once it is warmer than 1.13"
    " times the rating for ever would make it. The rating is 60 % of the evening's demand. Faults:"
    " every outlet's meter is off by about 1 %, one in 50 dies in the evening, and one feeder's"
    " meter in 20; one outlet in six is silent for 10 to 90 minutes, one relay in 200 is welded; in"
    " one evening of ten a heater of a sixth of the rating hangs on the cable, which only the"
    " feeder's own meter can see.",
    4: "Looked at every half hour of a charge. `seeded`: 300 faults of each kind in charges of"
    " unseen seeds, also such that end before they could show; 10,000 healthy charges. `precision`"
    " is what it would be if one charge in a hundred had a fault. Raised on the four measured"
    " traces: see the first row.",
}


def keep(measured: Parts) -> dict[int, Any]:
    """Write both files; what was not measured this time stays."""
    path = FOLDER / "overload-card.json"
    before = json.loads(path.read_text()) if path.exists() else {"parts": {}, "stamps": {}}
    parts = {int(number): part for number, part in before["parts"].items()} | dict(measured)
    stamp = {"commit": commit(), "date": datetime.now(UTC).date().isoformat()}
    stamps = before["stamps"] | {str(number): stamp for number in measured}
    named = {key: _at(parts, part, way) for key, (part, way, _) in KEYS.items()}
    kept = {**named, "command": COMMAND, "machine": machine(), "stamps": stamps,
            "parts": {str(number): parts[number] for number in sorted(parts)}}  # fmt: skip
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    (FOLDER / "overload-card.md").write_text(text(parts))
    return parts


def text(parts: Parts) -> str:
    """The card as Markdown."""
    lines = ["# Overload: the card", "", f"Made by `{COMMAND}`; seeded. All figures measured.", "",
             "| figure | measured | aim |", "|---|---:|---|"]  # fmt: skip
    for key, (part, way, aim) in KEYS.items():
        value = _at(parts, part, way)
        lines.append(f"| {key} | {'not measured' if value is None else value} | {aim} |")
    for number in sorted(parts):
        lines += ["", f"## {number}. {HEADINGS[number]}", "", NOTES.get(number, ""), ""]
        lines += _table(parts[number])
    return "\n".join(lines) + "\n"


def _table(part: Mapping[str, Any]) -> list[str]:
    rows = list(_rows(part, ()))
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for title, row in rows:
        values = (str(row[name]) if name in row else "" for name in names)
        lines.append(f"| {', '.join(title)} | " + " | ".join(values) + " |")
    return lines


def _rows(part: Mapping[str, Any], title: tuple[str, ...]):
    plain = {name: value for name, value in part.items() if not isinstance(value, Mapping)}
    if plain:
        yield title, plain
    for name, value in part.items():
        if isinstance(value, Mapping):
            yield from _rows(value, (*title, name))


def _at(parts: Parts, part: int, way: tuple[str, ...]) -> Any:
    value: Any = parts.get(part)
    for name in way:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
