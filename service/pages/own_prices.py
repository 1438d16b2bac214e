"""What a household sees of prices: those that hold and come, and its own month by each proposal."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from service.billing.actions import tariff_versions
from service.billing.months import month_of
from service.billing.records.queries import tariff_rows
from service.desk.actions.drafts import drafts
from service.door import Visitor, guard
from service.flow.whatif import what_if
from service.pages.context import house_of
from service.pages.draw import draw
from service.pages.prices_view import OwnProposal, draft_text, prices_view
from service.pages.say_time import month as month_words
from service.usage.spans import before

router = APIRouter(include_in_schema=False)
Own = Annotated[Visitor, Depends(guard("statement.see_own"))]


@router.get("/me/prices")
def my_prices(request: Request, visitor: Own) -> Response:
    """The price, and what each open proposal would have made of the household's last month."""
    house = house_of(request)
    now, zone, own = house.clock.now(), house.settings.zone, visitor.household_id or 0
    month = before(month_of(now, zone))
    # long reads stay outside the house's lock, so that no pile waits for a figure
    with house.store.reading() as uow:
        published = {row.id: row.published_at for row in tariff_rows(uow)}
        view = prices_view(tariff_versions(uow), published, now, zone)
        proposals = [
            OwnProposal(
                draft_text(draft, zone),
                what_if(uow, draft.proposal.version, month, zone, own).total,
            )
            for draft in drafts(uow)
            if draft.is_open and draft.proposal.version.starts_at > now
        ]
    context = {"view": view, "proposals": proposals, "month": month_words(month)}
    return draw(request, "me_prices.html", context)
