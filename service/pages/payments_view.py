"""Payment files as a person looks at them: what would happen, and whose money still is nobody's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.desk.actions.received import DryRun
from service.desk.intake import Fate, Planned, layout_from, said
from service.desk.matching import suggestions
from service.desk.payment_file import FIELDS, Line, widest
from service.desk.records import PaymentFile, PaymentRow
from service.households.records import Household
from service.pages.say_time import clock_time, moment, on_day
from service.words import N_, Sentence

PREVIEW_ROWS = 8
PREVIEW_COLUMNS = 16
LONGEST_CELL = 24

GROUPS: tuple[tuple[Fate, str, str, str], ...] = (
    (Fate.WRONG, "✕", N_("Cannot be read"), N_("These rows stay out.")),
    (
        Fate.UNMATCHED,
        "?",
        N_("Whose is it?"),
        N_("They go on a list; afterwards you say whose they are."),
    ),
    (
        Fate.MATCHED,
        "✓",
        N_("Goes to its household"),
        N_("They are written into the books as soon as you take the file in."),
    ),
    (Fate.KNOWN, "=", N_("Taken in before"), N_("Nothing happens: they count once.")),
    (Fate.PASSED_OVER, "–", N_("No payment to us"), N_("Nothing happens.")),
)

FIELD_WORDS: dict[str, str] = {
    "date": N_("Date (or date and time)"),
    "time": N_("Time of day, if it has a column of its own"),
    "amount": N_("Amount"),
    "credit": N_("Money in, if in and out have two columns"),
    "debit": N_("Money out"),
    "direction": N_("Whether in or out"),
    "status": N_("State (refunds)"),
    "ref": N_("Serial number of the payment"),
    "payer": N_("Who paid"),
    "note": N_("What was written with it"),
}

STATES = {
    "matched": N_("on its way into the books"),
    "posted": N_("in the books"),
    "unmatched": N_("nobody's yet"),
    "ignored": N_("set aside"),
}


@dataclass(frozen=True, slots=True)
class RowView:
    """One row of the file."""

    row: int
    when: Sentence | None
    amount_fen: int | None
    payer: str
    note: str
    door: str
    why: Sentence


@dataclass(frozen=True, slots=True)
class GroupView:
    """All rows that share a fate."""

    fate: str
    shape: str
    title: Sentence
    explanation: Sentence
    rows: tuple[RowView, ...]
    total_fen: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class DryRunView:
    """The dry run: groups, those that need a look first."""

    file_id: int
    seal: str
    groups: tuple[GroupView, ...]
    matched: int
    matched_fen: int
    unmatched: int
    wrong: int


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column that a field may be."""

    index: int
    label: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field and which column it is now, -1 for none."""

    name: str
    words: Sentence
    chosen: int
    is_needed: bool


@dataclass(frozen=True, slots=True)
class ColumnsView:
    """The form in which a person says which column is what."""

    file_id: int
    heading_row: int
    choices: tuple[ColumnChoice, ...]
    fields: tuple[FieldView, ...]
    preview: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A household that a payment may be from."""

    household_id: int
    door: str
    owes_fen: int
    moved_out: Sentence | None


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """A payment that is nobody's yet."""

    file_id: int
    row: int
    when: Sentence
    amount_fen: int
    payer: str
    note: str
    why: Sentence
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file that was taken in, in one line."""

    id: int
    when: Sentence
    rows: int
    posted: int
    posted_fen: int
    waiting: int
    unmatched: int
    ignored: int
    left_out: int


@dataclass(frozen=True, slots=True)
class TakenRow:
    """A payment of a file that was taken in."""

    row: int
    when: Sentence
    amount_fen: int
    payer: str
    note: str
    door: str
    state: str
    word: Sentence
    why: Sentence
    reason: str
    entry_id: int | None


def stamp(at: datetime, zone: tzinfo) -> Sentence:
    """A day and a time, never 'this morning': it is compared with a list of the bank."""
    values = {"day": on_day(at, zone), "time": clock_time(at, zone)}
    return Sentence(N_("{day}, {time}"), values)


def dry_run_view(seen: DryRun, doors: Mapping[int, str], zone: tzinfo) -> DryRunView:
    """What would happen, what needs a person first."""
    groups = []
    for fate, shape, title, explanation in GROUPS:
        rows = [one for one in seen.planned if one.fate is fate]
        if rows:
            groups.append(
                GroupView(
                    fate,
                    shape,
                    Sentence(title),
                    Sentence(explanation),
                    tuple(_row(one, doors, zone) for one in rows),
                    _sum(rows),
                    fate in (Fate.WRONG, Fate.UNMATCHED, Fate.MATCHED),
                )
            )
    by_fate = {fate: [one for one in seen.planned if one.fate is fate] for fate in Fate}
    return DryRunView(
        seen.file.id or 0,
        seen.seal,
        tuple(groups),
        len(by_fate[Fate.MATCHED]),
        _sum(by_fate[Fate.MATCHED]),
        len(by_fate[Fate.UNMATCHED]),
        len(by_fate[Fate.WRONG]),
    )


def _sum(rows: Sequence[Planned]) -> int:
    return sum(one.found.amount_fen for one in rows if one.found is not None)


def _row(one: Planned, doors: Mapping[int, str], zone: tzinfo) -> RowView:
    found = one.found
    return RowView(
        one.row,
        stamp(found.received_at, zone) if found else None,
        found.amount_fen if found else None,
        found.payer if found else "",
        found.note if found else "",
        doors.get(one.household_id or 0, ""),
        one.why,
    )


def columns_view(file: PaymentFile, lines: Sequence[Line], heading_row: int | None) -> ColumnsView:
    """The form, filled with what is known; `heading_row` if a person asked for another one."""
    layout = layout_from(file.mapping)
    known = layout.heading_row if layout else widest(lines)
    row = heading_row if any(line.row == heading_row for line in lines) else known
    headings = next((line.cells for line in lines if line.row == row), ())
    below = next((line.cells for line in lines if line.row > (row or 0)), ())
    choices = [
        ColumnChoice(index, _label(headings, below, index))
        for index in range(max(len(headings), len(below)))
    ]
    columns = layout.columns if layout and layout.heading_row == row else {}
    fields: list[FieldView] = []
    for name in (*FIELDS, "note"):
        places = columns.get(name, ())
        seen = sum(field.name == name for field in fields)
        fields.append(
            FieldView(
                name,
                Sentence(FIELD_WORDS[name]),
                places[seen] if seen < len(places) else -1,
                name in ("date", "amount"),
            )
        )
    first = max(0, next((n for n, line in enumerate(lines) if line.row == row), 0) - 2)
    preview = tuple(
        Line(line.row, tuple(cell.strip()[:LONGEST_CELL] for cell in line.cells[:PREVIEW_COLUMNS]))
        for line in lines[first : first + PREVIEW_ROWS]
    )
    return ColumnsView(file.id or 0, row or 1, tuple(choices), tuple(fields), preview)


def _label(headings: Sequence[str], below: Sequence[str], index: int) -> str:
    name = headings[index].strip()[:LONGEST_CELL] if index < len(headings) else ""
    example = below[index].strip()[:LONGEST_CELL] if index < len(below) else ""
    letter = chr(ord("A") + index) if index < 26 else f"{index + 1}"
    return f"{letter} {name}" + (f" ({example})" if example else "")


def open_payment(
    row: PaymentRow,
    households: Mapping[int, Household],
    owed_fen: Mapping[int, int],
    zone: tzinfo,
) -> OpenPayment:
    """A payment that waits, with the households it may be from."""
    candidates = [int(one) for one in row.why.get("candidates", [])]
    offered = suggestions(row.amount_fen, candidates, owed_fen)
    return OpenPayment(
        row.file_id,
        row.row,
        stamp(row.received_at, zone),
        row.amount_fen,
        row.payer,
        row.note,
        said(row.why),
        tuple(
            Offer(one, home.door, owed_fen.get(one, 0), moved_out_words(home, zone))
            for one in offered
            if (home := households.get(one)) is not None
        ),
    )


def moved_out_words(home: Household, zone: tzinfo) -> Sentence | None:
    """'moved out 14 March', or None for who lives here."""
    if home.moved_out_at is None:
        return None
    return Sentence(N_("moved out {day}"), {"day": on_day(home.moved_out_at, zone)})


def file_line(
    file: PaymentFile, states: Mapping[str, tuple[int, int]], now: datetime, zone: tzinfo
) -> FileLine:
    """A file that was taken in."""
    return FileLine(
        file.id or 0,
        moment(file.imported_at or file.uploaded_at, now, zone),
        file.row_count,
        states.get("posted", (0, 0))[0],
        states.get("posted", (0, 0))[1],
        states.get("matched", (0, 0))[0],
        states.get("unmatched", (0, 0))[0],
        states.get("ignored", (0, 0))[0],
        len(file.left_out),
    )


def taken_row(row: PaymentRow, doors: Mapping[int, str], zone: tzinfo) -> TakenRow:
    """A payment of such a file."""
    return TakenRow(
        row.row,
        stamp(row.received_at, zone),
        row.amount_fen,
        row.payer,
        row.note,
        doors.get(row.household_id or 0, ""),
        row.state,
        Sentence(STATES[row.state]),
        said(row.why),
        row.reason,
        row.entry_id,
    )
