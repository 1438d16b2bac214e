"""`beimen replay`: a real apartment compound's evening, played through broker, books and pages.

When the evening is over, what was billed is compared with what the simulated meters counted: each
session exactly once, to the watt-hour, and priced to the fen by a second, simpler calculation.
"""

import json
import shutil
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from time import sleep
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlmodel import select

from service.billing.records import BilledSession, BillLine
from service.build import Parts, WebServer, build, make_app
from service.clock import ScaledClock, SystemClock
from service.demo import HOME, DemoPlan, beginning_of, broker_for, seed_demo, simulator_for
from service.demo import demo_settings as settings_for
from service.flow.ticks import post_settled
from service.quantities import round_line, show_kwh, show_yuan
from service.sessions.records import Session

DRAIN_S = 30
"""Real seconds that the last settlements are given after the evening."""

BEFORE = timedelta(hours=1)
"""The price must be in force before the first bike comes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The evening in figures; sound if nothing is lost, doubled, or off."""

    sessions: int
    metered_wh: int
    billed_wh: int
    held: dict[str, int]
    running: int
    billed_fen: int
    expected_fen: int
    lost: tuple[str, ...]
    off_wh: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Every finished session is billed once, exactly, or held with a reason."""
        return not self.lost and not self.off_wh and self.billed_fen == self.expected_fen


def replay_evening(plan: DemoPlan, console: Console) -> bool:
    """Play the evening, print its figures; True if the books agree with the meters."""
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    origin = beginning_of(plan, SystemClock().now())
    with ExitStack() as stack:
        host, port = stack.enter_context(broker_for(plan))
        settings = settings_for(plan, host, port)
        seed_demo(settings, plan, origin - BEFORE)
        started = SystemClock().now()
        parts = build(settings, ScaledClock(started, origin, plan.speed), plan.speed)
        server = WebServer(make_app(parts), settings, parts.hub)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        stack.callback(thread.join, 10)
        stack.callback(setattr, server, "should_exit", True)
        child = stack.enter_context(simulator_for(plan, host, port, started, origin, None))
        console.print(
            f"the evening goes by at {plan.speed:g} x; look at {settings.public_url}/gate"
        )
        _wait(plan, child, console)
        _drain(parts)
        while post_settled(parts.house, timedelta(0)):
            pass
        outcome = compare(parts, json.loads((HOME / "oracle.json").read_text()))
    show(outcome, console)
    return outcome.is_sound


def _wait(plan: DemoPlan, child: Any, console: Console) -> None:
    columns = (TextColumn("the evening"), BarColumn(), TimeElapsedColumn())
    seconds = (plan.duration_s or 0) / plan.speed
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("evening", total=seconds)
        while child.poll() is None:
            sleep(0.5)
            bar.advance(task, 0.5)


def _drain(parts: Parts) -> None:
    """Until what was sent is taken: nothing waits in the inbox and nothing new is committed."""
    quiet, seen = 0, -1
    for _ in range(DRAIN_S * 5):
        sleep(0.2)
        health = parts.wire.health()
        taken = sum(lane.counts.taken for lane in health.lanes)
        quiet = quiet + 1 if health.inbox == 0 and taken == seen else 0
        seen = taken
        if quiet >= 5:
            return


def compare(parts: Parts, truth: dict[str, Any]) -> Outcome:
    """Hold the books against the meters' own ledger."""
    finished = {one["session_id"]: one for one in truth["sessions"] if one["ended_ms"] is not None}
    with parts.store.reading() as uow:
        rows = {row.id: row for row in uow.session.exec(select(Session)).all()}
        billed = {row.session_id: row for row in uow.session.exec(select(BilledSession)).all()}
        fen: Counter[str] = Counter()
        expected: Counter[str] = Counter()
        for line in uow.session.exec(select(BillLine)).all():
            fen[line.session_id] += line.amount_fen
            expected[line.session_id] += round_line(line.energy_wh * line.price_e4).fen
    held = Counter(row.held_reason or "?" for row in rows.values() if row.state == "held")
    lost = [
        one for one in finished
        if one not in billed and (one not in rows or rows[one].state not in ("held", "waived"))
    ]  # fmt: skip
    off = [
        one for one, row in billed.items()
        if one not in finished or row.energy_wh != finished[one]["energy_wh"]
    ]  # fmt: skip
    return Outcome(
        sessions=len(finished),
        metered_wh=sum(one["energy_wh"] for one in finished.values()),
        billed_wh=sum(row.energy_wh for row in billed.values()),
        held=dict(held),
        running=len(truth["sessions"]) - len(finished),
        billed_fen=sum(fen.values()),
        expected_fen=sum(expected.values()),
        lost=tuple(lost),
        off_wh=tuple(off),
    )


def show(outcome: Outcome, console: Console) -> None:
    """The evening as a table."""
    table = Table(title="The evening, meters against books", show_header=False)
    for name, value in (
        ("sessions that ended", str(outcome.sessions)),
        ("still charging at the end", str(outcome.running)),
        ("energy the meters counted, kWh", show_kwh(outcome.metered_wh)),
        ("energy billed, kWh", show_kwh(outcome.billed_wh)),
        ("billed, yuan", show_yuan(outcome.billed_fen)),
        ("second calculation, yuan", show_yuan(outcome.expected_fen)),
        ("held for a person", ", ".join(f"{k}: {n}" for k, n in outcome.held.items()) or "none"),
        ("lost", ", ".join(outcome.lost) or "none"),
        ("billed differently from the meter", ", ".join(outcome.off_wh) or "none"),
    ):
        table.add_row(name, value)
    console.print(table)
    console.print("the books agree with the meters" if outcome.is_sound else "THE BOOKS ARE OFF")
