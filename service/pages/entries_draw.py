"""Draws the pages of entries by hand: a form with its mistakes, an entry to sign, a list."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from service.billing.actions import entry_of
from service.billing.ledger import explain
from service.billing.months import books_month
from service.billing.records.queries import last_closed_month
from service.clock import to_ms
from service.desk.actions import written as desk
from service.desk.vouchers import PDF
from service.desk.written import COSTS, Hand, Kind, State, Written
from service.door import Reason, Visitor, no_entry
from service.flow.house import House, Work
from service.households.records import every_household
from service.pages import entries_view as views
from service.pages.context import house_of, note_deed
from service.pages.draw import draw
from service.pages.entries_form import Home, chosen_home, homes_at, staff_of
from service.pages.say_time import month as month_words
from service.store import UnitOfWork
from service.words import N_, Sentence

HOME = "/committee/entries"
PAYMENT_FORM = "/committee/receipts/new"
AGAIN = N_("Please choose the file of the paper again: a browser does not keep it.")


def doors_of(uow: UnitOfWork) -> dict[int, str]:
    """The door of every household, moved out or not."""
    return {home.id or 0: home.door for home in every_household(uow)}


def note_written(work: Work, visitor: Visitor, action: str, outcome: Written) -> None:
    """A line in the audit trail for an entry that is new."""
    hand = outcome.hand
    if not outcome.again:
        note_deed(work, visitor, action, hand.number, kind=hand.wish.kind, fen=hand.wish.amount_fen)


def rows_of(
    uow: UnitOfWork, hands: Sequence[Hand], doors: views.Doors, me: int, house: House
) -> list[views.Row]:
    """Entries as a list shows them; those that were taken back say so."""
    gone = desk.taken_back(uow, (hand.entry_id for hand in hands if hand.entry_id is not None))
    return [
        views.row_view(
            hand,
            doors,
            me,
            house.settings.zone,
            original=entry_of(uow, of) if (of := hand.wish.counter_of) is not None else None,
            gone=hand.entry_id in gone,
        )
        for hand in hands
    ]


def form_page(
    request: Request,
    kind: Kind,
    fields: Mapping[str, str],
    reasons: Sequence[Sentence] = (),
    *,
    had_paper: bool = False,
) -> Response:
    """A form with what was typed and everything that is wrong with it."""
    house = house_of(request)
    zone, now = house.settings.zone, house.clock.now()
    typed_before = {"day": now.astimezone(zone).date().isoformat(), **fields}
    problems = list(reasons)
    homes: list[Home] = []
    with house.store.reading() as uow:
        if kind is Kind.GRID_BILL and not reasons:
            bills = desk.grid_bills(uow) + desk.grid_bills(uow, State.WAITING)
            last = max(
                (hand.wish.grid for hand in bills if hand.wish.grid),
                key=lambda g: g.until_at,
                default=None,
            )
            typed_before = {**typed_before, **views.typed_again(last, zone)}
        door = fields.get("door", "").strip()
        if kind in (Kind.PAYMENT, Kind.TRANSFER) and door:
            homes = homes_at(uow, door)
            if not homes and not reasons:
                found = chosen_home(homes, door, "")
                problems += [found] if isinstance(found, Sentence) else []
    if reasons and had_paper:
        problems.append(Sentence(AGAIN))
    action = PAYMENT_FORM if kind is Kind.PAYMENT else f"{HOME}/new/{kind}"
    context = {
        "kind": kind.value,
        "action": action,
        "path": action,
        "query": {"door": door} if door else {},
        "title": Sentence(views.KINDS[kind]),
        "typed": typed_before,
        "problems": problems,
        "was_sent": bool(reasons),
        "homes": [(home, views.credit_words(home.balance_fen)) for home in homes],
        "needs_paper": kind in COSTS,
        "today": now.astimezone(zone).date().isoformat(),
        "key": house.new_id(to_ms(now)),
    }
    return draw(request, "entry_form.html", context, 422 if problems else 200)


def entry_page(
    request: Request,
    visitor: Visitor,
    hand_id: int,
    *,
    said: Sentence | None = None,
    error: str | None = None,
    status: int = 200,
) -> Response:
    """An entry, its paper beside the figures. NoEntryError where there is none."""
    house = house_of(request)
    zone, now = house.settings.zone, house.clock.now()
    with house.store.reading() as uow:
        hand = desk.hand_entry(uow, hand_id)
        if hand is None:
            raise no_entry(Reason.NOT_FOUND)
        doors = doors_of(uow)
        around = _around(uow, hand, house)
    gone = around.books is not None and around.books.counter is not None
    row = views.row_view(hand, doors, staff_of(visitor), zone, original=around.original, gone=gone)
    view = views.entry_page(hand, row, doors, around, now, zone)
    path = f"{HOME}/{hand_id}"
    context: dict[str, Any] = {"view": view, "said": said, "error": error}
    context |= {"path": path, "query": {}}
    return draw(request, "entry.html", context, status)


def _around(uow: UnitOfWork, hand: Hand, house: House) -> views.Around:
    of, sha256, zone = hand.wish.counter_of, hand.voucher_sha256, house.settings.zone
    books = None
    if hand.state is State.APPROVED and hand.entry_id is not None:
        entry = entry_of(uow, hand.entry_id)
        counter_entry = desk.taken_back(uow, [hand.entry_id]).get(hand.entry_id)
        counts_in = entry.month if entry else ""
        books = views.books_view(
            hand.wish.happened_at, counts_in, zone, hand.entry_id, counter_entry
        )
    elif hand.state is State.WAITING:
        # a counter counts when it is signed; anything else where it happened, if that is open
        happened_at = house.clock.now() if of is not None else hand.wish.happened_at
        counts_in = books_month(happened_at, zone, last_closed_month(uow))
        books = views.books_view(happened_at, counts_in, zone, None, None)
    return views.Around(
        entry_of(uow, of) if of is not None else None,
        desk.of_entries(uow, [of]).get(of) if of is not None else None,
        _paper(uow, sha256) if sha256 is not None else None,
        [] if hand.state is State.REFUSED else desk.also_with_paper(uow, hand),
        books,
    )


def _paper(uow: UnitOfWork, sha256: str) -> views.Paper | None:
    facts = desk.about_papers(uow, [sha256]).get(sha256)
    if facts is None:
        return None
    return views.Paper(sha256, facts.media_type != PDF, views.size_words(facts.size_bytes))


def counter_page(
    request: Request, entry_id: int, memo: str = "", error: str | None = None, status: int = 200
) -> Response:
    """What an entry of the ledger has moved, and why it shall be taken back."""
    house = house_of(request)
    with house.store.reading() as uow:
        entry = entry_of(uow, entry_id)
        if entry is None or not entry.draft.postings:
            raise no_entry(Reason.NOT_FOUND)
        doors = doors_of(uow)
        gone = desk.taken_back(uow, [entry_id]).get(entry_id)
    draft = entry.draft
    context: dict[str, Any] = {
        "entry": entry,
        "words": explain(draft.cause, draft.cause_ref),
        "moves": [
            views.Moved(
                Sentence(views.ACCOUNTS[posting.account]),
                doors.get(posting.household_id or 0, ""),
                posting.amount_fen,
            )
            for posting in draft.postings
        ],
        "month": month_words(entry.month),
        "gone": gone,
        "memo": memo,
        "error": error,
        "key": house.new_id(to_ms(house.clock.now())),
        "path": f"/committee/counter/{entry_id}",
    }
    return draw(request, "counter_form.html", context, status)
