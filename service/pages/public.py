"""The front page: which outlets are free, entrance by entrance, and what it costs. No sign-in."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from service.door import Visitor, guard
from service.pages import look
from service.pages.context import house_of
from service.pages.draw import draw
from service.pages.gate_view import wall_view
from service.pages.labels import price_now

router = APIRouter()
See = Annotated[Visitor, Depends(guard("outlet.see"))]


@router.get("/")
def front(request: Request, visitor: See) -> Response:
    """Free outlets and the price."""
    house = house_of(request)
    with house.look() as work:
        view = wall_view(look.glances(work), {}, work.now, house.settings.zone)
    return draw(request, "front.html", {"view": view, "price": price_now(house)})
