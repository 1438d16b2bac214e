"""What people on duty ask of many outlets or of the switch in one: cut, open again, test."""

from dataclasses import dataclass

from service.flow import orders
from service.flow.house import House, Work
from service.flow.requests import Sent, cut_in
from service.piles import commands
from service.piles.actions import set_in_service
from service.piles.board import PileNow
from service.piles.commands import Order
from service.piles.records import Pile, pile_rows
from service.sessions.may_start import Reason, Refused, refuse

CUT_REASON = "entrance_cut"
"""Why a pile is out of service when its entrance was cut: a word of ours, put into words where it
is shown. What is out of service for another reason stays so when the entrance is opened again."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Outlets that were told to switch off, and piles on which nobody may start meanwhile."""

    commands: int
    closed: int


def cut_and_close(house: House, entrance: int, asked_by: str) -> Cut:
    """Emergency: switch every outlet of an entrance off and let nobody start there until somebody
    opens it again: a phone must not switch on what the gatehouse has just switched off."""
    with house.work() as work:
        commands_sent = cut_in(work, entrance, asked_by)
        open_piles = [pile for pile in _piles_of(work, entrance) if pile.in_service]
        for pile in open_piles:
            _set(work, pile, False, CUT_REASON)
        return Cut(commands_sent, len(open_piles))


def open_again(house: House, entrance: int) -> int:
    """The danger is over: starts are allowed again, nothing starts by itself; how many piles."""
    with house.work() as work:
        cut = {row.id for row in pile_rows(work.uow) if row.out_of_service_reason == CUT_REASON}
        piles = [pile for pile in _piles_of(work, entrance) if pile.id in cut]
        for pile in piles:
            _set(work, pile, True, None)
        return len(piles)


def cut_entrances(work: Work) -> frozenset[int]:
    """The entrances that were cut and not opened again."""
    rows = pile_rows(work.uow)
    return frozenset(row.entrance for row in rows if row.out_of_service_reason == CUT_REASON)


def _piles_of(work: Work, entrance: int) -> list[PileNow]:
    return [pile for pile in work.house.board.piles.values() if pile.entrance == entrance]


def _set(work: Work, pile: PileNow, in_service: bool, reason: str | None) -> None:
    set_in_service(work.uow, pile, in_service, reason, work.now)
    work.outcomes.piles.add(pile.id)
    work.outcomes.outlets |= {(pile.id, number) for number in pile.outlets}


def try_switch(house: House, pile_id: str, outlet: int, asked_by: str) -> Sent | Refused:
    """Tell an outlet without a charge to switch off, and the pile to measure: what it answers and
    what still flows say whether its switch opens.

    The contract has no command that moves a switch for a test, and closing one without an order
    would sell energy to nobody; that it closes is shown by the charges themselves.
    """
    with house.work() as work:
        pile = house.board.piles.get(pile_id)
        if pile is None or outlet not in pile.outlets:
            return refuse(Reason.OUTLET_UNKNOWN, pile=pile_id, outlet=outlet)
        if house.held_by(pile_id, outlet) is not None:
            return refuse(Reason.OUTLET_BUSY)
        off = orders.send(work, pile, commands.stop(outlet, "any", "operator"), asked_by)
        if off is None:
            return refuse(Reason.PILE_SILENT)
        measure = Order("report_now", None, None, {"what": ["meter", "outlets", "faults"]})
        orders.send(work, pile, measure, asked_by)
        return Sent(off)


def out_of_service(work: Work, pile_id: str) -> Pile | None:
    """The row of a pile that is out of service, with reason and since when; None if it is in."""
    row = work.uow.session.get(Pile, pile_id)
    return row if row is not None and not row.in_service else None
