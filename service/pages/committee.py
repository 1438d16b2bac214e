"""The committee's figures: a month at a glance, outlets, cables, and how well the piles served."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service.billing.months import A_MONTH
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import House
from service.pages.cables_view import cables_view
from service.pages.committee_view import committee_view
from service.pages.context import house_of
from service.pages.draw import draw
from service.pages.figures_look import (
    Asked,
    asked_month,
    cable_facts,
    cables_now,
    committee_facts,
    entrances_of,
    longest_of,
    numbers_of,
    tree_of,
)
from service.pages.figures_view import outlets_sheet, service_view
from service.pages.sheets import Pen
from service.store import UnitOfWork
from service.usage.actions import figures

router = APIRouter(include_in_schema=False)
See = Annotated[Visitor, Depends(guard("usage.see"))]
Month = Annotated[str | None, Query(pattern=f"^{A_MONTH.pattern}$")]
Sort = Literal["place", "charges", "kwh", "taken", "usable"]


@router.get("/committee")
def overview(request: Request, visitor: See, month: Month = None) -> Response:
    """A month at a glance."""
    house = house_of(request)
    # long reads stay outside the house's lock, so that no pile waits for a figure
    tree = tree_of(house)
    with house.store.reading() as uow:
        asked = asked_or_not_found(uow, house, month)
        facts = committee_facts(uow, asked, tree, house.settings.zone)
    view = committee_view(facts, house.settings.zone)
    return _draw(request, visitor, "committee.html", asked, "overview", view=view)


@router.get("/committee/figures/outlets")
def outlets(request: Request, visitor: See, month: Month = None, sort: Sort = "taken") -> Response:
    """Every outlet of a month, in the order that was asked for."""
    house = house_of(request)
    numbers = numbers_of(house)
    with house.store.reading() as uow:
        asked = asked_or_not_found(uow, house, month)
        found = figures(uow, asked.span, asked.now, house.settings.zone)
    sheet = outlets_sheet(found, numbers, sort)
    return _draw(request, visitor, "figures_outlets.html", asked, "outlets", sheet=sheet, sort=sort)


@router.get("/committee/figures/cables")
def cables(
    request: Request, visitor: See, month: Month = None, day: date | None = None
) -> Response:
    """The cables of a month, and one day of it quarter by quarter."""
    house = house_of(request)
    now = cables_now(house)
    with house.store.reading() as uow:
        wanted = month or (day.isoformat()[:7] if day else None)
        asked = asked_or_not_found(uow, house, wanted)
        facts = cable_facts(house, uow, asked, day, now)
    if facts is None:
        raise no_entry(Reason.NOT_FOUND)
    view = cables_view(facts, house.settings.zone)
    return _draw(request, visitor, "figures_cables.html", asked, "cables", view=view)


@router.get("/committee/figures/service")
def served(request: Request, visitor: See, month: Month = None) -> Response:
    """How much of the time outlets could be used, and how long repairs took."""
    house = house_of(request)
    numbers, entrances = numbers_of(house), entrances_of(house)
    with house.store.reading() as uow:
        asked = asked_or_not_found(uow, house, month)
        found = figures(uow, asked.span, asked.now, house.settings.zone)
        longest = longest_of(uow, asked)
    view = service_view(found, longest, numbers, entrances)
    return _draw(request, visitor, "figures_service.html", asked, "service", view=view)


def asked_or_not_found(uow: UnitOfWork, house: House, month: str | None) -> Asked:
    """The month that was asked for. Raises NoEntryError when there are no figures of it."""
    asked = asked_month(uow, month, house.clock.now(), house.settings.zone)
    if asked is None:
        raise no_entry(Reason.NOT_FOUND)
    return asked


def _draw(
    request: Request, visitor: Visitor, template: str, asked: Asked, part: str, **facts: object
) -> Response:
    pen = Pen(visitor.language, house_of(request).settings.zone)
    return draw(request, template, {"asked": asked, "part": part, "pen": pen, **facts})
