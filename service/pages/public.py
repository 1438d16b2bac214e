"""The front page: which outlets are free, entrance by entrance, and what it costs. No sign-in."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from service.door import Visitor, guard
from service.pages.context import house_of, hub_of
from service.pages.draw import draw
from service.pages.front_look import FRONT, front_now
from service.pages.live_pages import events, variant_of

router = APIRouter(include_in_schema=False)
See = Annotated[Visitor, Depends(guard("outlet.see"))]


@router.get("/")
def front(request: Request, visitor: See) -> Response:
    """Free outlets, the price, and the way to the open books."""
    with house_of(request).look() as work:
        found = front_now(work)
    return draw(request, "front.html", {"front": found, "view": found.wall})


@router.get("/live/front")
async def front_events(request: Request, visitor: See) -> Response:
    """Which outlets are free, as it changes."""
    return await events(hub_of(request), ("wall",), variant_of(visitor, FRONT))
