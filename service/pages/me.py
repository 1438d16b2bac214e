"""A household's own page: what runs, what was charged, what is owed."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import Response

from service.billing.actions import balance, statement_of
from service.billing.months import A_MONTH, month_of
from service.billing.records.queries import statement_months
from service.desk.actions.owing import arrears, held_back
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import Work
from service.households.actions import household_of
from service.pages import look
from service.pages.answers import unread_notes
from service.pages.arrears_view import OwnArrears, own_arrears
from service.pages.context import house_of
from service.pages.draw import draw
from service.pages.me_view import MeFacts, me_view
from service.sessions.records import of_household
from service.usage.spans import before

router = APIRouter()
SeeOwn = Annotated[Visitor, Depends(guard("session.see_own"))]
Month = Annotated[str, InPath(pattern=f"^{A_MONTH.pattern}$")]

MOST_SHOWN = 30


@router.get("/me")
def my_page(request: Request, visitor: SeeOwn) -> Response:
    """What runs, what was charged, what is owed."""
    house = house_of(request)
    own = visitor.household_id or 0
    with house.look() as work:
        household = household_of(work.uow, own)
        if household is None:
            raise no_entry(Reason.NOT_FOUND)
        this = month_of(work.now, house.settings.zone)
        views = [statement_of(work.uow, own, month) for month in (this, before(this))]
        facts = MeFacts(
            door=household.door,
            entrance=household.entrance,
            now=work.now,
            this_month=this,
            rows=list(of_household(work.uow, own, MOST_SHOWN)),
            numbers=look.pile_numbers(house),
            statements=[view for view in views if view is not None],
            months=list(statement_months(work.uow, own)),
            balance_fen=balance(work.uow, own),
            outlets=look.glances(work),
            arrears=_own_arrears(work, own),
        )
        answers = unread_notes(house, work.uow, own)
    view = me_view(facts, house.settings.zone)
    return draw(request, "me.html", {"view": view, "answers": answers})


def _own_arrears(work: Work, own: int) -> OwnArrears | None:
    settings = work.house.settings
    found = arrears(work.uow, work.now, settings.reminder_after_days, settings.zone, own)
    return own_arrears(found, held_back(work.uow), settings.zone) if found else None
