"""What the conductor holds: the board in memory, and one unit of work at a time.

The memory is only a faster view of what is stored. Every change of it happens inside a unit of
work, one at a time; if the unit fails, the memory is thrown away and read again.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from service.billing.actions import newest_tariff_id, tariff_versions
from service.billing.tariff import TariffVersion, in_force
from service.clock import Clock, from_ms, to_ms
from service.feeders.actions import load_tree
from service.feeders.forecast import Outlook
from service.feeders.habits import Habits
from service.feeders.load import Load, MeterReading, current_of
from service.feeders.peaks import Tally
from service.feeders.place import Place
from service.feeders.risk import Changed, FeederState
from service.feeders.tree import Tree
from service.metering.live import Progress
from service.metering.records import currents_of, extremes, latest_of_boot
from service.piles.actions import load_board
from service.piles.board import Board, BootNow, PileNow
from service.piles.messages import Outgoing
from service.sessions.lifecycle import OPEN, State
from service.sessions.order import ulid
from service.sessions.records import Session, unsettled
from service.settings import Settings
from service.store import Store, UnitOfWork


@dataclass(slots=True)
class OpenSession:
    """A session whose settlement is still to come, as far as the hot path must know it."""

    id: str
    pile: str
    outlet: int
    household_id: int | None
    state: State
    tariff_id: int | None
    requested_ms: int
    commanded_ms: int | None
    started_ms: int | None
    pass_id: int | None = None
    command_id: str | None = None
    missing_since_ms: int | None = None
    stall_told: bool = False
    stopping_ms: int | None = None

    @property
    def holds_outlet(self) -> bool:
        """Is the outlet taken by it?"""
        return self.state in OPEN


@dataclass(slots=True)
class Outcomes:
    """What a unit of work changed, for pages and gauges; handed on after the commit."""

    now: datetime
    outlets: set[tuple[str, int]] = field(default_factory=set)
    piles: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)
    households: set[int] = field(default_factory=set)
    incidents: set[int] = field(default_factory=set)
    feeders: list[Changed] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)


Listener = Callable[[Outcomes], None]


class House:
    """Everything the three walks need. One per process."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        random_bytes: Callable[[int], bytes],
        key: bytes,
    ):
        self.store, self.clock, self.settings, self.key = store, clock, settings, key
        self.random_bytes = random_bytes
        self.listeners: list[Listener] = []
        self.wake_wire: Callable[[], None] = lambda: None
        self.turn = threading.RLock()
        self.began_ms = to_ms(clock.now())
        self.habits: Habits | None = None
        self.habits_of_day: date | None = None
        self.read_again()

    def read_again(self) -> None:
        """Rebuild the memory from what is stored."""
        self.board = Board()
        self.open: dict[str, OpenSession] = {}
        self.progress: dict[str, Progress] = {}
        self.strangers: set[str] = set()
        self.tariffs: dict[int, TariffVersion] = {}
        self.meters: dict[str, MeterReading] = {}
        self.risk: dict[str, FeederState] = {}
        self.loads: dict[str, Load] = {}
        self.tally = Tally()
        self.places: dict[str, Place] = {}
        self.outlooks: dict[str, Outlook] = {}
        self.looked_ahead_ms = 0
        self.active_faults: dict[str, frozenset[tuple[str, int | None]]] = {}
        self.next_sending_ms = 0
        self.followed_ms = 0
        self.loaded = False

    def load(self, uow: UnitOfWork) -> None:
        """Read the board, the open sessions and the feeders."""
        self.board = load_board(uow)
        self.tree: Tree = load_tree(uow)
        rows = unsettled(uow)
        for row in rows:
            self.open[row.id] = remembered(row)
        for session_id, (low, high) in extremes(uow, self.open).items():
            self.progress[session_id] = Progress(low, high, 0)
        self._places(uow)
        for pile in self.board.piles.values():
            pile.listening_since_ms = self.began_ms
            self._last_readings(uow, pile)
        self.loaded = True

    def _places(self, uow: UnitOfWork) -> None:
        """Where the running sessions are on their curves, from the readings that are stored."""
        drawn = sorted(currents_of(uow, list(self.open)), key=lambda row: row[1])
        for session_id, received_ms, current_ma, power_w in drawn:
            current = current_of(current_ma, power_w)
            if current is not None:
                self.places.setdefault(session_id, Place()).take(current, received_ms / 1000)

    def _last_readings(self, uow: UnitOfWork, pile: PileNow) -> None:
        if pile.boot is None:
            return
        for row in latest_of_boot(uow, pile.boot.no):
            outlet = pile.outlets.get(row.outlet)
            order = (pile.boot.rank, row.uptime_ms)
            if outlet is not None and order > outlet.order:
                outlet.order, outlet.energy_wh = order, row.energy_total_wh
                outlet.power_w, outlet.current_ma = row.power_w, row.current_ma
                outlet.register_id, outlet.session_id = row.register_id, row.session_id
                outlet.sample_ms = pile.boot.time_of(row.uptime_ms) or row.received_ms
                outlet.temp_c = row.temp_c
                if row.session_id and row.reason != "stop":
                    outlet.state = "charging"

    @contextmanager
    def work(self) -> Iterator["Work"]:
        """One unit of work: all or nothing, in the store and in memory."""
        done = False
        with self.turn:
            try:
                with self.store.writing() as uow:
                    if not self.loaded:
                        self.load(uow)
                    work = Work(self, uow, self.clock.now())
                    yield work
                    work.before_commit()
                done = True
            finally:
                if not done:
                    self.read_again()
            if work.commands:
                self.next_sending_ms = 0
        if work.commands:
            self.wake_wire()
        for listener in self.listeners:
            listener(work.outcomes)

    @contextmanager
    def look(self) -> Iterator["Work"]:
        """A consistent look at memory and store that changes neither."""
        with self.turn, self.store.reading() as uow:
            if not self.loaded:
                self.load(uow)
            yield Work(self, uow, self.clock.now())

    def new_id(self, now_ms: int) -> str:
        """A new order number or command id."""
        return ulid(now_ms, self.random_bytes)

    def held_by(self, pile: str, outlet: int) -> OpenSession | None:
        """The session that holds an outlet."""
        return next(
            (
                one
                for one in self.open.values()
                if one.pile == pile and one.outlet == outlet and one.holds_outlet
            ),
            None,
        )

    def tariff(self, uow: UnitOfWork, tariff_id: int | None, at: datetime) -> TariffVersion | None:
        """A tariff version by its id, or the one in force at a moment.

        Versions are added and never changed, so they are read again only when one was added.
        """
        known = tariff_id in self.tariffs
        if not known and newest_tariff_id(uow) not in self.tariffs:
            self.tariffs = {version.id: version for version in tariff_versions(uow)}
        if tariff_id is None:
            return in_force(self.tariffs.values(), at)
        return self.tariffs.get(tariff_id)


def remembered(row: Session) -> OpenSession:
    """A stored session as the hot path knows it."""
    return OpenSession(
        id=row.id,
        pile=row.pile,
        outlet=row.outlet,
        household_id=row.household_id,
        state=State(row.state),
        tariff_id=row.tariff_id,
        requested_ms=to_ms(row.requested_at),
        commanded_ms=to_ms(row.commanded_at) if row.commanded_at else None,
        started_ms=to_ms(row.started_at) if row.started_at else None,
        pass_id=row.pass_id,
    )


class Work:
    """One unit of work with what it gathers on the way."""

    def __init__(self, house: House, uow: UnitOfWork, now: datetime):
        self.house, self.uow, self.now = house, uow, now
        self.now_ms = to_ms(now)
        self.outcomes = Outcomes(now)
        self.replies: list[Outgoing] = []
        self.messages: list[dict[str, Any]] = []
        self.readings: list[dict[str, Any]] = []
        self.boots: dict[int, BootNow] = {}
        self.timed: dict[int, BootNow] = {}
        self.piles: dict[str, PileNow] = {}
        self.finishers: list[Callable[[], None]] = []
        self.commands = 0

    def count(self, what: str, label: str = "") -> None:
        """Count something for the gauges; it is counted only if the unit commits."""
        self.outcomes.counts[what, label] += 1

    def touch(self, pile: PileNow) -> None:
        """The status of this pile must be written."""
        self.piles[pile.id] = pile
        self.outcomes.piles.add(pile.id)

    def remember(self, row: Session) -> None:
        """Bring the memory of a session in line with its row."""
        known = self.house.open.get(row.id)
        fresh = remembered(row)
        if known is not None:
            fresh.command_id, fresh.missing_since_ms = known.command_id, known.missing_since_ms
            fresh.stall_told, fresh.stopping_ms = known.stall_told, known.stopping_ms
        if fresh.state is State.STOPPING and fresh.stopping_ms is None:
            fresh.stopping_ms = self.now_ms
        if fresh.state in OPEN or fresh.state is State.ENDED:
            self.house.open[row.id] = fresh
        else:
            self.house.open.pop(row.id, None)
            self.house.progress.pop(row.id, None)
            self.house.places.pop(row.id, None)
        outlet = self.house.board.outlet(row.pile, row.outlet)
        if outlet is not None and fresh.state not in OPEN:
            outlet.freed_ms = self.now_ms
        self.outcomes.sessions.add(row.id)
        self.outcomes.outlets.add((row.pile, row.outlet))
        if row.household_id is not None:
            self.outcomes.households.add(row.household_id)

    def before_commit(self) -> None:
        """Write what was gathered; the last step inside the transaction."""
        for finish in self.finishers:
            finish()

    def at(self, ms: int) -> datetime:
        """Milliseconds as an aware time."""
        return from_ms(ms)
