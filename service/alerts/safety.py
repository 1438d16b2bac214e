"""What has to be switched off at once, and what readings alone already prove.

The service takes the protection of a pile for absent: in one vendor's firmware the automatic
cut-offs for heat and overload are disabled since June 2021 because of false trips (AP3000 device
protocol 8.6, public repository taoyao-code/iot-zinx). So heat, smoke, leakage and a relay that does
not open are answered from here too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from service.piles.faults import Severity, SwitchOff, catalogue, fault_of

HOT_C = 80.0
HOT_FOR_S = 30
"""Outlet or surroundings at 80 C for 30 s: the threshold of the same protocol."""

OFF_MEANS_BELOW_W = 10.0
WELDED_AFTER_S = 30
"""A relay that has opened leaves next to nothing: measured outlets rest between 0.7 and 6 W after
a charge, one at 15.5 W with a full battery and its relay still closed (traces of the public
repository hilo-software/ebike-battery-manager). The threshold is our choice; the delay lets the
last reading of a session pass that was taken before its relay opened."""

BLOCKS_THE_PILE = frozenset({"identity_collision", "storage_fault"})
"""Nothing is switched off for these, but nobody can start: two piles with one identity, or a pile
that may have fallen back to a default identity."""


class Place(NamedTuple):
    """One outlet."""

    pile: str
    outlet: int


def beside(piles: Iterable[tuple[str, int, int]]) -> dict[str, tuple[str, ...]]:
    """Which piles hang next to which, from (pile, entrance, number): the numbers one below and one
    above at the same entrance."""
    places = {(entrance, number): pile for pile, entrance, number in piles}
    return {
        pile: tuple(
            places[spot]
            for spot in ((entrance, number - 1), (entrance, number + 1))
            if spot in places
        )
        for (entrance, number), pile in places.items()
    }


def to_switch_off(
    code: str,
    pile: str | None,
    outlet: int | None,
    outlets: Mapping[str, int],
    neighbours: Mapping[str, Sequence[str]],
    severity: str | None = None,
) -> list[Place]:
    """The outlets to switch off for a fault, its own first.

    `outlets`: how many each pile has. A fault of an outlet that names none means the whole pile. A
    code nobody knows is obeyed like one of an outlet when the pile itself calls it critical.
    """
    if pile is None:
        return []
    scope = fault_of(code).switch_off
    if code not in catalogue() and severity == Severity.CRITICAL:
        scope = SwitchOff.OUTLET
    return _places(scope, pile, outlet, outlets, neighbours)


def blocked_from_start(
    active: Iterable[tuple[str, str | None, int | None]],
    outlets: Mapping[str, int],
    neighbours: Mapping[str, Sequence[str]],
) -> dict[Place, str]:
    """Outlets on which nobody may start while these faults (code, pile, outlet) are active, each
    with the code that blocks it."""
    blocked: dict[Place, str] = {}
    for code, pile, outlet in active:
        if pile is None:
            continue
        scope = SwitchOff.PILE if code in BLOCKS_THE_PILE else fault_of(code).switch_off
        for place in _places(scope, pile, outlet, outlets, neighbours):
            blocked.setdefault(place, code)
    return blocked


def _places(
    scope: SwitchOff,
    pile: str,
    outlet: int | None,
    outlets: Mapping[str, int],
    neighbours: Mapping[str, Sequence[str]],
) -> list[Place]:
    if scope is SwitchOff.NONE:
        return []
    if scope is SwitchOff.OUTLET and outlet is not None:
        return [Place(pile, outlet)]
    piles = [pile, *neighbours.get(pile, ())] if scope is SwitchOff.NEIGHBOURS else [pile]
    return [Place(name, number) for name in piles for number in range(1, outlets.get(name, 0) + 1)]


@dataclass(frozen=True, slots=True)
class Heat:
    """What is remembered of one thermometer."""

    hot_since: datetime | None = None
    last_c: float | None = None


def follow_heat(state: Heat, temp_c: float | None, at: datetime) -> tuple[Heat, bool]:
    """The state after one more reading, and whether it has been 80 C for 30 s.

    No temperature in a reading says nothing: it neither cools nor heats. A reading older than the
    hot ones is passed over.
    """
    if temp_c is None or (state.hot_since is not None and at < state.hot_since):
        return state, False
    if temp_c < HOT_C:
        return Heat(None, temp_c), False
    since = state.hot_since or at
    return Heat(since, temp_c), at - since >= timedelta(seconds=HOT_FOR_S)


@dataclass(frozen=True, slots=True)
class AfterEnd:
    """What is remembered of an outlet whose session has ended."""

    ended_at: datetime
    seen_above: int = 0


def follow_after_end(state: AfterEnd, power_w: float | None, at: datetime) -> tuple[AfterEnd, bool]:
    """The state after one more reading, and whether the relay is welded: the session is closed,
    yet two readings, taken 30 s or more after its end, are above 10 W with none below in between.

    Start it when a session is closed, drop it when the next one starts.
    """
    if power_w is None or at - state.ended_at < timedelta(seconds=WELDED_AFTER_S):
        return state, False
    seen = state.seen_above + 1 if power_w > OFF_MEANS_BELOW_W else 0
    return AfterEnd(state.ended_at, seen), seen >= 2
