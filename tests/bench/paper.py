"""Piles of paper on a real broker: one raw MQTT 3.1.1 connection, one thread, no library.

They say what a pile says (hello, a reading a second, results, a settlement) and note the moment at
which a command arrives. Everything is driven by `step`, so that whoever measures also decides when
the processor is used.
"""

import json
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.bench.raw_publisher import open_link, pile_name, publish_packet, remaining_length

PING = "pile/1/_bench/ping"
"""Nobody but the bench speaks or listens here."""

BOOT_AGE_MS = 60_000


class PaperLink:
    """A connection that can publish, subscribe and read, QoS 1 in both directions."""

    def __init__(self, port: int, user: str, password: str):
        self.socket = open_link(port, user, user, password)
        self._heard = bytearray()
        self._packet_id = 0

    def close(self) -> None:
        """Say goodbye and hang up."""
        self.socket.setblocking(True)
        self.socket.sendall(b"\xe0\x00")
        self.socket.close()

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % 65_535 + 1
        return self._packet_id

    def _send(self, packet: bytes) -> None:
        while packet:
            try:
                packet = packet[self.socket.send(packet) :]
            except BlockingIOError:
                select.select([], [self.socket], [], 1)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1."""
        self._send(publish_packet(topic, payload, self._next_id()))

    def subscribe(self, pattern: str) -> None:
        """Subscribe with QoS 1."""
        text = pattern.encode()
        body = struct.pack("!HH", self._next_id(), len(text)) + text + b"\x01"
        self._send(b"\x82" + remaining_length(len(body)) + body)

    def messages(self) -> Iterator[tuple[str, bytes]]:
        """What has arrived by now, each acknowledged; never waits."""
        try:
            while chunk := self.socket.recv(65_536):
                self._heard += chunk
            raise ConnectionError("the broker hung up")
        except BlockingIOError:
            pass
        while (found := self._take_packet()) is not None:
            kind, body = found
            if kind >> 4 == 3:
                yield self._take_publish(kind, body)

    def _take_packet(self) -> tuple[int, bytes] | None:
        length, place = 0, 1
        while True:
            if place >= len(self._heard):
                return None
            length |= (self._heard[place] & 0x7F) << 7 * (place - 1)
            place += 1
            if not self._heard[place - 1] & 0x80:
                break
        if len(self._heard) < place + length:
            return None
        kind, body = self._heard[0], bytes(self._heard[place : place + length])
        del self._heard[: place + length]
        return kind, body

    def _take_publish(self, kind: int, body: bytes) -> tuple[str, bytes]:
        (size,) = struct.unpack_from("!H", body)
        topic, rest = body[2 : 2 + size].decode(), body[2 + size :]
        if kind & 0x06:
            self._send(b"\x40\x02" + rest[:2])
            rest = rest[2:]
        return topic, rest


@dataclass
class PaperPile:
    """What one pile knows of itself."""

    id: str
    boot_id: str
    conn_id: str
    booted_at: float
    session_id: str | None = None
    seq: int = 0
    settlement_seq: int = 0
    energy_wh: int = 918_342
    said: dict[int, float] = field(default_factory=dict)
    """When each numbered message was handed to the socket, by time.monotonic()."""

    @property
    def uptime_ms(self) -> int:
        """Milliseconds since it was switched on."""
        return int((time.monotonic() - self.booted_at) * 1000)


class PaperPiles:
    """All piles of the compound on one connection, reporting at a steady pace."""

    def __init__(self, link: PaperLink, piles: int, sessions: dict[str, str], every_s: float = 1.0):
        self.link, self.every_s = link, every_s
        now = time.monotonic()
        self.piles = {
            name: PaperPile(
                name, f"{number:08x}", f"{number + 4096:08x}", now - BOOT_AGE_MS / 1000,
                sessions.get(name),
            )
            for number, name in ((number, pile_name(number)) for number in range(1, piles + 1))
        }  # fmt: skip
        self.commands: dict[str, float] = {}
        """When the command for a session arrived, by session id."""
        self.pings: deque[float] = deque()
        self.pinged = 0
        self._due = deque(
            (now + place * every_s / piles, name) for place, name in enumerate(self.piles)
        )
        self._later: list[tuple[float, str, dict[str, Any]]] = []

    def hello(self) -> None:
        """Every pile is born; then wait until the service could have heard it."""
        self.link.subscribe("pile/1/+/down/cmd")
        self.link.subscribe(PING)
        for pile in self.piles.values():
            self._say(pile, "state", {"state": "online", "boot_id": pile.boot_id,
                                      "conn_id": pile.conn_id})  # fmt: skip
            hello = self._numbered(
                pile, boot_count=1, conn_id=pile.conn_id, uptime_ms=pile.uptime_ms,
                contract="1.0", outlets=2, serial=f"PAPER-{pile.id}",
            )  # fmt: skip
            self._say(pile, "hello", hello)

    def heartbeat(self) -> None:
        """Every pile says what its outlets do: the second outlet is empty."""
        for pile in self.piles.values():
            outlets = [
                {"outlet": 1, "state": "charging" if pile.session_id else "empty",
                 "session_id": pile.session_id},
                {"outlet": 2, "state": "empty"},
            ]  # fmt: skip
            beat = {"boot_id": pile.boot_id, "last_seq": pile.seq, "uptime_ms": pile.uptime_ms,
                    "outlets": outlets, "faults": []}  # fmt: skip
            self._say(pile, "heartbeat", beat)

    def step(self, pause_s: float, *also: socket.socket) -> None:
        """Say what is due, wait at most `pause_s` for something to arrive (here or on `also`),
        take it."""
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            due, name = self._due.popleft()
            self._report(self.piles[name])
            self._due.append((due + self.every_s, name))
        for later in [one for one in self._later if one[0] <= now]:
            self._later.remove(later)
            self._say(self.piles[later[1]], "session", later[2])
        select.select([self.link.socket, *also], [], [], pause_s)
        for topic, payload in self.link.messages():
            at = time.monotonic()
            if topic == PING:
                self.pings.append(at)
            else:
                self._obey(topic.split("/")[2], json.loads(payload), at)

    def ping(self) -> float:
        """Publish to ourselves; the moment at which it was handed over."""
        self.pinged += 1
        at = time.monotonic()
        self.link.publish(PING, b"ping")
        return at

    def _report(self, pile: PaperPile) -> None:
        pile.energy_wh += pile.seq % 2
        reading = {
            "outlet": 1, "register_id": "a17", "energy_total_wh": pile.energy_wh,
            "power_w": 142.6, "voltage_v": 228.4, "current_ma": 690,
            "uptime_ms": pile.uptime_ms, "reason": "interval", "session_id": pile.session_id,
        }  # fmt: skip
        self._say(pile, "meter", self._numbered(pile, readings=[reading]))

    def _obey(self, name: str, command: dict[str, Any], at: float) -> None:
        pile = self.piles[name]
        if command["cmd"] != "start":
            return
        self.commands.setdefault(command["session_id"], at)
        for status in ("accepted", "done"):
            result = self._numbered(
                pile, uptime_ms=pile.uptime_ms, command_id=command["command_id"], status=status,
                outlet=command["outlet"], session_id=command["session_id"],
            )  # fmt: skip
            self._say(pile, "result", result)
        self._later.append((at + 0.3, name, self._settlement(pile, command)))

    def _settlement(self, pile: PaperPile, command: dict[str, Any]) -> dict[str, Any]:
        """The bike was full almost at once: the outlet is free for the next start."""
        pile.settlement_seq += 1
        moment = {"boot_id": pile.boot_id, "uptime_ms": pile.uptime_ms, "clock": "none"}
        return {
            "settlement_seq": pile.settlement_seq, "session_id": command["session_id"],
            "outlet": command["outlet"], "register_id": "b17", "energy_start_wh": 1000,
            "energy_end_wh": 1000, "energy_wh": 0, "duration_s": 0, "charging_s": 0,
            "stop_reason": "full", "start": moment, "end": moment,
        }  # fmt: skip

    def _numbered(self, pile: PaperPile, **fields: Any) -> dict[str, Any]:
        pile.seq += 1
        return {"boot_id": pile.boot_id, "seq": pile.seq, **fields}

    def _say(self, pile: PaperPile, tail: str, payload: dict[str, Any]) -> None:
        text = json.dumps(payload, separators=(",", ":")).encode()
        if "seq" in payload:
            pile.said[payload["seq"]] = time.monotonic()
        self.link.publish(f"pile/1/{pile.id}/up/{tail}", text)
