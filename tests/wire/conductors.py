"""A conductor that remembers what it was told, and a wire on a real broker around it."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import paho.mqtt.client as mqtt

from service.clock import SystemClock
from service.piles.messages import Heard, Outgoing
from service.settings import Settings
from service.wire import Wire

PASSWORD = "a-password-of-the-tests"
LOGINS = dict.fromkeys(("core-telemetry", "core-control", "core", "LB-001", "LB-002"), PASSWORD)


@dataclass
class Answers:
    """What came of a batch."""

    replies: Sequence[Outgoing] = ()


@dataclass
class Recorder:
    """Takes everything, or breaks as long as `breaks_with` is set."""

    heard: list[Heard] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    aside: list[tuple[Heard, str]] = field(default_factory=list)
    due: list[Outgoing] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    breaks_with: Exception | None = None
    reply: Callable[[Heard], Outgoing | None] = lambda heard: None
    before_take: Callable[[Sequence[Heard]], None] = lambda heard: None
    lock: Any = field(default_factory=threading.Lock)

    def take(self, heard: Sequence[Heard]) -> Answers:
        self.before_take(heard)
        if self.breaks_with:
            raise self.breaks_with
        with self.lock:
            self.heard += heard
            self.batches.append(len(heard))
        answers = [self.reply(message) for message in heard]
        return Answers([answer for answer in answers if answer])

    def set_aside(self, heard: Heard, reason: str) -> None:
        self.aside.append((heard, reason))

    def commands_due(self) -> Sequence[Outgoing]:
        return [command for command in self.due if command.command_id not in self.sent]

    def command_sent(self, command_ids: Sequence[str]) -> None:
        self.sent += command_ids

    def topics(self) -> list[str]:
        return [message.topic for message in self.heard]

    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.heard]


class Broker(Protocol):
    """A broker of tests/support/processes.py."""

    port: int


def wait_until(is_so: Callable[[], Any], seconds: float = 10) -> None:
    """Return once it is so; the test fails after `seconds`."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.005)


def settings_for(port: int, **others: Any) -> Settings:
    """Settings of a service beside the broker on this port."""
    return Settings(mqtt_port=port, mqtt_password=PASSWORD, _env_file=None, **others)


@contextlib.contextmanager
def wire_on(port: int, conductor: Recorder, wait: bool = True, **others: Any) -> Iterator[Wire]:
    """A wire that is connected when the block begins, and stopped when it is left."""
    wire = Wire(settings_for(port, **others), conductor, SystemClock())
    wire.start()
    try:
        if wait:
            wait_until(lambda: wire.health().connected)
        yield wire
    finally:
        assert wire.stop(5), "both lanes end when they are told to"


@contextlib.contextmanager
def pile_on(port: int, name: str = "core", **others: Any) -> Iterator["Pile"]:
    """Someone connected as this login, who may speak for piles and hear."""
    pile = Pile(port, name, **others)
    try:
        yield pile
    finally:
        pile.client.disconnect()
        pile.client.loop_stop()


class Pile:
    """A client with paho's own thread: publishes, and remembers what it is told."""

    def __init__(self, port: int, name: str, mqtt5: bool = True):
        self.told: list[mqtt.MQTTMessage] = []
        self.told_at: list[float] = []
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, name,
            protocol=mqtt.MQTTv5 if mqtt5 else mqtt.MQTTv311,
        )  # fmt: skip
        self.client.username_pw_set(name, PASSWORD)
        self.client.on_message = self._remember
        ready = threading.Event()
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.client.subscribe("pile/1/+/down/#", 1)
        assert ready.wait(5)

    def _remember(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        self.told_at.append(time.perf_counter())
        self.told.append(message)

    def says(
        self, tail: str, payload: bytes = b"{}", name: str = "LB-001", qos: int = 1, **others: Any
    ) -> None:
        """Publish upwards, and wait until the broker has it."""
        info = self.client.publish(f"pile/1/{name}/up/{tail}", payload, qos, **others)
        info.wait_for_publish(5)
