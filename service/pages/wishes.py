"""Tell me when one is free: the two forms of a household, and its wish for every page it opens."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.door import Reason, Visitor, guard, no_entry
from service.flow.wishes import unwish, wish
from service.households.actions import household_of
from service.pages import look
from service.pages.context import house_of, note_deed

router = APIRouter(include_in_schema=False)
Keep = Annotated[Visitor, Depends(guard("wish.keep_own"))]


@router.post("/me/wish")
def make(
    request: Request, visitor: Keep, pile: Annotated[str, Form(max_length=23)] = ""
) -> Response:
    """Wait for a free outlet: of one pile, else anywhere at one's own entrance. It replaces an
    earlier wish and ends by itself."""
    house, own = house_of(request), visitor.household_id or 0
    with house.work() as work:
        household = household_of(work.uow, own)
        found = look.find_pile(house, pile) if pile else None
        if household is None or (pile and found is None):
            raise no_entry(Reason.NOT_FOUND)
        if found is not None:
            wish(work, own, pile=found.id)
        else:
            wish(work, own, entrance=household.entrance)
        where = found.id if found else f"entrance {household.entrance}"
        note_deed(work, visitor, "wish.keep_own", where)
    return RedirectResponse("/me#wish", status_code=303)


@router.post("/me/wish/end")
def end(request: Request, visitor: Keep) -> Response:
    """Wait no more."""
    with house_of(request).work() as work:
        if unwish(work, visitor.household_id or 0):
            note_deed(work, visitor, "wish.keep_own", "ended")
    return RedirectResponse("/me", status_code=303)
