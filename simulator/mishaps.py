"""What goes wrong, as data: kinds, how often, and the deed at the pile. All from one seed."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from simulator.core import Publish
from simulator.oracle import Oracle
from simulator.pile import Pile
from simulator.times import DAY, HOUR, SECOND

WRONG_CLOCKS_MS = (8 * HOUR, -8 * HOUR, -1 * HOUR, 40 * 365 * DAY)


@dataclass(frozen=True)
class Mishap:
    """One thing that goes wrong at a pile (and outlet) at `at_ms`, until `until_ms`."""

    kind: str
    at_ms: int
    pile: str
    outlet: int
    until_ms: int


class Stage(Protocol):
    """What a mishap needs of the world."""

    piles: dict[str, Pile]

    @property
    def oracle(self) -> Oracle:
        """The true ledger."""
        ...

    def link_down(self, pile: str, now: int, until: int) -> None:
        """Cut the pile's link."""
        ...

    def emit(self, pile: str, said: list[Publish], now: int) -> None:
        """Hand over what a pile said."""
        ...

    def later(self, at: int, deed: Callable[[int], None]) -> None:
        """Do something at a time."""
        ...


Deed = Callable[[Stage, Mishap, int], None]


def _lost_link(stage: Stage, mishap: Mishap, now: int) -> None:
    stage.link_down(mishap.pile, now, mishap.until_ms)


def _reboot(stage: Stage, mishap: Mishap, now: int) -> None:
    pile = stage.piles[mishap.pile]
    stage.emit(mishap.pile, pile.reboot(now, "watchdog", planned=False), now)


def _power_cut(stage: Stage, mishap: Mishap, now: int) -> None:
    pile = stage.piles[mishap.pile]
    stage.emit(mishap.pile, pile.power_cut(now), now)
    stage.later(mishap.until_ms, lambda t: stage.emit(mishap.pile, pile.power_back(t), t))


def _register(noticed: bool) -> Deed:
    def deed(stage: Stage, mishap: Mishap, now: int) -> None:
        pile = stage.piles[mishap.pile]
        said = pile.tick(now)
        pile.safety.register_replaced(pile.slot(mishap.outlet), now, noticed=noticed)
        stage.emit(mishap.pile, said + pile.tick(now), now)

    return deed


def _register_jump(stage: Stage, mishap: Mishap, now: int) -> None:
    slot = stage.piles[mishap.pile].slot(mishap.outlet)
    slot.hw.run_to(now)
    slot.hw.meter.total_wh += 10_000_000


def _relay_welded(stage: Stage, mishap: Mishap, now: int) -> None:
    pile = stage.piles[mishap.pile]
    said = pile.tick(now)
    slot = pile.slot(mishap.outlet)
    slot.hw.damage(now, welded=True)
    pile.charging.look_for_current(slot, now)
    stage.emit(mishap.pile, said, now)

    def mend(t: int) -> None:
        pile.safety.relay_mended(slot, t)
        stage.emit(mishap.pile, pile.tick(t), t)

    stage.later(mishap.until_ms, mend)


def _over_temperature(stage: Stage, mishap: Mishap, now: int) -> None:
    pile = stage.piles[mishap.pile]
    slot = pile.slot(mishap.outlet)

    def heat(temp_c: float) -> Callable[[int], None]:
        def deed(t: int) -> None:
            pile.safety.temperature(slot, temp_c, t)
            stage.emit(mishap.pile, pile.tick(t), t)

        return deed

    heat(82.5)(now)
    stage.later(mishap.until_ms, heat(51.0))


def _alarm(code: str) -> Deed:
    def deed(stage: Stage, mishap: Mishap, now: int) -> None:
        pile = stage.piles[mishap.pile]

        def switch(active: bool, t: int) -> None:
            said = pile.tick(t)
            pile.safety.alarm(code, active, t)
            stage.emit(mishap.pile, said + pile.tick(t), t)

        switch(True, now)
        stage.later(mishap.until_ms, lambda t: switch(False, t))

    return deed


def _clock_wrong(stage: Stage, mishap: Mishap, now: int) -> None:
    core = stage.piles[mishap.pile].core
    core.clock.shift(core.rng.choice(WRONG_CLOCKS_MS), core.uptime(now))


def _settlement_lost(stage: Stage, mishap: Mishap, now: int) -> None:
    """The oldest waiting settlement, or else the next one, is lost with its flash page."""
    store = stage.piles[mishap.pile].core.flash.settlements
    lost = store.lose_first()
    if lost is not None:
        stage.oracle.lost_settlements.append(str(lost["session_id"]))
    elif now < mishap.until_ms:
        stage.later(now + SECOND, lambda t: _settlement_lost(stage, mishap, t))


KINDS: dict[str, Deed] = {
    "lost_link": _lost_link,
    "reboot": _reboot,
    "power_cut": _power_cut,
    "register_reset": _register(noticed=True),
    "register_falls": _register(noticed=False),
    "register_jump": _register_jump,
    "relay_welded": _relay_welded,
    "over_temperature": _over_temperature,
    "smoke": _alarm("smoke"),
    "water": _alarm("water"),
    "leakage": _alarm("leakage"),
    "clock_wrong": _clock_wrong,
    "settlement_lost": _settlement_lost,
}
"""Every mishap at a pile. Doubled, delayed and reordered messages are chances of a scenario."""

_LASTS_S = {"lost_link": (5, 1800), "power_cut": (3, 5400), "relay_welded": (600, 7200)}


def plan_day(
    rates: dict[str, float], piles: list[str], outlets: int, midnight_ms: int, seed: int
) -> list[Mishap]:
    """The mishaps of one local day by their rates per pile and day."""
    rng = Random(f"{seed}:mishaps:{midnight_ms}")
    planned: list[Mishap] = []
    for pile in piles:
        for kind in sorted(rates):
            chance = rates[kind]
            while chance > 0 and rng.random() < chance:
                at = midnight_ms + rng.randrange(DAY)
                low, high = _LASTS_S.get(kind, (120, 1200))
                until = at + rng.randrange(low, high) * SECOND
                planned.append(Mishap(kind, at, pile, rng.randrange(outlets) + 1, until))
                chance -= 1
    return sorted(planned, key=lambda m: (m.at_ms, m.pile, m.kind))


def happen(stage: Stage, mishap: Mishap, now: int) -> None:
    """Let it happen, and write it down in the true ledger."""
    stage.oracle.note(now, mishap.kind, mishap.pile, outlet=mishap.outlet, until=mishap.until_ms)
    KINDS[mishap.kind](stage, mishap, now)
