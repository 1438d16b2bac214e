"""Month close at two sizes: does a charge cost the same in a compound five hundred times as big?

python -m tests.bench.bench_month_close [sqlite] [postgres] [--large]

Timed is what the committee's two buttons do: close (statements, proof) and publish (gather the
account, seal it). `--large` takes 100,000 households with 1,000,000 charges instead of a fifth of
it: filling that takes about five minutes and 1.5 GB of disk on a quiet machine of two cores.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

from service.billing import actions
from service.billing.outcomes import Closed, StillClosing
from service.flow import House, books
from tests.bench.month import MONTH, Size, fill
from tests.support.processes import start_postgres
from tests.support.remigrate import load_every_record

SMALL, LARGE, LARGEST = Size(200, 2_000), Size(20_000, 200_000), Size(100_000, 1_000_000)
LIFELIKE = Size(200, 2_000, readings=180)
"""One compound with a reading a minute in three hours of charging: as real as the piles are."""

VERIFIED_UP_TO = 5_000
BY = "committee:1"


def close(house: House) -> tuple[float, float, Closed]:
    """Press both buttons, commits included: seconds of the first, of the second, the answer."""
    began = perf_counter()
    first = books.close(house, MONTH, BY, {})
    closed_at = perf_counter()
    assert isinstance(first, StillClosing), first
    second = books.publish_month(house, MONTH, BY)
    published_at = perf_counter()
    assert isinstance(second, Closed), second
    return closed_at - began, published_at - closed_at, second


def measure(url: str, size: Size) -> dict[str, float]:
    """Fill a month and close it; a small one is gone through once more by verify."""
    filled = fill(url, size)
    house = filled.house
    try:
        close_s, publish_s, closed = close(house)
        assert (closed.statements, closed.sessions) == (size.households, size.sessions)
        small = size.sessions < VERIFIED_UP_TO
        figures = {"verify_us_per_session": verify_us(house, size)} if small else {}
    finally:
        house.store.close()
    both_s = close_s + publish_s
    return {
        **asdict(size),
        "close_s": round(close_s, 4),
        "publish_s": round(publish_s, 4),
        "both_s": round(both_s, 4),
        "close_us_per_session": round(both_s / size.sessions * 1e6, 2),
        "post_us_per_session": round(filled.posting_s / size.sessions * 1e6, 1),
        **figures,
    }


def verify_us(house: House, size: Size) -> float:
    """What a check of the whole books costs for each session in them."""
    began = perf_counter()
    with house.store.reading() as uow:
        assert not actions.verify(uow).misfits
    return round((perf_counter() - began) / size.sessions * 1e6, 1)


NewDatabase = Callable[[], AbstractContextManager[str]]


def typical(new_database: NewDatabase, size: Size, rounds: int = 3) -> dict[str, float]:
    """The middle of some rounds, because a short time is easily disturbed."""
    found = []
    for _ in range(rounds):
        with new_database() as url:
            found.append(measure(url, size))
    return sorted(found, key=lambda figures: figures["both_s"])[rounds // 2]


def compare(
    new_database: NewDatabase, small_size: Size = SMALL, large_size: Size = LARGE
) -> dict[str, Any]:
    """Both sizes; the large one lasts long enough to be measured once."""
    small, large = typical(new_database, small_size), typical(new_database, large_size, 1)
    ratio = large["close_us_per_session"] / small["close_us_per_session"]
    return {"small": small, "large": large, "ratio": round(ratio, 2)}


@contextmanager
def sqlite_file() -> Iterator[str]:
    """A new SQLite file, removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'bench.db'}"


def run(databases: Sequence[str] = ("sqlite",), large: Size = LARGE) -> dict[str, object]:
    """The figures for each database asked for: 'sqlite', 'postgres'."""
    load_every_record()
    found: dict[str, object] = {}
    if "sqlite" in databases:
        found["sqlite"] = _of(sqlite_file, large)
    if "postgres" in databases:
        with start_postgres() as server:
            found["postgres"] = _of(server.new_database, large)
    return found


def _of(new_database: NewDatabase, large: Size) -> dict[str, Any]:
    return {"lifelike": typical(new_database, LIFELIKE), **compare(new_database, SMALL, large)}


if __name__ == "__main__":
    asked = [word for word in sys.argv[1:] if not word.startswith("--")]
    wanted = LARGEST if "--large" in sys.argv else LARGE
    print(json.dumps(run(asked or ("sqlite",), wanted), indent=2))
