"""A whole compound inside a test: the real flow and database, simulated piles, a handed clock.

No broker and no waiting: messages walk straight from the simulator into the conductor and back.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from service.clock import FixedClock, from_ms, to_ms
from service.flow import House, ticks, uplink
from service.households.codes import key_of
from service.piles.messages import Heard, Outgoing
from service.seed import Plan, demo_cards, seed_compound, seed_demo_people
from service.settings import Settings
from service.store import Store
from simulator.residents import Card
from simulator.scenario import Scenario
from simulator.world import Uplink, World

SECRET = "a secret of the tests, long enough for every use"
TEST_SETTINGS = Settings(
    secret_key=SecretStr(SECRET), service_phone="0358-000-0000", _env_file=None
)  # type: ignore[call-arg]


def seeded_house(
    store: Store, clock: FixedClock, plan: Plan | None = None, **settings: Any
) -> House:
    """A conductor over a compound with piles, households, cards and a price, still unheard."""
    plan = plan or Plan(piles=4, households=8)
    chosen = TEST_SETTINGS.model_copy(update=settings)
    key = key_of(SECRET)
    seed_compound(store, chosen, clock.now(), plan)
    seed_demo_people(store, clock.now(), key, plan, lambda login: f"no hash of {login}")
    return House(store, clock, chosen, secrets.token_bytes, key)


class Compound:
    """Simulated piles and residents, joined to a conductor."""

    def __init__(
        self,
        store: Store,
        clock: FixedClock,
        scenario: str | Scenario = "quiet_evening",
        seed: int = 1,
        plan: Plan | None = None,
        **settings: Any,
    ):
        self.clock, self.plan = clock, plan or Plan()
        self.house = seeded_house(store, clock, self.plan, **settings)
        cards = [
            Card(card.household, card.entrance, card.card_uid) for card in demo_cards(self.plan)
        ]
        self.world = World.from_scenario(scenario, seed, cards, to_ms(clock.now()))
        self.heard: list[Heard] = []
        self.arrange: Callable[[list[Heard]], list[Heard]] = lambda heard: heard
        self.next_minute = clock.now() + timedelta(minutes=1)

    def run(self, seconds: float, tick_every: float = 5.0) -> "Compound":
        """Let time pass; messages, answers and ticks happen in their order."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() < end:
            step = min(end, self.clock.now() + timedelta(seconds=tick_every))
            self._until(step)
            ticks.tick(self.house)
            self.hear(self.send_commands())
            if self.clock.now() >= self.next_minute:
                ticks.tick_slowly(self.house)
                self.next_minute = self.clock.now() + timedelta(minutes=1)
        return self

    def _until(self, at: datetime) -> None:
        while self.world.now < to_ms(at):
            said = self.world.advance(to_ms(at), until_question=True)
            self.hear(said)
        self.clock.at = max(self.clock.at, at)

    def hear(self, said: list[Uplink]) -> None:
        """Messages that reached the broker, taken by the conductor; its answers go back."""
        while said:
            heard = [
                Heard(one.publish.topic, one.publish.payload, one.at, one.publish.qos)
                for one in said
            ]
            self.heard += heard
            self.clock.at = max(self.clock.at, from_ms(said[-1].at))
            taken = uplink.take(self.house, self.arrange(heard))
            said = self.deliver(taken.replies)
            said += self.send_commands()

    def deliver(self, outgoing: list[Outgoing]) -> list[Uplink]:
        """Hand messages to the piles; what they say to them."""
        answers: list[Uplink] = []
        for one in outgoing:
            pile = one.topic.split("/")[2]
            answers += self.world.deliver(
                pile, one.topic, one.payload, False, max(self.world.now, to_ms(self.clock.now()))
            )
        return answers

    def send_commands(self) -> list[Uplink]:
        """The outbox, emptied as far as it is due."""
        outgoing = list(ticks.due(self.house))
        if not outgoing:
            return []
        ticks.sent(self.house, [one.command_id or "" for one in outgoing])
        return self.deliver(outgoing)


def at(text: str) -> datetime:
    """'2026-03-02 19:00' in Lüliang, as an aware UTC time."""
    local = datetime.fromisoformat(text)
    return (local - timedelta(hours=8)).replace(tzinfo=UTC)
