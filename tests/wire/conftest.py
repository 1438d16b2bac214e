"""Brokers for the wire: Mosquitto with the deployed files, and the demo broker with the same."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.processes import Mosquitto, start_demo_broker, start_mosquitto
from tests.wire.conductors import LOGINS


@pytest.fixture
def mosquitto() -> Iterator[Mosquitto]:
    """A Mosquitto of this test's own."""
    with start_mosquitto(LOGINS) as broker:
        yield broker


@pytest.fixture(params=["mosquitto", "demo"])
def broker(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A broker of this test's own, once of each kind; both with the deployed access list."""
    start: Any = start_mosquitto if request.param == "mosquitto" else start_demo_broker
    with start(LOGINS) as running:
        yield running
