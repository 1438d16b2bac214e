"""One connection to the broker, from CONNECT to its end. The only file that calls paho.

A link is used once. Reconnecting means a new link with a new generation: so nothing of an old
connection (packet ids, half-read packets, messages in flight) can reach into a newer one, and
paho's own resending, which repeats an over-size message for ever, never happens.
The lane's thread drives it; there is no thread of paho's.
"""

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from service.clock import Clock, monotonic, to_ms
from service.piles.messages import ROOT, Heard, Outgoing
from service.wire.plan import DOWNLINKS, Broker, Lane

log = structlog.get_logger("wire")

KEEPALIVE_S = 30
CONNECT_TIMEOUT_S = 1.5
"""Short, so that a clean stop stays within its 2 s; the broker stands on the same site."""
GREETING_S = 8.0
"""From CONNECT to the last SUBACK."""
SESSION_EXPIRY_S = 86_400
LARGEST_PACKET = 65_536
UNSUPPORTED_VERSION = 0x84
PACKET_TOO_LARGE = 0x95
NOBODY_LISTENS = 0x10


@dataclass(slots=True)
class Item:
    """A message with what is needed to acknowledge it: an id means nothing without its link."""

    heard: Heard
    packet_id: int
    generation: int


class Owner(Protocol):
    """Who drives the link and is told what comes by it. None of these may raise or wait."""

    def on_item(self, item: Item) -> None:
        """A message of the lane's subscriptions."""
        ...

    def on_loopback(self) -> None:
        """Our own message came back."""
        ...

    def on_foreign_downlink(self, topic: str) -> None:
        """Someone else told a pile something."""
        ...

    def on_published(self, packet_id: int, reason: int) -> None:
        """The broker answered a QoS 1 publish; `reason` is MQTT 5's, 0 on 3.1.1."""
        ...


class Link:
    """One paho client and one socket."""

    def __init__(
        self, broker: Broker, lane: Lane, owner: Owner, clock: Clock, generation: int, mqtt5: bool
    ):
        self.generation, self.mqtt5 = generation, mqtt5
        self.accepted = self.ready = self.closed = False
        self.session_present = False
        self.end_reason: int | None = None
        self.largest_packet = LARGEST_PACKET
        self.window = 100
        self._lane, self._owner, self._clock = lane, owner, clock
        self._host, self._port = broker.host, broker.port
        self._opened_at = monotonic()
        self._messages = 0
        self._received_ms = 0
        self._loopback = f"{generation}".encode()
        self._client = self._make_client(broker)

    def _make_client(self, broker: Broker) -> mqtt.Client:
        version = MQTTProtocolVersion.MQTTv5 if self.mqtt5 else MQTTProtocolVersion.MQTTv311
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, f"{broker.client_id}-{self._lane.name}",
            clean_session=None if self.mqtt5 else False, protocol=version,
            reconnect_on_failure=False, manual_ack=True,
        )  # fmt: skip
        if broker.password:
            client.username_pw_set(f"{broker.user}-{self._lane.name}", broker.password)
        if broker.tls_ca:
            client.tls_set(ca_certs=str(broker.tls_ca))
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(0)
        client.on_socket_open = self._on_socket_open
        # With this callback set, paho leaves writing to our loop: acknowledgements go in one go.
        client.on_socket_register_write = lambda *_: None
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    # --- driven by the lane ---------------------------------------------------------------------

    def open(self) -> None:
        """Connect and send CONNECT. Raises OSError when the broker cannot be reached."""
        if self.mqtt5:
            wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            wishes.SessionExpiryInterval = SESSION_EXPIRY_S
            wishes.ReceiveMaximum = self._lane.receive_maximum
            wishes.MaximumPacketSize = LARGEST_PACKET
            # Clean start is off from the very first connect: Mosquitto 2.0 never writes a session
            # to disk that began with it on, and then a restart loses the queue.
            self._client.connect(
                self._host, self._port, KEEPALIVE_S, clean_start=False, properties=wishes
            )
        else:
            self._client.connect(self._host, self._port, KEEPALIVE_S)

    @property
    def socket(self) -> Any:
        """The socket to wait on; None when there is none any more."""
        return self._client.socket()

    @property
    def wants_write(self) -> bool:
        """Whether something waits to be written."""
        return self._client.want_write()

    @property
    def has_read_ahead(self) -> bool:
        """Whether TLS holds decrypted bytes that the socket will never announce."""
        sock = self._client.socket()
        return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

    def read(self, most: int) -> None:
        """Read what is there, at most `most` messages."""
        self._received_ms = to_ms(self._clock.now())
        until = self._messages + most
        while self._messages < until:
            before = self._messages
            failed = self._client.loop_read()
            if failed:
                self.closed = True
            if failed or self._messages == before:
                return

    def write(self) -> None:
        """Write what waits, as far as the socket takes it."""
        if self._client.loop_write():
            self.closed = True

    def tick(self, now: float) -> None:
        """Keep alive; end a greeting that takes too long."""
        if not self.closed and self._client.loop_misc():
            self.closed = True
        if not self.ready and now - self._opened_at > GREETING_S:
            self.drop()

    def acknowledge(self, items: Iterable[Item]) -> int:
        """Tell the broker that these are stored; how many could be told."""
        told = 0
        if self.closed:
            return 0
        for item in items:
            if item.packet_id and item.generation == self.generation:
                self._client.ack(item.packet_id, 1)
                told += 1
        self.write()
        return told

    def fits(self, message: Outgoing) -> bool:
        """Whether the broker takes a packet of this size (40: header, properties, packet id)."""
        size = len(message.topic.encode()) + len(message.payload) + 40
        return size <= self.largest_packet

    def publish(self, message: Outgoing, expires_s: int | None) -> int | None:
        """Send; the packet id, or None when it could not be handed over."""
        properties = None
        if self.mqtt5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.ContentType = "application/json"
            if expires_s is not None:
                properties.MessageExpiryInterval = expires_s
        info = self._client.publish(
            message.topic, message.payload, message.qos, retain=False, properties=properties
        )
        return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def send_loopback(self) -> None:
        """Say something to ourselves."""
        # QoS 0: acknowledging it would overtake the acknowledgements that wait for their commit.
        self._client.publish(self._lane.loopback_topic, self._loopback, 0)

    def leave(self) -> None:
        """Say goodbye; the broker keeps our session and its queue."""
        if not self.closed:
            self._client.disconnect()
            self.write()

    def drop(self) -> None:
        """End the connection without a word."""
        self.closed = True
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    # --- told by paho ---------------------------------------------------------------------------

    def _on_socket_open(self, _client: Any, _data: Any, sock: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(
        self, client: mqtt.Client, _data: Any, flags: Any, reason: ReasonCode, told: Any
    ) -> None:
        if reason.is_failure:
            self.end_reason = reason.value
            return
        self.accepted, self.session_present = True, bool(flags.session_present)
        self.largest_packet = getattr(told, "MaximumPacketSize", LARGEST_PACKET)
        self.window = min(self.window, getattr(told, "ReceiveMaximum", self.window))
        # On every connect, whatever the broker says of a session: it may have kept half of one.
        client.subscribe(self._subscriptions())

    def _subscriptions(self) -> list[Any]:
        topics = {f"{ROOT}/+/up/{tail}": qos for tail, qos in self._lane.filters.items()}
        if not self.mqtt5:
            plain = [*topics.items(), (self._lane.loopback_topic, 0)]
            return [*plain, (DOWNLINKS, 0)] if self._lane.watches_downlinks else plain
        if_new = SubscribeOptions.RETAIN_SEND_IF_NEW_SUB
        wanted: list[Any] = [
            (topic, SubscribeOptions(qos, noLocal=True, retainHandling=if_new))
            for topic, qos in topics.items()
        ]
        wanted.append((self._lane.loopback_topic, SubscribeOptions(0)))
        if self._lane.watches_downlinks:
            # No echo of what we send; and a message that is being retained says so.
            wanted.append((DOWNLINKS, SubscribeOptions(0, noLocal=True, retainAsPublished=True)))
        return wanted

    def _on_subscribe(
        self, _client: Any, _data: Any, _mid: int, reasons: list[ReasonCode], _told: Any
    ) -> None:
        refused = [reason.value for reason in reasons if reason.is_failure]
        if refused:
            self.end_reason = refused[0]
            self.drop()
        else:
            self.ready = True

    def _on_disconnect(
        self, _client: Any, _data: Any, flags: Any, reason: ReasonCode, _told: Any
    ) -> None:
        self.closed = True
        if flags.is_disconnect_packet_from_server:
            self.end_reason = reason.value

    def _on_publish(
        self, _client: Any, _data: Any, packet_id: int, reason: ReasonCode, _told: Any
    ) -> None:
        self._owner.on_published(packet_id, reason.value)

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._messages += 1
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "(not UTF-8)"  # goes the way of everything that is not of the contract
        if topic == self._lane.loopback_topic:
            if message.payload == self._loopback:
                self._owner.on_loopback()
            return
        if "/down/" in topic and not message.retain:
            # On 3.1.1 our own commands come back here; there is no way to tell them apart.
            if self.mqtt5:
                self._owner.on_foreign_downlink(topic)
            return
        heard = Heard(
            topic, bytes(message.payload), self._received_ms, message.qos, bool(message.retain)
        )
        packet_id = message.mid if message.qos else 0
        self._owner.on_item(Item(heard, packet_id, self.generation))
