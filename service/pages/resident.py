"""The routes of the QR code: look at an outlet, start, watch, stop."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.door import NoEntryError, Reason, Visitor, guard, no_entry, status_of
from service.flow.house import House, Work
from service.flow.requests import StartRequest, start, stop
from service.households.actions import household_of
from service.pages import look
from service.pages.context import asked_by, charge_of, house_of, in_words
from service.pages.draw import draw
from service.pages.outlet_view import OutletFacts, outlet_view
from service.pages.price_view import PriceView, price_view
from service.pages.session_view import SessionView, session_view
from service.pages.start_form import Choice, limited, offers
from service.piles.board import PileNow
from service.quantities import BadQuantityError
from service.sessions.may_start import Reason as No
from service.sessions.may_start import Refused, refuse
from service.sessions.records import session_row
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
See = Annotated[Visitor, Depends(guard("outlet.see"))]
Start = Annotated[Visitor, Depends(guard("session.start_here"))]
Follow = Annotated[Visitor, Depends(guard("session.follow"))]
EndHere = Annotated[Visitor, Depends(guard("session.end_here"))]

KEY = r"^[0-9A-Z]{26}$"


def choice(
    until: Annotated[str, Form(max_length=8)] = "full",
    amount: Annotated[str, Form(max_length=12)] = "1.00",
    wh: Annotated[int, Form(ge=0, le=100_000)] = 1000,
    hours: Annotated[int, Form(ge=1, le=24)] = 2,
    ready: Annotated[str, Form(max_length=5)] = "",
) -> Choice:
    """What was chosen in the form of an outlet."""
    return Choice(until, amount, wh, hours, ready)


@router.get("/p/{pile}")
def choose_outlet(request: Request, visitor: See, pile: str) -> Response:
    """The outlets of one pile, for a label that names only the pile."""
    house = house_of(request)
    with house.look() as work:
        found = look.find_pile(house, pile)
        if found is None:
            raise no_entry(Reason.NOT_FOUND)
        outlets = [look.glance_at(work, found, outlet) for outlet in found.outlets.values()]
        price = _price(work, visitor)
        now = work.now
    facts = {"number": found.number, "entrance": found.entrance, "outlets": outlets}
    zone = house.settings.zone
    since = {one.outlet: one.since_sentence(now, zone) for one in outlets}
    return draw(request, "pile_choice.html", {**facts, "price": price, "since": since})


@router.get("/p/{pile}/{outlet}")
def see_outlet(request: Request, visitor: See, pile: str, outlet: int) -> Response:
    """State and price for everybody, the form for residents; one's own charge where it runs."""
    house = house_of(request)
    with house.look() as work:
        found = look.find_pile(house, pile)
        held = house.held_by(found.id, outlet) if found else None
        mine = held is not None and visitor.may_follow(charge_of(held))
        facts = None if found is None or mine else facts_of_outlet(work, visitor, found, outlet)
    if held is not None and mine:
        return RedirectResponse(f"/me/sessions/{held.id}", status_code=303)
    if facts is None:
        raise NoEntryError(refuse(No.OUTLET_UNKNOWN, pile=pile[:23], outlet=outlet))
    return _outlet_page(request, facts, Choice())


@router.post("/p/{pile}/{outlet}/start")
def start_charging(
    request: Request,
    visitor: Start,
    pile: str,
    outlet: int,
    key: Annotated[str, Form(pattern=KEY)],
    chosen: Annotated[Choice, Depends(choice)],
) -> Response:
    """Start, or queue, or say why not. The key of the form makes a second tap the same start."""
    house = house_of(request)
    with house.look():
        found = look.find_pile(house, pile)
    wish = StartRequest(
        pile=found.id if found else pile,
        outlet=outlet,
        household_id=visitor.household_id or 0,
        source="qr",
        asked_by=asked_by(visitor),
        pass_id=visitor.pass_id,
        key=f"page:{visitor.household_id}:{key}",
    )
    try:
        outcome = start(house, limited(wish, chosen, house.clock.now(), house.settings.zone))
    except BadQuantityError:
        words = in_words(visitor, Sentence(N_("Please choose from the list.")))
        return _again(request, visitor, pile, outlet, chosen, words, 422)
    if isinstance(outcome, Refused):
        words = in_words(visitor, outcome)
        return _again(request, visitor, pile, outlet, chosen, words, status_of(outcome.reason))
    return RedirectResponse(f"/me/sessions/{outcome.session_id}", status_code=303)


@router.get("/me/sessions/{session_id}")
def see_session(request: Request, visitor: Follow, session_id: str) -> Response:
    """One charge of one's own, from the queue to the line on the bill."""
    house = house_of(request)
    with house.look() as work:
        facts = look.session_facts(work, session_id)
    if facts is None or not visitor.may_follow(charge_of(facts.row)):
        raise no_entry(Reason.NOT_FOUND)
    view = session_view(facts, house.settings.zone)
    return draw(
        request,
        "session.html",
        session_context(view, bill_links=visitor.may("statement.see_own")),
    )


@router.post("/me/sessions/{session_id}/stop")
def stop_charging(request: Request, visitor: EndHere, session_id: str) -> Response:
    """End one's own charge; ending it twice is no error."""
    house = house_of(request)
    with house.look() as work:
        row = session_row(work.uow, session_id)
    if row is None or not visitor.may_follow(charge_of(row)):
        raise no_entry(Reason.NOT_FOUND)
    outcome = stop(house, session_id, asked_by(visitor), visitor.household_id)
    if isinstance(outcome, Refused):
        raise no_entry(Reason.NOT_FOUND)
    return RedirectResponse(f"/me/sessions/{session_id}", status_code=303)


def session_context(
    view: SessionView, stage_was: str = "", *, bill_links: bool = False
) -> dict[str, object]:
    """A session as the templates want it. `stage_was`: the stage the open page was drawn with.
    `bill_links`: who looks may see the statement and question the line."""
    return {
        "view": view,
        "stage_was": stage_was,
        "bill_links": bill_links,
        "seconds": Markup("<span data-count>{}</span>").format(view.waited_seconds),
        "age": Markup("<span data-count>{}</span>").format(view.age_seconds or 0),
        "place_figure": Markup('<span class="figure">{}</span>').format(view.place or ""),
        "known_at": known_at(view.drawn_time),
        "total": Markup("<b>{}</b>").format(_yuan(view)),
    }


def known_at(drawn_time: str) -> Markup:
    """When a page was drawn, for the line that a phone shows when it has only its own copy."""
    return Markup("<span data-known-at>{}</span>").format(drawn_time)


def _yuan(view: SessionView) -> str:
    fen = view.priced.total_fen if view.priced else 0
    return f"{fen // 100}.{fen % 100:02d}"


def _price(work: Work, visitor: Visitor) -> PriceView | None:
    house = work.house
    return price_view(
        house.tariff(work.uow, None, work.now),
        work.now,
        house.settings.zone,
        house.settings.session_energy_wh,
        look.usual_of(work, visitor.home_id),
    )


def facts_of_outlet(work: Work, visitor: Visitor, pile: PileNow, outlet: int) -> OutletFacts | None:
    """What the page of an outlet shows to this visitor; None if there is no such outlet."""
    house = work.house
    seen = pile.outlets.get(outlet)
    if seen is None:
        return None
    version = house.tariff(work.uow, None, work.now)
    household = household_of(work.uow, visitor.household_id) if visitor.household_id else None
    return OutletFacts(
        glance=look.glance_at(work, pile, seen),
        others=look.glances(work),
        now=work.now,
        price=_price(work, visitor),
        is_resident=household is not None,
        is_staff=visitor.staff_id is not None,
        door=household.door if household else "",
        key=house.new_id(work.now_ms),
        fault=look.fault_at(work, pile.id, outlet),
        last=look.last_here(work, visitor.home_id, pile.id, outlet),
        offers=offers(version, house.settings.session_energy_wh),
        may_wish=visitor.may("wish.keep_own"),
    )


def _outlet_page(
    request: Request,
    facts: OutletFacts,
    choice: Choice,
    error: str | None = None,
    status: int = 200,
) -> Response:
    view = outlet_view(facts, house_of(request).settings.zone)
    path = f"/p/{view.number}/{view.outlet}"
    context = {"view": view, "choice": choice, "error": error, "path": path}
    return draw(request, "outlet.html", context, status)


def _again(
    request: Request,
    visitor: Visitor,
    pile: str,
    outlet: int,
    choice: Choice,
    words: str,
    status: int,
) -> Response:
    """The page once more with the reason on top and a fresh key: nothing was started."""
    house: House = house_of(request)
    with house.look() as work:
        found = look.find_pile(house, pile)
        facts = facts_of_outlet(work, visitor, found, outlet) if found else None
    if facts is None:
        raise no_entry(Reason.NOT_FOUND)
    return _outlet_page(request, facts, choice, words, status)
