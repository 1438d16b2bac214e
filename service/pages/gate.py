"""The routes of the gatehouse: the wall, start and stop for a door, cut an entrance."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.door import Reason, Visitor, guard, no_entry, status_of
from service.flow.requests import StartRequest, cut_entrance, start, stop
from service.households.actions import find_household
from service.pages import look, look_desk
from service.pages.context import asked_by, house_of, in_words, note_deed
from service.pages.draw import draw
from service.pages.gate_view import running_rows
from service.pages.incident_view import incident_view
from service.pages.resident import KEY
from service.sessions.lifecycle import State
from service.sessions.may_start import Refused
from service.words import N_, Sentence

router = APIRouter()
Board = Annotated[Visitor, Depends(guard("board.see"))]
StartForDoor = Annotated[Visitor, Depends(guard("session.start_for_door"))]
StopAny = Annotated[Visitor, Depends(guard("session.stop_any"))]
Cut = Annotated[Visitor, Depends(guard("entrance.cut"))]

SAID = {
    "started": N_("The pile is being told. It shows blue as soon as it charges."),
    "queued": N_("The cable is full: the bike waits in the queue and starts by itself."),
    "stopped": N_("The pile is being told to stop."),
    "cut": N_("Every outlet of the entrance is being switched off. Look at the lamps."),
}
NO_DOOR = N_("Nobody is registered at door {door}. Write it like 3-201.")


@router.get("/gate")
def wall(request: Request, visitor: Board, said: str = "") -> Response:
    """The wall, and the desk under it."""
    return _gate(request, visitor, said=said)


@router.post("/gate/start")
def start_for_door(
    request: Request,
    visitor: StartForDoor,
    door: Annotated[str, Form(max_length=20)],
    place: Annotated[str, Form(max_length=12, pattern=r"^\d{1,5}-\d{1,2}$")],
    key: Annotated[str, Form(pattern=KEY)],
) -> Response:
    """Start for somebody without a phone; it goes on the account of the door."""
    house = house_of(request)
    number, _, outlet = place.partition("-")
    with house.look() as work:
        household = find_household(work.uow, door)
        pile = look.find_pile(house, number)
    if household is None or household.id is None or pile is None:
        words = in_words(visitor, Sentence(NO_DOOR, {"door": door.strip()}))
        return _gate(request, visitor, error=words, status=422, door=door, place=place)
    outcome = start(
        house,
        StartRequest(
            pile=pile.id,
            outlet=int(outlet),
            household_id=household.id,
            source="gatehouse",
            asked_by=asked_by(visitor),
            key=f"gate:{visitor.staff_id}:{key}",
        ),
    )
    if isinstance(outcome, Refused):
        words = in_words(visitor, outcome)
        status = status_of(outcome.reason)
        return _gate(request, visitor, error=words, status=status, door=door, place=place)
    with house.work() as work:
        note_deed(work, visitor, "session.start_for_door", outcome.session_id, door=household.door)
    said = "queued" if outcome.state is State.QUEUED else "started"
    return RedirectResponse(f"/gate?said={said}", status_code=303)


@router.post("/gate/stop")
def stop_for_door(
    request: Request, visitor: StopAny, session_id: Annotated[str, Form(max_length=32)]
) -> Response:
    """Stop any session; stopping twice is no error."""
    house = house_of(request)
    outcome = stop(house, session_id, asked_by(visitor))
    if isinstance(outcome, Refused):
        raise no_entry(Reason.NOT_FOUND)
    with house.work() as work:
        note_deed(work, visitor, "session.stop_any", session_id)
    return RedirectResponse("/gate?said=stopped", status_code=303)


@router.get("/gate/cut/{entrance}")
def ask_before_cutting(request: Request, visitor: Cut, entrance: int) -> Response:
    """The second question: what it will do, and to how many."""
    house = house_of(request)
    with house.look() as work:
        if entrance not in look_desk.entrances_of(house):
            raise no_entry(Reason.NOT_FOUND)
        here = [o for o in look.glances(work) if o.entrance == entrance]
        numbers = {o.pile_number for o in here}
        running = [r for r in look_desk.running_now(work) if r.pile_number in numbers]
    facts = {"entrance": entrance, "outlets": len(here), "running": len(running)}
    return draw(request, "cut.html", {**facts, "path": f"/gate/cut/{entrance}"})


@router.post("/gate/cut/{entrance}")
def cut(request: Request, visitor: Cut, entrance: int) -> Response:
    """Switch off every outlet of an entrance."""
    house = house_of(request)
    with house.look():
        known = entrance in look_desk.entrances_of(house)
    if not known:
        raise no_entry(Reason.NOT_FOUND)
    commands = cut_entrance(house, entrance, asked_by(visitor))
    with house.work() as work:
        note_deed(work, visitor, "entrance.cut", f"entrance {entrance}", commands=commands)
    home = "/gate" if visitor.may("board.see") else "/fix"
    return RedirectResponse(f"{home}?said=cut", status_code=303)


def _gate(
    request: Request,
    visitor: Visitor,
    *,
    said: str = "",
    error: str | None = None,
    status: int = 200,
    door: str = "",
    place: str = "",
) -> Response:
    house = house_of(request)
    zone = house.settings.zone
    with house.look() as work:
        now = work.now
        view = look_desk.wall_now(work)
        running = running_rows(look_desk.running_now(work), now, zone)
        incidents = [incident_view(one, now, zone) for one in look_desk.incidents_now(work)]
        key = house.new_id(work.now_ms)
    context = {
        "view": view,
        "running": running,
        "incidents": incidents,
        "said": Sentence(SAID[said]) if said in SAID else None,
        "error": error,
        "door": door,
        "place": place,
        "key": key,
        "path": "/gate",
        "query": {},
    }
    return draw(request, "gate.html", context, status)
