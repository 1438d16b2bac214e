"""A small compound and its timetable, called by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from service.clock import FixedClock
from service.flow import House
from service.gauges import Gauges
from service.store import Store
from tests.support.compound import seeded_house
from tests.support.small import PaperPile


@dataclass
class PaperMessenger:
    """Writes down what it was given; fails as long as `broken` says why."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)
    broken: str | None = None

    def send(self, urls: Sequence[str], title: str, body: str) -> str | None:
        if self.broken is None:
            self.sent += [(url, title, body) for url in urls]
        return self.broken


@pytest.fixture
def messenger() -> PaperMessenger:
    return PaperMessenger()


@pytest.fixture
def house(store: Store, clock: FixedClock) -> House:
    """Four piles; notifications go to two addresses."""
    urls = ["mailto://maintenance@beimen.example", "json://gatehouse.example/hook?secret=s3cret"]
    return seeded_house(store, clock, notify_urls=[secret(url) for url in urls])


def secret(text: str):
    from pydantic import SecretStr

    return SecretStr(text)


@pytest.fixture
def pile(house: House, clock: FixedClock) -> PaperPile:
    """LB-001, just born."""
    pile = PaperPile(house, clock)
    pile.hello()
    pile.heartbeat()
    return pile


@pytest.fixture
def gauges(house: House) -> Gauges:
    found = Gauges(house)
    house.listeners.append(found.take)
    return found
