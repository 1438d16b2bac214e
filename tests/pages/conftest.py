"""A compound with its pages, for every test of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.clock import FixedClock
from tests.pages.visitors import House, build_house, empty_store


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path, clock: FixedClock) -> Iterator[House]:
    """Eight piles that have said hello, 24 households, staff, a price; at 19:00."""
    with empty_store(sqlite_template, tmp_path) as store:
        yield build_house(store, clock)
