"""One thread with one connection: waits on the socket, reads, has batches taken, writes.

The thread drives paho itself. That is a quarter to a half quicker than paho's own thread beside a
worker, and a batch is never handed from thread to thread between its commit and its
acknowledgement.
"""

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from service.clock import Clock, monotonic
from service.piles.messages import Outgoing
from service.wire.conductor import Conductor
from service.wire.dialler import Dialler
from service.wire.health import Counts, LaneHealth
from service.wire.link import Item, Link
from service.wire.plan import Broker, Lane
from service.wire.sender import Sender
from service.wire.timing import LoopbackWatch
from service.wire.worker import Worker, attempt

log = structlog.get_logger("wire")

ASK_EVERY_S = 0.5
LONGEST_WAIT_S = 1.0
FLUSH_S = 0.7
"""Of the 2 s that a clean stop may take, for each lane."""


class LaneThread:
    """A lane at work. Without `reply` it is the lane that sends, its own answers included."""

    def __init__(
        self, lane: Lane, broker: Broker, conductor: Conductor, clock: Clock, inbox_limit: int,
        reply: Callable[[Sequence[Outgoing]], None] | None = None,
    ):  # fmt: skip
        self.counts = Counts()
        self._lane, self._conductor = lane, conductor
        self._dialler = Dialler(lane, broker, self, clock, self.counts)
        self._watch = LoopbackWatch(monotonic())
        self._sender = Sender(self.counts)
        self._sends = reply is None
        self._worker = Worker(
            conductor, reply or self._answer, self._acknowledge, self.counts,
            lane.batch_messages, lane.batch_wait_s, inbox_limit,
        )  # fmt: skip
        self._ask_at = 0.0
        self._untold: list[str] = []
        self._was_full = False
        self._ending = threading.Event()
        self._woken = False
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=f"wire-{lane.name}", daemon=True)

    # --- from any thread ------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect, hear and take."""
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        """Finish the batch, acknowledge, send what is queued, say goodbye; whether it ended."""
        self._ending.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def wake(self) -> None:
        """Look at once whether there is something to send."""
        if not self._woken:
            self._woken = True
            with contextlib.suppress(OSError):  # a full pipe is awake, a closed one at its end
                self._bell.send(b"!")

    def send(self, messages: Sequence[Outgoing]) -> None:
        """Have these sent by this lane."""
        if messages:
            self._sender.post(messages, monotonic())
            self.wake()

    def health(self) -> LaneHealth:
        """Where it stands."""
        now = monotonic()
        return LaneHealth(
            name=self._lane.name, connected=self._dialler.is_connected, mqtt5=self._dialler.mqtt5,
            generation=self._dialler.generation, session_durable=self._dialler.session_durable,
            loopback_age_s=self._watch.age_s(now), inbox=len(self._worker),
            outgoing=len(self._sender), failing_s=self._worker.failing_s(now),
            counts=replace(self.counts),
        )  # fmt: skip

    # --- told by the link -----------------------------------------------------------------------

    def on_item(self, item: Item) -> None:
        """Into the inbox."""
        self.counts.retained_downlinks += item.heard.retain and "/down/" in item.heard.topic
        self._worker.hear(item)

    def on_loopback(self) -> None:
        """The link is alive in both directions."""
        self._watch.returned(monotonic())

    def on_foreign_downlink(self, topic: str) -> None:
        """Counted and said aloud: nobody but us may tell a pile anything."""
        self.counts.foreign_downlinks += 1
        log.error("someone else sent to a pile", topic=topic)

    def on_published(self, packet_id: int, reason: int) -> None:
        """The broker's answer to something we sent."""
        self._sender.published(packet_id, reason)

    # --- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ending.is_set():
            self._survive(self._step)
        self._survive(self._finish)
        self._bell.close()
        self._ear.close()

    def _survive(self, step: Callable[[], None]) -> None:
        stumble = attempt(step)
        if isinstance(stumble, Exception):
            self.counts.stumbles += 1
            log.error("connection given up", lane=self._lane.name, error=repr(stumble)[:300])
            if self._dialler.link:
                self._dialler.link.drop()
                self._lost(self._dialler.link)

    def _step(self) -> None:
        self._dialler.connect_if_due(monotonic())
        self._wait()
        link = self._dialler.link
        if link:
            self._talk(link)
        self._worker.work(monotonic())
        if link:
            self._look_after(link)

    def _wait(self) -> None:
        now = monotonic()
        link = self._dialler.link
        waits = [LONGEST_WAIT_S, self._worker.due_in(now)]
        poll = select.poll()
        poll.register(self._ear, select.POLLIN)
        if link is None:
            waits.append(self._dialler.due_in(now))
        elif link.closed or link.has_read_ahead:
            waits.append(0.0)
        else:
            # Left unread when the inbox is full: the broker feels it and keeps the rest.
            events = select.POLLIN if self._worker.room else 0
            poll.register(link.socket, events | (select.POLLOUT if link.wants_write else 0))
            waits.append(self._ask_at - now if self._sends and link.ready else None)
        wait_s = max(0.0, min(wait for wait in waits if wait is not None))
        for handle, event in poll.poll(wait_s * 1000):
            if handle == self._ear.fileno():
                self._ear.recv(4096)
                self._woken = False  # after the bell is quiet: else a ring now would be the last
                self._ask_at = 0.0
            elif link and event & (select.POLLHUP | select.POLLERR) and not self._worker.room:
                link.drop()

    def _talk(self, link: Link) -> None:
        room = self._worker.room
        if room:
            link.read(min(room, self._lane.batch_messages))
        else:
            self._watch.was_deaf(monotonic())
            if not self._was_full:
                self.counts.full += 1
                log.error("inbox full, socket left unread", lane=self._lane.name)
        self._was_full = not room
        if link.wants_write and not link.closed:
            link.write()

    def _look_after(self, link: Link) -> None:
        now = monotonic()
        if not link.closed:
            link.tick(now)
        if self._dialler.newly_ready():
            self._watch.connected(now)
        if link.closed:
            self._lost(link)
        elif link.ready:
            if self._sends:
                self._send(link, now)
            if self._watch.should_send(now):
                link.send_loopback()
            if self._watch.is_dead(now):
                self.counts.replaced += 1
                log.error("nothing of ours came back, connecting anew", lane=self._lane.name)
                link.drop()

    def _lost(self, link: Link) -> None:
        self._dialler.lost(link)
        self._sender.link_lost(link.end_reason)

    def _send(self, link: Link, now: float) -> None:
        if now >= self._ask_at:
            self._ask_at = now + ASK_EVERY_S
            due = attempt(self._conductor.commands_due)
            if isinstance(due, Exception):
                self._could_not("ask for", due)
            else:
                self._sender.post_commands(due, now)
        self._sender.fill(link, now)
        self._tell_sent()

    def _tell_sent(self) -> None:
        self._untold += self._sender.take_done()
        if not self._untold:
            return
        told = attempt(lambda: self._conductor.command_sent(self._untold))
        if isinstance(told, Exception):
            self._could_not("tell of", told)
        else:
            self._sender.told(self._untold)
            self._untold = []

    def _could_not(self, what: str, error: Exception) -> None:
        self.counts.command_failures += 1
        log.error(f"could not {what} commands", error=str(error)[:300])

    def _answer(self, replies: Sequence[Outgoing]) -> None:
        """Answers leave before the acknowledgement of what they answer, on the same connection."""
        now, link = monotonic(), self._dialler.link
        self._sender.post(replies, now)
        if link and link.ready and not link.closed:
            self._sender.fill(link, now)

    def _acknowledge(self, items: Sequence[Item]) -> None:
        link = self._dialler.link
        numbered = sum(1 for item in items if item.packet_id)
        told = link.acknowledge(items) if link else 0
        self.counts.acknowledged += told
        self.counts.unacknowledged += numbered - told

    def _finish(self) -> None:
        """The clean end. What is not done in time is not acknowledged and comes again."""
        until = monotonic() + FLUSH_S
        link = self._dialler.link
        while (now := monotonic()) < until and self._worker.due_in(now) is not None:
            if self._worker.failing_s(now):
                break
            self._worker.work(now, at_once=True)
        while link and link.ready and not link.closed and monotonic() < until:
            self._sender.fill(link, monotonic())
            if self._sender.is_idle and not link.wants_write:
                break
            self._wait()
            link.write()
            link.read(1)
        self._tell_sent()
        if link:
            link.leave()
