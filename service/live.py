"""What changed, handed to open pages by server-sent events: rendered once, sent to all, bounded.

A page subscribes to one topic in one variant (language, stage). A change is rendered at once, and a
topic that goes on changing about once a second per variant, however many pages look at it. Who
reads too slowly is cut off and comes back by itself; every stream begins with the present state, so
nothing needs to be replayed.
"""

import asyncio
import itertools
import logging
import socket
from collections.abc import AsyncIterator, Callable, Hashable, Iterable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field

from service.flow.house import Outcomes

PAUSE_S = 0.8
"""A topic is rendered at most this often: a little less than the second in which piles report, so
that a steady report never waits for the next turn."""

HEARTBEAT_S = 15.0
BEAT = b"event: beat\ndata: 1\n\n"
SLOWEST = 4
"""Events that may wait for one reader, besides what the kernel holds, before it is dropped."""

KERNEL_BYTES = 65_536
"""So much the kernel may hold for one reader; left alone it grows to megabytes."""

log = logging.getLogger(__name__)

LINE: ContextVar[asyncio.WriteTransport | None] = ContextVar("LINE", default=None)
"""The connection of the request that is being answered, where the web server tells it."""

Topic = tuple[Hashable, ...]
Render = Callable[[Topic, str], str]


class TooManyPagesError(Exception):
    """No more live pages can be opened; the page works without and asks again later."""


@dataclass(eq=False, slots=True)
class Reader:
    """One open page."""

    topic: Topic
    variant: str
    queue: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(SLOWEST))
    line: asyncio.WriteTransport | None = field(default_factory=LINE.get)


class Hub:
    """All open pages of this process."""

    def __init__(self, most_readers: int = 2000):
        self.most_readers = most_readers
        self.renderers: dict[Hashable, Render] = {}
        self.readers: dict[Topic, set[Reader]] = {}
        self.dropped = 0
        self._due: dict[Topic, float] = {}
        """Topics that changed: from when on they may be rendered again, in seconds of the loop."""
        self._rendered: dict[Topic, float] = {}
        self._numbers = itertools.count(1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._closed = False

    @property
    def open_pages(self) -> int:
        """How many pages are open."""
        return sum(len(readers) for readers in self.readers.values())

    def notice(self, outcomes: Outcomes) -> None:
        """A unit of work was committed; called from any thread, never waits."""
        loop = self._loop
        if loop is not None and not loop.is_closed() and self.readers:
            topics = [topic for topic in topics_of(outcomes) if topic in self.readers]
            if topics:
                loop.call_soon_threadsafe(self._mark, topics)

    def _mark(self, topics: Iterable[Topic]) -> None:
        if self._loop is None or self._wake is None:
            return
        for topic in topics:
            last = self._rendered.get(topic)
            self._due.setdefault(topic, self._loop.time() if last is None else last + PAUSE_S)
        self._wake.set()

    async def run(self) -> None:
        """Render and hand out what changed, until closed. One task per process."""
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        beat_at = self._loop.time() + HEARTBEAT_S
        while not self._closed:
            next_at = min([beat_at, *self._due.values()])
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(0, next_at - self._loop.time()))
            self._wake.clear()
            now = self._loop.time()
            for topic in [topic for topic, at in self._due.items() if at <= now]:
                del self._due[topic]
                await self._hand_out(topic)
            if now >= beat_at:
                beat_at = now + HEARTBEAT_S
                for reader in [one for readers in self.readers.values() for one in readers]:
                    self._put(reader, BEAT)

    async def _hand_out(self, topic: Topic) -> None:
        readers = list(self.readers.get(topic, ()))
        if readers and self._loop is not None:
            self._rendered[topic] = self._loop.time()
        for variant in {reader.variant for reader in readers}:
            same = [reader for reader in readers if reader.variant == variant]
            drawing = asyncio.ensure_future(self._event(topic, variant))
            await asyncio.wait({drawing})
            error = drawing.exception()
            if error is not None:
                # these pages come back and see for themselves; all others go on
                log.error("a live part could not be drawn: %s", topic[0], exc_info=error)
            for reader in same:
                self._put(reader, None if error else drawing.result())

    async def _event(self, topic: Topic, variant: str) -> bytes:
        html = await asyncio.to_thread(self.renderers[topic[0]], topic, variant)
        lines = "".join(f"data: {line}\n" for line in html.splitlines() or [""])
        return f"id: {next(self._numbers)}\nevent: message\n{lines}\n".encode()

    def _put(self, reader: Reader, event: bytes | None) -> None:
        try:
            reader.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.dropped += 1
            self._forget(reader)
            reader.queue.get_nowait()
            reader.queue.put_nowait(None)
            if reader.line is not None:
                # what it did not read is thrown away; a polite end would wait for it for ever
                reader.line.abort()

    def _forget(self, reader: Reader) -> None:
        readers = self.readers.get(reader.topic)
        if readers is not None:
            readers.discard(reader)
            if not readers:
                del self.readers[reader.topic]
                self._rendered.pop(reader.topic, None)

    async def stream(self, topic: Topic, variant: str) -> AsyncIterator[bytes]:
        """The bytes of one page's event stream. Raises TooManyPagesError when the house is full."""
        if self.open_pages >= self.most_readers or self._closed:
            raise TooManyPagesError
        reader = Reader(topic, variant)
        if reader.line is not None:
            line: socket.socket = reader.line.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        self.readers.setdefault(topic, set()).add(reader)
        try:
            yield b"retry: 3000\n\n"
            yield await self._event(topic, variant)
            while (event := await reader.queue.get()) is not None:
                yield event
        finally:
            self._forget(reader)

    def close(self) -> None:
        """End every stream, so that the process can end."""
        self._closed = True
        for readers in list(self.readers.values()):
            for reader in list(readers):
                while not reader.queue.empty():
                    reader.queue.get_nowait()
                reader.queue.put_nowait(None)
        if self._wake is not None:
            self._wake.set()


def topics_of(outcomes: Outcomes) -> set[Topic]:
    """Which topics a unit of work changed: one outlet, the wall view, incidents, one household."""
    topics: set[Topic] = {("outlet", pile, number) for pile, number in outcomes.outlets}
    topics |= {("session", session_id) for session_id in outcomes.sessions}
    topics |= {("pile", pile) for pile in outcomes.piles}
    topics |= {("pile", pile) for pile, _ in outcomes.outlets}
    topics |= {("household", household_id) for household_id in outcomes.households}
    if outcomes.outlets or outcomes.piles or outcomes.feeders:
        topics |= {("wall",), ("overview",)}
    if outcomes.incidents:
        topics |= {("incidents",), ("wall",)}
    return topics
