"""Figure 1: durable readings per second through the full path, beside the bare floor.

A raw publisher sends flat out what 38 charging piles say; the service decodes, de-duplicates,
folds, meters, watches the feeders, serves live pages, commits (SQLite FULL) and acknowledges. What
counts is what another connection finds in the database file. The floor runs in the same round on a
broker of its own: ratios within a round are firm, absolute rates move with the machine.
"""

import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench import floor
from tests.bench.paper import PaperLink, PaperPiles
from tests.bench.raw_publisher import Charging
from tests.bench.report import Figure, median_of
from tests.bench.rig import LOGINS, PASSWORD, PILES, BenchError, Rows, Service, open_pages, rig
from tests.support.processes import Mosquitto, start_mosquitto

LONGEST_S = 180.0
LOOK_EVERY_S = 0.005


@dataclass(frozen=True)
class Flood:
    """What one round gave."""

    per_second: float
    cpu_s_per_1000: float
    batch_messages: float
    page_events: int
    floor_per_second: float

    @property
    def of_floor(self) -> float:
        """The share of the floor."""
        return self.per_second / self.floor_per_second


def born(broker: Mosquitto, service: Service) -> list[Charging]:
    """Every pile says hello, reports twice, and hangs up; what the flood goes on from."""
    link = PaperLink(broker.port, "core", PASSWORD)
    piles = PaperPiles(link, PILES, service.compound.sessions)
    piles.hello()
    until = time.monotonic() + 2
    while time.monotonic() < until:
        piles.step(0.01)
    piles.heartbeat()
    piles.step(0.1)
    link.close()
    return [
        Charging(pile.id, pile.boot_id, pile.seq, pile.session_id or "")
        for pile in piles.piles.values()
    ]


def flood(messages: int) -> Flood:
    """One round: the floor, then the service."""
    with start_mosquitto(LOGINS) as broker, tempfile.TemporaryDirectory() as folder:
        take = floor.floor_take(Path(folder) / "floor.db")
        bare = floor.bare(broker, messages, take, "floor")
    with rig() as (broker, service), open_pages(service) as events:
        charging = born(broker, service)
        plan = service.compound.folder / "charging.json"
        plan.write_text(json.dumps([asdict(one) for one in charging]))
        return measure(broker, service, plan, charging, messages, events, bare.per_second)


def measure(
    broker: Mosquitto, service: Service, plan: Path, charging: list[Charging], messages: int,
    events: list[int], floor_per_second: float,
) -> Flood:  # fmt: skip
    """Send, and watch the database until everything is there."""
    names = [one.pile for one in charging]
    before = sum(one.seq for one in charging)
    rows = Rows(service.compound.database)
    batches = service.wire_event("telemetry", "batches")
    drawn = sum(events)
    first: tuple[float, float, int] | None = None
    with floor.publishing(broker, messages, plan):
        until = time.monotonic() + LONGEST_S
        while True:
            time.sleep(LOOK_EVERY_S)
            if not rows.changed():
                if time.monotonic() > until:
                    raise BenchError(f"not all of {messages} readings were stored in time")
                continue
            at, cpu = time.perf_counter(), service.cpu_s
            stored = sum(rows.highest(names).values()) - before
            if first is None and stored > 0:
                first = (at, cpu, stored)
            if stored >= messages:
                break
    assert first
    took, used, counted = at - first[0], cpu - first[1], messages - first[2]
    taken = service.wire_event("telemetry", "batches") - batches
    rows.close()
    return Flood(
        counted / took, used / counted * 1000, messages / taken, sum(events) - drawn,
        floor_per_second,
    )  # fmt: skip


def run(rounds: int, messages: int = 20_000) -> list[Figure]:
    """The figures of several rounds."""
    found = [flood(messages) for _ in range(rounds)]
    return [
        median_of(1, "durable readings per second", (one.per_second for one in found), "/s",
                  3000, at_most=False),
        median_of(1, "bare floor in the same rounds", (one.floor_per_second for one in found),
                  "/s"),
        median_of(1, "share of the bare floor", (one.of_floor for one in found), "", 0.35,
                  at_most=False),
        median_of(1, "processor time per 1,000", (one.cpu_s_per_1000 for one in found), "s", 0.25),
        median_of(1, "messages in a batch", (one.batch_messages for one in found)),
        median_of(1, "events drawn into open pages", (one.page_events for one in found)),
    ]  # fmt: skip
