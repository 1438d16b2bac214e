"""A household's own page: what runs, what is owed, its statements, and every charge there was."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import Response

from service.billing.actions import balance, statement_of
from service.billing.months import A_MONTH, month_of
from service.billing.records.queries import lines_of, statement_months
from service.clock import from_ms, to_ms
from service.desk.actions.owing import arrears, held_back
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import Work
from service.households.actions import household_of
from service.pages import look
from service.pages.answers import unread_notes
from service.pages.arrears_view import OwnArrears, own_arrears
from service.pages.context import house_of, wish_of_visitor
from service.pages.draw import draw
from service.pages.me_view import MeFacts, charges, me_view
from service.pages.resident import known_at, session_context
from service.pages.session_view import session_view
from service.sessions.records import Session, household_page

router = APIRouter(include_in_schema=False)
SeeOwn = Annotated[Visitor, Depends(guard("session.see_own"))]
FROM_MS = Annotated[int | None, Query(ge=0, le=2**45)]

Month = Annotated[str, InPath(pattern=f"^{A_MONTH.pattern}$")]

LAST_SHOWN, A_PAGE = 8, 30


@router.get("/me")
def my_page(request: Request, visitor: SeeOwn) -> Response:
    """What runs, what is owed, the statements, the last charges, what is free nearby."""
    house = house_of(request)
    zone, own = house.settings.zone, visitor.household_id or 0
    with house.look() as work:
        household = household_of(work.uow, own)
        if household is None:
            raise no_entry(Reason.NOT_FOUND)
        this = month_of(work.now, zone)
        rows = list(household_page(work.uow, own, LAST_SHOWN + 1))
        facts = MeFacts(
            door=household.door,
            entrance=household.entrance,
            now=work.now,
            this_month=this,
            running=[session_view(one, zone) for one in look.sessions_now(work, own)],
            rows=rows[:LAST_SHOWN],
            has_more=len(rows) > LAST_SHOWN,
            totals=_totals(work, rows),
            numbers=look.pile_numbers(house),
            this_statement=statement_of(work.uow, own, this),
            months=list(statement_months(work.uow, own)),
            balance_fen=balance(work.uow, own),
            outlets=look.glances(work),
            arrears=_own_arrears(work, own),
            wish=wish_of_visitor(request),
        )
        answers = unread_notes(house, work.uow, own)
    view = me_view(facts, zone)
    running = [session_context(one) for one in view.running]
    context = {"view": view, "running": running, "answers": answers}
    return draw(request, "me.html", {**context, "known_at": known_at(view.drawn_time)})


@router.get("/me/sessions")
def my_charges(request: Request, visitor: SeeOwn, before: FROM_MS = None) -> Response:
    """Every charge that is over, newest first, page by page."""
    house = house_of(request)
    zone, own = house.settings.zone, visitor.household_id or 0
    with house.look() as work:
        until = None if before is None else from_ms(before)
        rows = list(household_page(work.uow, own, A_PAGE + 1, until))
        shown = rows[:A_PAGE]
        totals, now = _totals(work, shown), work.now
    older = to_ms(shown[-1].requested_at) if len(rows) > A_PAGE else None
    lines = charges(shown, totals, look.pile_numbers(house), now, zone)
    context = {"charges": lines, "older": older, "is_first": before is None}
    return draw(request, "me_sessions.html", context)


def _totals(work: Work, rows: list[Session]) -> dict[str, int]:
    """What each charge cost, where it is in the ledger."""
    lines = lines_of(work.uow, [row.id for row in rows if row.posted_at is not None])
    return {session_id: sum(line.amount_fen for line in of) for session_id, of in lines.items()}


def _own_arrears(work: Work, own: int) -> OwnArrears | None:
    settings = work.house.settings
    found = arrears(work.uow, work.now, settings.reminder_after_days, settings.zone, own)
    return own_arrears(found, held_back(work.uow), settings.zone) if found else None
