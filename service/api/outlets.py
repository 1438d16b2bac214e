"""What can be charged at, at what price, and how full the cables are."""

from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import Request

from service.api.context import a_router, house_of, no
from service.api.outlet_shapes import BandOut, FeederOut, OutletOut, TariffOut
from service.api.session_shapes import PILE_PATTERN
from service.billing.tariff import band_at, next_change, show_slots
from service.clock import from_ms
from service.door import Reason, Visitor, guard, no_entry
from service.feeders.risk import FeederState, explain
from service.flow.cables import loads_now
from service.flow.house import Work
from service.piles.board import OutletNow, PileNow
from service.sessions.lifecycle import State
from service.words import N_, Sentence

router = a_router("outlets and prices")

See = Annotated[Visitor, Depends(guard("outlet.see"))]
SeePrice = Annotated[Visitor, Depends(guard("price.see"))]
SeeFeeders = Annotated[Visitor, Depends(guard("feeder.see"))]


@router.get("/outlets")
def outlets(request: Request, visitor: See) -> list[OutletOut]:
    """Every outlet, by pile number."""
    with house_of(request).look() as work:
        held = {(one.pile, one.outlet) for one in work.house.open.values() if one.holds_outlet}
        return [
            _outlet_out(work, pile, outlet, held=(pile.id, outlet.number) in held)
            for pile in sorted(work.house.board.piles.values(), key=lambda pile: pile.number)
            for outlet in pile.outlets.values()
        ]


@router.get("/outlets/{pile}/{outlet}")
def outlet(
    request: Request,
    visitor: See,
    pile: Annotated[str, Path(pattern=PILE_PATTERN)],
    outlet: Annotated[int, Path(ge=1, le=16)],
) -> OutletOut:
    """One outlet."""
    with house_of(request).look() as work:
        found = work.house.board.piles.get(pile)
        number = found.outlets.get(outlet) if found else None
        if found is None or number is None:
            raise no_entry(Reason.NOT_FOUND)
        held = work.house.held_by(pile, outlet) is not None
        return _outlet_out(work, found, number, held=held)


def _outlet_out(work: Work, pile: PileNow, outlet: OutletNow, *, held: bool) -> OutletOut:
    return OutletOut(
        pile=pile.id,
        pile_number=pile.number,
        outlet=outlet.number,
        entrance=pile.entrance,
        face=pile.face(outlet, held=held, now_ms=work.now_ms),
        heard_at=from_ms(pile.heard_ms) if pile.heard_ms else None,
    )


@router.get("/tariff")
def tariff(request: Request, visitor: SeePrice) -> TariffOut:
    """The price now, and when it changes."""
    house = house_of(request)
    with house.look() as work:
        version, now = house.tariff(work.uow, None, work.now), work.now
    if version is None:
        raise no("no_such_tariff", Sentence(N_("No price is in force.")))
    zone = house.settings.zone
    band = version.bands[band_at(version, now, zone)]
    return TariffOut(
        version=version.id,
        starts_at=version.starts_at,
        electricity_e4=band.electricity_e4,
        service_e4=band.service_e4,
        next_change_at=next_change(version, now, zone),
        bands=[
            BandOut(
                name=each.name,
                times=show_slots(each.slots),
                electricity_e4=each.electricity_e4,
                service_e4=each.service_e4,
            )
            for each in version.bands
        ],
    )


@router.get("/feeders")
def feeders(request: Request, visitor: SeeFeeders) -> list[FeederOut]:
    """Every supply cable: how full it is, how that is known, and who waits for it."""
    with house_of(request).look() as work:
        house, loads = work.house, loads_now(work)
        waiting = [
            feeder_id
            for one in house.open.values()
            if one.state is State.QUEUED
            for feeder_id in house.tree.path(house.board.piles[one.pile].feeder_id)
        ]
        found = []
        for feeder_id, cable in house.tree.cables.items():
            load, risk = loads[feeder_id], house.risk.get(feeder_id, FeederState())
            found.append(
                FeederOut(
                    id=feeder_id,
                    name=cable.name,
                    parent_id=cable.parent_id,
                    entrance=cable.entrance,
                    rating_ma=cable.rating_ma,
                    current_ma=load.current_ma,
                    assumed_ma=load.assumed_ma,
                    drawing=load.drawing,
                    silent=load.silent,
                    level=risk.level,
                    sentence=explain(risk, cable, load).in_language(visitor.language),
                    level_since=risk.since,
                    queued=waiting.count(feeder_id),
                )
            )
        return found
