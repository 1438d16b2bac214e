"""The desk of the gatehouse: somebody without a phone stands at the window.

Their door number or their household card is enough. What is typed or read there goes into no
address of a page, so that no card's number stays in a history or a log.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.door import Reason, Visitor, guard, no_entry, status_of
from service.flow.house import House, Work
from service.flow.requests import StartRequest, start, stop
from service.households.actions import find_household, household_of, household_of_card
from service.households.codes import read_card_uid
from service.households.outcomes import Refused as NoHousehold
from service.households.records import Household
from service.pages import look, look_desk
from service.pages.context import asked_by, house_of, in_words, note_deed
from service.pages.desk_view import suggestions, with_a_plug
from service.pages.draw import draw
from service.pages.gate import Desk, wall_page
from service.pages.gate_view import running_rows
from service.pages.price_view import price_view
from service.pages.resident import KEY
from service.pages.session_view import session_view
from service.pages.slip_view import slip_view
from service.sessions.may_start import Refused
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
StartForDoor = Annotated[Visitor, Depends(guard("session.start_for_door"))]
SeeAny = Annotated[Visitor, Depends(guard("session.see_any"))]
StopAny = Annotated[Visitor, Depends(guard("session.stop_any"))]
Door = Annotated[str, Form(max_length=40)]
Place = Annotated[str, Form(max_length=12, pattern=r"^(\d{1,5}-\d{1,2})?$")]

NO_DOOR = N_("Nobody is registered at door {door}. Write it like 3-201.")
NO_CARD = N_("This card belongs to no household here. Ask for the door number.")
CARD_BLOCKED = N_("This card is blocked. Ask for the door number, and call the committee.")


@dataclass(frozen=True, slots=True)
class Choice:
    """A door and an outlet that exist."""

    household: Household
    pile: str
    outlet: int


@router.post("/gate/start")
def start_for_door(
    request: Request,
    visitor: StartForDoor,
    door: Door,
    key: Annotated[str, Form(pattern=KEY)],
    place: Place = "",
) -> Response:
    """Start for somebody without a phone, on the account of the door; without an outlet, show
    which ones are near."""
    house = house_of(request)
    with house.look() as work:
        household = _who(work, door)
    if isinstance(household, Sentence):
        words = in_words(visitor, household)
        typed = "" if read_card_uid(door) else door
        return wall_page(request, Desk(typed, place, words, 422))
    if not place:
        return _window(request, household)
    number, _, outlet = place.partition("-")
    with house.look():
        pile = look.find_pile(house, number)
    if pile is None:
        raise no_entry(Reason.NOT_FOUND)
    return _start(request, visitor, Choice(household, pile.id, int(outlet)), key)


def _start(request: Request, visitor: Visitor, choice: Choice, key: str) -> Response:
    house, household = house_of(request), choice.household
    outcome = start(
        house,
        StartRequest(
            pile=choice.pile,
            outlet=choice.outlet,
            household_id=household.id or 0,
            source="gatehouse",
            asked_by=asked_by(visitor),
            key=f"gate:{visitor.staff_id}:{key}",
        ),
    )
    if isinstance(outcome, Refused):
        words, status = in_words(visitor, outcome), status_of(outcome.reason)
        return _window(request, household, words, status)
    with house.work() as work:
        note_deed(work, visitor, "session.start_for_door", outcome.session_id, door=household.door)
    return RedirectResponse(f"/gate/slip/{outcome.session_id}", status_code=303)


def _who(work: Work, typed: str) -> Household | Sentence:
    """The household of a door as a person says it, or of a card as a reader types it."""
    if read_card_uid(typed) is None:
        found = find_household(work.uow, typed)
        return found or Sentence(NO_DOOR, {"door": typed.strip()})
    holder = household_of_card(work.uow, typed, work.house.key)
    if isinstance(holder, NoHousehold):
        return Sentence(CARD_BLOCKED if holder.reason == "blocked_card" else NO_CARD)
    return holder


def _window(
    request: Request, household: Household, error: str | None = None, status: int = 200
) -> Response:
    """What this door has running, and where it can start."""
    house = house_of(request)
    zone = house.settings.zone
    with house.look() as work:
        seen = look.glances(work)
        plugged = with_a_plug(house.board.outlets())
        mine = [one for one in look_desk.running_now(work) if one.door == household.door]
        tariff = house.tariff(work.uow, None, work.now)
        most_wh = house.settings.session_energy_wh
        usual = look.usual_of(work, household.id)
        context = {
            "door": household.door,
            "entrance": household.entrance,
            "running": running_rows(mine, work.now, zone),
            "near": suggestions(seen, plugged, household.entrance),
            "price": price_view(tariff, work.now, zone, most_wh, usual),
            "key": house.new_id(work.now_ms),
            "error": error,
            "path": "/gate",
            "query": {},
        }
    return draw(request, "gate_door.html", context, status)


@router.get("/gate/pile/{number}")
def pile(request: Request, visitor: SeeAny, number: str) -> Response:
    """One pile at the desk: who charges there, and a start for a door at a free outlet."""
    house = house_of(request)
    with house.look() as work:
        found = look.find_pile(house, number)
        if found is None:
            raise no_entry(Reason.NOT_FOUND)
        now, zone = work.now, house.settings.zone
        seen = [look.glance_at(work, found, outlet) for outlet in found.outlets.values()]
        running = running_rows(look_desk.running_now(work, found.id), now, zone)
        context = {
            "number": found.number,
            "entrance": found.entrance,
            "outlets": [(one, one.since_sentence(now, zone)) for one in seen],
            "running": {one.outlet: one for one in running},
            "plugged": with_a_plug(found.outlets.values()),
            "key": house.new_id(work.now_ms),
            "path": f"/gate/pile/{found.number}",
            "query": {},
        }
    return draw(request, "gate_pile.html", context)


@router.get("/gate/stop/{session_id}")
def ask_before_stopping(request: Request, visitor: StopAny, session_id: str) -> Response:
    """Asked once: whose charge, where, and what stopping does."""
    house = house_of(request)
    with house.look() as work:
        facts = look.session_facts(work, session_id)
        if facts is None:
            raise no_entry(Reason.NOT_FOUND)
        context = {
            "view": session_view(facts, house.settings.zone),
            "door": _door(work, facts.row.household_id if visitor.may("session.see_any") else None),
            "home": "/gate" if visitor.may("board.see") else "/fix",
            "path": f"/gate/stop/{session_id}",
        }
    return draw(request, "gate_stop.html", context)


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
    then = f"/gate/slip/{session_id}" if visitor.may("session.see_any") else "/fix?said=stopped"
    return RedirectResponse(then, status_code=303)


@router.get("/gate/slip/{session_id}")
def slip(
    request: Request,
    visitor: SeeAny,
    session_id: str,
    paper: Annotated[str, Query(pattern="^(80|a5)$")] = "80",
) -> Response:
    """What the person at the window takes along: large on the screen, or on a strip of paper; the
    receipt once the charge is over."""
    house = house_of(request)
    with house.look() as work:
        view = _slip(house, work, session_id)
        if view is None:
            raise no_entry(Reason.NOT_FOUND)
    path = f"/gate/slip/{session_id}"
    return draw(request, "slip.html", {"view": view, "paper": paper, "path": path})


def _slip(house: House, work: Work, session_id: str) -> object:
    facts = look.session_facts(work, session_id)
    if facts is None:
        return None
    zone = house.settings.zone
    tariff = house.tariff(work.uow, facts.row.tariff_id, facts.row.requested_at)
    price = price_view(tariff, facts.row.started_at or work.now, zone, facts.row.max_energy_wh)
    door = _door(work, facts.row.household_id)
    return slip_view(facts.row, session_view(facts, zone), door, price, work.now, zone)


def _door(work: Work, household_id: int | None) -> str:
    household = household_of(work.uow, household_id) if household_id else None
    return household.door if household else ""
