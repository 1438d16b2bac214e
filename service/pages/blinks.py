"""Is the code on this pile ours? A signed-in resident makes it blink and compares the number."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.door import Reason, Visitor, guard, no_entry
from service.flow.blink import blink
from service.pages import look
from service.pages.context import asked_by, house_of, in_words, note_deed
from service.pages.draw import draw

router = APIRouter(include_in_schema=False)
Blink = Annotated[Visitor, Depends(guard("outlet.blink"))]


@router.get("/p/{pile}/{outlet}/check")
def check(request: Request, visitor: Blink, pile: str, outlet: int) -> Response:
    """What the sticker must say, and the button that makes the pile blink."""
    return _page(request, pile, outlet, blinking="blinks" in request.query_params)


@router.post("/p/{pile}/{outlet}/blink")
def make_it_blink(request: Request, visitor: Blink, pile: str, outlet: int) -> Response:
    """Let the lamp of this outlet blink for 20 s."""
    house = house_of(request)
    with house.work() as work:
        found = look.find_pile(house, pile)
        if found is None or outlet not in found.outlets:
            raise no_entry(Reason.NOT_FOUND)
        no = blink(work, found, outlet, asked_by(visitor))
        if no is None:
            note_deed(work, visitor, "outlet.blink", f"{found.id}/{outlet}")
    if no is not None:
        return _page(request, pile, outlet, error=in_words(visitor, no), status=409)
    return RedirectResponse(f"/p/{pile}/{outlet}/check?blinks=1", status_code=303)


def _page(
    request: Request,
    pile: str,
    outlet: int,
    *,
    blinking: bool = False,
    error: str | None = None,
    status: int = 200,
) -> Response:
    house = house_of(request)
    with house.look():
        found = look.find_pile(house, pile)
    if found is None or outlet not in found.outlets:
        raise no_entry(Reason.NOT_FOUND)
    context = {
        "number": found.number,
        "name": found.id,
        "outlet": outlet,
        "blinking": blinking,
        "error": error,
        "path": f"/p/{found.number}/{outlet}/check",
    }
    return draw(request, "check_pile.html", context, status)
