"""Month close at two sizes: does a session cost the same in a compound a hundred times as big?

python -m tests.bench.bench_month_close [sqlite] [postgres]
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from service.billing import actions
from service.billing.outcomes import Closed
from service.store import Store
from service.store.engine import open_engine
from service.store.migrate import migrate
from tests.billing.books import Bill, a_session
from tests.billing.days import SHANGHAI
from tests.support.processes import start_postgres
from tests.support.remigrate import load_every_record

SMALL, LARGE = (200, 2_000), (20_000, 200_000)
"""Households and sessions of the month."""

MARCH = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
BATCH = 5_000


def sessions(households: int, count: int) -> Iterator[list[Bill]]:
    """The sessions of a month in the order in which they ended, spread over all households."""
    between = timedelta(days=30) / count
    batch: list[Bill] = []
    for number in range(count):
        household = number * 7919 % households
        ended = MARCH + number * between
        batch.append(a_session(f"S{number:025d}", household, ended, 300 + number % 700))
        if len(batch) == BATCH or number == count - 1:
            yield batch
            batch = []


@contextmanager
def filled(url: str, households: int, count: int) -> Iterator[tuple[Store, float]]:
    """A store with a month of posted sessions, and how long posting them took."""
    engine = open_engine(url)
    migrate(engine)
    store = Store(engine)
    took = 0.0
    for batch in sessions(households, count):
        began = perf_counter()
        with store.writing() as uow:
            actions.post_sessions(uow, batch, MIDNIGHT, SHANGHAI)
        took += perf_counter() - began
    try:
        yield store, took
    finally:
        store.close()


def close(store: Store) -> tuple[float, Closed]:
    """Close the month, commit included; how long it took, in seconds."""
    began = perf_counter()
    with store.writing() as uow:
        closed = actions.close_month(uow, "2026-03", MIDNIGHT, SHANGHAI)
    took = perf_counter() - began
    assert isinstance(closed, Closed), closed
    return took, closed


def measure(url: str, households: int, count: int) -> dict[str, float]:
    """Post a month of sessions and close it; the small one is gone through once more."""
    with filled(url, households, count) as (store, posting_s):
        close_s, closed = close(store)
        assert (closed.statements, closed.sessions) == (households, count)
        figures = {"verify_us_per_session": verify_us(store, count)} if count < BATCH else {}
    return {
        "households": households,
        "sessions": count,
        "close_s": round(close_s, 4),
        "close_us_per_session": round(close_s / count * 1e6, 2),
        "post_us_per_session": round(posting_s / count * 1e6, 1),
        **figures,
    }


def verify_us(store: Store, count: int) -> float:
    """What a check of the whole books costs for each session in them."""
    began = perf_counter()
    with store.reading() as uow:
        assert not actions.verify(uow).misfits
    return round((perf_counter() - began) / count * 1e6, 1)


def compare(
    new_database: Callable[[], AbstractContextManager[str]],
    small_size: tuple[int, int] = SMALL,
    large_size: tuple[int, int] = LARGE,
) -> dict[str, Any]:
    """Both sizes; the small one three times, because a short time is easily disturbed."""
    small = []
    for _ in range(3):
        with new_database() as url:
            small.append(measure(url, *small_size))
    with new_database() as url:
        large = measure(url, *large_size)
    typical = sorted(small, key=lambda figures: figures["close_s"])[1]
    ratio = large["close_us_per_session"] / typical["close_us_per_session"]
    return {"small": typical, "large": large, "ratio": round(ratio, 2)}


@contextmanager
def sqlite_file() -> Iterator[str]:
    """A new SQLite file, removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'bench.db'}"


def run(databases: Sequence[str] = ("sqlite",)) -> dict[str, object]:
    """The figures for each database asked for: 'sqlite', 'postgres'."""
    load_every_record()
    found: dict[str, object] = {}
    if "sqlite" in databases:
        found["sqlite"] = compare(sqlite_file)
    if "postgres" in databases:
        with start_postgres() as server:
            found["postgres"] = compare(server.new_database)
    return found


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1:] or ("sqlite",)), indent=2))
