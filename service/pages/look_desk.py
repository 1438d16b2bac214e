"""Looks things up for gatehouse, maintenance and committee."""

from service.alerts import actions as alerts
from service.alerts.records import Incident, closed_rows, photo_facts
from service.clock import from_ms
from service.flow.cables import loads_now
from service.flow.duty import cut_entrances
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
from service.pages.incident_view import IncidentFacts, incident_view
from service.piles.faults import Severity


def bars_now(work: Work) -> dict[str, FeederBar]:
    """How full every cable is."""
    house = work.house
    return feeder_bars(house.tree, house.risk, loads_now(work))


def wall_now(work: Work) -> WallView:
    """The wall of the gatehouse."""
    bars = bars_of_entrances(work.house.tree, bars_now(work))
    cut = cut_entrances(work)
    return wall_view(look.glances(work), bars, work.now, work.house.settings.zone, cut)


def wall_facts(work: Work) -> dict[str, object]:
    """Everything of the wall that is pushed: piles and what is wrong, no door and no person."""
    now, zone = work.now, work.house.settings.zone
    incidents = [incident_view(one, now, zone) for one in incidents_now(work)]
    return {
        "view": wall_now(work),
        "incidents": [one for one in incidents if one.severity is not Severity.INFO],
    }


def running_now(work: Work, pile: str | None = None) -> list[RunningFacts]:
    """Every session that holds an outlet (of one pile), with its door."""
    house, found = work.house, []
    for one in house.open.values():
        if not one.holds_outlet or pile not in (None, one.pile):
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
                entrance=house.board.piles[one.pile].entrance,
            )
        )
    return found


def incidents_now(work: Work, pile: str | None = None) -> list[IncidentFacts]:
    """The open incidents, worst first, with what people wrote on them."""
    return [
        incident_facts(work, row)
        for row in alerts.open_incidents(work.uow, work.now)
        if pile in (None, row.pile)
    ]


def incident_facts(work: Work, row: Incident) -> IncidentFacts:
    """One incident with what people wrote and photographed."""
    cable = work.house.tree.cables.get(row.feeder_id or "")
    return IncidentFacts(
        row,
        tuple(alerts.notes_of(work.uow, row.id or 0)),
        look.pile_numbers(work.house).get(row.pile or ""),
        cable.name if cable else None,
        tuple(photo_facts(work.uow, [row.id or 0])),
        work.house.settings.escalate_after_minutes * 60,
    )


def incidents_closed(work: Work, limit: int) -> list[IncidentFacts]:
    """What was closed last."""
    return [incident_facts(work, row) for row in closed_rows(work.uow, limit)]


def entrances_of(house: House) -> list[int]:
    """Every entrance that has a pile."""
    return sorted({pile.entrance for pile in house.board.piles.values()})
