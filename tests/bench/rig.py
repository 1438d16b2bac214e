"""The rig of the bench: a seeded compound, a real Mosquitto, the service as `serve` starts it.

The service is a process of its own with the environment an operator would give it; whoever measures
sees it only from outside: by its HTTP, by MQTT, by its database file, and by what the kernel says
of its processor time and memory.
"""

import contextlib
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import psutil
from pydantic import SecretStr

from service.clock import SystemClock
from service.door.state import Door
from service.households.actions import new_api_secret, sign_in_staff
from service.households.codes import key_of
from service.households.outcomes import SignedIn
from service.households.records import households, staff_with_login
from service.seed import Plan, seed_compound, seed_demo_people
from service.sessions.actions import open_session
from service.sessions.lifecycle import State
from service.sessions.order import ulid
from service.sessions.records import Session
from service.settings import Settings
from service.store import Store
from service.store.engine import open_engine
from service.store.migrate import migrate
from tests.bench.raw_publisher import pile_name
from tests.support.processes import Mosquitto, end, free_port, scratch_folder, start_mosquitto

PILES = 38
PASSWORD = "a-password-of-the-bench"
LOGINS = dict.fromkeys(("core", "core-telemetry", "core-control"), PASSWORD)
SECRET_KEY = "a secret of the bench, long enough for every use"
METRICS_TOKEN = "a-token-of-the-bench"
STARTS_WITHIN_S = 60.0


class BenchError(RuntimeError):
    """The bench could not measure; the message says why."""


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Return once it is so; BenchError naming `what` after `seconds`."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            raise BenchError(f"after {seconds:.0f} s still not: {what}")
        time.sleep(0.02)


@dataclass
class Compound:
    """A seeded database and what a visitor needs to come in."""

    folder: Path
    settings: Settings
    sessions: dict[str, str]
    """The open session at outlet 1 of each pile."""
    bearers: list[str]
    """API secrets of households that charge."""
    staff_cookie: str
    """A signed-in browser of the committee."""

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "beimen.db"

    @property
    def url(self) -> str:
        """Where the service answers."""
        return f"http://127.0.0.1:{self.settings.http_port}"


def settings_of(folder: Path, mqtt_port: int) -> Settings:
    """The settings of a compound in a folder, as an operator would set them."""
    http_port = free_port()
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        public_url=f"http://127.0.0.1:{http_port}",
        service_phone="0358-000-0000",
        database_url=f"sqlite:///{folder}/beimen.db",
        http_port=http_port,
        secret_key=SecretStr(SECRET_KEY),
        metrics_token=SecretStr(METRICS_TOKEN),
        mqtt_port=mqtt_port,
        mqtt_password=SecretStr(PASSWORD),
    )


def seed(folder: Path, mqtt_port: int, *, charging: bool, now: datetime | None = None) -> Compound:
    """38 piles, 200 households, a price since a day before `now` (the present unless told); with
    `charging` a session runs at outlet 1 of every pile."""
    settings, now = settings_of(folder, mqtt_port), now or SystemClock().now()
    store = Store(open_engine(settings.database_url))
    migrate(store.engine)
    plan, key = Plan(piles=PILES), key_of(SECRET_KEY)
    seed_compound(store, settings, now - timedelta(days=1), plan)
    seed_demo_people(store, now, key, plan, lambda login: f"no hash of {login}")
    compound = Compound(folder, settings, {}, [], "")
    with store.writing() as uow:
        homes = households(uow)[:PILES]
        for number, home in enumerate(homes, start=1):
            secret = new_api_secret(uow, home.id or 0, now, key, "bench")
            if not isinstance(secret, str):
                raise BenchError(str(secret))
            compound.bearers.append(secret)
            if charging:
                row = a_session(pile_name(number), home.id or 0)
                open_session(uow, row, State.CHARGING, now)
                row.started_at = now
                compound.sessions[row.pile] = row.id
        member = staff_with_login(uow, "committee")
        signed_in = sign_in_staff(uow, (member and member.id) or 0, SystemClock().now(), key)
    if not isinstance(signed_in, SignedIn):
        raise BenchError(str(signed_in))
    door = Door(settings, store, SystemClock(), key, time.monotonic)
    compound.staff_cookie = f"beimen={door.sign('beimen', signed_in.secret)}"
    store.close()
    return compound


def a_session(pile: str, household_id: int) -> Session:
    """A session that has begun at outlet 1."""
    now = SystemClock().now()
    return Session(
        id=ulid(int(now.timestamp() * 1000), secrets.token_bytes),
        pile=pile, outlet=1, household_id=household_id, source="api", state=State.CHARGING,
        tariff_id=1, max_duration_s=36_000, max_energy_wh=3000, max_power_w=1000, requested_at=now,
    )  # fmt: skip


@dataclass
class Service:
    """A running service and how to look at it from outside."""

    compound: Compound
    process: psutil.Process

    def get(self, path: str, *, cookie: str = "", bearer: str = "", timeout_s: float = 30) -> bytes:
        """The body of a page. OSError when it does not answer well."""
        headers = {"Cookie": cookie} if cookie else {}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        request = Request(self.compound.url + path, headers=headers)
        with urlopen(request, timeout=timeout_s) as answer:
            body: bytes = answer.read()
            return body

    @property
    def is_ready(self) -> bool:
        """Does it say that it is fit to serve?"""
        try:
            return bool(json.loads(self.get("/readyz"))["status"] == "ready")
        except (OSError, ValueError):
            return False

    @property
    def cpu_s(self) -> float:
        """Processor seconds it has used so far, all threads."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    @property
    def rss_mib(self) -> float:
        """Resident memory."""
        return float(self.process.memory_info().rss / 2**20)

    def wire_event(self, lane: str, event: str) -> float:
        """A total of the wire, as /metrics tells it."""
        wanted = f'beimen_wire_events_total{{event="{event}",lane="{lane}"}} '
        for line in self.get("/metrics", bearer=METRICS_TOKEN).decode().splitlines():
            if line.startswith(wanted):
                return float(line.removeprefix(wanted))
        raise BenchError(f"/metrics does not tell {event} of {lane}")


def environment(settings: Settings) -> dict[str, str]:
    """What an operator would put into the service's environment."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("BEIMEN_")}
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        known[f"BEIMEN_{name.upper()}"] = (
            value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        )
    return known


@contextlib.contextmanager
def serving(compound: Compound) -> Iterator[Service]:
    """`beimen serve` over the compound, ready when the block begins."""
    log = compound.folder / "service.log"
    with log.open("w") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "service", "serve"], cwd=compound.folder, text=True,
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment(compound.settings),
        )  # fmt: skip
    try:
        service = Service(compound, psutil.Process(child.pid))
        try:
            wait_until(lambda: child.poll() is not None or service.is_ready, "service ready")
        except BenchError as error:
            raise BenchError(f"{error}\n{log.read_text()[-2000:]}") from None
        if child.poll() is not None:
            raise BenchError(f"the service ended:\n{log.read_text()[-2000:]}")
        yield service
    finally:
        end(child)


@contextlib.contextmanager
def open_pages(service: Service) -> Iterator[list[int]]:
    """Live pages that somebody looks at meanwhile; yields how many events each has received.

    The wall of the gatehouse, the list of incidents, two piles, and eight outlets of residents.
    """
    cookie = service.compound.staff_cookie
    staff = ("/live/wall", "/live/incidents", "/live/pile/LB-001", "/live/pile/LB-020")
    outlets = tuple(f"/live/outlet/{pile_name(number)}/1" for number in range(1, 39, 5))
    events = [0] * (len(staff) + len(outlets))
    stop = threading.Event()

    def look(place: int, path: str) -> None:
        headers = {"Cookie": cookie} if path in staff else {}
        page = Request(service.compound.url + path, headers=headers)
        with contextlib.suppress(OSError), urlopen(page, timeout=20) as stream:
            for line in stream:
                events[place] += line.startswith(b"event:")
                if stop.is_set():
                    return

    threads = [
        threading.Thread(target=look, args=(place, path), daemon=True)
        for place, path in enumerate((*staff, *outlets))
    ]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: all(events), "every live page has its first event", 30)
        yield events
    finally:
        stop.set()


@contextlib.contextmanager
def rig(*, charging: bool = True) -> Iterator[tuple[Mosquitto, Service]]:
    """Everything together."""
    with scratch_folder() as folder, start_mosquitto(LOGINS) as broker:
        compound = seed(folder, broker.port, charging=charging)
        with serving(compound) as service:
            yield broker, service


class Rows:
    """Watches from another connection what is durable: the highest seq of each pile."""

    def __init__(self, database: Path):
        self._connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        self._version = 0
        self._boots: dict[str, int] = {}

    def changed(self) -> bool:
        """Was anything committed since the last call? Costs some microseconds."""
        (version,) = self._connection.execute("pragma data_version").fetchone()
        before, self._version = self._version, version
        return bool(version != before)

    def highest(self, piles: Sequence[str]) -> dict[str, int]:
        """The highest seq stored of each pile's only boot; 0 where there is none."""
        if len(self._boots) < len(piles):
            self._boots = dict(self._connection.execute("select pile, no from boot").fetchall())
        found = {}
        for pile in piles:
            query = "select max(seq) from pilemessage where boot_no = ?"
            row = self._connection.execute(query, (self._boots.get(pile, -1),)).fetchone()
            found[pile] = row[0] or 0
        return found

    def readings(self) -> int:
        """How many readings are stored."""
        return int(self._connection.execute("select count(*) from reading").fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
