"""The committee's overview: the month so far in figures."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from service.billing.actions import accounts
from service.door import Visitor, guard
from service.pages import look, look_desk
from service.pages.committee_view import CommitteeFacts, committee_view
from service.pages.context import house_of
from service.pages.draw import draw
from service.usage import actions as usage
from service.usage.spans import month_so_far

router = APIRouter()
See = Annotated[Visitor, Depends(guard("usage.see"))]


@router.get("/committee")
def overview(request: Request, visitor: See) -> Response:
    """The month so far."""
    house = house_of(request)
    zone = house.settings.zone
    with house.look() as work:
        bars, tree, now = look_desk.bars_now(work), house.tree, work.now
        numbers = look.pile_numbers(house)
    # long reads stay outside the house's lock, so that no pile waits for a figure
    with house.store.reading() as uow:
        facts = CommitteeFacts(
            now=now,
            figures=usage.figures(uow, month_so_far(now, zone), now, zone),
            comparison=usage.compare_months(uow, now, zone),
            money=usage.money_now(uow, now, zone),
            accounts=accounts(uow),
            backlog=usage.backlog(uow),
            bars=bars,
            tree=tree,
            numbers=numbers,
        )
    view = committee_view(facts, zone)
    return draw(request, "committee.html", {"view": view})
