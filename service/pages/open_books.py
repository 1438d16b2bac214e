"""The open books: what each month took in and paid, for everybody, without any sign-in.

What is shown of a published month is read from its sealed account alone. Beside it stand two things
that are looked up anew, and say so: whether bills, ledger and root still sum to the same, and what
came later.
"""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from service.billing.months import after, month_of, span
from service.billing.records.closing import account_text, close_of
from service.billing.records.queries import first_month
from service.door import Reason, Visitor, guard, no_entry
from service.flow import books
from service.flow.house import House
from service.pages.context import house_of
from service.pages.draw import draw
from service.pages.labels_view import qr_svg
from service.pages.me import Month
from service.pages.open_view import (
    Soon,
    check_of,
    later_text,
    month_page,
    open_page,
    soon_words,
)
from service.store import UnitOfWork
from service.usage.account import AccountFigures
from service.usage.actions.account import came_later, ledger_of_bills, published_accounts

router = APIRouter(include_in_schema=False)
Public = Annotated[Visitor, Depends(guard("books.see"))]


@router.get("/open")
def all_months(request: Request, visitor: Public) -> Response:
    """Every published month with its totals, and how far the piles are paid back."""
    house = house_of(request)
    with house.store.reading() as uow:
        accounts = published_accounts(uow)
        soon = _soon(house, uow, _next(house, uow, accounts))
    view = open_page(list(accounts.values()), soon, house.settings.zone)
    return draw(request, "open.html", {"view": view})


@router.get("/open/{month}")
def one_month(request: Request, visitor: Public, month: Month) -> Response:
    """A month's account with each figure explained; of a month to come, when it will be here."""
    house = house_of(request)
    zone = house.settings.zone
    with house.store.reading() as uow:
        account = _account(uow, month)
        if account is None:
            return _not_yet(request, house, uow, month)
        close = close_of(uow, month)
        later = [later_text(where, loss, zone) for where, loss in came_later(uow, month, zone)]
        check = check_of(account, *ledger_of_bills(uow, month))
        months = [one for one in published_accounts(uow) if one != month]
    view = month_page(account, close, check, later, months, zone)
    return draw(request, "open_month.html", {"view": view})


@router.get("/open/{month}/notice")
def notice(request: Request, visitor: Public, month: Month) -> Response:
    """The same on one sheet of A4 for the stairwell."""
    house = house_of(request)
    with house.store.reading() as uow:
        account = _account(uow, month)
        if account is None:
            return _not_yet(request, house, uow, month)
        close = close_of(uow, month)
        check = check_of(account, *ledger_of_bills(uow, month))
    address = f"{house.settings.public_url.rstrip('/')}/open/{month}"
    view = month_page(account, close, check, [], [], house.settings.zone)
    context = {"view": view, "address": address, "qr": qr_svg(address)}
    return draw(request, "open_notice.html", context)


@router.get("/open/{month}/account.json")
def account_file(request: Request, visitor: Public, month: Month) -> Response:
    """The published account itself, byte by byte the text that is sealed in the ledger."""
    with house_of(request).store.reading() as uow:
        text = account_text(uow, month)
    if text is None:
        raise no_entry(Reason.NOT_FOUND)
    return Response(text, media_type="application/json")


def _account(uow: UnitOfWork, month: str) -> AccountFigures | None:
    text = account_text(uow, month)
    return None if text is None else AccountFigures.from_text(text)


def _not_yet(request: Request, house: House, uow: UnitOfWork, month: str) -> Response:
    soon = _soon(house, uow, month)
    if soon is None:
        raise no_entry(Reason.NOT_FOUND)
    return draw(request, "open_soon.html", {"view": soon})


def _next(house: House, uow: UnitOfWork, accounts: dict[str, AccountFigures]) -> str:
    """The month that is published next."""
    if accounts:
        return after(max(accounts))
    return first_month(uow) or month_of(house.clock.now(), house.settings.zone)


def _soon(house: House, uow: UnitOfWork, month: str) -> Soon | None:
    """When a month that is not published yet will be; None for one that no books are kept of."""
    now, zone = house.clock.now(), house.settings.zone
    this = month_of(now, zone)
    if month not in span(first_month(uow) or this, this):
        return None
    return soon_words(
        month, this, close_of(uow, month), books.closes_by_itself_at(house, month), zone
    )
