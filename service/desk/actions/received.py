"""Payments from a bank's file: sent in, looked at, taken in.

    draft --(as a person saw it)--> taken: its rows are matched or unmatched (see payments.py)

Taking in is one transaction that writes no money, only what shall be posted, so a file is in or it
is not. A draft is kept in the database and not in the page, because a page of 5,000 rows would have
to travel with every click; its text is erased as soon as it is taken in, thrown away or a day old.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial

from service.billing.months import after
from service.billing.outcomes import Refused
from service.billing.records.queries import add_rows
from service.desk.intake import (
    Fate,
    KnownRow,
    Planned,
    WrittenByHand,
    kept,
    layout_from,
    layout_kept,
    plan,
    remembered,
    seal_of,
)
from service.desk.matching import Doors, Home
from service.desk.payment_file import Found, Layout, Line, decode, guess, read_payments, read_table
from service.desk.records.received import (
    PaymentFile,
    PaymentRow,
    bank_payments,
    count_unmatched,
    file_with,
    files,
    rows_with,
)
from service.households.codes import digest
from service.households.records import every_household
from service.store import UnitOfWork
from service.words import N_, Sentence

REMEMBERED_FILES = 40

MATCHED, UNMATCHED = Fate.MATCHED, Fate.UNMATCHED


@dataclass(frozen=True, slots=True)
class DryRun:
    """A draft as a person looks at it. Without a layout nothing could be read yet."""

    file: PaymentFile
    lines: tuple[Line, ...]
    layout: Layout | None
    planned: tuple[Planned, ...]

    @property
    def seal(self) -> str:
        """What is seen, as a digest to be sent back with the deed."""
        return seal_of(self.planned)


def send_in(uow: UnitOfWork, data: bytes, now: datetime, by: int | None) -> PaymentFile | Refused:
    """Keep a file as a draft; the same file again is the same draft, and a taken one is refused."""
    text = decode(data)
    lines = text if isinstance(text, Sentence) else read_table(text)
    if isinstance(text, Sentence) or isinstance(lines, Sentence):
        reason = lines if isinstance(lines, Sentence) else Sentence("")
        return Refused((reason,))
    content = hashlib.sha256(data).hexdigest()
    before = file_with(uow, content)
    if before is not None and before.state == "taken":
        message = N_("This very file was taken in before; nothing was done again.")
        return Refused((Sentence(message),))
    if before is not None:
        return before
    layout = guess(lines) or remembered(lines, _earlier_layouts(uow))
    file = PaymentFile(
        sha256=content,
        text=text,
        mapping=layout_kept(layout, lines) if layout else {},
        row_count=len(lines),
        uploaded_at=now,
        uploaded_by=by,
    )
    uow.session.add(file)
    uow.session.flush()
    return file


def _earlier_layouts(uow: UnitOfWork) -> list[dict[str, object]]:
    return [file.mapping for file in files(uow, "taken", REMEMBERED_FILES) if file.mapping]


def lay_out(uow: UnitOfWork, file_id: int, layout: Layout) -> Refused | None:
    """A person says which column of a draft is what."""
    file = _draft(uow, file_id)
    if isinstance(file, Refused):
        return file
    if not layout.is_enough:
        message = N_("Say at least which column is the date and which is the amount received.")
        return Refused((Sentence(message),))
    lines = _lines(file)
    if all(line.row != layout.heading_row for line in lines):
        message = N_("The file has no row {row} with headings.")
        return Refused((Sentence(message, {"row": layout.heading_row}),))
    file.mapping = layout_kept(layout, lines)
    uow.session.add(file)
    return None


def draft_table(uow: UnitOfWork, file_id: int) -> tuple[PaymentFile, tuple[Line, ...]] | Refused:
    """A draft and its rows as they are, for the form that asks which column is what."""
    file = _draft(uow, file_id)
    return file if isinstance(file, Refused) else (file, _lines(file))


def dry_run(
    uow: UnitOfWork, file_id: int, now: datetime, zone: tzinfo, key: bytes
) -> DryRun | Refused:
    """What taking in this draft would do, row by row. Nothing is changed."""
    file = _draft(uow, file_id)
    if isinstance(file, Refused):
        return file
    lines, layout = _lines(file), layout_from(file.mapping)
    if layout is None:
        return DryRun(file, lines, None, ())
    rows = read_payments(lines, layout, zone, _hidden(key))
    refs = [row.ref for row in rows if isinstance(row, Found)]
    planned = plan(rows, _doors(uow, zone), _known(uow, refs), _by_hand(uow), now, zone)
    return DryRun(file, lines, layout, planned)


def take_in(
    uow: UnitOfWork, seen: DryRun, seal: str, leave_out: bool, now: datetime, by: int | None
) -> PaymentFile | Refused:
    """Take a draft in as a person saw it (`seal`); with `leave_out` rows that cannot be read stay
    out and are noted. No money moves yet: see `post_matched`."""
    if seal != seen.seal:
        message = N_("Something changed since you looked. Nothing was taken in: please look again.")
        return Refused((Sentence(message),))
    wrong = [one for one in seen.planned if one.fate is Fate.WRONG]
    if wrong and not leave_out:
        message = N_("{count} rows cannot be taken in. Say that they stay out, or mend the file.")
        return Refused((Sentence(message, {"count": len(wrong)}),))
    file = seen.file
    brought = [_row(one, file.id or 0) for one in seen.planned if one.fate in (MATCHED, UNMATCHED)]
    add_rows(uow, PaymentRow, [row.model_dump() for row in brought if row is not None])
    file.state, file.text = "taken", ""
    file.row_count = len(seen.planned)
    file.left_out = [{"row": one.row, **kept(one.why)} for one in wrong]
    file.imported_at, file.imported_by = now, by
    uow.session.add(file)
    uow.session.flush()
    return file


def _row(one: Planned, file_id: int) -> PaymentRow | None:
    if one.found is None:
        return None
    return PaymentRow(
        file_id=file_id,
        row=one.row,
        ref=one.found.ref,
        received_at=one.found.received_at,
        amount_fen=one.found.amount_fen,
        payer=one.found.payer,
        note=one.found.note,
        household_id=one.household_id,
        state=one.fate,
        why={**kept(one.why), "candidates": list(one.candidates)},
    )


def throw_away(uow: UnitOfWork, file_id: int) -> bool:
    """Forget a draft; False if there is none."""
    file = uow.session.get(PaymentFile, file_id)
    if file is None or file.state != "draft":
        return False
    uow.session.delete(file)
    uow.session.flush()
    return True


def unmatched(uow: UnitOfWork, month: str, zone: tzinfo) -> int:
    """How many payments that came up to the end of a month are not in the ledger yet."""
    following = after(month)
    end = datetime(int(following[:4]), int(following[5:]), 1, tzinfo=zone)
    return count_unmatched(uow, end.astimezone(UTC))


def _draft(uow: UnitOfWork, file_id: int) -> PaymentFile | Refused:
    file = uow.session.get(PaymentFile, file_id)
    if file is None or file.state != "draft":
        message = N_("This file is no longer here: it was taken in, thrown away or too old.")
        return Refused((Sentence(message),))
    return file


def _lines(file: PaymentFile) -> tuple[Line, ...]:
    lines = read_table(file.text)
    return () if isinstance(lines, Sentence) else lines


def _hidden(key: bytes) -> Callable[[str], str]:
    return partial(digest, key, "payment")


def _doors(uow: UnitOfWork, zone: tzinfo) -> Doors:
    return Doors(
        Home(
            one.id or 0,
            one.door,
            one.moved_in_at.astimezone(zone).date(),
            one.moved_out_at.astimezone(zone).date() if one.moved_out_at else None,
        )
        for one in every_household(uow)
    )


def _known(uow: UnitOfWork, refs: list[str]) -> dict[str, KnownRow]:
    found = rows_with(uow, refs)
    at = {row.file_id: _imported_at(uow, row.file_id) for row in found.values()}
    return {
        ref: KnownRow(row.amount_fen, row.received_at, at[row.file_id])
        for ref, row in found.items()
    }


def _imported_at(uow: UnitOfWork, file_id: int) -> datetime:
    file = uow.session.get_one(PaymentFile, file_id)
    return file.imported_at or file.uploaded_at


def _by_hand(uow: UnitOfWork) -> list[WrittenByHand]:
    return [
        WrittenByHand(one.id or 0, one.household_id, one.amount_fen, one.happened_at)
        for one in bank_payments(uow)
        if one.household_id is not None
    ]
