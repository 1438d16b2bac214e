"""The sheet of evidence as a person reads it: plain sentences, a curve, and the arithmetic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import pairwise
from typing import Any

from service.billing.pricing import Component, PricedLine
from service.billing.statement import COMPONENT_WORDS, arithmetic
from service.clock import from_ms
from service.metering.energy import Point
from service.pages.curve import WIDTH, Curve, curve
from service.pages.evidence_events import Event, events_of
from service.pages.evidence_records import RecordTable, clock_words, record_table
from service.pages.held_words import WhyHeld, decided_words, why_held
from service.pages.pile_words import who_words
from service.pages.say_time import clock_time, month, on_day, span
from service.pages.states import STATES, held_sentence, stop_sentence
from service.sessions.lifecycle import State
from service.usage.evidence import Sheet, digest_of, points_of
from service.words import N_, Sentence

MOST_ROWS = 24
"""A table of readings that still fits on a sheet of paper."""

Pair = tuple[Sentence, Sentence | str]


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One reading. `index` is its place among all of the evidence, for choosing two of them."""

    index: int
    time: str
    energy_wh: int
    since_start_wh: int
    power_w: int | None
    note: Sentence | None


@dataclass(frozen=True, slots=True)
class BillText:
    """What is on the statement for it."""

    month: Sentence
    late: bool
    lines: tuple[tuple[Sentence, str, Sentence], ...]
    start_wh: int
    end_wh: int
    energy_wh: int
    total_fen: int
    credited: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class DecisionText:
    """What a person decided about it."""

    words: Sentence
    reason: str
    day: Sentence
    held_for: Sentence


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """Everything the template writes."""

    session_id: str
    place: Sentence
    day: Sentence
    times: str
    length: Sentence
    facts: tuple[Pair, ...]
    held: WhyHeld | None
    held_for: Sentence | None
    doubt: Sentence | None
    records: RecordTable | None
    clock: tuple[Sentence, ...]
    power: Curve | None
    meter: Curve | None
    meter_rise_wh: int
    gap_bars: tuple[tuple[str, str], ...]
    axis: tuple[str, str]
    readings: tuple[ReadingRow, ...]
    reading_count: int
    gaps: tuple[Sentence, ...]
    events: tuple[Event, ...]
    prices: tuple[tuple[str, int, int], ...]
    bill: BillText | None
    decision: DecisionText | None
    sha256: str
    made: Sentence


def evidence_view(sheet: Sheet, numbers: Mapping[str, int], zone: tzinfo) -> EvidenceView:
    """A sheet in words; `numbers` are the numbers of the piles by their names."""
    session, (since_ms, until_ms) = sheet["session"], sheet["span"]
    points = points_of(sheet)
    power = [(at, float(w)) for at, _, w, _, _ in sheet["readings"] if w is not None]
    low = min((point.energy_wh for point in points), default=0)
    held_for = session["held_reason"]
    place = {"pile": numbers.get(session["pile"], session["pile"]), "outlet": session["outlet"]}
    return EvidenceView(
        session_id=session["id"],
        place=Sentence(N_("Pile {pile} · outlet {outlet}"), place),
        day=on_day(from_ms(since_ms), zone),
        times=f"{_time(since_ms, zone)} – {_time(until_ms, zone)}",
        length=span((until_ms - since_ms) / 1000),
        facts=_facts(sheet, zone),
        held=why_held(held_for) if held_for else None,
        held_for=held_sentence(held_for) if held_for else None,
        doubt=held_sentence(sheet["doubt"]) if sheet["doubt"] else None,
        records=record_table(sheet, zone),
        clock=clock_words(sheet, zone),
        power=curve(power),
        meter=curve([(point.at_ms, float(point.energy_wh - low)) for point in points]),
        meter_rise_wh=max((point.energy_wh for point in points), default=0) - low,
        gap_bars=_gap_bars(sheet),
        axis=_axis(sheet, zone),
        readings=tuple(reading_rows(sheet, zone)),
        reading_count=len(points),
        gaps=tuple(_gap(gap, zone) for gap in sheet["gaps"]),
        events=events_of(sheet, zone),
        prices=_prices(sheet),
        bill=_bill(sheet["bill"]),
        decision=_decision(sheet["decision"], zone),
        sha256=digest_of(sheet),
        made=Sentence(
            N_("{day}, {time}"),
            {
                "day": on_day(from_ms(sheet["made_ms"]), zone),
                "time": _time(sheet["made_ms"], zone),
            },
        ),
    )


def reading_rows(sheet: Sheet, zone: tzinfo) -> list[ReadingRow]:
    """The readings worth a row: first and last, both sides of a gap, a fall or a jump, and others
    evenly between them."""
    points = points_of(sheet)
    watts = {(at, wh, register): w for at, wh, w, register, _ in sheet["readings"]}
    notes = _notes(points, sheet)
    keep = {0, len(points) - 1, *notes, *(index - 1 for index in notes)}
    step = max(1, -(-len(points) // MOST_ROWS))
    keep |= set(range(0, len(points), step))
    return [
        ReadingRow(
            index,
            _time(point.at_ms, zone),
            point.energy_wh,
            point.energy_wh - points[0].energy_wh,
            watts.get((point.at_ms, point.energy_wh, point.register_id)),
            notes.get(index),
        )
        for index, point in enumerate(points)
        if index in keep
    ]


def _notes(points: Sequence[Point], sheet: Sheet) -> dict[int, Sentence]:
    """What is odd about a reading, compared with the one before it."""
    after_gaps = {until for _, until in sheet["gaps"]}
    found: dict[int, Sentence] = {}
    for index, (before, after) in enumerate(pairwise(points), start=1):
        if after.register_id != before.register_id:
            found[index] = Sentence(N_("another meter"))
        elif after.energy_wh < before.energy_wh:
            found[index] = Sentence(N_("the meter fell"))
        elif after.at_ms in after_gaps:
            found[index] = Sentence(N_("after a gap"))
    return found


def _facts(sheet: Sheet, zone: tzinfo) -> tuple[Pair, ...]:
    session = sheet["session"]
    state = Sentence(STATES[State(session["state"])])
    pairs: list[Pair] = [(Sentence(N_("State")), state)]
    who = who_words(session["asked_by"]) or who_words(session["source"])
    if session["source"] == "card":
        who = who_words("card")
    pairs.append((Sentence(N_("Asked for by")), who or "–"))
    if session["requested_ms"]:
        pairs.append((Sentence(N_("Asked for at")), _moment(session["requested_ms"], zone)))
    if session["stopped_by"]:
        pairs.append((Sentence(N_("Ended by")), who_words(session["stopped_by"]) or "–"))
    if session["stop_reason"] or session["why"] == "shed":
        pairs.append(
            (Sentence(N_("Why it ended")), stop_sentence(session["stop_reason"], session["why"]))
        )
    if session["power_cuts"]:
        pairs.append((Sentence(N_("Power cuts meanwhile")), str(session["power_cuts"])))
    return tuple(pairs)


def _gap(gap: Sequence[int], zone: tzinfo) -> Sentence:
    values = {
        "start": _time(gap[0], zone),
        "end": _time(gap[1], zone),
        "length": span((gap[1] - gap[0]) / 1000),
    }
    return Sentence(N_("No reading from {start} to {end} ({length})."), values)


def _gap_bars(sheet: Sheet) -> tuple[tuple[str, str], ...]:
    """Where the curve has no readings: left edge and width in the units of the drawing."""
    times = [at for at, *_ in sheet["readings"]]
    if len(times) < 2 or times[-1] == times[0]:
        return ()
    scale, bars = WIDTH / (times[-1] - times[0]), []
    for begin, end in sheet["gaps"]:
        left, right = max(begin, times[0]), min(end, times[-1])
        if right > left:
            bars.append((f"{(left - times[0]) * scale:.1f}", f"{(right - left) * scale:.1f}"))
    return tuple(bars)


def _axis(sheet: Sheet, zone: tzinfo) -> tuple[str, str]:
    times = [at for at, *_ in sheet["readings"]]
    return (_time(times[0], zone), _time(times[-1], zone)) if times else ("", "")


def _prices(sheet: Sheet) -> tuple[tuple[str, int, int], ...]:
    tariff = sheet["tariff"]
    return tuple((name, e, s) for name, e, s, _ in tariff["bands"]) if tariff else ()


def line_texts(lines: Sequence[PricedLine]) -> tuple[tuple[Sentence, str, Sentence], ...]:
    """Priced lines with their arithmetic: what it is, its band, the sum."""
    return tuple(
        (Sentence(COMPONENT_WORDS[line.component]), line.band_name, arithmetic(line))
        for line in lines
    )


def _bill(bill: Mapping[str, Any] | None) -> BillText | None:
    if bill is None:
        return None
    lines = [PricedLine(line[0], line[1], Component(line[2]), *line[3:]) for line in bill["lines"]]
    return BillText(
        month=month(bill["month"]),
        late=bill["late"],
        lines=line_texts(lines),
        start_wh=bill["start_wh"],
        end_wh=bill["end_wh"],
        energy_wh=bill["energy_wh"],
        total_fen=bill["total_fen"],
        credited=tuple((ref.split(" ", 1)[-1], fen) for ref, fen in bill["credited"]),
    )


def _decision(decision: Mapping[str, Any] | None, zone: tzinfo) -> DecisionText | None:
    if decision is None:
        return None
    return DecisionText(
        decided_words(decision["choice"]),
        decision["reason"],
        on_day(from_ms(decision["decided_ms"]), zone),
        held_sentence(decision["held_for"]),
    )


def _moment(ms: int, zone: tzinfo) -> Sentence:
    values = {"day": on_day(from_ms(ms), zone), "time": _time(ms, zone)}
    return Sentence(N_("{day}, {time}"), values)


def _time(ms: int, zone: tzinfo) -> str:
    return clock_time(from_ms(ms), zone)
