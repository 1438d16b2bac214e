"""What one client is owed: its subscriptions, its queue, and what it did not acknowledge yet.

A session outlives its connection. While nobody is connected, QoS 1 and 2 wait in a bounded queue;
what does not fit is dropped and counted.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from simulator.broker.codec import Kind, Reason
from simulator.broker.packets import Message, Options, ack, publish


@dataclass(frozen=True)
class Limits:
    """What keeps the broker's memory bounded."""

    packet_bytes: int = 65_536
    queue: int = 50_000
    """Messages waiting for one client."""
    in_flight: int = 1000
    """Messages sent to one client and not acknowledged."""
    sessions: int = 10_000
    subscriptions: int = 200
    """Of one client."""
    retained: int = 10_000
    aliases: int = 16
    session_s: int = 7 * 86_400
    """How long a session without a connection is kept at most."""
    keep_alive_s: int = 300
    connect_s: float = 10.0
    """How long a new connection may take to say CONNECT."""


@dataclass
class Counts:
    """What was lost or refused, and why."""

    queue_full: int = 0
    expired: int = 0
    slow: int = 0
    """QoS 0 messages that a client did not read in time."""
    too_large: int = 0
    malformed: int = 0
    bad_logins: int = 0
    not_allowed: int = 0
    retained_full: int = 0


class Link(Protocol):
    """The connection of a session, as the session sees it."""

    v5: bool
    congested: bool
    largest: int
    """Bytes of the largest packet the client takes."""

    def send(self, packet: bytes) -> None:
        """Put a packet on its way."""
        ...


@dataclass
class Flight:
    """A message under way; `released` when only its PUBCOMP is missing."""

    message: Message
    qos: int
    retain: bool
    released: bool = False


@dataclass
class Session:
    """One client's state, with or without a connection."""

    client_id: str
    limits: Limits
    counts: Counts
    now: Callable[[], float]
    login: str | None = None
    link: Link | None = None
    expiry_s: int = 0
    receive_maximum: int = 65_535
    subscriptions: dict[str, Options] = field(default_factory=dict)
    queue: deque[tuple[Message, int, bool]] = field(default_factory=deque)
    in_flight: dict[int, Flight] = field(default_factory=dict)
    incoming: set[int] = field(default_factory=set)
    """Packet numbers of QoS 2 messages that came in and are not released yet."""
    _last_id: int = 0

    def offer(self, message: Message, qos: int, retain: bool) -> None:
        """Send it, queue it, or drop and count it."""
        if qos == 0:
            if self.link is not None and not self.link.congested:
                self._send(message, 0, 0, retain)
            elif self.link is not None:
                self.counts.slow += 1
        elif self._may_send() and not self.queue:
            self._fly(message, qos, retain)
        elif len(self.queue) < self.limits.queue:
            self.queue.append((message, qos, retain))
        else:
            self.counts.queue_full += 1

    def pump(self) -> None:
        """Send what waits, as far as the client may be sent more."""
        while self.queue and self._may_send():
            message, qos, retain = self.queue.popleft()
            if message.expires_at is not None and message.expires_at <= self.now():
                self.counts.expired += 1
            else:
                self._fly(message, qos, retain)

    def resume(self, link: Link, receive_maximum: int) -> None:
        """A connection is there (again): repeat what was not acknowledged, then send the rest."""
        self.link, self.receive_maximum = link, receive_maximum
        for packet_id, flight in list(self.in_flight.items()):
            if flight.released:
                link.send(ack(Kind.PUBREL, packet_id, link.v5))
            else:
                self._send(flight.message, flight.qos, packet_id, flight.retain, dup=True)
        self.pump()

    def done(self, packet_id: int) -> None:
        """PUBACK or PUBCOMP: the client has it."""
        self.in_flight.pop(packet_id, None)
        self.pump()

    def received(self, packet_id: int, reason: int) -> None:
        """PUBREC: the client has it but for the last step, or refuses it."""
        flight = self.in_flight.get(packet_id)
        if reason >= 0x80:
            self.done(packet_id)
        elif self.link is not None:
            if flight is not None:
                flight.released = True
            code = Reason.OK if flight is not None else Reason.UNKNOWN_PACKET
            self.link.send(ack(Kind.PUBREL, packet_id, self.link.v5, code))

    def _may_send(self) -> bool:
        room = min(self.receive_maximum, self.limits.in_flight)
        return self.link is not None and not self.link.congested and len(self.in_flight) < room

    def _fly(self, message: Message, qos: int, retain: bool) -> None:
        packet_id = self._next_id()
        self.in_flight[packet_id] = Flight(message, qos, retain)
        self._send(message, qos, packet_id, retain)

    def _send(
        self, message: Message, qos: int, packet_id: int, retain: bool, dup: bool = False
    ) -> None:
        if self.link is None:
            return
        now = self.now() if self.link.v5 else None
        packet = publish(message, qos, packet_id, (retain, dup), now)
        if len(packet) > self.link.largest:
            # MQTT 5, 3.1.2.11.4: such a message counts as delivered.
            self.counts.too_large += 1
            self.in_flight.pop(packet_id, None)
        else:
            self.link.send(packet)

    def _next_id(self) -> int:
        while True:
            self._last_id = self._last_id % 65_535 + 1
            if self._last_id not in self.in_flight:
                return self._last_id
