"""Figure 10: a thousand open pages on one service, one change a second: what does it cost?

A thousand plain sockets hold event streams of the real service over loopback. A pile of paper
reports once a second, first always the same one (all pages look at its outlet), then each pile in
turn (the pages look at 38 outlets). Counted are the service's processor time by the kernel, and how
long after the report the last page had it. At the end some pages stop reading while a busy view
goes on: they must be let go of, and nobody else may wait for them.
"""

import contextlib
import re
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.bench.paper import PaperLink, PaperPiles
from tests.bench.raw_publisher import pile_name
from tests.bench.report import Figure, median_of, percentile
from tests.bench.rig import PASSWORD, PILES, BenchError, Service, rig, wait_until
from tests.support.processes import Mosquitto

PAGES, SECONDS = 1000, 20.0
SLOW, SLOW_WITHIN_S = 10, 90.0
STEP_S = 0.002
CHUNK = 65_536
NUMBER = re.compile(rb"(?:^|\n)id: (\d+)\n")


@dataclass
class OpenPages:
    """Event streams that are read by one thread; when each event arrived, and how often."""

    service: Service
    arrived: dict[int, list[float]] = field(default_factory=dict)
    """By the number of an event: when it came to each page, by time.monotonic()."""
    ended: int = 0
    _sockets: list[socket.socket] = field(default_factory=list)
    _tails: dict[socket.socket, bytes] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def open(self, paths: Sequence[str], *, cookie: str = "") -> None:
        """Open a page for each path, a few at a time."""
        for path in paths:
            stream = open_stream(self.service, path, cookie=cookie)
            stream.setblocking(False)
            self._sockets.append(stream)

    def read(self) -> None:
        """Read all of them until told to stop."""
        with selectors.DefaultSelector() as watch:
            for one in self._sockets:
                watch.register(one, selectors.EVENT_READ, one)
            while not self._stop.is_set():
                for key, _ in watch.select(0.2):
                    stream: socket.socket = key.data
                    if not self._take(stream):
                        self.ended += 1
                        watch.unregister(stream)

    def _take(self, stream: socket.socket) -> bool:
        try:
            chunk = stream.recv(CHUNK)
        except ConnectionError:
            return False
        at, text = time.monotonic(), self._tails.get(stream, b"") + chunk
        last = 0
        for found in NUMBER.finditer(text):
            self.arrived.setdefault(int(found[1]), []).append(at)
            last = found.end()
        self._tails[stream] = text[last:][-40:]
        return bool(chunk)

    def close(self) -> None:
        """Close them all."""
        self._stop.set()
        for stream in self._sockets:
            stream.close()


def open_stream(service: Service, path: str, *, cookie: str = "", room: int = 0) -> socket.socket:
    """One event stream; `room`: how many bytes the kernel keeps for who does not read."""
    stream = socket.socket()
    if room:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    stream.settimeout(30)
    stream.connect(("127.0.0.1", service.compound.settings.http_port))
    extra = f"Cookie: {cookie}\r\n" if cookie else ""
    asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: zh\r\n{extra}\r\n"
    stream.sendall(asked.encode())
    if not stream.recv(12, socket.MSG_PEEK).startswith(b"HTTP/1.1 200"):
        raise BenchError(f"{path} was not opened: {stream.recv(200)!r}")
    return stream


@contextlib.contextmanager
def pages(service: Service, paths: Sequence[str], *, cookie: str = "") -> Iterator[OpenPages]:
    """Open pages, read until the block ends."""
    opened = OpenPages(service)
    opened.open(paths, cookie=cookie)
    thread = threading.Thread(target=opened.read, daemon=True)
    thread.start()
    try:
        wait_until(
            lambda: sum(map(len, opened.arrived.values())) >= len(paths),
            "every page has its first event",
        )
        yield opened
    finally:
        opened.close()
        thread.join(5)


@dataclass
class Cost:
    """What one way of looking cost."""

    core: float
    """Share of one core, the taking of the reports included."""
    last_ms: list[float]
    """From each report to the last page that shows it."""
    events: int


def look(
    broker: Mosquitto, service: Service, piles: int, count: int, seconds: float
) -> Cost:  # fmt: skip
    """`count` pages on outlets of so many piles; one of the piles reports each second."""
    link = PaperLink(broker.port, "core", PASSWORD)
    paper = PaperPiles(link, piles, service.compound.sessions, every_s=float(piles))
    paper.hello()
    paper.heartbeat()
    _let(paper, 2.0)
    paths = [f"/live/outlet/{pile_name(1 + n % piles)}/1?stage=in_use" for n in range(count)]
    with pages(service, paths) as opened:
        _let(paper, 2.0)
        opened.arrived.clear()
        before, begun = service.cpu_s, time.monotonic()
        _let(paper, seconds)
        core = (service.cpu_s - before) / (time.monotonic() - begun)
        _let(paper, 1.0)
        if opened.ended:
            raise BenchError(f"{opened.ended} pages that were read were let go of")
        said = sorted(at for pile in paper.piles.values() for at in pile.said.values())
        events = {n: times for n, times in opened.arrived.items() if times[0] < begun + seconds}
        last = [1000 * (max(times) - _said_before(said, min(times))) for times in events.values()]
        heard = sum(map(len, events.values()))
    link.close()
    if not last:
        raise BenchError("no page has heard of a change")
    return Cost(core, last, heard)


def _said_before(said: Sequence[float], at: float) -> float:
    return max((one for one in said if one <= at), default=at)


def _let(paper: PaperPiles, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        paper.step(STEP_S)


def slow_are_dropped(broker: Mosquitto, service: Service, slow: int, within_s: float) -> float:
    """Seconds until pages that stopped reading were let go of, while another one reads on.

    They look at the wall, whose events are large; every pile reports each second.
    """
    cookie, path = service.compound.staff_cookie, "/live/wall"
    link = PaperLink(broker.port, "core", PASSWORD)
    paper = PaperPiles(link, PILES, service.compound.sessions)
    paper.hello()
    lazy = [open_stream(service, path, cookie=cookie, room=2048) for _ in range(slow)]
    before = len(service.process.net_connections("tcp"))
    with pages(service, [path], cookie=cookie) as awake:
        begun = time.monotonic()
        while len(service.process.net_connections("tcp")) > before + 1 - slow:
            _let(paper, 1.0)
            if time.monotonic() > begun + within_s:
                raise BenchError(f"after {within_s:.0f} s pages that do not read are still served")
        took = time.monotonic() - begun
        if awake.ended or len(awake.arrived) < took * 0.5:
            raise BenchError("the page that reads had to wait for those that do not")
    for stream in lazy:
        stream.close()
    link.close()
    return took


def run(rounds: int, count: int = PAGES, seconds: float = SECONDS) -> list[Figure]:
    """The figures of several rounds, and once what becomes of slow readers."""
    shared, separate = [], []
    for _ in range(rounds):
        with rig() as (broker, service):
            shared.append(look(broker, service, 1, count, seconds))
        with rig() as (broker, service):
            separate.append(look(broker, service, PILES, count, seconds))
    with rig() as (broker, service):
        dropped = slow_are_dropped(broker, service, SLOW, SLOW_WITHIN_S)

    def cores(found: Sequence[Cost]) -> list[float]:
        return [100 * one.core for one in found]

    def last(found: Sequence[Cost]) -> list[float]:
        return [percentile(one.last_ms, 0.95) for one in found]

    name = f"{count:,} open pages, 1 change/s"
    return [
        median_of(10, f"{name}, all of one outlet", cores(shared), "% of a core", 10),
        median_of(10, f"{name}, of 38 outlets", cores(separate), "% of a core", 10),
        median_of(10, "a change to the last of them, p95, one outlet", last(shared), "ms"),
        median_of(10, "a change to the last of them, p95, 38 outlets", last(separate), "ms"),
        Figure(10, f"{SLOW} pages that do not read, let go of after", dropped, "s"),
    ]  # fmt: skip
