"""Figure 5: memory of the service after the demo history, bytes per session-hour, replay speed.

The history is the demo's own: the simulator says in lock-step what its piles said in the last
days, the service's code takes it. That runs in a process of its own, so that what it needed is not
counted as the service's.
"""

import json
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from service.clock import FixedClock, SystemClock
from service.flow import House
from service.households.codes import key_of
from service.past import PastPlan, play_past
from service.seed import Plan, demo_cards
from service.settings import Settings
from service.store import Store
from service.store.engine import open_engine
from tests.bench.report import Figure, median_of
from tests.bench.rig import (
    LOGINS,
    PILES,
    SECRET_KEY,
    BenchError,
    Service,
    open_pages,
    seed,
    serving,
)
from tests.support.processes import ROOT, scratch_folder, start_mosquitto

SEED = 1
PAGES = ("/", "/p/LB-001/1", "/p/LB-027/2", "/committee", "/gate", "/fix", "/metrics")
OPEN_S = 10.0
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Footprint:
    """What one round gave."""

    rss_mib: float
    days_per_minute: float
    messages_per_second: float
    bytes_per_hour: float
    bytes_per_hour_packed: float
    session_hours: float


def play(folder: Path, days: float, until: datetime) -> dict[str, float]:
    """Play the last days into the database of the folder; runs in a process of its own."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=f"sqlite:///{folder}/beimen.db",
        secret_key=SecretStr(SECRET_KEY),
    )
    cards = [
        {"household": card.household, "entrance": card.entrance, "card_uid": card.card_uid}
        for card in demo_cards(Plan(piles=PILES))
    ]
    (folder / "cards.json").write_text(json.dumps(cards))
    store, clock = (
        Store(open_engine(settings.database_url)),
        FixedClock(until - timedelta(days=days)),
    )
    house = House(store, clock, settings, secrets.token_bytes, key_of(SECRET_KEY))
    plan = PastPlan(days, until, SEED, folder / "cards.json", folder / "compound.json")
    began = time.perf_counter()
    messages = play_past(house, clock, plan, lambda share: None)
    took = time.perf_counter() - began
    store.close()
    return {"messages": messages, "seconds": took}


def session_hours(database: Path) -> float:
    """How long all settled sessions were, added up."""
    with sqlite3.connect(database) as connection:
        query = "select sum(ended_at - started_at) from charge_session where settled_at is not null"
        (total_ms,) = connection.execute(query).fetchone()
    connection.close()
    if not total_ms:
        raise BenchError("the history has no session; take more days")
    return float(total_ms / HOUR_MS)


def sizes(database: Path) -> tuple[int, int]:
    """Bytes of the database file as it is, and as small as SQLite can write it."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("pragma wal_checkpoint(truncate)")
    before = database.stat().st_size
    packed = database.with_name("packed.db")
    connection.execute("vacuum into ?", (str(packed),))
    connection.close()
    return before, packed.stat().st_size


def memory_mib(service: Service, seconds: float) -> float:
    """Resident memory after every kind of page was opened and live pages ran for a while."""
    with open_pages(service):
        for path in PAGES * 3:
            service.get(path, cookie=service.compound.staff_cookie)
        time.sleep(seconds)
        return service.rss_mib


def measure(days: float, open_s: float, until: datetime) -> Footprint:
    """Seed, play the past up to `until`, weigh the database, then serve it."""
    with scratch_folder() as folder, start_mosquitto(LOGINS) as broker:
        compound = seed(folder, broker.port, charging=False, now=until - timedelta(days=days))
        command = [
            sys.executable, "-m", "tests.bench.footprint", str(folder), str(days),
            until.isoformat(),
        ]  # fmt: skip
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        past = json.loads(said.stdout)
        hours = session_hours(compound.database)
        plain, packed = sizes(compound.database)
        with serving(compound) as service:
            rss = memory_mib(service, open_s)
    return Footprint(
        rss,
        days / past["seconds"] * 60,
        past["messages"] / past["seconds"],
        plain / hours,
        packed / hours,
        hours,
    )


def run(rounds: int, days: float = 3.0, open_s: float = OPEN_S) -> list[Figure]:
    """The figures of several rounds, each of the days up to now."""
    return figures_of([measure(days, open_s, SystemClock().now()) for _ in range(rounds)])


def figures_of(found: Sequence[Footprint]) -> list[Figure]:
    """The figures of what was found."""

    def figure(
        name: str, of: Callable[[Footprint], float], unit: str = "", target: float | None = None
    ) -> Figure:
        return median_of(5, name, map(of, found), unit, target)

    return [
        figure("memory of the service (RSS)", lambda one: one.rss_mib, "MiB", 120),
        figure("stored per session-hour", lambda one: one.bytes_per_hour / 1024, "KiB"),
        figure("the same after VACUUM", lambda one: one.bytes_per_hour_packed / 1024, "KiB"),
        figure("session-hours of the history", lambda one: one.session_hours, "h"),
        figure("replayed: simulated days per minute", lambda one: one.days_per_minute),
        figure("replayed: messages per second", lambda one: one.messages_per_second, "/s"),
    ]


if __name__ == "__main__":
    print(json.dumps(play(Path(sys.argv[1]), float(sys.argv[2]),
                          datetime.fromisoformat(sys.argv[3]))))  # fmt: skip
