"""A small compound whose piles say what a test writes."""

import pytest

from service.clock import FixedClock
from service.flow import House
from service.flow.requests import StartRequest
from service.households.actions import find_household
from service.store import Store
from tests.support.compound import seeded_house
from tests.support.small import PaperPile


@pytest.fixture
def house(store: Store, clock: FixedClock) -> House:
    """Four piles, eight households, a flat price."""
    return seeded_house(store, clock)


@pytest.fixture
def pile(house: House, clock: FixedClock) -> PaperPile:
    """LB-001, just born."""
    pile = PaperPile(house, clock)
    pile.hello()
    pile.heartbeat()
    return pile


@pytest.fixture
def wish(house: House):
    """A household's wish to charge on outlet 1 of LB-001."""

    def make(door: str = "1-101", **changes) -> StartRequest:
        with house.store.reading() as uow:
            household = find_household(uow, door)
        fields = {
            "pile": "LB-001",
            "outlet": 1,
            "household_id": household.id,
            "source": "qr",
            "asked_by": "resident",
            "key": f"key of {door}",
        }
        return StartRequest(**{**fields, **changes})

    return make
