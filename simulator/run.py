"""The live driver: a world played against a real MQTT broker, every pile with its own login.

One thread, one select: 38 sockets, the control lines of a parent, and a clock that may run fast.
"""

import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import IO

from simulator.control import Control
from simulator.mqtt import PileClient
from simulator.times import NEVER, to_ms
from simulator.world import World

GIVES_UP_S = 10.0
LONGEST_WAIT_S = 0.2
LEAVING_S = 1.0


@dataclass(frozen=True)
class Broker:
    """Where the piles connect, and with what."""

    host: str
    port: int
    user_prefix: str = ""
    passwords: dict[str, str] | None = None
    ca_file: str | None = None
    """The authority to trust; with it the connection is TLS."""


class ScaledTime:
    """Simulated ms UTC: `origin` when the machine's clock showed `started`, then `speed` times."""

    def __init__(self, started_ms: int, origin_ms: int, speed: float):
        self.started_ms, self.origin_ms, self.speed = started_ms, origin_ms, speed

    def now(self) -> int:
        """The simulated time."""
        real = to_ms(datetime.now(UTC)) - self.started_ms
        return self.origin_ms + round(real * self.speed)

    def seconds_until(self, at: int) -> float:
        """Real seconds until a simulated time."""
        return (at - self.now()) / 1000 / self.speed


def read_passwords(path: Path) -> dict[str, str]:
    """{"LB-001": "..."} as JSON, or lines LB-001:secret. ValueError with a sentence otherwise."""
    try:
        text = path.read_text()
    except OSError as error:
        raise ValueError(f"the passwords cannot be read: {error}") from None
    if text.lstrip().startswith("{"):
        table = json.loads(text)
        return {str(name): str(secret) for name, secret in table.items()}
    rows = [line.split(":", 1) for line in text.splitlines() if ":" in line]
    if not rows:
        raise ValueError(f"{path} holds no passwords: expected JSON or lines such as LB-001:secret")
    return {name.strip(): secret.strip() for name, secret in rows}


class Live:
    """Plays a world (made with own_broker=False) until told to stop."""

    def __init__(self, world: World, clock: ScaledTime, broker: Broker, out: IO[str]):
        self.world, self.clock, self.broker, self.out = world, clock, broker, out
        self.selector = selectors.DefaultSelector()
        self.control: Control | None = None
        self.stopping = False
        self._ready = False
        self._typed = b""
        self._complained: set[str] = set()
        self._clients: dict[str, PileClient] = {}
        self._began: dict[str, float] = {}
        self._registered: dict[str, tuple[int, int]] = {}
        for name in world.piles:
            self._clients[name] = self._client(name)

    def _client(self, name: str) -> PileClient:
        passwords = self.broker.passwords
        secret = None if passwords is None else passwords.get(name)
        if passwords is not None and secret is None:
            raise ValueError(f"the passwords file has none for {name}")
        return PileClient(
            name, self.broker.user_prefix + name, secret, self.broker.ca_file,
            on_subscribed=lambda: self._subscribed(name),
            on_message=lambda t, p, r: self._heard(name, t, p, r),
            on_undelivered=lambda b, s: self.world.piles[name].not_delivered(
                b, s, self.clock.now()
            ),
        )  # fmt: skip

    # --- what the clients tell ---

    def _subscribed(self, name: str) -> None:
        self._began.pop(name, None)
        now = self.clock.now()
        self.world.keep(self.world.advance(now))
        self.world.emit(name, self.world.piles[name].connect(self.world.now), self.world.now)

    def _heard(self, name: str, topic: str, payload: bytes, retained: bool) -> None:
        answers = self.world.deliver(name, topic, payload, retained, self.clock.now())
        self.world.keep(answers)

    # --- the loop ---

    def run(self, until_ms: int = NEVER) -> None:
        """Play until `until_ms` (simulated) or until `stopping`; then leave politely."""
        looked_after = 0.0
        while not self.stopping and self.clock.now() < until_ms:
            now = self.clock.now()
            self._hand_out(now)
            self._connections(now)
            if time.monotonic() - looked_after > 1.0:
                looked_after = time.monotonic()
                for client in self._clients.values():
                    client.look_after()
            self._register()
            next_ms = min(self.world.next_event(), until_ms)
            wait = max(0.0, min(LONGEST_WAIT_S, self.clock.seconds_until(next_ms)))
            for key, mask in self.selector.select(wait):
                self._serve(key.data, mask)
            if self.control is not None and self.control.wants_to_quit:
                self.stopping = True
        self._hand_out(self.clock.now())
        self._leave()

    def _serve(self, name: str, mask: int) -> None:
        if name == "":
            self._read_control()
            return
        client = self._clients[name]
        if mask & selectors.EVENT_READ:
            client.read()
        if mask & selectors.EVENT_WRITE:
            client.write()

    def _hand_out(self, now: int) -> None:
        for uplink in self.world.advance(now):
            self._clients[uplink.pile].publish(uplink.publish)

    def _connections(self, now: int) -> None:
        for name, pile in self.world.piles.items():
            client = self._clients[name]
            has_socket = client.fileno() >= 0
            cut = self.world.link_is_down(name) and has_socket
            if cut or (pile.core.connected and not has_socket):
                self._drop(name)
            elif has_socket and not pile.core.connected:
                self._half_open(name)
            elif not has_socket and name in self._began:
                self._refused(name, now)
            elif not has_socket and pile.connect_at <= now:
                self._try(name, now)
        if not self._ready and all(p.core.connected for p in self.world.piles.values()):
            self._ready = True
            print("ready", file=self.out, flush=True)

    def _try(self, name: str, now: int) -> None:
        pile, client = self.world.piles[name], self._clients[name]
        down = self.world.link_is_down(name)
        will = pile.prepare_connection()
        if not down and client.connect(self.broker.host, self.broker.port, will):
            self._began[name] = time.monotonic()
            return
        if not down:
            self._complain(name)
        pile.connect_failed(now)

    def _complain(self, name: str) -> None:
        """Say once why the broker cannot be reached or says no."""
        why = self._clients[name].refused or "no answer"
        if why not in self._complained:
            self._complained.add(why)
            print(f"simulator: {name} cannot connect: {why}; trying again", file=sys.stderr)

    def _half_open(self, name: str) -> None:
        """A socket without a connection: still shaking hands, refused, or the pile went down."""
        client, pile = self._clients[name], self.world.piles[name]
        began = self._began.get(name)
        if began is None:
            if pile.link.said_goodbye:
                client.leave()
            else:
                client.die()
        elif client.refused is not None or time.monotonic() - began > GIVES_UP_S:
            self._refused(name, self.clock.now())
        self._unregister(name)

    def _refused(self, name: str, now: int) -> None:
        """The broker took the socket but not the connection."""
        del self._began[name]
        self._complain(name)
        self._clients[name].die()
        self.world.piles[name].connect_failed(now)

    def _drop(self, name: str) -> None:
        self._unregister(name)
        self._clients[name].die()
        self._began.pop(name, None)
        self.world.piles[name].connection_lost(self.clock.now())

    def _register(self) -> None:
        for name, client in self._clients.items():
            wish = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.wants_write() else 0)
            have = self._registered.get(name)
            number = client.fileno()
            if have is not None and have[0] != number:
                self._unregister(name)
                have = None
            if number >= 0 and have is None:
                self.selector.register(number, wish, name)
            elif number >= 0 and have is not None and have[1] != wish:
                self.selector.modify(number, wish, name)
            if number >= 0:
                self._registered[name] = (number, wish)

    def _unregister(self, name: str) -> None:
        have = self._registered.pop(name, None)
        if have is not None:
            try:
                self.selector.unregister(have[0])
            except (KeyError, ValueError, OSError):
                return

    def _leave(self) -> None:
        """Say offline, wait a moment for the acknowledgements, disconnect."""
        for name, pile in self.world.piles.items():
            if pile.core.connected:
                pile.link.leave("operator")
                for message in pile.core.collected():
                    self._clients[name].publish(message)
        ends = time.monotonic() + LEAVING_S
        while time.monotonic() < ends and any(c.in_flight() for c in self._clients.values()):
            self._register()
            for key, mask in self.selector.select(0.05):
                if key.data:
                    self._serve(key.data, mask)
        for name, client in self._clients.items():
            self._unregister(name)
            client.leave()
        self.selector.close()

    # --- the parent ---

    def listen_to(self, stdin: IO[str]) -> None:
        """Obey lines from a parent; the end of the pipe is the end of the run."""
        self.control = Control(self.world)
        os.set_blocking(stdin.fileno(), False)
        self.selector.register(stdin.fileno(), selectors.EVENT_READ, "")
        self._stdin = stdin.fileno()

    _stdin = -1

    def _read_control(self) -> None:
        try:
            got = os.read(self._stdin, 65536)
        except BlockingIOError:
            return
        if not got:
            self.stopping = True
            return
        *lines, self._typed = (self._typed + got).split(b"\n")
        for line in lines:
            if self.control is not None:
                self.world.keep(self.world.advance(self.clock.now()))
                print(self.control.obey(line.decode(errors="replace")), file=self.out, flush=True)


def stop_on_signals(live: Live) -> None:
    """SIGINT and SIGTERM end the run within two seconds."""

    def stop(number: int, frame: FrameType | None) -> None:
        live.stopping = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def run_live(
    make_world: Callable[[int], World], clock: ScaledTime, broker: Broker, *,
    duration_s: float | None, stdin_control: bool,
) -> World:  # fmt: skip
    """Build the world at the present simulated time and play it; returns it for its ledger."""
    start = clock.now()
    world = make_world(start)
    live = Live(world, clock, broker, sys.stdout)
    stop_on_signals(live)
    if stdin_control:
        live.listen_to(sys.stdin)
    live.run(NEVER if duration_s is None else start + round(duration_s * 1000))
    return world
