"""A resident at the wall: finds a free outlet, plugs in, swipes, swipes again, and comes back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from simulator.core import Publish
from simulator.pile import Pile
from simulator.residents import Card, Resident, Visit, visit_of
from simulator.scenario import Scenario
from simulator.times import HOUR, MINUTE, SECOND

SWIPES = 3
SWIPE_AGAIN_MS = 50 * SECOND
COMES_AGAIN_MS = 25 * MINUTE


class Compound(Protocol):
    """What residents need of the world."""

    piles: dict[str, Pile]
    entrance_of: dict[str, int]
    now: int
    scenario: Scenario
    seed: int
    rng: Random

    def emit(self, pile: str, said: list[Publish], now: int) -> None:
        """Hand over what a pile said."""
        ...

    def later(self, at: int, deed: Callable[[int], None]) -> None:
        """Do something at a time."""
        ...


@dataclass
class Parked:
    """A bike that is plugged in."""

    visit: Visit
    pile: str
    outlet: int
    swipes: int = 0


class Visits:
    """What the residents do in one world, and who stood where."""

    def __init__(self, world: Compound, residents: list[Resident], cards: list[Card]):
        self.world, self.residents = world, residents
        self.household_of = {card.card_uid: card.household for card in cards}
        self.parked: dict[tuple[str, int], Parked] = {}
        self.turned_away = 0
        """Bikes that found no free outlet in three tries."""

    def plan(self, midnight_ms: int, now: int) -> None:
        """The visits of one local day."""
        scenario, seed = self.world.scenario, self.world.seed
        for resident in self.residents:
            visit = visit_of(resident, midnight_ms, seed, scenario.busier)
            if visit is not None and visit.comes_ms >= now:
                self.comes(visit)

    def play(self, visits: list[Visit], now: int) -> None:
        """Given visits instead of habits: those that are still to come."""
        for visit in visits:
            if visit.leaves_ms > now:
                self.comes(replace(visit, comes_ms=max(visit.comes_ms, now + 15 * SECOND)))

    def stays(self, resident: Resident, pile: str, outlet: int, leaves_ms: int) -> None:
        """A bike that was already plugged in when this world began."""
        parked = Parked(Visit(resident, self.world.now, leaves_ms, 0.0), pile, outlet, SWIPES)
        self.parked[pile, outlet] = parked
        self.world.later(max(leaves_ms, self.world.now), lambda t: self._leaves(parked, t))

    def came_before(self, midnight_ms: int, now: int) -> None:
        """A world that begins in the evening: who came earlier arrives in the first two minutes."""
        scenario, seed = self.world.scenario, self.world.seed
        for resident in self.residents:
            visit = visit_of(resident, midnight_ms, seed, scenario.busier)
            if visit is not None and visit.comes_ms < now < visit.leaves_ms - MINUTE:
                had_h = (now - visit.comes_ms) / HOUR
                comes = now + self.world.rng.randrange(15 * SECOND, 2 * MINUTE)
                left_wh = visit.needs_wh * max(0.15, 1 - had_h / 5)
                self.comes(replace(visit, comes_ms=comes, needs_wh=left_wh))

    def comes(self, visit: Visit, tries: int = 3) -> None:
        """Plan one visit."""
        self.world.later(visit.comes_ms, lambda now: self._arrives(visit, tries, now))

    def _free_outlets(self, entrance: int) -> list[tuple[str, int]]:
        """Free outlets, those of the own entrance first."""
        free = [
            (name, slot.number)
            for name, pile in self.world.piles.items()
            for slot in pile.core.slots
            if slot.hw.pack is None and not pile.faults.at_outlet(slot.number)
        ]
        own = [place for place in free if self.world.entrance_of[place[0]] == entrance]
        return own or free

    def _arrives(self, visit: Visit, tries: int, now: int) -> None:
        if any(p.visit.resident is visit.resident for p in self.parked.values()):
            return
        free = self._free_outlets(visit.resident.entrance)
        if not free:
            if tries > 1:
                again = now + COMES_AGAIN_MS
                self.world.later(again, lambda t: self._arrives(visit, tries - 1, t))
            else:
                self.turned_away += 1
            return
        pile, outlet = self.world.rng.choice(free)
        parked = Parked(visit, pile, outlet)
        self.parked[pile, outlet] = parked
        pack = visit.resident.pack(visit.needs_wh)
        self.world.emit(pile, self.world.piles[pile].plug(outlet, pack, now), now)
        wait = self.world.rng.randrange(6 * SECOND, 25 * SECOND)
        self.world.later(now + wait, lambda t: self._swipes(parked, t))
        self.world.later(max(visit.leaves_ms, now + MINUTE), lambda t: self._leaves(parked, t))

    def _swipes(self, parked: Parked, now: int) -> None:
        pile = self.world.piles[parked.pile]
        slot = pile.slot(parked.outlet)
        gone = self.parked.get((parked.pile, parked.outlet)) is not parked
        if gone or slot.charge is not None or parked.swipes >= SWIPES:
            return
        parked.swipes += 1
        uid = parked.visit.resident.card_uid
        self.world.emit(parked.pile, pile.swipe(parked.outlet, uid, now), now)
        self.world.later(now + SWIPE_AGAIN_MS, lambda t: self._swipes(parked, t))

    def _leaves(self, parked: Parked, now: int) -> None:
        place = (parked.pile, parked.outlet)
        if self.parked.get(place) is not parked:
            return
        del self.parked[place]
        pile = self.world.piles[parked.pile]
        if pile.slot(parked.outlet).hw.pack is not None:
            self.world.emit(parked.pile, pile.unplug(parked.outlet, now), now)
