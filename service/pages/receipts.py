"""Payments at the desk, and their receipts to print."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.billing.actions import balance, entry_of
from service.billing.months import books_month
from service.billing.records.queries import last_closed_month
from service.desk.actions import written as desk
from service.desk.written import Hand, Kind, State, Written
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import House
from service.pages import entries_view as views
from service.pages.capital_yuan import capital_yuan
from service.pages.context import house_of
from service.pages.draw import draw
from service.pages.entries import HandId
from service.pages.entries_draw import PAYMENT_FORM, doors_of, form_page, note_written
from service.pages.entries_form import MOST_BODY_BYTES, Sent, keep, sent_form
from service.pages.say_time import full_day, month
from service.store import UnitOfWork
from service.words import Sentence

router = APIRouter(include_in_schema=False)
Record = Annotated[Visitor, Depends(guard("payment.record"))]
PaymentForm = Annotated[Sent, Depends(sent_form("payment.record"))]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says. Amounts in fen; a positive balance is owed."""

    number: str
    hand_id: int
    door: str
    amount_fen: int
    in_capitals: str
    received: Sentence
    how: Sentence
    month: Sentence
    before: Sentence
    after: Sentence
    others_fen: int
    memo: str
    received_by: int
    printed_for: str
    state: str
    signed: Sentence | None
    signed_by: int | None
    entry_id: int | None
    taken_back_by: int | None


@router.get(PAYMENT_FORM)
def form(request: Request, visitor: Record, door: str = "") -> Response:
    """Find a household by its door, see what it owes, write down what it pays."""
    return form_page(request, Kind.PAYMENT, {"door": door})


@router.post(PAYMENT_FORM, max_body_size=MOST_BODY_BYTES)
def receive(request: Request, sent: PaymentForm) -> Response:
    """Write a payment down and show its receipt; a second person signs it later."""
    house = house_of(request)
    with house.work() as work:
        outcome = keep(house, work, Kind.PAYMENT, sent)
        if isinstance(outcome, Written):
            note_written(work, sent.visitor, "payment.record", outcome)
    if isinstance(outcome, Written):
        return RedirectResponse(f"/committee/receipts/{outcome.hand.id}", status_code=303)
    return form_page(request, Kind.PAYMENT, sent.fields, outcome, had_paper=sent.paper is not None)


@router.get("/committee/receipts/{hand_id}")
def receipt(request: Request, visitor: Record, hand_id: HandId) -> Response:
    """The receipt, to be printed on A5."""
    house = house_of(request)
    with house.store.reading() as uow:
        hand = desk.hand_entry(uow, hand_id)
        if hand is None or hand.wish.kind is not Kind.PAYMENT or hand.state is State.REFUSED:
            raise no_entry(Reason.NOT_FOUND)
        view = _receipt(uow, hand, house)
    return draw(request, "receipt.html", {"view": view})


def _receipt(uow: UnitOfWork, hand: Hand, house: House) -> Receipt:
    wish, zone = hand.wish, house.settings.zone
    home, entry_id = wish.household_id or 0, hand.entry_id
    entry = entry_of(uow, entry_id) if entry_id is not None else None
    counts_in = (
        entry.month
        if entry is not None
        else books_month(wish.happened_at, zone, last_closed_month(uow))
    )
    owed_fen = balance(uow, home, hand.written_at - timedelta(milliseconds=1))
    return Receipt(
        hand.number,
        hand.id,
        doors_of(uow).get(home, ""),
        wish.amount_fen,
        capital_yuan(wish.amount_fen),
        full_day(wish.happened_at, zone),
        Sentence(views.PAID_BY[wish.paid_by]) if wish.paid_by else Sentence(""),
        month(counts_in),
        views.credit_words(owed_fen),
        views.credit_words(owed_fen - wish.amount_fen),
        _others_fen(uow, hand),
        wish.memo,
        hand.written_by,
        house.settings.compound,
        hand.state.value,
        _when(hand.decided_at, house),
        hand.decided_by,
        entry_id,
        desk.taken_back(uow, [entry_id]).get(entry_id) if entry_id is not None else None,
    )


def _others_fen(uow: UnitOfWork, hand: Hand) -> int:
    """What the household has paid besides and nobody has signed yet."""
    pending = desk.payments_waiting(uow).get(hand.wish.household_id or 0, 0)
    return pending - (hand.wish.amount_fen if hand.state is State.WAITING else 0)


def _when(at: datetime | None, house: House) -> Sentence | None:
    return None if at is None else full_day(at, house.settings.zone)
