"""What has to be switched off at once, and what readings alone already prove.

The service takes the protection of a pile for absent: in one vendor's firmware the automatic
cut-offs for heat and overload are disabled since June 2021 because of false trips (AP3000 device
protocol 8.6, public repository taoyao-code/iot-zinx). So heat, smoke, leakage and a relay that does
not open are answered from here too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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


def outlets_to_switch_off(
    code: str,
    pile: str | None,
    outlet: int | None,
    outlets: Mapping[str, Sequence[int]],
    neighbours: Mapping[str, Sequence[str]] | None = None,
    severity: str | None = None,
) -> list[Place]:
    """The outlets to switch off for a fault, those of its own pile first.

    `outlets`: the outlet numbers of each pile. `neighbours`: which piles hang beside which (see
    `beside`); None takes every pile in `outlets` for a neighbour. A fault of an outlet that names
    none means the whole pile. A code nobody knows is obeyed like one of an outlet when the pile
    itself calls it critical.
    """
    if pile is None:
        return []
    scope = fault_of(code).switch_off
    if code not in catalogue() and severity == Severity.CRITICAL:
        scope = SwitchOff.OUTLET
    return _places(scope, pile, outlet, outlets, neighbours)


def blocked_from_start(
    active: Iterable[tuple[str, str | None, int | None]],
    outlets: Mapping[str, Sequence[int]],
    neighbours: Mapping[str, Sequence[str]] | None = None,
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
    outlets: Mapping[str, Sequence[int]],
    neighbours: Mapping[str, Sequence[str]] | None,
) -> list[Place]:
    if scope is SwitchOff.NONE:
        return []
    if scope is SwitchOff.OUTLET and outlet is not None:
        return [Place(pile, outlet)]
    piles = [pile]
    if scope is SwitchOff.NEIGHBOURS:
        near = outlets if neighbours is None else neighbours.get(pile, ())
        piles += [name for name in near if name != pile]
    return [Place(name, number) for name in piles for number in outlets.get(name, ())]


@dataclass(frozen=True, slots=True)
class Hot:
    """An outlet or a pile has been at 80 C or more since `since_ms` (milliseconds since 1970)."""

    since_ms: int
    must_switch_off: bool


def watch_heat(hot_since_ms: int | None, temp_c: float | None, at_ms: int) -> Hot | None:
    """What one more thermometer reading says: None when it is not hot, otherwise since when, and
    whether 30 s are full. Keep `since_ms` for the next reading.

    No temperature says nothing: it neither cools nor heats. A late reading does not count back.
    """
    if temp_c is None:
        return None if hot_since_ms is None else Hot(hot_since_ms, must_switch_off=False)
    if hot_since_ms is not None and at_ms < hot_since_ms:
        return Hot(hot_since_ms, must_switch_off=False)
    if temp_c < HOT_C:
        return None
    since_ms = at_ms if hot_since_ms is None else hot_since_ms
    return Hot(since_ms, must_switch_off=at_ms - since_ms >= HOT_FOR_S * 1000)


@dataclass(frozen=True, slots=True)
class Powered:
    """An outlet without a session draws: `since_ms` is its first reading above 10 W."""

    since_ms: int
    is_welded: bool


def watch_after_end(
    ended_ms: int | None, powered_since_ms: int | None, power_w: float | None, at_ms: int
) -> Powered | None:
    """What one more reading of an outlet without a session says about its relay: None when it is
    off. Welded: a second reading above 10 W, taken 30 s or more after the session was closed
    (`ended_ms`, None if there was none). Keep `since_ms` for the next reading."""
    if power_w is None:
        return None if powered_since_ms is None else Powered(powered_since_ms, is_welded=False)
    if power_w <= OFF_MEANS_BELOW_W:
        return None
    if powered_since_ms is None:
        return Powered(at_ms, is_welded=False)
    is_late_enough = ended_ms is None or at_ms - ended_ms >= WELDED_AFTER_S * 1000
    return Powered(powered_since_ms, is_welded=is_late_enough and at_ms > powered_since_ms)
