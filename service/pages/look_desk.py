"""Looks things up for gatehouse, maintenance and committee."""

from service.alerts import actions as alerts
from service.clock import from_ms
from service.flow.cables import loads_now
from service.flow.house import House, Work
from service.households.actions import household_of
from service.pages import look
from service.pages.gate_view import (
    FeederBar,
    RunningFacts,
    WallView,
    bars_of_entrances,
    feeder_bars,
    wall_view,
)
from service.pages.incident_view import IncidentFacts


def bars_now(work: Work) -> dict[str, FeederBar]:
    """How full every cable is."""
    house = work.house
    return feeder_bars(house.tree, house.risk, loads_now(work))


def wall_now(work: Work) -> WallView:
    """The wall of the gatehouse."""
    bars = bars_of_entrances(work.house.tree, bars_now(work))
    return wall_view(look.glances(work), bars, work.now, work.house.settings.zone)


def running_now(work: Work) -> list[RunningFacts]:
    """Every session that holds an outlet, with its door."""
    house, found = work.house, []
    for one in house.open.values():
        if not one.holds_outlet:
            continue
        household = household_of(work.uow, one.household_id) if one.household_id else None
        progress = house.progress.get(one.id)
        found.append(
            RunningFacts(
                id=one.id,
                door=household.door if household else "",
                pile_number=house.board.piles[one.pile].number,
                outlet=one.outlet,
                state=one.state,
                since=from_ms(one.started_ms or one.requested_ms),
                energy_wh=progress.energy_wh if progress else None,
            )
        )
    return found


def incidents_now(work: Work, pile: str | None = None) -> list[IncidentFacts]:
    """The open incidents, worst first, with what people wrote on them."""
    numbers = look.pile_numbers(work.house)
    names = {key: cable.name for key, cable in work.house.tree.cables.items()}
    return [
        IncidentFacts(
            row,
            tuple(alerts.notes_of(work.uow, row.id or 0)),
            numbers.get(row.pile or ""),
            names.get(row.feeder_id or ""),
        )
        for row in alerts.open_incidents(work.uow, work.now)
        if pile in (None, row.pile)
    ]


def entrances_of(house: House) -> list[int]:
    """Every entrance that has a pile."""
    return sorted({pile.entrance for pile in house.board.piles.values()})
