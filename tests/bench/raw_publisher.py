"""A raw MQTT 3.1.1 publisher that costs little next to what it measures: one socket, QoS 1.

The packets are made before the clock starts. It keeps a window of unacknowledged messages, or a
rate. When the broker goes away it comes back and goes on after the last acknowledged message, as
a pile does. From the shell, for instance against a running demo:

    python -m tests.bench.raw_publisher --port 1883 --messages 20000 --user core --password ...
"""

import argparse
import contextlib
import json
import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("!H", len(encoded)) + encoded


def remaining_length(size: int) -> bytes:
    """The length of a packet as MQTT writes it."""
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


def open_link(port: int, client_id: str, user: str, password: str) -> socket.socket:
    """A non-blocking socket on which the broker has accepted a clean MQTT 3.1.1 session."""
    link = socket.create_connection(("127.0.0.1", port), 5)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    flags = 0x02 | (0xC0 if password else 0)
    body = _text("MQTT") + bytes([4, flags]) + struct.pack("!H", 0) + _text(client_id)
    if password:
        body += _text(user) + _text(password)
    link.sendall(b"\x10" + remaining_length(len(body)) + body)
    answer = link.recv(4)
    if len(answer) < 4 or answer[3]:
        link.close()
        raise ConnectionError(f"the broker answered {answer.hex() or 'nothing'}")
    link.setblocking(False)
    return link


def publish_packet(topic: str, payload: bytes, packet_id: int) -> bytes:
    """A QoS 1 PUBLISH."""
    body = _text(topic) + struct.pack("!H", packet_id) + payload
    return b"\x32" + remaining_length(len(body)) + body


def pile_name(number: int) -> str:
    """Piles count from 1."""
    return f"LB-{number:03d}"


def meter_payload(
    seq: int, reading: int, boot_id: str = "9f3a61c2", outlet: int = 0,
    session_id: str = "01JNAX3K6ZQ4V8S2T7M9D1C5BH",
) -> bytes:  # fmt: skip
    """A meter message as the contract's example: one reading, cumulative energy that rises.

    The readings of `outlet`; 0: of both outlets in turn.
    """
    return json.dumps(
        {
            "boot_id": boot_id,
            "seq": seq,
            "readings": [
                {
                    "outlet": outlet or 1 + reading % 2, "register_id": "a17",
                    "energy_total_wh": 918_342 + reading, "power_w": 142.6, "voltage_v": 228.4,
                    "current_ma": 690, "uptime_ms": 3_610_004 + 1000 * reading,
                    "reason": "interval", "session_id": session_id,
                }
            ],
        },
        separators=(",", ":"),
    ).encode()  # fmt: skip


def meter_packets(
    messages: int, piles: int = 38, first_seq: int = 1, topic: str = "pile/1/{}/up/meter"
) -> list[bytes]:
    """Meter messages of all piles in turn, each pile's numbered from `first_seq`."""
    packets = []
    for index in range(messages):
        turn, pile = divmod(index, piles)
        payload = meter_payload(first_seq + turn, turn)
        packets.append(
            publish_packet(topic.format(pile_name(pile + 1)), payload, index % 65535 + 1)
        )
    return packets


@dataclass(frozen=True)
class Charging:
    """A pile that was born and has a session at outlet 1; its next message follows `seq`."""

    pile: str
    boot_id: str
    seq: int
    session_id: str


def charging_packets(messages: int, piles: Sequence[Charging]) -> list[bytes]:
    """What these piles say of their sessions, in turn: nothing in it is unknown to the service."""
    packets = []
    for index in range(messages):
        turn, place = divmod(index, len(piles))
        one = piles[place]
        payload = meter_payload(one.seq + 1 + turn, turn, one.boot_id, 1, one.session_id)
        packets.append(publish_packet(f"pile/1/{one.pile}/up/meter", payload, index % 65535 + 1))
    return packets


@dataclass
class RawPublisher:
    """One connection that publishes prepared packets."""

    port: int
    client_id: str = "core"
    user: str = "core"
    password: str = ""
    window: int = 2000
    acknowledged: int = 0
    sent_at: list[float] = field(default_factory=list)
    """time.time() of each packet handed to the socket, in order (a resent one twice)."""

    def run(
        self, packets: Sequence[bytes], rate: float | None = None, seconds: float = 120
    ) -> float:
        """Publish all; the seconds it took until the last was acknowledged.

        `rate` is messages per second (None: as fast as the window allows). TimeoutError when
        `seconds` pass first.
        """
        self.acknowledged = 0
        began = time.monotonic()
        while self.acknowledged < len(packets):
            if time.monotonic() - began > seconds:
                raise TimeoutError(f"{self.acknowledged} of {len(packets)} acknowledged")
            with contextlib.suppress(OSError):
                link = open_link(self.port, self.client_id, self.user, self.password)
                with link:
                    self._pump(link, packets, rate, began, began + seconds)
            if self.acknowledged < len(packets):
                time.sleep(0.1)
        return time.monotonic() - began

    def _pump(
        self, link: socket.socket, packets: Sequence[bytes], rate: float | None,
        began: float, until: float,
    ) -> None:  # fmt: skip
        sent, unsent, heard = self.acknowledged, b"", 0
        while self.acknowledged < len(packets) and time.monotonic() < until:
            most = min(len(packets), self.acknowledged + self.window)
            if rate is not None:
                most = min(most, int((time.monotonic() - began) * rate))
            if not unsent and sent < most:
                upto = min(most, sent + 100)
                unsent = b"".join(packets[sent:upto])
                self.sent_at += [time.time()] * (upto - sent)
                sent = upto
            pause = 0.001 if rate is not None else 0.5
            readable, writable, _ = select.select([link], [link] if unsent else [], [], pause)
            if readable:
                answer = link.recv(65536)
                if not answer:
                    raise ConnectionError("closed")
                heard += len(answer)  # nothing but PUBACKs comes on this link: 4 bytes each
                self.acknowledged += heard // 4
                heard %= 4
            if writable:
                unsent = unsent[link.send(unsent) :]


def main() -> None:
    """Publish what the command line says and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--piles", type=int, default=38)
    parser.add_argument("--first-seq", type=int, default=1)
    parser.add_argument(
        "--charging", type=Path, help="JSON: the piles that were born, see Charging"
    )
    parser.add_argument("--rate", type=float, help="messages per second; default: flat out")
    parser.add_argument("--window", type=int, default=2000)
    parser.add_argument("--user", default="core")
    parser.add_argument("--password", default="")
    options = parser.parse_args()
    if options.charging:
        piles = [Charging(**each) for each in json.loads(options.charging.read_text())]
        packets = charging_packets(options.messages, piles)
    else:
        packets = meter_packets(options.messages, options.piles, options.first_seq)
    publisher = RawPublisher(
        options.port, options.user, options.user, options.password, options.window
    )
    print("ready", flush=True)
    took = publisher.run(packets, options.rate)
    print(json.dumps({"messages": options.messages, "seconds": round(took, 3)}), flush=True)


if __name__ == "__main__":
    main()
