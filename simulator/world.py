"""The compound in one process: piles, residents, mishaps, and the true ledger, at any time.

Event driven: between two things that happen nothing is computed, so a day takes seconds.
Used by the tests directly and by both drivers.
"""

import heapq
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from simulator.core import PileConfig, Publish
from simulator.mishaps import Mishap, happen, plan_day
from simulator.oracle import Oracle
from simulator.packs import Pack
from simulator.pile import Pile
from simulator.residents import Card, Resident, settle_in
from simulator.scenario import Scenario, load_scenario
from simulator.times import DAY, MINUTE, NEVER, SECOND, local_midnight
from simulator.visits import Visits

QUESTIONS = ("hello", "card", "session", "time")
"""Uplinks that want an answer soon."""
LINK_NOTICED_MS = 75 * SECOND
"""Keep-alive 60 s: a dead link is noticed after 60 to 90 s on both sides."""
WILL_MS = 110 * SECOND
"""1.5 keep-alives and the will delay of 20 s."""


class Uplink(NamedTuple):
    """A message that reached the broker: when (ms UTC), from which pile, and what."""

    at: int
    pile: str
    publish: Publish


class World:
    """All piles and people. `now` only moves forward; all times are ms UTC."""

    def __init__(
        self, scenario: Scenario, seed: int, cards: list[Card], start: int, *,
        own_broker: bool = True,
    ):  # fmt: skip
        """`own_broker`: connections are made here at once; a live driver makes them itself."""
        self.scenario, self.seed, self.now = scenario, seed, start
        self.own_broker = own_broker
        self._oracle = Oracle()
        self.rng = Random(f"{seed}:world")
        self.piles: dict[str, Pile] = {}
        self.entrance_of: dict[str, int] = {}
        self._heap: list[tuple[int, int, Callable[[int], None]]] = []
        self._count = 0
        self._wake: dict[str, int] = {}
        self._down_until: dict[str, int] = {}
        self._said: list[Uplink] = []
        self._asked = False
        self._build_piles(start)
        self.residents: list[Resident] = settle_in(cards, scenario.bikes, seed)
        self.visits = Visits(self, self.residents, cards)
        self._each_day(start, first=True)

    @classmethod
    def from_scenario(
        cls, scenario: Scenario | str, seed: int, cards: list[Card], start: int, *,
        own_broker: bool = True,
    ) -> "World":  # fmt: skip
        """A world by the name of its scenario. Raises BadScenarioError with a sentence."""
        found = load_scenario(scenario) if isinstance(scenario, str) else scenario
        return cls(found, seed, cards, start, own_broker=own_broker)

    @property
    def oracle(self) -> Oracle:
        """The true ledger, with every meter counted up to now."""
        for pile in self.piles.values():
            for slot in pile.core.slots:
                slot.hw.run_to(self.now)
        for session in self._oracle.sessions.values():
            if session.card_uid is not None:
                session.household = self.visits.household_of.get(session.card_uid)
        return self._oracle

    def _build_piles(self, start: int) -> None:
        plan = self.scenario
        for n in range(1, plan.piles + 1):
            name = f"LB-{n:03d}"
            config = PileConfig(
                name, outlets=plan.outlets, heartbeat_s=plan.heartbeat_s, meter_s=plan.meter_s,
                meter_idle_s=plan.meter_idle_s, keeps_own_intervals=plan.keeps_own_intervals,
            )  # fmt: skip
            self.piles[name] = Pile(config, self.seed, self._oracle)
            self.entrance_of[name] = entrance_of(n, plan.piles)
            self.later(start + self.rng.randrange(3 * SECOND), self._power_on(name))

    def _power_on(self, name: str) -> Callable[[int], None]:
        return lambda now: self.emit(name, self.piles[name].power_back(now), now)

    def _each_day(self, now: int, *, first: bool = False) -> None:
        midnight = local_midnight(now)
        self.visits.plan(midnight, now)
        names = list(self.piles)
        mishaps = plan_day(self.scenario.rates, names, self.scenario.outlets, midnight, self.seed)
        if first:
            mishaps += [
                Mishap(
                    p.kind, midnight + p.minutes() * MINUTE, p.pile, p.outlet,
                    midnight + p.minutes() * MINUTE + p.for_s * SECOND,
                )
                for p in self.scenario.mishaps if p.pile in self.piles
            ]  # fmt: skip
        for mishap in mishaps:
            if mishap.at_ms >= now:
                self.mishap(mishap)
        self.later(midnight + DAY, self._each_day)

    # --- the handle the drivers turn ---

    def advance(self, to: int, *, until_question: bool = False) -> list[Uplink]:
        """Everything that reaches the broker up to `to`, in order of time.

        With `until_question` it stops at the first message that wants an answer; `now` says where.
        """
        self._asked = False
        while self._heap and self._heap[0][0] <= to:
            if until_question and self._asked and self._heap[0][0] > self.now:
                break
            at, _, deed = heapq.heappop(self._heap)
            self.now = max(self.now, at)
            deed(self.now)
        else:
            self.now = max(self.now, to)
        return self._collected()

    def deliver(
        self, pile: str, topic: str, payload: bytes, retained: bool, at: int
    ) -> list[Uplink]:
        """Give a pile (`_all`: every pile) a message; the answers."""
        at = max(at, self.now)
        if at > self.now:
            self.keep(self.advance(at))
        for name in self.piles if pile == "_all" else (pile,):
            if self._down_until.get(name, 0) <= at and name in self.piles:
                self.emit(name, self.piles[name].receive(topic, payload, retained, at), at)
        return self._collected()

    def _collected(self) -> list[Uplink]:
        said, self._said = self._said, []
        return said

    def keep(self, uplinks: list[Uplink]) -> None:
        """Put messages back: the next `advance` hands them out."""
        self._said += uplinks

    def next_event(self) -> int:
        """When something will happen next."""
        return self._heap[0][0] if self._heap else NEVER

    # --- what the parts of the world use ---

    def later(self, at: int, deed: Callable[[int], None]) -> None:
        """Do something at a time."""
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, deed))

    def emit(self, pile: str, said: list[Publish], now: int) -> None:
        """Hand over what a pile said, through its link, and plan its next wake."""
        if self._down_until.get(pile, 0) <= now:
            for publish in said:
                self._through_the_link(pile, publish, now)
        self._plan_wake(pile, now)

    def _through_the_link(self, pile: str, publish: Publish, now: int) -> None:
        plan = self.scenario
        tail = publish.topic.rsplit("/", 1)[1]
        if tail in QUESTIONS:
            self._asked = True
        times = 1
        if plan.double_chance and self.rng.random() < plan.double_chance:
            times = 2
        for _ in range(times):
            if plan.delay_chance and self.rng.random() < plan.delay_chance:
                at = now + self.rng.randrange(1, plan.delay_s * SECOND)
                self.later(at, lambda t, p=publish: self._said.append(Uplink(t, pile, p)))  # type: ignore[misc]
            else:
                self._said.append(Uplink(now, pile, publish))

    def _plan_wake(self, name: str, now: int) -> None:
        pile = self.piles[name]
        at = pile.next_wake(now)
        if self.own_broker:
            at = min(at, max(pile.connect_at, now))
        if at < NEVER and self._wake.get(name) != at:
            self._wake[name] = at
            self.later(at, lambda t: self._wake_pile(name, at, t))

    def _wake_pile(self, name: str, planned: int, now: int) -> None:
        if self._wake.get(name) != planned:
            return
        del self._wake[name]
        pile = self.piles[name]
        said = pile.tick(now)
        if self.own_broker and pile.connect_at <= now:
            if self._down_until.get(name, 0) > now:
                pile.connect_failed(now)
            else:
                said += pile.connect(now)
        self.emit(name, said, now)

    def link_down(self, pile: str, now: int, until: int) -> None:
        """Cut a pile's link: what it says is lost until it notices, then it backs off."""
        self._down_until[pile] = max(until, self._down_until.get(pile, 0))
        if self.own_broker:
            conn_id = self.piles[pile].core.conn_id
            self.later(now + LINK_NOTICED_MS, lambda t: self._notice(pile, conn_id, t))
            self._will_follows(pile, now)

    def link_is_down(self, pile: str) -> bool:
        """The link of this pile is cut now."""
        return self._down_until.get(pile, 0) > self.now

    def _notice(self, name: str, conn_id: str, now: int) -> None:
        if self.piles[name].core.conn_id == conn_id:
            self.piles[name].connection_lost(now)
            self._plan_wake(name, now)

    def _will_follows(self, name: str, now: int) -> None:
        will, conn_id = self.piles[name].will(), self.piles[name].core.conn_id

        def publish(t: int) -> None:
            core = self.piles[name].core
            if not core.connected or core.conn_id != conn_id:
                self._said.append(Uplink(t, name, will))

        if self.piles[name].core.conn_id:
            self.later(now + WILL_MS, publish)

    def mishap(self, mishap: Mishap) -> None:
        """Plan a mishap."""

        def deed(now: int) -> None:
            if self.own_broker and mishap.kind in ("reboot", "power_cut"):
                self._will_follows(mishap.pile, now)
            happen(self, mishap, now)

        self.later(max(mishap.at_ms, self.now), deed)

    # --- people ---

    def plug(self, pile: str, outlet: int, pack: Pack, at: int | None = None) -> list[Uplink]:
        """Somebody plugs a charger in, now or at a time not before now."""
        now = self._come_to(at)
        self.emit(pile, self.piles[pile].plug(outlet, pack, now), now)
        return self._collected()

    def unplug(self, pile: str, outlet: int, at: int | None = None) -> list[Uplink]:
        """Somebody pulls it out."""
        now = self._come_to(at)
        self.emit(pile, self.piles[pile].unplug(outlet, now), now)
        return self._collected()

    def swipe(self, pile: str, outlet: int, card_uid: str, at: int | None = None) -> list[Uplink]:
        """Somebody holds a card to the reader."""
        now = self._come_to(at)
        self.emit(pile, self.piles[pile].swipe(outlet, card_uid, now), now)
        return self._collected()

    def power(self, pile: str, on: bool) -> None:
        """The mains of one pile comes or goes, now."""
        if on:
            self.emit(pile, self.piles[pile].power_back(self.now), self.now)
        else:
            if self.own_broker:
                self._will_follows(pile, self.now)
            self.emit(pile, self.piles[pile].power_cut(self.now), self.now)

    def _come_to(self, at: int | None) -> int:
        if at is not None and at > self.now:
            self.keep(self.advance(at))
        return self.now


def entrance_of(number: int, piles: int = 38, entrances: int = 4) -> int:
    """Which entrance a pile stands at: 38 are spread 10, 10, 9, 9."""
    base, extra = divmod(piles, entrances)
    left = number
    for entrance in range(1, entrances + 1):
        left -= base + (entrance <= extra)
        if left <= 0:
            return entrance
    return entrances
