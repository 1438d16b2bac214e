"""Figure 2: one reading a second from each pile, staggered: how long from published to durable?

Durable is the moment at which another connection finds the row in the database file; it asks
`pragma data_version` every half millisecond, so up to half a millisecond is counted too much. A
bare MQTT message goes to the broker and back meanwhile, to tell how busy the machine was.
"""

import time
from dataclasses import dataclass, field

from tests.bench.paper import PaperLink, PaperPiles
from tests.bench.report import Figure, median_of, percentile
from tests.bench.rig import PASSWORD, PILES, Rows, Service, open_pages, rig
from tests.support.processes import Mosquitto

POLL_S = 0.0005
PING_EVERY_S = 0.1
WARM_UP_S = 3.0


@dataclass
class Delays:
    """Milliseconds of one round."""

    durable: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


def warm_up(piles: PaperPiles) -> None:
    """Hellos, some seconds of reports, and a heartbeat."""
    piles.hello()
    until = time.monotonic() + WARM_UP_S
    while time.monotonic() < until:
        piles.step(0.005)
    piles.heartbeat()


def measure(broker: Mosquitto, service: Service, seconds: float) -> Delays:
    """The delay of every reading in so many seconds."""
    link = PaperLink(broker.port, "core", PASSWORD)
    piles = PaperPiles(link, PILES, service.compound.sessions)
    warm_up(piles)
    rows, names, delays = Rows(service.compound.database), list(piles.piles), Delays()
    seen = rows.highest(names)
    begun = pinged_at = piles.ping()
    while time.monotonic() < begun + seconds:
        piles.step(POLL_S)
        if piles.pings:
            delays.bare.append((piles.pings.popleft() - pinged_at) * 1000)
        elif time.monotonic() > pinged_at + PING_EVERY_S and len(delays.bare) == piles.pinged:
            pinged_at = piles.ping()
        if rows.changed():
            seen = _note(delays, piles, seen, rows.highest(names))
    rows.close()
    link.close()
    return delays


def _note(
    delays: Delays, piles: PaperPiles, before: dict[str, int], now: dict[str, int]
) -> dict[str, int]:
    """Note every reading that has become visible since `before`; what is visible now."""
    at = time.monotonic()
    for name, pile in piles.piles.items():
        for seq in range(before[name] + 1, now[name] + 1):
            delays.durable.append((at - pile.said[seq]) * 1000)
    return now


def run(rounds: int, seconds: float = 20.0) -> list[Figure]:
    """The figures of several rounds."""
    found = []
    for _ in range(rounds):
        with rig() as (broker, service), open_pages(service):
            found.append(measure(broker, service, seconds))

    def figure(name: str, kind: str, share: float, target: float | None = None) -> Figure:
        return median_of(
            2, name, (percentile(getattr(one, kind), share) for one in found), "ms", target
        )

    return [
        figure("a reading: published to durable, p50", "durable", 0.5),
        figure("a reading: published to durable, p99", "durable", 0.99, 30),
        figure("bare MQTT to the broker and back, p50", "bare", 0.5),
        figure("bare MQTT to the broker and back, p99", "bare", 0.99),
    ]
