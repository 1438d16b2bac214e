"""paho as the tests use it: blocking, with queues, and with a way to lose the connection."""

import contextlib
import queue
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

PATIENCE_S = 5.0
"""How long to wait for what must come."""
QUIET_S = 0.15
"""How long to wait for what must not come: many times what a message takes on one machine."""


def properties(kind: int, **values: Any) -> Properties:
    """MQTT 5 properties of one kind of packet."""
    made = Properties(kind)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def on_publish(**values: Any) -> Properties:
    """Properties of a message."""
    return properties(PacketTypes.PUBLISH, **values)


@dataclass
class Will:
    """A last will; `delay_s` only on MQTT 5."""

    topic: str
    payload: bytes
    retain: bool = False
    delay_s: int = 0


@dataclass
class Setup:
    """How a client connects."""

    port: int
    login: str
    password: str | None = None
    client_id: str | None = None
    v5: bool = True
    clean: bool = True
    expiry_s: int = 0
    will: Will | None = None
    manual_ack: bool = False
    receive_maximum: int | None = None
    ca_file: Any = None
    more: Mapping[str, Any] = field(default_factory=dict)


class Client:
    """A connected client; `refused` holds the reason when it was not let in."""

    def __init__(self, setup: Setup):
        self.messages: queue.Queue[mqtt.MQTTMessage] = queue.Queue()
        self.published: queue.Queue[tuple[int, Any]] = queue.Queue()
        self.ended: queue.Queue[Any] = queue.Queue()
        self._connected: queue.Queue[tuple[Any, Any, Any]] = queue.Queue()
        self._subscribed: queue.Queue[Any] = queue.Queue()
        self.paho = self._paho(setup)
        self.paho.connect("127.0.0.1", setup.port, keepalive=30, **self._connect_arguments(setup))
        self.paho.loop_start()
        flags, reason, self.properties = self._connected.get(timeout=PATIENCE_S)
        self.session_present = bool(flags.session_present)
        self.refused = str(reason) if reason.is_failure else None

    def _paho(self, setup: Setup) -> mqtt.Client:
        paho = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=setup.client_id or setup.login,
            protocol=mqtt.MQTTv5 if setup.v5 else mqtt.MQTTv311,
            clean_session=None if setup.v5 else setup.clean,
            manual_ack=setup.manual_ack,
            reconnect_on_failure=False,
        )
        paho.on_message = lambda _c, _u, message: self.messages.put(message)
        paho.on_connect = lambda _c, _u, flags, reason, said: self._connected.put(
            (flags, reason, said)
        )
        paho.on_subscribe = lambda _c, _u, _mid, reasons, _p: self._subscribed.put(reasons)
        paho.on_publish = lambda _c, _u, mid, reason, _p: self.published.put((mid, reason))
        paho.on_disconnect = lambda _c, _u, _flags, reason, _p: self.ended.put(reason)
        if setup.password is not None:
            paho.username_pw_set(setup.login, setup.password)
        if setup.ca_file is not None:
            paho.tls_set(setup.ca_file, tls_version=ssl.PROTOCOL_TLS_CLIENT)
        if setup.will:
            said = None
            if setup.v5 and setup.will.delay_s:
                said = properties(PacketTypes.WILLMESSAGE, WillDelayInterval=setup.will.delay_s)
            paho.will_set(setup.will.topic, setup.will.payload, 1, setup.will.retain, said)
        return paho

    def _connect_arguments(self, setup: Setup) -> dict[str, Any]:
        if not setup.v5:
            return {}
        said = dict(setup.more)
        if setup.expiry_s:
            said["SessionExpiryInterval"] = setup.expiry_s
        if setup.receive_maximum:
            said["ReceiveMaximum"] = setup.receive_maximum
        return {
            "clean_start": setup.clean,
            "properties": properties(PacketTypes.CONNECT, **said),
        }

    def hear(self, topic: str, qos: int = 1, **options: Any) -> list[Any]:
        """Subscribe and wait for the answer."""
        if options:
            self.paho.subscribe(topic, options=SubscribeOptions(qos=qos, **options))
        else:
            self.paho.subscribe(topic, qos)
        return list(self._subscribed.get(timeout=PATIENCE_S))

    def say(self, topic: str, payload: bytes | str, qos: int = 1, **more: Any) -> Any:
        """Publish; at QoS 1 and 2 wait for the broker's word and return its reason."""
        info = self.paho.publish(topic, payload, qos, **more)
        if qos == 0:
            return None
        while True:
            mid, reason = self.published.get(timeout=PATIENCE_S)
            if mid == info.mid:
                return reason

    def next(self, seconds: float = PATIENCE_S) -> mqtt.MQTTMessage:
        """The next message; fails when none comes."""
        try:
            return self.messages.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError("no message came") from None

    def take(self, count: int) -> list[mqtt.MQTTMessage]:
        """The next messages."""
        return [self.next() for _ in range(count)]

    def hears_nothing(self, seconds: float = QUIET_S) -> bool:
        """Whether nothing comes for a while."""
        try:
            self.messages.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def leave(self) -> None:
        """Say goodbye: the will is not published."""
        self.paho.disconnect()
        self.paho.loop_stop()

    def drop(self) -> None:
        """Lose the connection without a word."""
        sock = self.paho.socket()
        if sock is not None:
            sock.shutdown(socket.SHUT_RDWR)
        self.paho.loop_stop()


@contextlib.contextmanager
def connected(setup: Setup) -> Iterator[Client]:
    """A client that leaves at the end of the block."""
    client = Client(setup)
    try:
        yield client
    finally:
        client.leave()


def wait_until(true: Any, seconds: float = PATIENCE_S) -> None:
    """Return once `true()` is; fails when it does not become so."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)
