"""What changed, handed to open pages by server-sent events: rendered once, sent to all, bounded.

A page subscribes to one topic in one variant (language, size). A topic that changed is rendered at
most once a second per variant, however many pages look at it. Who reads too slowly is dropped and
comes back by itself; every stream begins with the present state, so nothing needs to be replayed.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Hashable, Iterable
from dataclasses import dataclass, field

from service.flow.house import Outcomes

PAUSE_S = 1.0
"""A topic is rendered at most this often."""

HEARTBEAT_S = 15.0
SLOWEST = 4
"""Events that may wait for one reader before it is dropped."""

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


class Hub:
    """All open pages of this process."""

    def __init__(self, most_readers: int = 2000):
        self.most_readers = most_readers
        self.renderers: dict[Hashable, Render] = {}
        self.readers: dict[Topic, set[Reader]] = {}
        self.dropped = 0
        self._dirty: set[Topic] = set()
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
        self._dirty.update(topics)
        if self._wake is not None:
            self._wake.set()

    async def run(self) -> None:
        """Render and hand out what changed, until closed. One task per process."""
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        while not self._closed:
            await self._wake.wait()
            self._wake.clear()
            dirty, self._dirty = self._dirty, set()
            for topic in dirty:
                await self._hand_out(topic)
            await asyncio.sleep(PAUSE_S)

    async def _hand_out(self, topic: Topic) -> None:
        readers = list(self.readers.get(topic, ()))
        for variant in {reader.variant for reader in readers}:
            event = await self._event(topic, variant)
            for reader in readers:
                if reader.variant == variant:
                    self._put(reader, event)

    async def _event(self, topic: Topic, variant: str) -> bytes:
        html = await asyncio.to_thread(self.renderers[topic[0]], topic, variant)
        lines = "".join(f"data: {line}\n" for line in html.splitlines() or [""])
        return f"id: {next(self._numbers)}\nevent: message\n{lines}\n".encode()

    def _put(self, reader: Reader, event: bytes) -> None:
        try:
            reader.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.dropped += 1
            self._forget(reader)
            reader.queue.get_nowait()
            reader.queue.put_nowait(None)

    def _forget(self, reader: Reader) -> None:
        readers = self.readers.get(reader.topic)
        if readers is not None:
            readers.discard(reader)
            if not readers:
                del self.readers[reader.topic]

    async def stream(self, topic: Topic, variant: str) -> AsyncIterator[bytes]:
        """The bytes of one page's event stream. Raises TooManyPagesError when the house is full."""
        if self.open_pages >= self.most_readers or self._closed:
            raise TooManyPagesError
        reader = Reader(topic, variant)
        self.readers.setdefault(topic, set()).add(reader)
        try:
            yield b"retry: 3000\n\n"
            yield await self._event(topic, variant)
            while not self._closed:
                try:
                    event = await asyncio.wait_for(reader.queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    event = b"event: beat\ndata: 1\n\n"
                if event is None:
                    return
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
