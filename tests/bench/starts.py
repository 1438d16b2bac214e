"""Figure 3: from a start, as an HTTP request, to the command arriving at the pile.

All 38 piles report each second meanwhile and live pages are open. The request goes out by a raw
socket of the process that also hears for the piles, so that one clock has both moments. In the
same loop, between the starts, a bare MQTT message goes to the broker and comes back.
"""

import contextlib
import json
import re
import socket
import time
from dataclasses import dataclass, field

from tests.bench.paper import PaperLink, PaperPiles
from tests.bench.raw_publisher import pile_name
from tests.bench.report import Figure, median_of, percentile
from tests.bench.rig import PASSWORD, PILES, BenchError, Service, open_pages, rig
from tests.support.processes import Mosquitto

STEP_S = 0.005
WARM_UP_S = 4.0
FIRST_STARTS = 5
"""Not counted: statements are compiled and pages of code read in at the first."""
PAUSE_S = 0.11
"""Between two starts; the door lets one address change things 600 times in a minute."""
LONGEST_S = 5.0


@dataclass
class Delays:
    """Milliseconds of one round."""

    to_pile: list[float] = field(default_factory=list)
    to_answer: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


class Door:
    """A kept-alive HTTP connection that never waits."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self._host = f"127.0.0.1:{port}"
        self._heard = b""

    def ask(self, bearer: str, wish: dict[str, object]) -> float:
        """Send a start; the moment at which it was handed over."""
        body = json.dumps(wish).encode()
        head = (
            f"POST /api/v1/sessions HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Authorization: Bearer {bearer}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        at = time.monotonic()
        self.socket.sendall(head + body)
        return at

    def answer(self) -> bytes:
        """The whole answer once it is there; empty until then. ConnectionError if it ended."""
        with contextlib.suppress(BlockingIOError):
            came = self.socket.recv(65_536)
            if not came:
                raise ConnectionError("the service hung up")
            self._heard += came
        head, there, body = self._heard.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.I)
        if not there or not length or len(body) < int(length[1]):
            return b""
        whole, self._heard = self._heard, b""
        return whole

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def warm_up(piles: PaperPiles) -> None:
    """Hellos, some seconds of reports, and a heartbeat that says which outlets are free."""
    piles.hello()
    until = time.monotonic() + WARM_UP_S
    while time.monotonic() < until:
        piles.step(0.005)
    piles.heartbeat()
    piles.step(0.05)


def one_start(piles: PaperPiles, door: Door, bearer: str, number: int, delays: Delays) -> None:
    """Start at the next pile's free outlet; note when the command came and when the answer did."""
    pile = pile_name(number % PILES + 1)
    known = set(piles.commands)
    at = door.ask(bearer, {"pile": pile, "outlet": 2, "idempotency_key": f"bench-{number:06d}"})
    answered_at: float | None = None
    answer = b""
    while len(piles.commands) == len(known) or answered_at is None:
        piles.step(STEP_S, door.socket)
        if answered_at is None and (came := door.answer()):
            answered_at, answer = time.monotonic(), came
            if not answer.startswith(b"HTTP/1.1 201"):
                raise BenchError(f"a start at {pile} was not taken: {answer.decode()}")
        if time.monotonic() - at > LONGEST_S:
            raise BenchError(f"no command came to {pile}: {answer.decode()}")
    (session_id,) = set(piles.commands) - known
    delays.to_pile.append((piles.commands[session_id] - at) * 1000)
    delays.to_answer.append((answered_at - at) * 1000)


def one_ping(piles: PaperPiles, delays: Delays) -> None:
    """One message to the broker and back."""
    at = piles.ping()
    while not piles.pings:
        piles.step(STEP_S)
        if time.monotonic() - at > LONGEST_S:
            raise BenchError("a bare MQTT message did not come back")
    delays.bare.append((piles.pings.popleft() - at) * 1000)


def measure(broker: Mosquitto, service: Service, starts: int) -> Delays:
    """So many starts, one after the other."""
    link = PaperLink(broker.port, "core", PASSWORD)
    piles = PaperPiles(link, PILES, service.compound.sessions)
    warm_up(piles)
    door, delays = Door(service.compound.settings.http_port), Delays()
    try:
        for number in range(FIRST_STARTS + starts):
            if number == FIRST_STARTS:
                delays = Delays()
            one_start(piles, door, service.compound.bearers[number % PILES], number, delays)
            until = time.monotonic() + PAUSE_S
            one_ping(piles, delays)
            while (left := until - time.monotonic()) > 0:
                piles.step(min(0.005, left))
    finally:
        door.close()
        link.close()
    return delays


def run(rounds: int, starts: int = 200) -> list[Figure]:
    """The figures of several rounds."""
    found = []
    for _ in range(rounds):
        with rig() as (broker, service), open_pages(service):
            found.append(measure(broker, service, starts))

    def figure(name: str, kind: str, share: float, target: float | None = None) -> Figure:
        return median_of(
            3, name, (percentile(getattr(one, kind), share) for one in found), "ms", target
        )

    return [
        figure("start: request to command at the pile, p50", "to_pile", 0.5, 3),
        figure("start: request to command at the pile, p99", "to_pile", 0.99, 15),
        figure("start: request to answer, p50", "to_answer", 0.5),
        figure("start: request to answer, p99", "to_answer", 0.99),
        figure("bare MQTT to the broker and back, p50", "bare", 0.5),
        figure("bare MQTT to the broker and back, p99", "bare", 0.99),
    ]
