"""What goes down: sent in order, never too large, never for ever.

Replies wait here while the link is down, as long as they are of use. Commands do not: the outbox
table keeps them, and gives them again as long as they are valid.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from service.piles.messages import MAX_UPLINK_BYTES, Outgoing
from service.wire.crash import crash_point
from service.wire.health import Counts
from service.wire.link import NOBODY_LISTENS, PACKET_TOO_LARGE, Link

log = structlog.get_logger("wire")

LIMIT = 20_000
"""Messages waiting; 38 piles produce some hundred in their worst minute."""
MOST_TRIES = 3
"""A message that took the link down with it three times is not sent a fourth time."""
REFUSED = 0x80


@dataclass(slots=True)
class Waiting:
    """A message on its way, since when, and on how many connections it was tried."""

    message: Outgoing
    since: float
    tries: int = 0


class Sender:
    """The queue of one link. Only `post` may be called from another thread."""

    def __init__(self, counts: Counts):
        self._counts = counts
        self._queue: deque[Waiting] = deque()
        self._in_flight: dict[int, Waiting] = {}
        self._commands: set[str] = set()
        self._tries: dict[str, int] = {}
        self._done: list[str] = []

    def __len__(self) -> int:
        return len(self._queue) + len(self._in_flight)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and everything sent is acknowledged by the broker."""
        return not self._queue and not self._in_flight

    def post(self, messages: Iterable[Outgoing], now: float) -> None:
        """Send these when their turn comes; any thread."""
        for message in messages:
            if len(self._queue) < LIMIT:
                self._queue.append(Waiting(message, now))
            else:
                self._counts.outbox_full += 1
                log.error("outgoing message dropped, queue full", topic=message.topic)

    def post_commands(self, commands: Iterable[Outgoing], now: float) -> None:
        """Send those that are not on their way already."""
        for command in commands:
            command_id = command.command_id
            if command_id and command_id not in self._commands and len(self._queue) < LIMIT:
                self._commands.add(command_id)
                self._queue.append(Waiting(command, now, self._tries.pop(command_id, 0)))

    def take_done(self) -> list[str]:
        """Commands the wire is done with since the last call."""
        done, self._done = self._done, []
        return done

    def fill(self, link: Link, now: float) -> None:
        """Publish as many as the broker's receive maximum allows."""
        published = False
        while self._queue and len(self._in_flight) < link.window and not link.closed:
            waiting = self._queue.popleft()
            if self._is_fit(waiting, link, now):
                published = True
                self._publish(waiting, link, now)
        if published:
            link.write()
            crash_point("published")

    def _is_fit(self, waiting: Waiting, link: Link, now: float) -> bool:
        message = waiting.message
        if len(message.payload) > MAX_UPLINK_BYTES or not link.fits(message):
            self._counts.oversize += 1
            log.error("outgoing message too large", topic=message.topic, size=len(message.payload))
        elif not message.topic or "+" in message.topic or "#" in message.topic:
            self._counts.send_refused += 1
            log.error("outgoing message without a single topic", topic=message.topic)
        elif message.expires_s is not None and now - waiting.since >= message.expires_s:
            self._counts.expired += 1
        else:
            return True
        self._finish(message)
        return False

    def _publish(self, waiting: Waiting, link: Link, now: float) -> None:
        message = waiting.message
        left = message.expires_s and max(1, message.expires_s - int(now - waiting.since))
        waiting.tries += 1
        packet_id = link.publish(message, left)
        if packet_id is None:
            link.drop()
        if message.qos == 0:
            self._counts.sent += 1
            self._finish(message)
        else:
            # Not handed over: kept under an id that no broker uses until the link is found lost.
            self._in_flight[packet_id or -len(self._in_flight) - 1] = waiting

    def published(self, packet_id: int, reason: int) -> None:
        """The broker took it or refused it; either way it does not come again."""
        waiting = self._in_flight.pop(packet_id, None)
        if waiting is None:
            return
        if reason >= REFUSED:
            self._counts.send_refused += 1
            log.error("broker refused", topic=waiting.message.topic, reason=reason)
        else:
            self._counts.sent += 1
            self._counts.unheard += reason == NOBODY_LISTENS
        self._finish(waiting.message)

    def link_lost(self, reason: int | None) -> None:
        """Sort what was on its way: replies again, commands back to the outbox, poison away."""
        if not self._in_flight:
            return
        again: list[Waiting] = []
        self._tries.clear()
        for waiting in self._in_flight.values():
            message = waiting.message
            if reason == PACKET_TOO_LARGE or waiting.tries >= MOST_TRIES:
                self._counts.given_up += 1
                log.error("outgoing message given up", topic=message.topic, tries=waiting.tries)
                self._finish(message)
            elif message.command_id is None:
                again.append(waiting)
            else:
                self._commands.discard(message.command_id)
                self._tries[message.command_id] = waiting.tries
        self._in_flight.clear()
        self._queue.extendleft(reversed(again))

    def _finish(self, message: Outgoing) -> None:
        if message.command_id is not None:
            self._done.append(message.command_id)

    def told(self, command_ids: Iterable[str]) -> None:
        """The outbox knows of these: the same id may be asked for again (the resend at 15 s)."""
        self._commands.difference_update(command_ids)
