"""The page of who was let in: what a helper sees of the household, what a guest has left."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from service.door import Reason, Visitor, guard, no_entry
from service.flow.guests import taken_by
from service.households.access import Role
from service.households.actions import household_of
from service.households.records import pass_row
from service.pages import look
from service.pages.context import charge_of, house_of
from service.pages.draw import draw
from service.pages.people_view import guest_line
from service.pages.say_time import moment
from service.pages.session_view import state_word
from service.pages.statement_page import place_words
from service.piles.board import Face
from service.sessions.lifecycle import OPEN
from service.sessions.records import Session, of_household, of_passes

router = APIRouter(include_in_schema=False)
See = Annotated[Visitor, Depends(guard("sharing.see_own"))]

MOST_SHOWN, MOST_FREE = 20, 6


@router.get("/shared")
def shared(request: Request, visitor: See) -> Response:
    """What charges, what is left, where something is free."""
    house = house_of(request)
    zone = house.settings.zone
    with house.look() as work:
        found = pass_row(work.uow, visitor.pass_id or 0)
        household = household_of(work.uow, visitor.household_id or 0)
        if found is None or household is None:
            raise no_entry(Reason.NOT_FOUND)
        own = list(of_passes(work.uow, [found.id or 0]))
        every = own
        if visitor.role == Role.HELPER:
            recent = of_household(work.uow, household.id or 0, MOST_SHOWN)
            every = [*own, *(row for row in recent if row.pass_id != found.id)]
        rows = [row for row in every if visitor.may_follow(charge_of(row))]
        taken = taken_by(work.uow, [found], house.tariff(work.uow, None, work.now))
        numbers, now = look.pile_numbers(house), work.now
        free = [
            one
            for one in look.glances(work)
            if one.entrance == household.entrance and one.face is Face.FREE
        ]

    def line(row: Session) -> dict[str, object]:
        when = row.ended_at or row.started_at or row.requested_at
        return {
            "id": row.id,
            "place": place_words(row.pile, row.outlet, numbers),
            "when": moment(when, now, zone),
            "word": state_word(row.state),
            "energy_wh": row.energy_wh,
        }

    context = {
        "door": household.door,
        "entrance": household.entrance,
        "is_guest": visitor.role == Role.GUEST,
        "guest": guest_line(found, taken[found.id or 0], now, zone),
        "has_ended": found.expires_at is not None and found.expires_at <= now,
        "running": [line(row) for row in rows if row.state in OPEN],
        "past": [line(row) for row in rows if row.state not in OPEN][:MOST_SHOWN],
        "free": free[:MOST_FREE],
    }
    return draw(request, "shared.html", context)
