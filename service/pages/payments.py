"""Payments from the file of a bank: send in, look at what would happen, take in, clear the rest."""

import csv
import io
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi import Path as InPath
from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.billing.outcomes import Refused
from service.billing.spreadsheet import safe
from service.desk.actions import payments as desk
from service.desk.actions import received
from service.desk.matching import words_in
from service.desk.payment_file import FIELDS, MOST_BYTES, MOST_COLUMNS, Layout
from service.desk.records import PaymentFile
from service.desk.records.received import rows_in
from service.desk.written import Written
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import House
from service.households.actions import find_household, household_of
from service.pages.context import house_of, note_deed
from service.pages.payments_draw import (
    HOME,
    columns_page,
    dry_run_page,
    file_page,
    overview_page,
    taken_page,
)
from service.quantities import show_yuan
from service.store import UnitOfWork
from service.words import N_, Sentence, say

router = APIRouter(include_in_schema=False)
Record = Annotated[Visitor, Depends(guard("payment.record"))]

MOST_NUMBER = 2**31 - 1
"""What a number of a household, a file or a row can be at most, in the database too."""

Id = Annotated[int, InPath(ge=1, le=MOST_NUMBER)]
Row = Annotated[int, InPath(ge=1, le=MOST_NUMBER)]

BODY_LIMIT = MOST_BYTES + (1 << 20)
"""A little more than a file may have, so that one that is too large gets a sentence of its own."""

POST_WHILE_WAITING = 20
"""So many batches are posted while the page waits; the rest follows within a minute."""


class Columns(BaseModel):
    """Which column is what, as the form says it: its place from 0, or -1 for none."""

    heading_row: int = 1
    date: int = -1
    time: int = -1
    amount: int = -1
    credit: int = -1
    debit: int = -1
    direction: int = -1
    status: int = -1
    ref: int = -1
    payer: int = -1
    note: list[int] = []

    @property
    def layout(self) -> Layout:
        """The same for the reading of rows."""
        single = {name: (getattr(self, name),) for name in FIELDS if name != "note"}
        columns = {**single, "note": tuple(self.note)}
        known = {
            name: tuple(place for place in places if 0 <= place < MOST_COLUMNS)
            for name, places in columns.items()
        }
        return Layout(self.heading_row, {name: places for name, places in known.items() if places})


@router.get("/committee/payments")
def overview(request: Request, visitor: Record, said: str = "") -> Response:
    """What waits for a person, and the way to send in a file."""
    return overview_page(request, said=said)


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file, and who has sent it in."""

    visitor: Visitor
    data: bytes


async def sent_file(request: Request, visitor: Record) -> SentFile:
    """The file of the form, read only once the guard has let its sender pass."""
    upload = (await request.form()).get("file")
    data = await upload.read(MOST_BYTES + 1) if isinstance(upload, UploadFile) else b""
    return SentFile(visitor, data)


@router.post("/committee/payments", max_body_size=BODY_LIMIT)
def send_in(request: Request, sent: Annotated[SentFile, Depends(sent_file)]) -> Response:
    """Keep a file as a draft and show what would happen."""
    visitor = sent.visitor
    with house_of(request).work() as work:
        file = received.send_in(work.uow, sent.data, work.now, visitor.staff_id)
        if isinstance(file, PaymentFile):
            note_deed(work, visitor, "payment.record", f"file {file.id}", sent_in=file.sha256[:16])
    if isinstance(file, Refused):
        return overview_page(request, error=file, status=422)
    return RedirectResponse(f"{HOME}/files/{file.id}", status_code=303)


@router.get("/committee/payments/unmatched.csv")
def unmatched_file(request: Request, visitor: Record) -> Response:
    """The list of what is nobody's yet, for a spreadsheet; no cell of it can run anything."""
    house = house_of(request)
    zone, out = house.settings.zone, io.StringIO(newline="")
    headings = (N_("time"), N_("amount, yuan"), N_("who paid"), N_("note"), N_("serial number"))
    table = csv.writer(out)
    table.writerow([say(visitor.language, heading) for heading in headings])
    with house.store.reading() as uow:
        for row in rows_in(uow, "unmatched"):
            at = f"{row.received_at.astimezone(zone):%Y-%m-%d %H:%M}"
            texts = [safe(text) for text in (row.payer, row.note, f"#{row.ref}")]
            table.writerow([at, show_yuan(row.amount_fen), *texts])
    return Response(
        ("\ufeff" + out.getvalue()).encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="beimen-unmatched.csv"'},
    )


@router.get("/committee/payments/files/{file_id}")
def one_file(request: Request, visitor: Record, file_id: Id, said: str = "") -> Response:
    """A draft with what would happen, or what became of a file that was taken in."""
    house = house_of(request)
    with house.store.reading() as uow:
        file = uow.session.get(PaymentFile, file_id)
        if file is None:
            raise no_entry(Reason.NOT_FOUND)
        if file.state == "taken":
            return taken_page(request, uow, file, said)
    return dry_run_page(request, file_id)


@router.get("/committee/payments/files/{file_id}/columns")
def columns(
    request: Request, visitor: Record, file_id: Id, heading_row: int | None = None
) -> Response:
    """Ask which column is what."""
    return columns_page(request, file_id, heading_row)


@router.post("/committee/payments/files/{file_id}/columns")
def lay_out(
    request: Request, visitor: Record, file_id: Id, said: Annotated[Columns, Form()]
) -> Response:
    """Take down which column is what."""
    with house_of(request).work() as work:
        refused = received.lay_out(work.uow, file_id, said.layout)
    if refused is not None:
        return columns_page(request, file_id, said.heading_row, refused)
    return RedirectResponse(f"{HOME}/files/{file_id}", status_code=303)


@router.post("/committee/payments/files/{file_id}/take-in")
def take_in(
    request: Request,
    visitor: Record,
    file_id: Id,
    seal: Annotated[str, Form(max_length=64)],
    leave_out: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Take a draft in as it was seen, and post what is matched."""
    house = house_of(request)
    zone = house.settings.zone
    with house.work() as work:
        seen = received.dry_run(work.uow, file_id, work.now, zone, house.key)
        taken: PaymentFile | Refused = (
            seen
            if isinstance(seen, Refused)
            else received.take_in(
                work.uow, seen, seal, leave_out == "yes", work.now, visitor.staff_id
            )
        )
        if isinstance(taken, PaymentFile):
            note_deed(work, visitor, "payment.record", f"file {file_id}", rows=taken.row_count)
    if isinstance(taken, Refused):
        return dry_run_page(request, file_id, taken)
    _post(house)
    return RedirectResponse(f"{HOME}/files/{file_id}?said=taken", status_code=303)


@router.post("/committee/payments/files/{file_id}/throw-away")
def throw_away(request: Request, visitor: Record, file_id: Id) -> Response:
    """Forget a draft."""
    with house_of(request).work() as work:
        gone = received.throw_away(work.uow, file_id)
        if gone:
            note_deed(work, visitor, "payment.record", f"file {file_id}", thrown_away=True)
    return RedirectResponse(f"{HOME}?said=thrown" if gone else HOME, status_code=303)


@router.post("/committee/payments/rows/{file_id}/{row}/match")
def match(
    request: Request,
    visitor: Record,
    file_id: Id,
    row: Row,
    door: Annotated[str, Form(max_length=20)] = "",
    household: Annotated[int | None, Form(ge=1, le=MOST_NUMBER)] = None,
) -> Response:
    """Say whose a payment is: one that was offered, a door, or a payment word."""
    house = house_of(request)
    with house.work() as work:
        whose = household if household is not None else _find(work.uow, door)
        if whose is None or household_of(work.uow, whose) is None:
            message = N_("Nobody is registered at door {door}. Write it like 3-201.")
            done: object = Refused((Sentence(message, {"door": door.strip()}),))
        else:
            done = desk.match_by_hand(
                work.uow, (file_id, row), whose, work.now, house.settings.zone, visitor.staff_id
            )
        if not isinstance(done, Refused):
            note_deed(work, visitor, "payment.record", f"payment {file_id}/{row}", household=whose)
    if isinstance(done, Refused):
        return overview_page(request, error=done, status=422)
    return RedirectResponse(f"{HOME}?said=matched", status_code=303)


@router.post("/committee/payments/rows/{file_id}/{row}/ignore")
def ignore(
    request: Request,
    visitor: Record,
    file_id: Id,
    row: Row,
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Set aside what is no payment of a household."""
    with house_of(request).work() as work:
        done = desk.ignore(work.uow, (file_id, row), reason, work.now, visitor.staff_id)
        if not isinstance(done, Refused):
            note_deed(work, visitor, "payment.record", f"payment {file_id}/{row}", ignored=True)
    if isinstance(done, Refused):
        return overview_page(request, error=done, status=422)
    return RedirectResponse(f"{HOME}?said=ignored", status_code=303)


@router.post("/committee/payments/rows/{file_id}/{row}/take-back")
def take_back(
    request: Request,
    visitor: Record,
    file_id: Id,
    row: Row,
    why: Annotated[str, Form(max_length=200)] = "",
    form_key: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Ask to take a payment back from the wrong household."""
    house = house_of(request)
    with house.work() as work:
        done = desk.take_back(
            work.uow,
            (file_id, row),
            why,
            form_key,
            visitor.staff_id or 0,
            work.now,
            house.settings.zone,
        )
        if not isinstance(done, Refused):
            note_deed(work, visitor, "payment.record", f"payment {file_id}/{row}", taken_back=True)
    if isinstance(done, Refused):
        return file_page(request, file_id, done)
    said = "signature" if isinstance(done, Written) else "freed"
    return RedirectResponse(f"{HOME}/files/{file_id}?said={said}", status_code=303)


def _find(uow: UnitOfWork, typed: str) -> int | None:
    words, _ = words_in(typed)
    household = find_household(uow, typed)
    return words[0] if words else (household.id if household else None)


def _post(house: House) -> None:
    for _ in range(POST_WHILE_WAITING):
        with house.work() as work:
            if not desk.post_matched(work.uow, work.now, house.settings.zone):
                return
