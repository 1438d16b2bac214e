"""The pages of the payment files, each drawn from one look at the store."""

from starlette.requests import Request
from starlette.responses import Response

from service.billing.actions import balances
from service.billing.outcomes import Refused
from service.desk.actions import received
from service.desk.intake import said as sentence
from service.desk.records import PaymentFile
from service.desk.records.received import files, rows_in, rows_of, tally
from service.door import Reason, no_entry
from service.households.records import every_household
from service.pages.context import house_of
from service.pages.draw import draw
from service.pages.payments_view import (
    columns_view,
    dry_run_view,
    file_line,
    open_payment,
    taken_row,
)
from service.store import UnitOfWork
from service.words import N_, Sentence

HOME = "/committee/payments"
FILES_SHOWN = 24

SAID = {
    "taken": N_("The file is taken in."),
    "thrown": N_("The file was thrown away. Nothing was changed."),
    "matched": N_("The payment is in the books."),
    "ignored": N_("The payment is set aside."),
    "signature": N_("The counter-entry waits for a second signature; then you can match it anew."),
    "freed": N_("The payment is on the list again."),
}


def overview_page(
    request: Request, *, said: str = "", error: Refused | None = None, status: int = 200
) -> Response:
    """What waits for a person, what was taken in, and the way to send in a file."""
    house = house_of(request)
    zone, now = house.settings.zone, house.clock.now()
    with house.store.reading() as uow:
        households = {one.id or 0: one for one in every_household(uow)}
        owed = balances(uow)
        waiting = [open_payment(row, households, owed, zone) for row in rows_in(uow, "unmatched")]
        drafts = [file_line(file, {}, now, zone) for file in files(uow, "draft", FILES_SHOWN)]
        taken = files(uow, "taken", FILES_SHOWN)
        states = tally(uow, [file.id or 0 for file in taken])
        lines = [file_line(file, states.get(file.id or 0, {}), now, zone) for file in taken]
    context: dict[str, object] = {
        "said": Sentence(SAID[said]) if said in SAID else None,
        "error": error.reasons[0] if error else None,
        "waiting": waiting,
        "waiting_fen": sum(one.amount_fen for one in waiting),
        "doors": sorted({one.door for one in households.values() if one.moved_out_at is None}),
        "drafts": drafts,
        "files": lines,
        "path": HOME,
        "query": {},
    }
    return draw(request, "payments.html", context, status)


def dry_run_page(request: Request, file_id: int, error: Refused | None = None) -> Response:
    """What taking in a draft would do; the form of the columns where they are unknown."""
    house = house_of(request)
    zone, now = house.settings.zone, house.clock.now()
    with house.store.reading() as uow:
        seen = received.dry_run(uow, file_id, now, zone, house.key)
        doors = {one.id or 0: one.door for one in every_household(uow)}
    if isinstance(seen, Refused):
        return overview_page(request, error=error or seen, status=409)
    if seen.layout is None:
        return columns_page(request, file_id, None)
    context: dict[str, object] = {
        "view": dry_run_view(seen, doors, zone),
        "error": error.reasons[0] if error else None,
        "path": f"{HOME}/files/{file_id}",
        "query": {},
    }
    return draw(request, "payment_dry_run.html", context, 409 if error else 200)


def columns_page(
    request: Request, file_id: int, heading_row: int | None, error: Refused | None = None
) -> Response:
    """Which column is what."""
    house = house_of(request)
    with house.store.reading() as uow:
        seen = received.draft_table(uow, file_id)
    if isinstance(seen, Refused):
        return overview_page(request, error=seen, status=409)
    file, lines = seen
    context: dict[str, object] = {
        "view": columns_view(file, lines, heading_row),
        "error": error.reasons[0] if error else None,
        "path": f"{HOME}/files/{file_id}/columns",
    }
    return draw(request, "payment_columns.html", context, 422 if error else 200)


def file_page(request: Request, file_id: int, error: Refused) -> Response:
    """A file that was taken in, with what went wrong just now."""
    with house_of(request).store.reading() as uow:
        file = uow.session.get(PaymentFile, file_id)
        if file is None:
            raise no_entry(Reason.NOT_FOUND)
        return taken_page(request, uow, file, "", error)


def taken_page(
    request: Request, uow: UnitOfWork, file: PaymentFile, said: str, error: Refused | None = None
) -> Response:
    """What became of a file that was taken in."""
    house = house_of(request)
    zone, now = house.settings.zone, house.clock.now()
    doors = {one.id or 0: one.door for one in every_household(uow)}
    states = tally(uow, [file.id or 0]).get(file.id or 0, {})
    with house.look() as work:
        key = house.new_id(work.now_ms)
    context: dict[str, object] = {
        "file": file_line(file, states, now, zone),
        "rows": [taken_row(row, doors, zone) for row in rows_of(uow, file.id or 0)],
        "left_out": [{"row": one["row"], "why": sentence(one)} for one in file.left_out],
        "said": Sentence(SAID[said]) if said in SAID else None,
        "error": error.reasons[0] if error else None,
        "key": key,
        "path": f"{HOME}/files/{file.id}",
        "query": {},
    }
    return draw(request, "payment_file.html", context, 422 if error else 200)
