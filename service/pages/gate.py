"""The routes of the gatehouse: the wall, and cutting an entrance and opening it again."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.door import Reason, Visitor, guard, no_entry
from service.flow.duty import cut_and_close, cut_entrances, open_again
from service.flow.house import House, Work
from service.pages import look, look_desk
from service.pages.context import asked_by, house_of, note_deed
from service.pages.draw import draw
from service.pages.gate_view import CutView, cut_view, running_rows
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Board = Annotated[Visitor, Depends(guard("board.see"))]
Cut = Annotated[Visitor, Depends(guard("entrance.cut"))]

SAID = {
    "stopped": N_("The pile is being told to stop."),
    "opened": N_("The entrance is open again. Nothing starts by itself."),
}


@dataclass(frozen=True, slots=True)
class Desk:
    """What was typed at the desk, and what is wrong with it."""

    door: str = ""
    place: str = ""
    error: str | None = None
    status: int = 200


@router.get("/gate")
def wall(request: Request, visitor: Board, said: str = "") -> Response:
    """The desk, and the wall under it."""
    return wall_page(request, Desk(), said)


def wall_page(request: Request, desk: Desk, said: str = "") -> Response:
    """The wall with what was typed at the desk."""
    house = house_of(request)
    with house.look() as work:
        facts = look_desk.wall_facts(work)
        running = running_rows(look_desk.running_now(work), work.now, house.settings.zone)
        key = house.new_id(work.now_ms)
    context = {
        **facts,
        "running": running,
        "said": Sentence(SAID[said]) if said in SAID else None,
        "error": desk.error,
        "door": desk.door,
        "place": desk.place,
        "key": key,
        "path": "/gate",
        "query": {},
    }
    return draw(request, "gate.html", context, desk.status)


@router.get("/gate/cut/{entrance}")
def ask_before_cutting(request: Request, visitor: Cut, entrance: int) -> Response:
    """The second question: what it will do, to how many, and what it cannot reach. Once it is
    done: what is still on, and how to open again."""
    house = house_of(request)
    with house.look() as work:
        view = _cut_view(house, work, entrance)
    home = "/gate" if visitor.may("board.see") else "/fix"
    context = {"view": view, "home": home, "path": f"/gate/cut/{entrance}"}
    return draw(request, "cut.html", context)


@router.post("/gate/cut/{entrance}")
def cut(request: Request, visitor: Cut, entrance: int) -> Response:
    """Switch off every outlet of an entrance, and let nobody start there."""
    house = house_of(request)
    _known(house, entrance)
    done = cut_and_close(house, entrance, asked_by(visitor))
    with house.work() as work:
        subject = f"entrance {entrance}"
        note_deed(work, visitor, "entrance.cut", subject, commands=done.commands)
    return RedirectResponse(f"/gate/cut/{entrance}", status_code=303)


@router.post("/gate/open/{entrance}")
def open_entrance(request: Request, visitor: Cut, entrance: int) -> Response:
    """The danger is over: people may start there again."""
    house = house_of(request)
    _known(house, entrance)
    piles = open_again(house, entrance)
    with house.work() as work:
        note_deed(work, visitor, "entrance.open", f"entrance {entrance}", piles=piles)
    home = "/gate" if visitor.may("board.see") else "/fix"
    return RedirectResponse(f"{home}?said=opened", status_code=303)


def _known(house: House, entrance: int) -> None:
    with house.look():
        if entrance not in look_desk.entrances_of(house):
            raise no_entry(Reason.NOT_FOUND)


def _cut_view(house: House, work: Work, entrance: int) -> CutView:
    if entrance not in look_desk.entrances_of(house):
        raise no_entry(Reason.NOT_FOUND)
    here = [one for one in look.glances(work) if one.entrance == entrance]
    piles = [house.board.piles[one] for one in sorted({one.pile for one in here})]
    cables = {pile.feeder_id for pile in piles}
    return cut_view(
        entrance,
        here,
        [one for one in look_desk.running_now(work) if one.entrance == entrance],
        [house.tree.cables[one] for one in sorted(cables) if one in house.tree.cables],
        [pile.number for pile in piles if not pile.can_be_told(work.now_ms)],
        entrance in cut_entrances(work),
    )
