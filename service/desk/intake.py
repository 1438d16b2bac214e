"""What taking in a payment file would do, row by row. Pure: the dry run and the deed are the same.

A row is matched only by what was written with it; it is known if any file brought it before; and
where a bank payment of the same amount was just written by hand for the same household, a person
looks first, because it may be the same money.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from service.desk.matching import Doors, match
from service.desk.payment_file import Found, Layout, Line, Row, heading
from service.quantities import show_yuan
from service.words import N_, Sentence

SAME_MONEY = timedelta(days=7)


class Fate(StrEnum):
    """What becomes of a row."""

    MATCHED = "matched"
    UNMATCHED = "unmatched"
    KNOWN = "known"
    PASSED_OVER = "passed_over"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A payment that an earlier file brought."""

    amount_fen: int
    received_at: datetime
    imported_at: datetime


@dataclass(frozen=True, slots=True)
class WrittenByHand:
    """A bank payment that somebody wrote down at the desk."""

    number: int
    household_id: int
    amount_fen: int
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """One row of the file, what becomes of it and why. `candidates`: households to offer."""

    row: int
    fate: Fate
    why: Sentence
    found: Found | None = None
    household_id: int | None = None
    candidates: tuple[int, ...] = ()


def plan(
    rows: Iterable[Row],
    doors: Doors,
    known: Mapping[str, KnownRow],
    by_hand: Sequence[WrittenByHand],
    now: datetime,
    zone: tzinfo,
) -> tuple[Planned, ...]:
    """The fate of every row, in the order of the file."""
    return tuple(_fate(row, doors, known, by_hand, now, zone) for row in rows)


def _fate(
    row: Row,
    doors: Doors,
    known: Mapping[str, KnownRow],
    by_hand: Sequence[WrittenByHand],
    now: datetime,
    zone: tzinfo,
) -> Planned:
    if not isinstance(row, Found):
        fate = Fate.WRONG if row.is_wrong else Fate.PASSED_OVER
        return Planned(row.row, fate, row.sentence)
    earlier = known.get(row.ref)
    if earlier is not None:
        return _known(row, earlier, zone)
    if row.received_at > now:
        return Planned(row.row, Fate.WRONG, Sentence(N_("It lies in the future.")), row)
    found = match(row.note, row.payer, row.received_at.astimezone(zone).date(), doors)
    if found.household_id is None:
        return Planned(row.row, Fate.UNMATCHED, found.reason, row, None, found.candidates)
    twin = _same_money(row, found.household_id, by_hand)
    if twin is not None:
        message = N_(
            "A bank payment of {amount} yuan was written by hand for this door on {day} "
            "(number {number}): it may be the same money."
        )
        day = f"{twin.happened_at.astimezone(zone):%Y-%m-%d}"
        values = {"amount": show_yuan(row.amount_fen), "day": day, "number": twin.number}
        why = Sentence(message, values)
        return Planned(row.row, Fate.UNMATCHED, why, row, None, (found.household_id,))
    return Planned(row.row, Fate.MATCHED, found.reason, row, found.household_id)


def _known(row: Found, earlier: KnownRow, zone: tzinfo) -> Planned:
    values = {
        "day": f"{earlier.imported_at.astimezone(zone):%Y-%m-%d}",
        "amount": show_yuan(earlier.amount_fen),
    }
    if (earlier.amount_fen, earlier.received_at) != (row.amount_fen, row.received_at):
        message = N_("Its number was taken in on {day} already, for another payment of {amount}.")
        return Planned(row.row, Fate.WRONG, Sentence(message, values), row)
    return Planned(row.row, Fate.KNOWN, Sentence(N_("taken in on {day} already"), values), row)


def _same_money(
    row: Found, household_id: int, by_hand: Sequence[WrittenByHand]
) -> WrittenByHand | None:
    return next(
        (
            one
            for one in by_hand
            if one.household_id == household_id
            and one.amount_fen == row.amount_fen
            and abs(one.happened_at - row.received_at) <= SAME_MONEY
        ),
        None,
    )


def seal_of(planned: Sequence[Planned]) -> str:
    """What a person saw in the dry run, as one digest: if it is another by the time of the deed,
    the person looks again."""
    figures = [
        [one.row, one.fate, one.household_id, one.found.ref if one.found else None]
        for one in planned
    ]
    return hashlib.sha256(json.dumps(figures).encode()).hexdigest()


def kept(sentence: Sentence) -> dict[str, Any]:
    """A sentence as it is stored, to be said later in whoever's language."""
    return {"message": sentence.message, "values": dict(sentence.values)}


def said(stored: Mapping[str, Any]) -> Sentence:
    """The sentence again; an empty one if nothing was stored."""
    return Sentence(str(stored.get("message", "")), stored.get("values", {}))


# --- the layout, as it is stored and found again --------------------------------------------------


def layout_kept(layout: Layout, lines: Sequence[Line]) -> dict[str, Any]:
    """A layout with the headings by which the next file of this bank is known."""
    headings = next((line.cells for line in lines if line.row == layout.heading_row), ())
    return {
        "heading_row": layout.heading_row,
        "columns": {field: list(places) for field, places in layout.columns.items()},
        "headings": [heading(cell) for cell in headings],
    }


def layout_from(stored: Mapping[str, Any]) -> Layout | None:
    """A stored layout, or None if a person has not said one yet."""
    if not stored:
        return None
    columns = {field: tuple(places) for field, places in stored["columns"].items()}
    return Layout(int(stored["heading_row"]), columns)


def remembered(lines: Sequence[Line], earlier: Iterable[Mapping[str, Any]]) -> Layout | None:
    """The layout that a person gave a file with the very same headings, wherever they stand."""
    rows = {tuple(heading(cell) for cell in line.cells): line.row for line in reversed(lines[:60])}
    for stored in earlier:
        row = rows.get(tuple(stored.get("headings", ())))
        layout = layout_from(stored)
        if row is not None and layout is not None and layout.is_enough:
            return Layout(row, layout.columns)
    return None
