"""Charges for the pages of held and questioned lines, written by hand: no simulator, no waiting."""

import secrets
from typing import Any

from service.clock import FixedClock
from service.flow import House as Flow
from service.flow import ticks
from service.flow.requests import Started, StartRequest, start
from service.households.actions import find_household
from service.store import Store
from tests.house.collect_words import compile_words
from tests.pages.visitors import House
from tests.support.compound import seeded_house
from tests.support.small import PaperPile

__all__ = ["Charges"]


class Written:
    """A compound whose only pile is of paper, in the place of the simulated one."""

    def __init__(self, store: Store, clock: FixedClock):
        compile_words()
        self.clock = clock
        self.house = seeded_house(store, clock)


class Charges(House):
    """Pages over that compound, and charges in a few words."""

    def __init__(self, store: Store, clock: FixedClock):
        super().__init__(Written(store, clock))  # type: ignore[arg-type]
        self.flow: Flow = self.compound.house
        self.pile = PaperPile(self.flow, clock)
        self.pile.hello()
        self.pile.heartbeat()

    def drawn(self, door: str = "1-101", values: tuple[int, ...] = (1000, 1200, 1400, 1500)) -> str:
        """A charge at outlet 1 with a reading each quarter of an hour; its record is to come."""
        with self.flow.store.reading() as uow:
            household = find_household(uow, door)
        assert household is not None
        wish = StartRequest("LB-001", 1, household.id or 0, "qr", "resident", secrets.token_hex(8))
        started = start(self.flow, wish)
        assert isinstance(started, Started), started
        for command in self.pile.commands():
            if command["cmd"] == "start":
                self.pile.result(command["command_id"], "done", session_id=started.session_id)
        for wh in values:
            self.clock.advance(1)
            self.pile.meter(self.pile.reading(wh=wh, session_id=started.session_id))
            self.clock.advance(899)
        self.pile.heartbeat()
        return started.session_id

    def settle(self, session_id: str, start_wh: int, end_wh: int, **more: Any) -> None:
        """The final record, posted at once unless it is held."""
        self.pile.say("session", self.pile.settlement(session_id, start_wh, end_wh, **more))
        ticks.post_settled(self.flow, ticks.POST_AFTER * 0)

    def held(self, door: str = "1-101") -> str:
        """A charge whose record does not say where the meter stood at the beginning."""
        session_id = self.drawn(door)
        self.settle(session_id, 1000, 1613, energy_start_wh=None)
        return session_id

    def line(self, door: str = "1-101") -> str:
        """A billed charge of 0.613 kWh, 0.42 yuan; by our readings it was 0.500 kWh, 0.34 yuan."""
        session_id = self.drawn(door)
        self.settle(session_id, 1000, 1613)
        return session_id
