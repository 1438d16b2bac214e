"""One client's socket: packets in, packets out, keep-alive, goodbye."""

import asyncio
from collections.abc import Callable
from typing import cast

from simulator.broker import packets
from simulator.broker.codec import Kind, MalformedError, Prop, Properties, Reason, next_frame
from simulator.broker.codec import frame as whole
from simulator.broker.hub import Hub
from simulator.broker.packets import Connect, Publish, Will
from simulator.broker.sessions import Session

_FLAGS = {Kind.PUBREL: 2, Kind.SUBSCRIBE: 2, Kind.UNSUBSCRIBE: 2}
_OLD_CODES = {Reason.BAD_VERSION: 1, Reason.BAD_CLIENT_ID: 2, Reason.QUOTA: 3, Reason.BAD_LOGIN: 5}
"""What MQTT 3.1.1 says for a refused connection."""
_WRITE_BUFFER_BYTES = 1 << 20


class Connection(asyncio.Protocol):
    """A client's connection, from the first byte to the last."""

    def __init__(self, hub: Hub, ended: Callable[["Connection"], None]):
        self.hub, self._ended = hub, ended
        self.v5 = False
        self.congested = False
        self.largest = hub.limits.packet_bytes
        self.session: Session | None = None
        self._will: Will | None = None
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._out: list[bytes] = []
        self._aliases: dict[int, str] = {}
        self._heard_at = 0.0
        self._alive_s = hub.limits.connect_s
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._handlers: dict[Kind, Callable[[int, bytes], None]] = {
            Kind.CONNECT: self._connect,
            Kind.PUBLISH: self._publish,
            Kind.PUBACK: self._done,
            Kind.PUBREC: self._received,
            Kind.PUBREL: self._release,
            Kind.PUBCOMP: self._done,
            Kind.SUBSCRIBE: self._subscribe,
            Kind.UNSUBSCRIBE: self._unsubscribe,
            Kind.PINGREQ: self._ping,
            Kind.DISCONNECT: self._goodbye,
        }

    # --- asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open; the client has some seconds to say CONNECT."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)
        self._heard_at = self.hub.now()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Handle every packet that is whole; keep the rest, which is below the packet limit."""
        self._heard_at = self.hub.now()
        self._buffer += data
        start = 0
        try:
            while not self._closed:
                found = next_frame(self._buffer, start, self.hub.limits.packet_bytes)
                if found is None:
                    break
                first, body, start = found
                self._handle(first, body)
        except MalformedError as problem:
            self.hub.counts.malformed += 1
            self.close(problem.reason)
        if self._closed:
            self._buffer.clear()
        else:
            del self._buffer[:start]

    def pause_writing(self) -> None:
        """The client does not read: QoS 0 is dropped, the rest waits in its queue."""
        self.congested = True

    def resume_writing(self) -> None:
        """The client reads again."""
        self.congested = False
        if self.session is not None:
            self.session.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._closed = True
        if self._timer:
            self._timer.cancel()
        self._leave()
        self._ended(self)

    # --- sending ---

    def send(self, packet: bytes) -> None:
        """Send with whatever else is said in this turn of the loop."""
        if self._closed:
            return
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append(packet)

    def _flush(self) -> None:
        if self._out and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def close(self, reason: Reason) -> None:
        """Close from this side, with the reason where the version knows one; leaves the will."""
        if self.session is not None and self.v5:
            self.send(packets.disconnect(reason))
        elif self.session is None and reason is not Reason.MALFORMED:
            self._refuse(reason)
            return
        self._hang_up()

    def take_over(self) -> None:
        """Somebody else is this client now. A will with a delay is silenced by that."""
        if self._will is not None and self._will.delay_s:
            self._will = None
        self.close(Reason.TAKEN_OVER)

    def _refuse(self, reason: Reason) -> None:
        self.send(packets.connack(self.v5, False, reason if self.v5 else _OLD_CODES.get(reason, 5)))
        self._hang_up()

    def _hang_up(self) -> None:
        self._flush()
        self._closed = True
        self._leave()
        self._transport.close()

    def _leave(self) -> None:
        session, will = self.session, self._will
        self.session = self._will = None
        if session is not None:
            self.hub.detach(session, self, will)

    def _watch(self) -> None:
        """Close the connection when nothing came for one and a half keep-alives."""
        silent_s = self.hub.now() - self._heard_at
        if silent_s >= self._alive_s and self.session is not None:
            self.close(Reason.KEEP_ALIVE)
        elif silent_s >= self._alive_s:
            self._hang_up()
        else:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._alive_s - silent_s + 0.01, self._watch)

    # --- packets ---

    def _handle(self, first: int, body: bytes) -> None:
        kind, flags = first >> 4, first & 15
        handler = self._handlers.get(Kind(kind)) if kind else None
        if handler is None or (self.session is None) != (kind == Kind.CONNECT):
            raise MalformedError(f"packet kind {kind} is out of place", Reason.PROTOCOL_ERROR)
        if kind != Kind.PUBLISH and flags != _FLAGS.get(Kind(kind), 0):
            raise MalformedError("the reserved flags are wrong")
        handler(flags, body)

    def _connect(self, _flags: int, body: bytes) -> None:
        asked = packets.parse_connect(body)
        self.v5 = asked.v5
        hub = self.hub
        if Prop.AUTH_METHOD in asked.properties:
            return self._refuse(Reason.BAD_AUTHENTICATION)
        if not hub.access.may_connect(asked.login, asked.password):
            hub.counts.bad_logins += 1
            return self._refuse(Reason.BAD_LOGIN)
        if not asked.client_id and not asked.v5 and not asked.clean:
            return self._refuse(Reason.BAD_CLIENT_ID)
        client_id = hub.name(asked)
        old = hub.sessions.get(client_id)
        if old is not None and isinstance(old.link, Connection):
            old.link.take_over()
        attached = hub.attach(client_id, asked)
        if attached is None:
            return self._refuse(Reason.QUOTA)
        self.session, present = attached
        self._will = asked.will
        self._welcome(asked, client_id, present)
        return None

    def _welcome(self, asked: Connect, client_id: str, present: bool) -> None:
        limits, session = self.hub.limits, self._mine()
        said: Properties = {
            Prop.RECEIVE_MAXIMUM: limits.in_flight,
            Prop.PACKET_MAXIMUM: limits.packet_bytes,
            Prop.ALIAS_MAXIMUM: limits.aliases,
            Prop.IDENTIFIERS_AVAILABLE: 0,
            Prop.SHARED_AVAILABLE: 0,
        }
        keep_alive_s = asked.keep_alive_s
        if asked.v5 and not 0 < keep_alive_s <= limits.keep_alive_s:
            keep_alive_s = said[Prop.SERVER_KEEP_ALIVE] = limits.keep_alive_s
        if client_id != asked.client_id:
            said[Prop.ASSIGNED_ID] = client_id
        if session.expiry_s != asked.properties.get(Prop.SESSION_EXPIRY, 0):
            said[Prop.SESSION_EXPIRY] = session.expiry_s
        self._alive_s = 1.5 * (keep_alive_s or limits.session_s)
        if self._timer:
            self._timer.cancel()
        self._watch()
        self.largest = asked.properties.get(Prop.PACKET_MAXIMUM, limits.packet_bytes)
        self.send(packets.connack(self.v5, present, Reason.OK, said))
        session.resume(self, asked.properties.get(Prop.RECEIVE_MAXIMUM, 65_535))

    def _publish(self, flags: int, body: bytes) -> None:
        said = packets.parse_publish(flags, body, self.v5)
        session, hub = self._mine(), self.hub
        said = self._named(said)
        allowed = hub.access.may(session.login, said.topic, True)
        again = said.qos == 2 and said.packet_id in session.incoming
        reason = Reason.OK
        if not allowed:
            hub.counts.not_allowed += 1
            reason = Reason.NOT_AUTHORIZED
        elif not again and not hub.publish(hub.message(session, said, said.properties)):
            reason = Reason.NO_SUBSCRIBERS
        if said.qos == 1:
            self.send(packets.ack(Kind.PUBACK, said.packet_id, self.v5, reason))
        elif said.qos == 2:
            if allowed:
                session.incoming.add(said.packet_id)
            if len(session.incoming) > hub.limits.in_flight:
                raise MalformedError("too many unreleased messages", Reason.RECEIVE_MAXIMUM)
            self.send(packets.ack(Kind.PUBREC, said.packet_id, self.v5, reason))

    def _named(self, said: Publish) -> Publish:
        """The message with its topic, which an alias may stand for."""
        alias = said.properties.pop(Prop.ALIAS, None)
        if alias is None:
            return said
        if alias > self.hub.limits.aliases or not (said.topic or alias in self._aliases):
            raise MalformedError("an alias that was never given", Reason.BAD_ALIAS)
        if said.topic:
            self._aliases[alias] = said.topic
            return said
        return Publish(
            self._aliases[alias], said.payload, said.qos, said.retain, said.packet_id,
            said.properties,
        )  # fmt: skip

    def _done(self, _flags: int, body: bytes) -> None:
        self._mine().done(packets.parse_ack(body, self.v5).packet_id)

    def _received(self, _flags: int, body: bytes) -> None:
        said = packets.parse_ack(body, self.v5)
        self._mine().received(said.packet_id, said.reason)

    def _release(self, _flags: int, body: bytes) -> None:
        packet_id = packets.parse_ack(body, self.v5).packet_id
        known = packet_id in self._mine().incoming
        self._mine().incoming.discard(packet_id)
        reason = Reason.OK if known else Reason.UNKNOWN_PACKET
        self.send(packets.ack(Kind.PUBCOMP, packet_id, self.v5, reason))

    def _subscribe(self, _flags: int, body: bytes) -> None:
        asked = packets.parse_subscribe(body, self.v5)
        session, hub = self._mine(), self.hub
        if Prop.SUBSCRIPTION_ID in asked.properties:
            raise MalformedError("subscription identifiers are not offered", Reason.NO_IDENTIFIERS)
        reasons, repeat = [], []
        for wanted, options in asked.filters:
            known = wanted in session.subscriptions
            reason = hub.subscribe(session, wanted, options)
            reasons.append(reason if self.v5 or reason < 0x80 else 0x80)
            if reason < 0x80 and options.retain_handling < (1 if known else 2):
                repeat.append((wanted, options))
        self.send(packets.granted(Kind.SUBACK, asked.packet_id, self.v5, reasons))
        for wanted, options in repeat:
            hub.repeat_retained(session, wanted, options)

    def _unsubscribe(self, _flags: int, body: bytes) -> None:
        asked = packets.parse_unsubscribe(body, self.v5)
        reasons = [self.hub.unsubscribe(self._mine(), wanted) for wanted in asked.filters]
        self.send(packets.granted(Kind.UNSUBACK, asked.packet_id, self.v5, reasons))

    def _ping(self, _flags: int, _body: bytes) -> None:
        self.send(whole(Kind.PINGRESP, 0, b""))

    def _goodbye(self, _flags: int, body: bytes) -> None:
        said = packets.parse_disconnect(body, self.v5)
        session = self._mine()
        if said.session_expiry_s is not None:
            if session.expiry_s == 0 and said.session_expiry_s:
                raise MalformedError(
                    "a session cannot be prolonged at its end", Reason.PROTOCOL_ERROR
                )
            session.expiry_s = min(said.session_expiry_s, self.hub.limits.session_s)
        if said.reason != Reason.WITH_WILL:
            self._will = None
        self._hang_up()

    def _mine(self) -> Session:
        if self.session is None:
            raise MalformedError("no session", Reason.PROTOCOL_ERROR)
        return self.session
