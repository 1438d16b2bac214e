"""A broker double for what real brokers do not do on demand: refuse MQTT 5, fall silent, hang up.

It speaks just enough MQTT for one client at a time per connection: CONNECT, SUBSCRIBE, PUBLISH,
PINGREQ. Whoever subscribed hears what others and itself publish, exact topics only.
"""

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Script:
    """How the broker behaves; may be changed while it runs."""

    speaks5: bool = True
    says_why: bool = True
    """Refuses MQTT 5 with a CONNACK; otherwise it closes without a word."""
    routes: bool = True
    """Delivers what is published; otherwise it acknowledges and keeps silent."""
    greets: bool = True
    """Answers CONNECT at all."""
    keeps_sessions: bool = True
    drops_on_publish: bytes | None = None
    """Closes the connection when this payload is published, with DISCONNECT 0x95 on MQTT 5."""
    grants: bool = True
    largest_packet: int | None = None
    """Announced in CONNACK on MQTT 5."""
    connects: list[tuple[str, int]] = field(default_factory=list)
    """(client id, protocol level) of each CONNECT."""
    subscriptions: list[tuple[str, list[str]]] = field(default_factory=list)
    published: list[tuple[str, bytes]] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    port: int = 0
    links: list["Connection"] = field(default_factory=list)


def _packet(first: int, body: bytes) -> bytes:
    size, out = len(body), bytearray([first])
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out) + body


def _text(value: bytes) -> bytes:
    return struct.pack("!H", len(value)) + value


class Connection(socketserver.BaseRequestHandler):
    """One client."""

    script: Script
    level = 4
    name = ""

    def handle(self) -> None:
        self.topics: set[str] = set()
        self.script.links.append(self)
        with contextlib.suppress(OSError, EOFError):
            while True:
                self._take(*self._read())

    def _exactly(self, size: int) -> bytes:
        out = b""
        while len(out) < size:
            more = self.request.recv(size - len(out))
            if not more:
                raise EOFError
            out += more
        return out

    def _read(self) -> tuple[int, bytes]:
        first, size, shift = self._exactly(1)[0], 0, 0
        while True:
            byte = self._exactly(1)[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return first, self._exactly(size)

    def _skip_properties(self, body: bytes) -> bytes:
        return body[1 + body[0] :] if self.level == 5 else body

    def say(self, first: int, body: bytes) -> None:
        self.request.sendall(_packet(first, body))

    def _take(self, first: int, body: bytes) -> None:
        kind = first >> 4
        if kind == 1:
            self._connect(body)
        elif kind == 8:
            self._subscribe(body)
        elif kind == 3:
            self._publish(first, body)
        elif kind == 4:
            self.script.acknowledged.append(struct.unpack("!H", body[:2])[0])
        elif kind == 12:
            self.say(0xD0, b"")
        elif kind == 14:
            raise EOFError

    def _connect(self, body: bytes) -> None:
        self.level = body[6]
        rest = self._skip_properties(body[10:])
        self.name = rest[2 : 2 + struct.unpack("!H", rest[:2])[0]].decode()
        self.script.connects.append((self.name, self.level))
        if not self.script.greets:
            return
        if self.level == 5 and not self.script.speaks5:
            if self.script.says_why:
                self.say(0x20, b"\x00\x01")
            raise EOFError
        present = self.script.keeps_sessions and self.name in self.script.sessions
        self.script.sessions.add(self.name)
        told = b""
        if self.level == 5:
            largest = self.script.largest_packet
            told = b"\x27" + struct.pack("!I", largest) if largest else b""
            told = bytes([len(told)]) + told
        self.say(0x20, bytes([present, 0]) + told)

    def _subscribe(self, body: bytes) -> None:
        rest, topics = self._skip_properties(body[2:]), []
        while rest:
            size = struct.unpack("!H", rest[:2])[0]
            topics.append(rest[2 : 2 + size].decode())
            rest = rest[3 + size :]
        self.topics |= set(topics)
        self.script.subscriptions.append((self.name, topics))
        code = 1 if self.script.grants else 0x80
        none = b"\x00" if self.level == 5 else b""
        self.say(0x90, body[:2] + none + bytes([code] * len(topics)))

    def _publish(self, first: int, body: bytes) -> None:
        size = struct.unpack("!H", body[:2])[0]
        topic, rest = body[2 : 2 + size], body[2 + size :]
        qos = first >> 1 & 3
        packet_id, rest = (rest[:2], rest[2:]) if qos else (b"", rest)
        payload = self._skip_properties(rest)
        self.script.published.append((topic.decode(), payload))
        if payload == self.script.drops_on_publish:
            if self.level == 5:
                self.say(0xE0, b"\x95\x00")
            raise EOFError
        if qos:
            self.say(0x40, packet_id)
        if self.script.routes:
            self.deliver(topic.decode(), payload)

    def hang_up(self) -> None:
        """End the connection from this side."""
        with contextlib.suppress(OSError):
            self.request.shutdown(socket.SHUT_RDWR)

    def deliver(self, topic: str, payload: bytes) -> None:
        """To everyone who subscribed to exactly this topic."""
        for link in self.script.links:
            if topic in link.topics:
                link.hears(topic, payload)

    def hears(self, topic: str, payload: bytes, packet_id: int = 0, first: int = 0x30) -> None:
        """Deliver one message to this client."""
        none = b"\x00" if self.level == 5 else b""
        number = struct.pack("!H", packet_id) if packet_id else b""
        with contextlib.suppress(OSError):
            self.say(first, _text(topic.encode()) + number + none + payload)


@contextlib.contextmanager
def scripted_broker(**behaviour: Any) -> Iterator[Script]:
    """A broker that follows the script, on a free port of 127.0.0.1."""
    script = Script(**behaviour)
    handler = type("Scripted", (Connection,), {"script": script})

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    with Server(("127.0.0.1", 0), handler) as server:
        script.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
