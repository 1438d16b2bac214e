"""`beimen demo`: a compound in one terminal, with a past of some days and tonight played live.

Broker and simulator are child processes, as they are other machines in earnest: the topology is the
same, and a busy service cannot stall their keep-alives.
"""

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import segno
from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from service.build import Parts, WebServer, build, make_app
from service.clock import FixedClock, ScaledClock, SystemClock
from service.flow import House
from service.households.actions import find_household, new_code
from service.households.codes import key_of
from service.households.passwords import hash_password
from service.households.records import staff_with_login
from service.past import PastPlan, play_past
from service.past_months import beginning, leave_on_the_desk, write_past_months
from service.seed import DEMO_STAFF, Plan, seed_compound, seed_demo_people
from service.settings import Settings
from service.store import Store
from service.store.engine import open_engine
from service.store.migrate import migrate

HOME = Path("var/demo")
SHOWN_DOOR = "3-201"
SHOWN_ENTRANCE = 3
CHILD_ENDS_S = 3
METRICS_TOKEN = "demo"  # noqa: S105 - a demo listens on loopback only and says so


class DemoError(RuntimeError):
    """The demo cannot run as asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What the command line asked for."""

    port: int = 8080
    days: float = 2.0
    speed: float = 1.0
    seed: int = 1
    scenario: str = "normal_week"
    broker: str | None = None
    passwords: Path | None = None
    database: str | None = None
    evening: str | None = None
    duration_s: float | None = None


def run_demo(plan: DemoPlan, console: Console) -> None:
    """Seed, fill the past, play tonight, print the addresses; until Ctrl-C."""
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    origin = beginning_of(plan, SystemClock().now())
    with ExitStack() as stack:
        host, port = stack.enter_context(broker_for(plan))
        settings = demo_settings(plan, host, port)
        console.print("[1/3] tables, piles, households, a price, two months of books")
        seed_demo(settings, plan, origin - timedelta(days=plan.days))
        state = HOME / "compound.json"
        if plan.days > 0:
            fill_past(settings, plan, origin, state, console)
        started = SystemClock().now()
        parts = build(settings, ScaledClock(started, origin, plan.speed), plan.speed)
        code = _household_code(parts)
        leave_on_the_desk(parts.house, _committee(parts.store), SHOWN_DOOR)
        server = WebServer(make_app(parts), settings, parts.hub)
        child = stack.enter_context(simulator_for(plan, host, port, started, origin, state))
        console.print("[3/3] tonight, live")
        pile, outlet = free_outlet(parts)
        tell(child, f"plug {pile} {outlet} 600")
        tell_addresses(settings, f"{settings.public_url}/p/{pile}/{outlet}", code, console)
        server.run()


def beginning_of(plan: DemoPlan, now: datetime) -> datetime:
    """When tonight begins: the last 19:00 of the compound, when people come home; a replayed
    evening begins at 15:00, with the first of its bikes."""
    zone = Settings().zone
    local = now.astimezone(zone)
    hour = 19 if plan.evening is None else 15
    begin = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    if begin > local:
        begin -= timedelta(days=1)
    return begin.astimezone(UTC)


def demo_settings(plan: DemoPlan, mqtt_host: str, mqtt_port: int) -> Settings:
    """Settings of a demo: loopback only, a key of its own, and it says so on every page."""
    return Settings(
        demo=True,
        public_url=f"http://127.0.0.1:{plan.port}",
        service_phone="0358-000-0000",
        database_url=plan.database or f"sqlite:///{HOME}/beimen.db",
        http_host="127.0.0.1",
        http_port=plan.port,
        secret_key=SecretStr(secrets.token_urlsafe(32)),
        metrics_token=SecretStr(METRICS_TOKEN),
        mqtt_host=mqtt_host,
        mqtt_port=mqtt_port,
    )


def seed_demo(settings: Settings, plan: DemoPlan, now: datetime) -> None:
    """Tables, piles, households with cards, staff, a price, and (unless a single evening is
    replayed) the months before. DemoError if something is there."""
    store = Store(open_engine(settings.database_url))
    migrate(store.engine)
    since = now if plan.evening is not None else beginning(now, settings.zone)
    if not seed_compound(store, settings, since, Plan()):
        raise DemoError(
            f"{settings.database_url} already holds a compound; give the demo an empty database"
        )
    key = key_of(settings.secret_key.get_secret_value())
    cards = seed_demo_people(store, since, key, Plan(), hash_password)
    if since < now:
        _fill_books(store, settings, now, plan.seed)
    store.close()
    rows = [
        {"household": c.household, "entrance": c.entrance, "card_uid": c.card_uid} for c in cards
    ]
    (HOME / "cards.json").write_text(json.dumps(rows))


def _fill_books(store: Store, settings: Settings, until: datetime, seed: int) -> None:
    key = key_of(settings.secret_key.get_secret_value())
    clock = FixedClock(beginning(until, settings.zone))
    house = House(store, clock, settings, secrets.token_bytes, key)
    write_past_months(house, clock, until, _committee(store), SHOWN_DOOR, seed)


def _committee(store: Store) -> tuple[int, int]:
    with store.reading() as uow:
        found = [staff_with_login(uow, login) for login in ("committee", "committee2")]
    first, second = (one.id or 0 for one in found if one is not None)
    return first, second


def fill_past(
    settings: Settings, plan: DemoPlan, origin: datetime, state: Path, console: Console
) -> None:
    """The last days, through the same code path, with a bar."""
    clock = FixedClock(origin - timedelta(days=plan.days))
    store = Store(open_engine(settings.database_url))
    key = key_of(settings.secret_key.get_secret_value())
    house = House(store, clock, settings, secrets.token_bytes, key)
    past = PastPlan(plan.days, origin, plan.seed, HOME / "cards.json", state)
    columns = (
        TextColumn("[2/3] the last {task.fields[days]:g} days"),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("past", total=1.0, days=plan.days)
        play_past(house, clock, past, lambda share: bar.update(task, completed=share))
    store.close()


def _household_code(parts: Parts) -> str:
    with parts.store.writing() as uow:
        household = find_household(uow, SHOWN_DOOR)
        key = parts.house.key
        code = new_code(uow, household.id or 0, parts.clock.now(), key) if household else None
    return code if isinstance(code, str) else ""


def free_outlet(parts: Parts) -> tuple[str, int]:
    """An outlet that nobody uses: the visitor's own bike is plugged in there."""
    with parts.house.look():
        for pile in parts.house.board.piles.values():
            for outlet in pile.outlets.values():
                held = parts.house.held_by(pile.id, outlet.number) is not None
                is_idle = not outlet.power_w and outlet.session_id is None
                if pile.entrance == SHOWN_ENTRANCE and is_idle and not held:
                    return pile.id, outlet.number
    raise DemoError("every outlet is in use; take fewer days of history")


def tell(child: "subprocess.Popen[bytes]", words: str) -> None:
    """Ask something of the running simulation."""
    if child.stdin is not None:
        child.stdin.write(f"{words}\n".encode())
        child.stdin.flush()


def tell_addresses(settings: Settings, scan: str, code: str, console: Console) -> None:
    """Where to look, as which role, and a code to scan: there a bike waits to be charged."""
    url = settings.public_url
    console.print(f"\nA bike is plugged in here. Scan (or open): [link={scan}]{scan}[/link]")
    segno.make(scan, error="m").terminal(compact=True)
    console.print(f"As resident of {SHOWN_DOOR}:  {url}/sign-in?code={code}")
    homes = {"committee": "/committee", "gatehouse": "/gate", "maintenance": "/fix"}
    for login, role in DEMO_STAFF:
        home = homes.get(role, "/")
        console.print(
            f"As {login + ':':13}{url}/staff/sign-in?login={login}&next={home}   password: {login}",
            soft_wrap=True,
        )
    console.print(f"Everyone:        {url}/", soft_wrap=True)
    console.print(
        f"Prometheus:      curl -H 'Authorization: Bearer {METRICS_TOKEN}' {url}/metrics",
        soft_wrap=True,
    )
    console.print("\nThis is a demo: it listens on this machine only. Ctrl-C ends everything.\n")


@contextmanager
def broker_for(plan: DemoPlan) -> Iterator[tuple[str, int]]:
    """The broker that was named, or our own small one as a child."""
    if plan.broker is not None:
        host, _, port = plan.broker.rpartition(":")
        if not host or not port.isdigit():
            raise DemoError(f"--broker is HOST:PORT, not '{plan.broker}'")
        yield host, int(port)
        return
    child = subprocess.Popen(
        [sys.executable, "-m", "simulator.broker", "--port", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        words = child.stdout.readline().split() if child.stdout else []
        if words[:1] != ["ready"]:
            raise DemoError("the demo's broker did not start")
        yield "127.0.0.1", int(words[1])
    finally:
        _end(child)


@contextmanager
def simulator_for(
    plan: DemoPlan,
    host: str,
    port: int,
    started: datetime,
    origin: datetime,
    state: Path | None,
) -> "Iterator[subprocess.Popen[bytes]]":
    """Piles and residents as a child process; it ends with the block."""
    command = [
        sys.executable, "-m", "simulator", "live", "--broker", f"{host}:{port}",
        "--cards", str(HOME / "cards.json"), "--scenario", plan.scenario,
        "--seed", str(plan.seed), "--speed", str(plan.speed),
        "--started", started.isoformat(), "--origin", origin.isoformat(), "--stdin-control",
        "--oracle", str(HOME / "oracle.json"),
    ]  # fmt: skip
    if state is not None and state.exists():
        command += ["--state", str(state)]
    if plan.passwords is not None:
        command += ["--passwords", str(plan.passwords)]
    if plan.evening is not None:
        command += ["--evening", plan.evening]
    if plan.duration_s is not None:
        command += ["--duration", str(plan.duration_s)]
    child = subprocess.Popen(  # noqa: S603 - our own program with our own words
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield child
    finally:
        _end(child)


def _end(child: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(CHILD_ENDS_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(CHILD_ENDS_S)
