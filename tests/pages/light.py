"""Pages over a compound whose piles say nothing: for what is done at a desk, without waiting."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.clock import FixedClock
from service.store import Store
from tests.pages.charges import Written
from tests.pages.visitors import House, empty_store


class Desk(House):
    """Four silent piles, eight households, the staff, and their pages."""

    def __init__(self, store: Store, clock: FixedClock):
        super().__init__(Written(store, clock))  # type: ignore[arg-type]
        with self.compound.house.look():
            pass  # the board is read, as the first message of a pile does it


@contextmanager
def open_desk(template: Path, folder: Path, clock: FixedClock) -> Iterator[Desk]:
    """A desk on a store of its own."""
    with empty_store(template, folder) as store:
        yield Desk(store, clock)
