"""Closes and publishes a month as a process of its own, and stops dead before one of its steps.

python -m tests.faults.closing DATABASE MONTH NOW STEP: it prints the step's name and waits there,
inside its open transaction, until it is killed.
"""

import sys
import time
from datetime import datetime

from service.billing.actions import closing
from service.billing.outcomes import Closed
from service.clock import FixedClock
from service.flow import House, books
from service.households.codes import key_of
from service.store import Store
from service.store.engine import open_engine
from tests.support.compound import SECRET, TEST_SETTINGS


def a_house(database_url: str, now: datetime) -> House:
    """A conductor over books that are there already."""
    store, clock = Store(open_engine(database_url)), FixedClock(now)
    return House(store, clock, TEST_SETTINGS, lambda n: b"\x01" * n, key_of(SECRET))


def main(words: list[str]) -> None:
    """Go up to the step and wait there."""
    database_url, month, now, step = words

    def stop_dead(*_: object) -> None:
        print(step, flush=True)
        time.sleep(600)

    assert callable(getattr(closing, step))
    setattr(closing, step, stop_dead)
    outcome = books.end_month(a_house(database_url, datetime.fromisoformat(now)), month)
    assert isinstance(outcome, Closed), outcome


if __name__ == "__main__":
    main(sys.argv[1:])
