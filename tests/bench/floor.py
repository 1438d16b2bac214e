"""The bare floor of ingesting on this machine, and how much of it the wire keeps.

The floor is the least that can be called durable: paho driven by the writer's own thread, one
`executemany` per batch, commit with synchronous=FULL, then the acknowledgements. Beside it, in the
same run and on the same broker: the wire with a conductor that does nothing, and the wire with a
conductor that does the floor's own work. Ratios within a run are firm; absolute rates move with
the machine.

    python -m tests.bench.floor [--messages 20000] [--rounds 3] [--json]
"""

import argparse
import contextlib
import json
import platform
import select
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from paho.mqtt import client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from service.clock import SystemClock
from service.piles.messages import Heard, Outgoing
from service.settings import Settings
from service.wire import Wire
from tests.support.processes import ROOT, Mosquitto, start_mosquitto

PASSWORD = "a-password-of-the-bench"
LOGINS = dict.fromkeys(("core", "core-telemetry", "core-control"), PASSWORD)
BATCH, WAIT_S = 200, 0.010


@dataclass(frozen=True)
class Figure:
    """What one way of taking messages reaches."""

    name: str
    per_second: float
    cpu_us: float
    """CPU of the consuming process per message, in microseconds."""


Take = Callable[[Sequence[tuple[str, bytes]]], None]


def open_table(path: Path) -> sqlite3.Connection:
    """A table with the same key and columns that a durable reading needs at the least."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for line in ("pragma journal_mode=wal", "pragma synchronous=full"):
        connection.execute(line)
    connection.execute(
        "create table reading (pile text, boot text, seq integer, outlet integer,"
        " energy_wh integer, power_w real, current_ma integer, uptime_ms integer,"
        " primary key (pile, boot, seq))"
    )
    return connection


def floor_take(path: Path) -> Take:
    """Decode, executemany, commit."""
    connection = open_table(path)

    def take(heard: Sequence[tuple[str, bytes]]) -> None:
        rows = []
        for topic, payload in heard:
            said = json.loads(payload)
            read = said["readings"][0]
            rows.append(
                (
                    topic.split("/")[2], said["boot_id"], said["seq"], read["outlet"],
                    read["energy_total_wh"], read["power_w"], read["current_ma"],
                    read["uptime_ms"],
                )
            )  # fmt: skip
        connection.execute("begin immediate")
        connection.executemany(
            "insert into reading values (?,?,?,?,?,?,?,?) on conflict do nothing", rows
        )
        connection.execute("commit")

    return take


def nothing(_heard: Sequence[tuple[str, bytes]]) -> None:
    """The wire alone."""


@contextlib.contextmanager
def publishing(broker: Mosquitto, messages: int, charging: Path | None = None) -> Iterator[None]:
    """The raw publisher as a process of its own, flat out once the block begins.

    `charging` is a file of piles that were born (see Charging); without it nobody knows them.
    """
    command = [
        sys.executable, "-m", "tests.bench.raw_publisher", "--port", str(broker.port),
        "--messages", str(messages), "--user", "core", "--password", PASSWORD,
    ]  # fmt: skip
    command += ["--charging", str(charging)] if charging else []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline().strip() == "ready"
            yield
        finally:
            process.kill()


class Meter:
    """Counts messages and takes the time and CPU from the first to the last."""

    def __init__(self, messages: int):
        self.left, self.messages = messages, messages
        self.began = self.cpu = self.took = 0.0

    def count(self, batch: int) -> None:
        if self.left == self.messages:
            self.began, self.cpu = time.perf_counter(), time.process_time()
        self.left -= batch
        if self.left <= 0:
            self.took, self.cpu = time.perf_counter() - self.began, time.process_time() - self.cpu

    def figure(self, name: str) -> Figure:
        return Figure(name, self.messages / self.took, self.cpu / self.messages * 1e6)


def open_bare_client(broker: Mosquitto, items: list[tuple[int, str, bytes]]) -> mqtt.Client:
    """paho, subscribed, with nothing of the wire around it."""
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2, "core-telemetry", protocol=mqtt.MQTTv5, manual_ack=True
    )
    client.username_pw_set("core-telemetry", PASSWORD)
    # Keeping paho's own message objects would cost a third: the garbage collector walks them.
    client.on_message = lambda _client, _data, message: items.append(
        (message.mid, message.topic, message.payload)
    )
    # Acknowledgements are queued and leave together.
    client.on_socket_register_write = lambda *_: None
    client.on_connect = lambda *_: client.subscribe("pile/1/+/up/meter", 1)
    subscribed: list[bool] = []
    client.on_subscribe = lambda *_: subscribed.append(True)
    wishes = Properties(PacketTypes.CONNECT)
    wishes.ReceiveMaximum = 1000
    client.connect("127.0.0.1", broker.port, properties=wishes)
    while not subscribed:
        client.loop(0.1)
    return client


def read_batch(client: mqtt.Client, items: list[tuple[int, str, bytes]]) -> None:
    """Wait for the first message, then at most WAIT_S for more."""
    due = time.monotonic() + 60
    while len(items) < BATCH and time.monotonic() < due:
        pause = max(0.0, due - time.monotonic()) if items else 0.2
        writers = [client.socket()] if client.want_write() else []
        readable, writable, _ = select.select([client.socket()], writers, [], pause)
        was_empty = not items
        if readable:
            before = -1
            while before < len(items) < BATCH:
                before = len(items)
                client.loop_read()
        if writable:
            client.loop_write()
        client.loop_misc()
        if was_empty and items:
            due = time.monotonic() + WAIT_S


def bare(broker: Mosquitto, messages: int, take: Take, name: str) -> Figure:
    """paho and the work in one thread, and nothing else."""
    meter = Meter(messages)
    items: list[tuple[int, str, bytes]] = []
    client = open_bare_client(broker, items)
    with publishing(broker, messages):
        while meter.left > 0:
            read_batch(client, items)
            meter.count(0)
            take([(topic, payload) for _, topic, payload in items])
            for packet_id, _, _ in items:
                client.ack(packet_id, 1)
            client.loop_write()
            meter.count(len(items))
            items.clear()
    client.disconnect()
    client.loop(0.1)
    return meter.figure(name)


@dataclass
class NoReplies:
    """Nothing to tell the piles."""

    replies: Sequence[Outgoing] = ()


class Conductor:
    """The wire's conductor with the same work as the floor."""

    def __init__(self, take: Take, meter: Meter):
        self._take, self._meter = take, meter

    def take(self, heard: Sequence[Heard]) -> NoReplies:
        self._meter.count(0)
        self._take([(message.topic, message.payload) for message in heard])
        self._meter.count(len(heard))
        return NoReplies()

    def set_aside(self, heard: Heard, reason: str) -> None:
        raise AssertionError(f"{heard.topic}: {reason}")

    def commands_due(self) -> Sequence[Outgoing]:
        return ()

    def command_sent(self, command_ids: Sequence[str]) -> None:
        pass


def by_wire(broker: Mosquitto, messages: int, take: Take, name: str) -> Figure:
    """The same by the wire, both lanes connected."""
    meter = Meter(messages)
    settings = Settings(
        mqtt_port=broker.port, mqtt_password=PASSWORD, batch_messages=BATCH,
        batch_wait_ms=int(WAIT_S * 1000),
    )  # fmt: skip
    wire = Wire(settings, Conductor(take, meter), SystemClock())
    wire.start()
    try:
        wait_until(lambda: wire.health().connected)
        with publishing(broker, messages):
            wait_until(lambda: meter.left <= 0, 60)
    finally:
        wire.stop()
    return meter.figure(name)


def wait_until(is_so: Callable[[], bool], seconds: float = 10) -> None:
    """Return once it is so; AssertionError after `seconds`."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


def measure(messages: int, rounds: int) -> list[Figure]:
    """The median of each way; the ways take turns, so that a busy moment meets them all."""
    ways: list[tuple[str, Callable[..., Figure], bool]] = [
        ("bare floor: paho, executemany, commit, acknowledge", bare, True),
        ("paho alone: acknowledge", bare, False),
        ("wire, conductor does nothing", by_wire, False),
        ("wire, conductor does the floor's work", by_wire, True),
    ]
    found: dict[str, list[Figure]] = {name: [] for name, _, _ in ways}
    with start_mosquitto(LOGINS) as broker, tempfile.TemporaryDirectory() as folder:
        for turn in range(rounds):
            for name, way, writes in ways:
                table = Path(folder) / f"{turn}-{way.__name__}.db"
                take = floor_take(table) if writes else nothing
                found[name].append(way(broker, messages, take, name))
    return [
        Figure(
            name,
            statistics.median(figure.per_second for figure in figures),
            statistics.median(figure.cpu_us for figure in figures),
        )
        for name, figures in found.items()
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measure(options.messages, options.rounds)
    if options.json:
        print(json.dumps([figure.__dict__ for figure in figures]))
        return
    print(f"{platform.machine()}, Python {platform.python_version()}, {options.messages} messages")
    for figure in figures:
        ratio = figure.per_second / figures[0].per_second
        print(f"{figure.name:52} {figure.per_second:8.0f}/s {figure.cpu_us:6.1f} µs {ratio:5.2f}")


if __name__ == "__main__":
    main()
