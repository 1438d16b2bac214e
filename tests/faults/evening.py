"""A real evening in processes: Mosquitto as deployed, the service, simulated piles over TLS."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from service.clock import FixedClock
from service.seed import Plan, demo_cards
from service.store import Store
from service.store.engine import open_engine
from tests.support.compound import at, seeded_house
from tests.support.processes import (
    ROOT,
    Mosquitto,
    end,
    free_port,
    start_mosquitto,
    wait_for_port,
)

SPEED = 30
PLAN = Plan(piles=8, households=16)
ORIGIN = at("2026-03-02 19:00")
PASSWORD = "a password of the tests, long enough"
PILES = [f"LB-{n:03d}" for n in range(1, PLAN.piles + 1)]
PLACES = [(pile, outlet) for pile in PILES for outlet in (1, 2)]
NOBODY_COMES = 'title = "Only what a test does"\nbikes = 0\n'
OVER = ("settled", "held", "cancelled")


def wait_until(what: Callable[[], bool], why: str, seconds: float = 40) -> None:
    """Look ten times a second; an AssertionError that says what did not come."""
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, f"not within {seconds} s: {why}"
        time.sleep(0.1)


@dataclass
class LiveEvening:
    """The processes, and what a test does with them."""

    folder: Path
    broker: Mosquitto
    started: datetime
    service: "subprocess.Popen[str] | None" = None
    simulator: "subprocess.Popen[str] | None" = None
    kills: list[str] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.folder / "beimen.db"

    # --- the service ---

    def start_service(self) -> None:
        http_port = free_port()
        command = [
            sys.executable, "-m", "tests.faults.runner", f"sqlite:///{self.database}",
            str(self.broker.port), str(http_port), PASSWORD, self.started.isoformat(),
            ORIGIN.isoformat(), str(SPEED),
        ]  # fmt: skip
        with (self.folder / "service.log").open("a") as log:
            self.service = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True
            )
        wait_for_port(http_port, self.service, 30)

    def kill_service(self) -> None:
        """As a crash or the kernel would (SIGKILL)."""
        assert self.service
        self.service.kill()
        self.service.wait(10)
        self.kills.append("service")

    def kill_broker(self) -> None:
        self.broker.kill()
        self.kills.append("broker")

    # --- the piles ---

    def start_piles(self) -> None:
        (self.folder / "nobody.toml").write_text(NOBODY_COMES)
        (self.folder / "passwords.json").write_text(json.dumps(dict(self.broker.passwords)))
        command = [
            sys.executable, "-m", "simulator", "live", "--stdin-control", "--seed", "5",
            "--broker", f"localhost:{self.broker.tls_port}", "--ca", str(self.broker.ca_file),
            "--passwords", str(self.folder / "passwords.json"), "--piles", str(PLAN.piles),
            "--scenario", str(self.folder / "nobody.toml"), "--speed", str(SPEED),
            "--started", self.started.isoformat(), "--origin", ORIGIN.isoformat(),
        ]  # fmt: skip
        with (self.folder / "simulator.log").open("a") as log:
            self.simulator = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                text=True,
            )  # fmt: skip
        assert self.simulator.stdout
        assert self.simulator.stdout.readline() == "ready\n"

    def ask(self, line: str) -> dict[str, Any]:
        """One line to the simulation; its answer."""
        assert self.simulator
        assert self.simulator.stdin
        assert self.simulator.stdout
        self.simulator.stdin.write(line + "\n")
        self.simulator.stdin.flush()
        answer = self.simulator.stdout.readline()
        while answer == "ready\n":
            answer = self.simulator.stdout.readline()
        said: dict[str, Any] = json.loads(answer)
        assert said["ok"], said
        return said

    def come(self, *places: tuple[str, int]) -> None:
        """A bike at each place: plugged in, and its household's card swiped until it charges."""
        cards = dict(zip(PLACES, demo_cards(PLAN), strict=True))
        for pile, outlet in places:
            self.ask(f"plug {pile} {outlet} 900")
        for _ in range(4):
            waiting = [place for place in places if self.session_at(place) is None]
            for pile, outlet in waiting:
                self.ask(f"swipe {pile} {outlet} {cards[pile, outlet].card_uid}")
            if self.within(8, lambda: all(self.session_at(place) for place in places)):
                return
        raise AssertionError(f"no relay closed at {waiting}; see {self.folder}")

    def go(self, *places: tuple[str, int]) -> None:
        for pile, outlet in places:
            self.ask(f"unplug {pile} {outlet}")

    def session_at(self, place: tuple[str, int]) -> str | None:
        """The session that really runs there, by the pile itself."""
        state = self.ask(f"state {place[0]}")["piles"][place[0]]
        found: str | None = state["outlets"][place[1] - 1]["session_id"]
        return found

    def unacknowledged(self) -> int:
        piles = self.ask("state")["piles"].values()
        return sum(pile["settlements_unacked"] for pile in piles)

    def all_welcomed(self) -> bool:
        return all(pile["welcomed"] for pile in self.ask("state")["piles"].values())

    @staticmethod
    def within(seconds: float, what: Callable[[], bool]) -> bool:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if what():
                return True
            time.sleep(0.1)
        return what()

    # --- the books, looked at from outside ---

    def states(self) -> Mapping[str, str]:
        """The state of every session, by its order number."""
        uri = f"file:{self.database}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
            return dict(connection.execute("select id, state from charge_session"))

    def is_all_over(self) -> bool:
        return all(state in OVER for state in self.states().values())


@contextmanager
def live_evening(folder: Path, template: Path) -> Iterator[LiveEvening]:
    """Everything started and welcomed; everything ended when the block is left."""
    (folder / "beimen.db").write_bytes(template.read_bytes())
    store = Store(open_engine(f"sqlite:///{folder}/beimen.db"))
    seeded_house(store, FixedClock(ORIGIN - timedelta(hours=1)), PLAN)
    store.close()
    logins = dict.fromkeys(("core", "core-telemetry", "core-control", *PILES), PASSWORD)
    with ExitStack() as stack:
        broker = stack.enter_context(start_mosquitto(logins))
        evening = LiveEvening(folder, broker, datetime.now(UTC))
        stack.callback(lambda: evening.service and end(evening.service))
        stack.callback(lambda: evening.simulator and end(evening.simulator))
        evening.start_service()
        evening.start_piles()
        wait_until(evening.all_welcomed, "a welcome for every pile")
        yield evening
