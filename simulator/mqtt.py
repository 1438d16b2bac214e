"""One pile's MQTT client: paho driven from the caller's own loop, without a thread.

The only file of the simulator that knows paho.
"""

import json
import socket
import ssl
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from simulator.core import Publish

KEEPALIVE_S = 60
WILL_DELAY_S = 20
IN_FLIGHT = 8
NO_MATCHING_SUBSCRIBERS = 0x10


class PileClient:
    """A connection of one pile. What happens is told through three callables; none may block."""

    def __init__(
        self, name: str, username: str, password: str | None, ca_file: str | None, *,
        on_subscribed: Callable[[], None],
        on_message: Callable[[str, bytes, bool], None],
        on_undelivered: Callable[[str, int], None],
    ):  # fmt: skip
        self.name, self._username, self._password = name, username, password
        self._ca_file = ca_file
        self._on_subscribed, self._on_message = on_subscribed, on_message
        self._on_undelivered = on_undelivered
        self._client: mqtt.Client | None = None
        self._published: dict[int, bytes] = {}
        self.refused: str | None = None
        """Why the broker said no, if it did."""

    def connect(self, host: str, port: int, will: Publish) -> bool:
        """Begin a connection with this will; True when the socket is there."""
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self.name, protocol=mqtt.MQTTv5)
        if self._password is not None:
            client.username_pw_set(self._username, self._password)
        if self._ca_file is not None:
            client.tls_set(ca_certs=self._ca_file)
        delay = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
        delay.WillDelayInterval = WILL_DELAY_S
        client.will_set(will.topic, will.payload, will.qos, will.retain, delay)
        client.max_inflight_messages_set(IN_FLIGHT)
        client.connect_timeout = 5.0
        client.on_socket_open = _no_delay
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._message
        client.on_publish = self._acknowledged
        wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wishes.SessionExpiryInterval, wishes.ReceiveMaximum = 0, IN_FLIGHT
        wishes.MaximumPacketSize = 4096
        self._published.clear()
        self.refused = None
        try:
            client.connect(host, port, KEEPALIVE_S, clean_start=True, properties=wishes)
        except OSError as error:
            self.refused = str(error)
            return False
        self._client = client
        return True

    def _connected(
        self, client: mqtt.Client, data: Any, flags: Any, reason: ReasonCode, props: Any
    ) -> None:
        if reason.is_failure:
            self.refused = str(reason)
            return
        client.subscribe([
            (f"pile/1/{self.name}/down/#", SubscribeOptions(qos=1)),
            ("pile/1/_all/down/#", SubscribeOptions(qos=1)),
        ])  # fmt: skip

    def _subscribed(
        self, client: mqtt.Client, data: Any, mid: int, reasons: Any, props: Any
    ) -> None:
        self._on_subscribed()

    def _message(self, client: mqtt.Client, data: Any, message: mqtt.MQTTMessage) -> None:
        self._on_message(message.topic, bytes(message.payload), message.retain)

    def _acknowledged(
        self, client: mqtt.Client, data: Any, mid: int, reason: ReasonCode, props: Any
    ) -> None:
        payload = self._published.pop(mid, None)
        if payload is None or reason.value != NO_MATCHING_SUBSCRIBERS:
            return
        body = json.loads(payload)
        if "seq" in body:
            self._on_undelivered(body["boot_id"], body["seq"])

    def publish(self, message: Publish) -> None:
        """Hand a message to the client; it goes out as the window allows."""
        if self._client is not None:
            info = self._client.publish(message.topic, message.payload, message.qos, message.retain)
            if message.qos:
                self._published[info.mid] = message.payload

    def fileno(self) -> int:
        """The file number of the socket to wait for; -1 while there is none."""
        sock = self._client.socket() if self._client else None
        return -1 if sock is None else int(sock.fileno())

    def wants_write(self) -> bool:
        """Bytes wait to be sent."""
        return self._client is not None and bool(self._client.want_write())

    def in_flight(self) -> int:
        """Messages not yet acknowledged by the broker."""
        return len(self._published)

    def read(self) -> None:
        """The socket has something; TLS may hold more of it than the socket shows."""
        client = self._client
        while client is not None:
            client.loop_read()
            sock = client.socket()
            if not isinstance(sock, ssl.SSLSocket) or not sock.pending():
                return

    def write(self) -> None:
        """The socket has room."""
        if self._client is not None:
            self._client.loop_write()

    def look_after(self) -> None:
        """Keep-alive; call it once a second of real time."""
        if self._client is not None:
            self._client.loop_misc()

    def leave(self) -> None:
        """Disconnect properly: the broker drops the will."""
        if self._client is not None:
            self._client.disconnect()
            self._client = None

    def die(self) -> None:
        """The link is gone without a word: the broker will publish the will."""
        sock = self._client.socket() if self._client else None
        if sock is not None:
            sock.close()
        self._client = None


def _no_delay(client: mqtt.Client, data: Any, sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
