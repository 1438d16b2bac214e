"""Evenings to tell and tell again: played once with simulated piles, then folded in any order.

What the service heard is kept; the books that came of it are compared as plain data.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from shutil import copy
from typing import Any

from sqlmodel import SQLModel, col, select

from service.billing.actions import publish_tariff, statements_of, verify
from service.billing.outcomes import Published
from service.billing.records import BilledSession, BillLine, LedgerEntry, LedgerPosting
from service.clock import FixedClock, to_ms
from service.flow import House, ticks, uplink
from service.piles.messages import Heard
from service.seed import Plan
from service.sessions.lifecycle import State
from service.sessions.records import Session, in_states
from service.store import Store
from service.store.engine import open_engine
from simulator.scenario import Scenario, load_scenario
from tests.billing.days import TWO_BANDS
from tests.support.compound import Compound, seeded_house

RARE = {"meter_s": 300, "heartbeat_s": 600, "meter_idle_s": 3600, "keeps_own_intervals": True}
"""Readings every five minutes, as in the past of the demo: enough for stories of whole days."""


def scenario(**changes: Any) -> Scenario:
    return load_scenario("quiet_evening").with_changes(**{**RARE, **changes})


class Evening(Compound):
    """A compound whose minutes pass quickly: ticks every minute, the slow ones each quarter."""

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        self.slow_every = timedelta(minutes=15)
        self.began = self.clock.now()

    def run(self, seconds: float, tick_every: float = 60.0) -> "Evening":
        end = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() < end:
            self._until(min(end, self.clock.now() + timedelta(seconds=tick_every)))
            ticks.tick(self.house)
            self.hear(self.send_commands())
            if self.clock.now() >= self.next_minute:
                ticks.tick_slowly(self.house)
                self.next_minute = self.clock.now() + self.slow_every
        return self


@contextmanager
def copy_of(template: Path, path: Path) -> Iterator[Store]:
    """An empty store of its own on SQLite."""
    copy(template, path)
    store = Store(open_engine(f"sqlite:///{path}"))
    try:
        yield store
    finally:
        store.close()


def publish_two_bands(house: House, began: datetime) -> None:
    """Peak until 22:00, then valley: where energy lies in time is money."""
    draft = replace(TWO_BANDS, id=0, starts_at=began + timedelta(seconds=1))
    with house.store.writing() as uow:
        outcome = publish_tariff(uow, draft, 4870, began, house.settings.zone)
    assert isinstance(outcome, Published), outcome


@dataclass(frozen=True)
class Books:
    """Everything a household could complain about, as plain data."""

    sessions: dict[str, tuple[Any, ...]]
    billed: dict[str, tuple[Any, ...]]
    lines: set[tuple[Any, ...]]
    entries: dict[tuple[str, str], tuple[Any, ...]]
    statements: dict[int, tuple[Any, ...]]

    @property
    def billed_wh(self) -> int:
        return sum(row[3] for row in self.billed.values())

    @property
    def lines_fen(self) -> int:
        return sum(line[-1] for line in self.lines)

    @property
    def ledger_fen(self) -> int:
        return sum(
            amount
            for _, postings in self.entries.values()
            for account, _, amount in postings
            if account == "receivable"
        )

    @property
    def statements_fen(self) -> int:
        return sum(lines_fen for _, lines_fen, _ in self.statements.values())

    @property
    def held_wh(self) -> int:
        return sum(row[1] or 0 for row in self.sessions.values() if row[0] == State.HELD)


SETTLED_OR_HELD = (State.SETTLED, State.HELD)


def rows(store: Store, model: type[SQLModel]) -> list[Any]:
    with store.reading() as uow:
        return list(uow.session.exec(select(model)))


def books(store: Store, month: str = "2026-03") -> Books:
    with store.reading() as uow:
        settled = in_states(uow, SETTLED_OR_HELD)
        statements = statements_of(uow, month)
        assert verify(uow).misfits == ()
    postings: dict[int, list[tuple[str, int | None, int]]] = {}
    for row in rows(store, LedgerPosting):
        postings.setdefault(row.entry_id, []).append(
            (row.account, row.household_id, row.amount_fen)
        )
    return Books(
        sessions={
            row.id: (
                row.state, row.energy_wh, row.start_wh, row.end_wh, row.started_at, row.ended_at,
                row.household_id, row.stop_reason, row.held_reason, row.power_cuts,
            )
            for row in settled
        },
        billed={
            row.session_id: (
                row.household_id, row.month, row.late, row.energy_wh, row.start_wh, row.end_wh,
                row.started_at, row.ended_at, row.pile, row.outlet, row.stop_reason,
            )
            for row in rows(store, BilledSession)
        },
        lines={
            (row.session_id, row.band, row.component, row.energy_wh, row.price_e4, row.amount_fen)
            for row in rows(store, BillLine)
        },
        entries={
            (row.cause, row.cause_ref): (row.month, sorted(postings.get(row.id, []), key=str))
            for row in rows(store, LedgerEntry)
        },
        statements={
            one.household_id: (one.energy_wh, one.lines_fen, len(one.sessions))
            for one in statements
        },
    )  # fmt: skip


def fold(store: Store, evening: Evening, heard: Iterable[Heard], *, batch: int = 200) -> House:
    """The facts of an evening, heard by another service that knows only what was requested."""
    house = seeded_house(store, FixedClock(evening.began), evening.plan)
    house.clock.at = evening.clock.now()  # type: ignore[attr-defined]
    publish_two_bands(house, evening.began)
    _as_requested(store, rows(evening.house.store, Session))
    messages = list(heard)
    for begin in range(0, len(messages), batch):
        uplink.take(house, messages[begin : begin + batch])
    ticks.post_settled(house, timedelta(0))
    return house


def _as_requested(store: Store, sessions: list[Session]) -> None:
    """Sessions as they were when they were asked for. An outlet has one open session at most, so
    of each outlet the first is starting and those after it are over, their records to come."""
    taken: set[tuple[str, int]] = set()
    with store.writing() as uow:
        for row in sorted(sessions, key=lambda one: one.id):
            if row.source != "card" and row.why == "no_order":
                continue
            first = (row.pile, row.outlet) not in taken
            taken.add((row.pile, row.outlet))
            uow.session.add(
                Session(
                    id=row.id, pile=row.pile, outlet=row.outlet, household_id=row.household_id,
                    source=row.source, asked_by=row.asked_by, idempotency_key=row.idempotency_key,
                    state=State.STARTING if first else State.ENDED, tariff_id=row.tariff_id,
                    max_duration_s=row.max_duration_s, max_energy_wh=row.max_energy_wh,
                    max_power_w=row.max_power_w, requested_at=row.requested_at,
                    ended_at=None if first else row.requested_at,
                )
            )  # fmt: skip


def shuffled(heard: list[Heard], dice: Random) -> list[Heard]:
    mixed = list(heard)
    dice.shuffle(mixed)
    return mixed


def doubled(heard: list[Heard], dice: Random, share: float = 0.3) -> list[Heard]:
    return [one for each in heard for one in ([each, each] if dice.random() < share else [each])]


def delayed(heard: list[Heard], dice: Random, until_ms: int, share: float = 0.1) -> list[Heard]:
    """Some arrive hours later, and are received then."""
    on_time, late = [], []
    for one in heard:
        if dice.random() < share:
            later = dice.randrange(one.received_ms, until_ms + 1)
            late.append(Heard(one.topic, one.payload, later, one.qos, one.retain))
        else:
            on_time.append(one)
    return sorted(on_time + late, key=lambda one: one.received_ms)


def end_ms(evening: Compound) -> int:
    return to_ms(evening.clock.now())


def sessions_in_order(store: Store) -> list[Session]:
    with store.reading() as uow:
        return list(uow.session.exec(select(Session).order_by(col(Session.id))))


def a_small_plan() -> Plan:
    return Plan(piles=12, households=36)
