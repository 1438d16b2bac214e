"""Which outlet is meant for the person at the window: first where a plug waits near their door."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from service.pages.glance import Glance
from service.piles.board import Face, OutletNow

MOST_NEAR = 6
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Outlets at which one can start: where a plug is in and nothing runs, then free ones at the
    same entrance, then all others by entrance."""

    plugged: tuple[Glance, ...]
    near: tuple[Glance, ...]
    others: tuple[Glance, ...]


def with_a_plug(outlets: Iterable[OutletNow]) -> frozenset[Place]:
    """Where a plug is in and nothing runs, by what the piles say."""
    return frozenset((one.pile, one.number) for one in outlets if one.state == "plugged")


def suggestions(
    outlets: Sequence[Glance], plugged: AbstractSet[Place], entrance: int
) -> Suggestions:
    """Free outlets in the order in which they are likely meant."""
    free = [one for one in outlets if one.face is Face.FREE]
    here = [one for one in free if one.entrance == entrance]
    waiting = [one for one in here if (one.pile, one.outlet) in plugged]
    near = [one for one in here if (one.pile, one.outlet) not in plugged][:MOST_NEAR]
    shown = {(one.pile, one.outlet) for one in (*waiting, *near)}
    others = [one for one in free if (one.pile, one.outlet) not in shown]
    others.sort(key=lambda one: (one.entrance != entrance, one.entrance, one.pile_number))
    return Suggestions(tuple(waiting), tuple(near), tuple(others))
