"""The event streams of open pages, and what is drawn into them.

A renderer gets a topic and a variant (language and the stage the page was drawn with). When the
stage has moved on, the fragment has the page fetched anew, so forms are always right.
"""

import re
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from service.alerts.records import incident_row
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import House
from service.households.access import Charge
from service.live import Hub, TooManyPagesError, Topic
from service.pages import look, look_desk
from service.pages.context import charge_of, house_of, hub_of
from service.pages.draw import fragment
from service.pages.front_look import FRONT, free_now
from service.pages.incident_view import incident_view, stamp
from service.pages.live_me import household_renderer
from service.pages.outlet_view import OutletFacts, outlet_view
from service.pages.pile_view import pile_view
from service.pages.resident import facts_of_outlet, session_context
from service.pages.session_view import Stage as SessionStage
from service.pages.session_view import session_view
from service.piles.board import Face
from service.sessions.records import session_row
from service.words import LANGUAGES

router = APIRouter(include_in_schema=False)
See = Annotated[Visitor, Depends(guard("outlet.see"))]
Follow = Annotated[Visitor, Depends(guard("session.follow"))]
SeeOwn = Annotated[Visitor, Depends(guard("session.see_own"))]
Board = Annotated[Visitor, Depends(guard("board.see"))]
SeeIncidents = Annotated[Visitor, Depends(guard("incident.see"))]
SeePile = Annotated[Visitor, Depends(guard("pile.see"))]
Stage = Annotated[str, Query(pattern=r"^[a-z_0-9]{0,24}$")]

_VARIANT = re.compile(rf"({'|'.join(LANGUAGES)}):([a-z_0-9]*)")


def variant_of(visitor: Visitor, stage: str) -> str:
    """Pages in one language that were drawn in one stage share what is rendered."""
    return f"{visitor.language}:{stage}"


def read_variant(variant: str) -> tuple[str, str]:
    """Language and stage."""
    found = _VARIANT.fullmatch(variant)
    return (found[1], found[2]) if found else (LANGUAGES[0], "")


async def events(hub: Hub, topic: Topic, variant: str) -> Response:
    """A stream of one topic; 503 when no more pages can be open (they ask again by themselves)."""
    stream = hub.stream(topic, variant)
    try:
        first = await anext(stream)
    except (TooManyPagesError, StopAsyncIteration):
        return Response(status_code=503, headers={"Retry-After": "30"})

    async def all_of_it() -> AsyncIterator[bytes]:
        try:
            yield first
            async for event in stream:
                yield event
        finally:
            await stream.aclose()  # type: ignore[attr-defined]

    return StreamingResponse(all_of_it(), media_type="text/event-stream")


@router.get("/live/outlet/{pile}/{outlet}")
async def outlet_events(
    request: Request, visitor: See, pile: str, outlet: int, stage: Face | None = None
) -> Response:
    """The state of one outlet."""
    found = await run_in_threadpool(_pile_id, house_of(request), pile, outlet)
    if found is None:
        raise no_entry(Reason.NOT_FOUND)
    return await events(
        hub_of(request), ("outlet", found, outlet), variant_of(visitor, stage or "")
    )


@router.get("/live/session/{session_id}")
async def session_events(
    request: Request, visitor: Follow, session_id: str, stage: SessionStage | None = None
) -> Response:
    """One charge of one's own."""
    charge = await run_in_threadpool(_charge, house_of(request), session_id)
    if charge is None or not visitor.may_follow(charge):
        raise no_entry(Reason.NOT_FOUND)
    return await events(hub_of(request), ("session", session_id), variant_of(visitor, stage or ""))


@router.get("/live/me")
async def my_events(request: Request, visitor: SeeOwn) -> Response:
    """What runs for one's own household."""
    return await events(
        hub_of(request), ("household", visitor.household_id), variant_of(visitor, "now")
    )


@router.get("/live/wish")
async def wish_events(request: Request, visitor: SeeOwn) -> Response:
    """Whether what one's own household waits for is free."""
    return await events(
        hub_of(request), ("household", visitor.household_id), variant_of(visitor, "wish")
    )


@router.get("/live/wall")
async def wall_events(request: Request, visitor: Board) -> Response:
    """The wall of the gatehouse."""
    return await events(hub_of(request), ("wall",), variant_of(visitor, ""))


@router.get("/live/incidents")
async def incident_events(request: Request, visitor: SeeIncidents, stage: Stage = "") -> Response:
    """Whether the list of incidents has changed: forms half filled in are never swept away."""
    return await events(hub_of(request), ("incidents",), variant_of(visitor, stage))


@router.get("/live/pile/{pile}")
async def pile_events(request: Request, visitor: SeePile, pile: str) -> Response:
    """One pile."""
    house = house_of(request)
    if await run_in_threadpool(_pile_id, house, pile, None) is None:
        raise no_entry(Reason.NOT_FOUND)
    return await events(hub_of(request), ("pile", pile), variant_of(visitor, ""))


def _pile_id(house: House, pile: str, outlet: int | None) -> str | None:
    with house.look():
        found = look.find_pile(house, pile)
    if found is None or (outlet is not None and outlet not in found.outlets):
        return None
    return found.id


def _charge(house: House, session_id: str) -> Charge | None:
    with house.store.reading() as uow:
        row = session_row(uow, session_id)
        return charge_of(row) if row else None


def register_renderers(hub: Hub, house: House) -> None:
    """Teach the hub to draw every topic."""
    hub.renderers["outlet"] = _outlet_renderer(house)
    hub.renderers["session"] = _session_renderer(house)
    hub.renderers["household"] = household_renderer(house)
    hub.renderers["wall"] = _wall_renderer(house)
    hub.renderers["incidents"] = _incidents_renderer(house)
    hub.renderers["pile"] = _pile_renderer(house)


def _outlet_renderer(house: House) -> Callable[[Topic, str], str]:
    def render(topic: Topic, variant: str) -> str:
        language, stage = read_variant(variant)
        with house.look() as work:
            pile = house.board.piles.get(str(topic[1]))
            number = int(str(topic[2]))
            facts: OutletFacts | None = None
            if pile is not None:
                facts = facts_of_outlet(work, Visitor(), pile, number)
        if facts is None:
            return ""
        view = outlet_view(facts, house.settings.zone, stage)
        return fragment(language, "outlet_live.html", {"view": view})

    return render


def _session_renderer(house: House) -> Callable[[Topic, str], str]:
    def render(topic: Topic, variant: str) -> str:
        language, stage = read_variant(variant)
        with house.look() as work:
            facts = look.session_facts(work, str(topic[1]))
        if facts is None:
            return ""
        view = session_view(facts, house.settings.zone)
        return fragment(language, "session_live.html", session_context(view, stage))

    return render


def _wall_renderer(house: House) -> Callable[[Topic, str], str]:
    def render(_topic: Topic, variant: str) -> str:
        language, stage = read_variant(variant)
        if stage == FRONT:
            with house.look() as work:
                view = free_now(work)
            return fragment(language, "front_live.html", {"view": view})
        with house.look() as work:
            facts = look_desk.wall_facts(work)
        return fragment(language, "wall_live.html", facts)

    return render


def _incidents_renderer(house: House) -> Callable[[Topic, str], str]:
    """The list itself; for the page of one incident, whether anything has changed."""

    def render(_topic: Topic, variant: str) -> str:
        language, stage = read_variant(variant)
        if stage:
            changed = _has_changed(house, stage)
            return fragment(language, "incident_changed.html", {"changed": changed})
        with house.look() as work:
            found = look_desk.incidents_now(work)
            now = work.now
        views = [incident_view(one, now, house.settings.zone) for one in found]
        return fragment(language, "incidents_live.html", {"incidents": views})

    return render


def _has_changed(house: House, stage: str) -> bool:
    """Whether one incident ('7_i123') is no longer as it was when its page was drawn."""
    number, _, mark = stage.partition("_")
    with house.look() as work:
        row = incident_row(work.uow, int(number)) if number.isdigit() else None
        return row is None or stamp([row]) != mark


def _pile_renderer(house: House) -> Callable[[Topic, str], str]:
    def render(topic: Topic, variant: str) -> str:
        language, _ = read_variant(variant)
        with house.look() as work:
            pile = house.board.piles.get(str(topic[1]))
            if pile is None:
                return ""
            seen = [look.glance_at(work, pile, outlet) for outlet in pile.outlets.values()]
            view = pile_view(pile, seen, work.now, house.settings.zone)
        return fragment(language, "pile_live.html", {"view": view})

    return render
