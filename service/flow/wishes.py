"""Households that wait for a free outlet: taken down, followed second by second, told once."""

from service.flow.house import Work
from service.piles.board import Face
from service.sessions.actions import drop_wish, follow_wish, make_wish, waiting
from service.sessions.records import Wish, wishes
from service.sessions.wishes import Spot, ends_at, judge


def wish(
    work: Work, household_id: int, *, entrance: int | None = None, pile: str | None = None
) -> Wish:
    """Tell this household when an outlet is free there, until the evening ends. If one is free
    already, it is told at once."""
    until = ends_at(work.now, work.house.settings.zone)
    row = make_wish(work.uow, household_id, work.now, until, entrance=entrance, pile=pile)
    _follow(work, row, free_spots(work))
    work.outcomes.households.add(household_id)
    return row


def unwish(work: Work, household_id: int) -> bool:
    """The household does not want to be told any more; False if it had no wish."""
    work.outcomes.households.add(household_id)
    return drop_wish(work.uow, household_id)


def follow_wishes(work: Work) -> None:
    """Tell those who wait; called about once a second."""
    rows = wishes(work.uow)
    if not rows:
        return
    free = free_spots(work)
    for row in rows:
        _follow(work, row, free)


def free_spots(work: Work) -> list[Spot]:
    """Every outlet that is free now."""
    held = {(one.pile, one.outlet) for one in work.house.open.values() if one.holds_outlet}
    return [
        Spot(pile.id, outlet.number, pile.entrance, pile.number)
        for pile in work.house.board.piles.values()
        for outlet in pile.outlets.values()
        if pile.face(outlet, held=(pile.id, outlet.number) in held, now_ms=work.now_ms) is Face.FREE
    ]


def _follow(work: Work, row: Wish, free: list[Spot]) -> None:
    started = any(
        one.household_id == row.household_id and work.at(one.requested_ms) > row.asked_at
        for one in work.house.open.values()
    )
    verdict = judge(waiting(row), free, work.now, started=started)
    if follow_wish(work.uow, row, verdict, work.now):
        work.outcomes.households.add(row.household_id)
