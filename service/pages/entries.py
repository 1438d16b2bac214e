"""Entries written by hand, their vouchers, and the second signature."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.billing.months import A_MONTH, after, month_of
from service.billing.outcomes import Refused
from service.billing.records.closing import closes
from service.desk import typed
from service.desk.actions import written as desk
from service.desk.vouchers import PDF, file_name
from service.desk.written import Approved, Kind, Written
from service.door import Reason, Visitor, guard, no_entry
from service.pages import entries_view as views
from service.pages.context import house_of, in_words, note_deed
from service.pages.draw import draw
from service.pages.entries_draw import (
    HOME,
    counter_page,
    doors_of,
    entry_page,
    form_page,
    note_written,
    rows_of,
)
from service.pages.entries_form import MOST_BODY_BYTES, Sent, keep, sent_form, staff_of
from service.pages.say_time import month as month_words
from service.usage.spans import before
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
MOST_ID = 2**53

Write = Annotated[Visitor, Depends(guard("entry.write"))]
Approve = Annotated[Visitor, Depends(guard("entry.approve"))]
SeePaper = Annotated[Visitor, Depends(guard("voucher.see"))]
Correct = Annotated[Visitor, Depends(guard("correction.make"))]
WrittenForm = Annotated[Sent, Depends(sent_form("entry.write"))]
CounterForm = Annotated[Sent, Depends(sent_form("correction.make"))]
DecisionForm = Annotated[Sent, Depends(sent_form("entry.approve"))]
HandId = Annotated[int, InPath(ge=1, le=MOST_ID)]
Sha256 = Annotated[str, InPath(pattern="^[0-9a-f]{64}$")]

SAID = {
    "written": N_("Kept. It counts as soon as a second member of the committee has signed it."),
    "again": N_("This form had been sent before: it is the entry below, once."),
    "decided": N_("Somebody had decided this before; nothing was posted a second time."),
    "approved": N_("Signed. It is in the books now."),
    "refused": N_("It was not signed, and nothing was posted."),
}


@router.get(HOME)
def overview(request: Request, visitor: Approve, month: str = "", said: str = "") -> Response:
    """What waits for a second signature, then a month's entries."""
    house = house_of(request)
    zone, now, me = house.settings.zone, house.clock.now(), staff_of(visitor)
    this = month_of(now, zone)
    chosen = month if A_MONTH.fullmatch(month) else this
    since = typed.begin_of(datetime.fromisoformat(f"{chosen}-01").date(), zone)
    until = typed.begin_of(datetime.fromisoformat(f"{after(chosen)}-01").date(), zone)
    with house.store.reading() as uow:
        doors = doors_of(uow)
        rows = rows_of(uow, desk.waiting(uow), doors, me, house)
        posted = rows_of(uow, desk.approved_in(uow, chosen), doors, me, house)
        refused = rows_of(uow, desk.refused_between(uow, since, until), doors, me, house)
        closed = {close.month for close in closes(uow)}
    months = sorted({this, before(this), chosen, *closed}, reverse=True)
    came_in, went_out = views.totals(posted)
    context = {
        "waiting": rows,
        "posted": posted,
        "refused": refused,
        "came_in_fen": came_in,
        "went_out_fen": went_out,
        "month": chosen,
        "name": month_words(chosen),
        "months": [(key, month_words(key)) for key in months],
        "said": Sentence(SAID[said]) if said in SAID else None,
    }
    return draw(request, "entries.html", context)


@router.get(f"{HOME}/new/{{kind}}")
def form(request: Request, visitor: Write, kind: Kind, door: str = "") -> Response:
    """An empty form for one kind of entry; between two households the first one is found first."""
    if kind in (Kind.PAYMENT, Kind.COUNTER):
        raise no_entry(Reason.NOT_FOUND)
    return form_page(request, kind, {"door": door})


@router.post(f"{HOME}/new/{{kind}}", max_body_size=MOST_BODY_BYTES)
def write(request: Request, sent: WrittenForm, kind: Kind) -> Response:
    """Keep an entry until a second person signs it."""
    if kind in (Kind.PAYMENT, Kind.COUNTER):
        raise no_entry(Reason.NOT_FOUND)
    house = house_of(request)
    with house.work() as work:
        outcome = keep(house, work, kind, sent)
        if isinstance(outcome, Written):
            note_written(work, sent.visitor, "entry.write", outcome)
    if isinstance(outcome, Written):
        said = "again" if outcome.again else "written"
        return RedirectResponse(f"{HOME}/{outcome.hand.id}?said={said}", status_code=303)
    return form_page(request, kind, sent.fields, outcome, had_paper=sent.paper is not None)


@router.get(f"{HOME}/{{hand_id}}")
def one(request: Request, visitor: Approve, hand_id: HandId, said: str = "") -> Response:
    """An entry with its paper beside the figures, to be signed or refused."""
    words = Sentence(SAID[said]) if said in SAID else None
    return entry_page(request, visitor, hand_id, said=words)


@router.post(f"{HOME}/{{hand_id}}/approve")
def approve(request: Request, sent: DecisionForm, hand_id: HandId) -> Response:
    """The second signature."""
    house = house_of(request)
    with house.work() as work:
        outcome = desk.approve(work.uow, hand_id, sent.staff_id, work.now, house.settings.zone)
        if isinstance(outcome, Approved):
            posted, hand = outcome.posted, outcome.hand
            note_deed(
                work, sent.visitor, "entry.approve", hand.number,
                entry=posted.entry_id, fen=hand.wish.amount_fen, month=posted.month,
            )  # fmt: skip
            work.outcomes.households |= {
                home for home in (hand.wish.household_id, hand.wish.other_household_id) if home
            }
    if isinstance(outcome, Refused):
        words = " ".join(in_words(sent.visitor, reason) for reason in outcome.reasons)
        return entry_page(request, sent.visitor, hand_id, error=words, status=409)
    said = "approved" if isinstance(outcome, Approved) else "decided"
    return RedirectResponse(f"{HOME}/{hand_id}?said={said}", status_code=303)


@router.post(f"{HOME}/{{hand_id}}/refuse")
def refuse(request: Request, sent: DecisionForm, hand_id: HandId) -> Response:
    """A no with its reason; whoever wrote the entry withdraws it so."""
    reason = typed.read_memo(sent.get("reason"))
    with house_of(request).work() as work:
        outcome = desk.refuse(work.uow, hand_id, sent.staff_id, reason, work.now)
        if not isinstance(outcome, Refused) and not outcome.again:
            note_deed(work, sent.visitor, "entry.approve", outcome.hand.number, refused=reason)
    if isinstance(outcome, Refused):
        words = " ".join(in_words(sent.visitor, reason) for reason in outcome.reasons)
        return entry_page(request, sent.visitor, hand_id, error=words, status=422)
    said = "decided" if outcome.again else "refused"
    return RedirectResponse(f"{HOME}/{hand_id}?said={said}", status_code=303)


@router.get("/committee/counter/{entry_id}")
def counterform_page(request: Request, visitor: Correct, entry_id: HandId) -> Response:
    """Ask why an entry of the ledger shall be taken back."""
    return counter_page(request, entry_id)


@router.post("/committee/counter/{entry_id}")
def counter(request: Request, sent: CounterForm, entry_id: HandId) -> Response:
    """Write a counter-entry; it waits for a second signature like everything by hand."""
    house = house_of(request)
    why, key = typed.read_memo(sent.get("memo")), f"{sent.staff_id}:{sent.get('key')}"
    with house.work() as work:
        outcome = desk.write_counter(
            work.uow, entry_id, why, key, sent.staff_id, work.now, house.settings.zone
        )
        if isinstance(outcome, Written):
            note_written(work, sent.visitor, "correction.make", outcome)
    if isinstance(outcome, Refused):
        words = " ".join(in_words(sent.visitor, reason) for reason in outcome.reasons)
        return counter_page(request, entry_id, why, words, 409)
    said = "again" if outcome.again else "written"
    return RedirectResponse(f"{HOME}/{outcome.hand.id}?said={said}", status_code=303)


@router.get("/committee/vouchers/{sha256}")
def voucher(request: Request, visitor: SeePaper, sha256: Sha256, save: bool = False) -> Response:
    """A paper as it was kept: never run, never guessed at, under a name of ours."""
    with house_of(request).store.reading() as uow:
        row = desk.paper(uow, sha256)
    if row is None:
        raise no_entry(Reason.NOT_FOUND)
    shown = "attachment" if save or row.media_type == PDF else "inline"
    headers = {
        "Content-Disposition": f'{shown}; filename="{file_name(sha256, row.media_type)}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(row.content, media_type=row.media_type, headers=headers)
