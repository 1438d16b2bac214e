"""The pile's final records side by side, and its clock beside ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from service.clock import from_ms
from service.pages.say_time import clock_seconds, on_day, span
from service.pages.states import stop_sentence
from service.quantities import show_kwh
from service.usage.evidence import Sheet
from service.words import N_, Sentence

Cell = Sentence | str
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One figure of every record; `differs` where those of the session's own pile do not agree."""

    label: Sentence
    cells: tuple[Cell, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class RecordTable:
    """All records of a charge: a column for each."""

    heads: tuple[Sentence, ...]
    rows: tuple[RecordRow, ...]
    differ: bool


def record_table(sheet: Sheet, zone: tzinfo) -> RecordTable | None:
    """The records side by side; None where none ever came."""
    records: list[Record] = sheet["records"]
    if not records:
        return None
    differences = set(sheet["differences"])

    def row(label: str, cells: list[Cell], *names: str) -> RecordRow:
        return RecordRow(Sentence(label), tuple(cells), bool(differences & set(names)))

    rows = (
        row(N_("Record received"), [_moment(one["received_ms"], zone) for one in records]),
        row(N_("Number at the pile"), [str(one["settlement_seq"]) for one in records],
            "settlement_seq"),
        row(N_("Name of the meter"), [one["register_id"] for one in records], "register_id"),
        row(N_("Meter at the beginning, kWh"), [_kwh(one["energy_start_wh"]) for one in records],
            "energy_start_wh"),
        row(N_("Meter at the end, kWh"), [_kwh(one["energy_end_wh"]) for one in records],
            "energy_end_wh"),
        row(N_("The pile's own sum, kWh"), [_kwh(one["energy_wh"]) for one in records],
            "energy_wh"),
        row(N_("Beginning, our clock"), [_time(one["start_ms"], zone) for one in records],
            "start_ms"),
        row(N_("Beginning, the pile's clock"), [_time(one["start_said_ms"], zone)
            for one in records]),
        row(N_("End, our clock"), [_time(one["end_ms"], zone) for one in records], "end_ms"),
        row(N_("End, the pile's clock"), [_time(one["end_said_ms"], zone) for one in records]),
        row(N_("Length"), [span(one["duration_s"]) for one in records], "duration_s"),
        row(N_("Why it ended"), [stop_sentence(one["stop_reason"]) for one in records],
            "stop_reason"),
    )  # fmt: skip
    heads = tuple(_head(number, one) for number, one in enumerate(records, start=1))
    return RecordTable(heads, rows, bool(differences))


def _head(number: int, record: Record) -> Sentence:
    if not record["own"]:
        return Sentence(N_("Record of another pile, {pile}"), {"pile": record["pile"]})
    return Sentence(N_("Record {number}"), {"number": number})


def clock_words(sheet: Sheet, zone: tzinfo) -> tuple[Sentence, ...]:
    """How the pile's clock compares with ours, and where its counted times begin."""
    said = [_clock(record) for record in sheet["records"] if record["own"]][:1]
    for life in sheet["lives"]:
        if life["offset_ms"] is None:
            message = N_("Once it was switched on and never heard live: when is not known.")
            said.append(Sentence(message))
        else:
            message = N_(
                "The pile was switched on {day} at {time}; it counts from there, so its own clock "
                "is not needed."
            )
            at = from_ms(life["offset_ms"])
            said.append(
                Sentence(message, {"day": on_day(at, zone), "time": clock_seconds(at, zone)})
            )
    return tuple(said)


def _clock(record: Record) -> Sentence:
    if record["end_said_ms"] is None:
        return Sentence(N_("The pile told no time of its own; ours is used."))
    off_s = round((record["end_said_ms"] - record["end_ms"]) / 1000)
    if abs(off_s) <= 2:
        return Sentence(N_("The pile's clock agrees with ours to two seconds."))
    values = {"span": span(abs(off_s))}
    if off_s > 0:
        return Sentence(N_("The pile's clock was {span} ahead of ours. Ours is used."), values)
    return Sentence(N_("The pile's clock was {span} behind ours. Ours is used."), values)


def _kwh(energy_wh: int | None) -> str:
    return "–" if energy_wh is None else show_kwh(energy_wh)


def _time(ms: int | None, zone: tzinfo) -> str:
    return "–" if ms is None else clock_seconds(from_ms(ms), zone)


def _moment(ms: int, zone: tzinfo) -> Sentence:
    values = {"day": on_day(from_ms(ms), zone), "time": clock_seconds(from_ms(ms), zone)}
    return Sentence(N_("{day}, {time}"), values)
