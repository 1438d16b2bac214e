"""Where the piles hang: entrance, cable and a place that people would find; all on one page."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.door import Visitor, guard
from service.flow.house import Work
from service.pages.context import house_of, note_deed
from service.pages.draw import draw
from service.piles.actions import arrange
from service.piles.board import PileNow
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Manage = Annotated[Visitor, Depends(guard("households.manage"))]

PATH = "/committee/begin/piles"
LONGEST_PLACE = 60
BUSY = N_(
    "Pile {pile}: something charges or waits there, so its cable cannot change now. Nothing was "
    "changed."
)
NO_ENTRANCE = N_("Pile {pile}: an entrance is a number from 1 to 99. Nothing was changed.")


async def sent_form(request: Request, visitor: Manage) -> tuple[Visitor, FormData]:
    """The fields of all piles, once the guard has let their sender pass."""
    return visitor, await request.form()


@router.get(PATH)
def piles(request: Request, visitor: Manage, said: str = "") -> Response:
    """Every pile with its fields."""
    return _page(request, said=said)


@router.post(PATH)
def keep(
    request: Request, sent: Annotated[tuple[Visitor, FormData], Depends(sent_form)]
) -> Response:
    """Keep all of it, or nothing and why."""
    visitor, form = sent
    house = house_of(request)
    with house.look() as work:
        wishes = [_wish(work, pile, form) for pile in house.board.piles.values()]
    problem = next((one for one in wishes if isinstance(one, Sentence)), None)
    if problem is not None:
        return _page(request, error=problem, form=form)
    with house.work() as work:
        changed = 0
        for pile, wish in zip(list(house.board.piles.values()), wishes, strict=True):
            if isinstance(wish, tuple) and arrange(work.uow, pile, *wish):
                changed += 1
                note_deed(work, visitor, "pile.manage", pile.id, what="placed", entrance=wish[0])
                work.outcomes.piles.add(pile.id)
    return RedirectResponse(f"{PATH}?said=kept", status_code=303)


def _wish(work: Work, pile: PileNow, form: FormData) -> tuple[int, str, str] | Sentence:
    typed = str(form.get(f"entrance-{pile.number}", pile.entrance))
    if not re.fullmatch(r"[1-9][0-9]?", typed):
        return Sentence(NO_ENTRANCE, {"pile": pile.number})
    place = " ".join(str(form.get(f"place-{pile.number}", pile.place)).split())[:LONGEST_PLACE]
    cable = str(form.get(f"cable-{pile.number}", pile.feeder_id))
    if cable not in work.house.tree.cables:
        cable = pile.feeder_id
    taken = any(work.house.held_by(pile.id, number) for number in pile.outlets)
    if cable != pile.feeder_id and taken:
        return Sentence(BUSY, {"pile": pile.number})
    return int(typed), place, cable


def _page(
    request: Request,
    *,
    said: str = "",
    error: Sentence | None = None,
    form: FormData | None = None,
) -> Response:
    house = house_of(request)
    with house.look():
        every = sorted(house.board.piles.values(), key=lambda one: (one.entrance, one.number))
        cables = [(one.id, one.name) for one in house.tree.cables.values()]
    typed = form if form is not None else FormData()
    rows = [
        {
            "number": one.number,
            "id": one.id,
            "entrance": typed.get(f"entrance-{one.number}", str(one.entrance)),
            "place": typed.get(f"place-{one.number}", one.place),
            "cable": typed.get(f"cable-{one.number}", one.feeder_id),
        }
        for one in every
    ]
    context: dict[str, object] = {
        "rows": rows,
        "cables": cables,
        "said": said == "kept",
        "error": error,
        "longest": LONGEST_PLACE,
        "path": PATH,
        "query": {},
    }
    return draw(request, "begin_piles.html", context, 422 if error else 200)
