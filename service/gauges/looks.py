"""What is looked up when somebody scrapes: the house, the store, the wire. Nothing here is kept."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from service.alerts.records import open_rows
from service.clock import monotonic, to_ms
from service.feeders.risk import SEVERITY, FeederState
from service.flow import books
from service.flow.house import House
from service.gauges.families import family, gauge
from service.gauges.wire import WireState, of_wire
from service.piles.board import SILENT_AFTER_MS, Face, OutletNow
from service.piles.faults import Severity
from service.sessions.lifecycle import UNSETTLED
from service.store.upkeep import size_bytes
from service.usage.actions import Backlog, Comparison, Figures, backlog, compare_months, figures
from service.usage.spans import month_so_far

FRESH_SECONDS = 10.0
MONTH_FRESH_SECONDS = 60.0
"""What is read from the database at a scrape is not read again sooner."""

JOULES_PER_WH = 3600
AN_HOUR = 11
"""The place of one hour in an outlook of steps of five minutes."""


@dataclass(frozen=True, slots=True)
class FromStore:
    """What was last read from the database for the gauges."""

    backlog: Backlog
    size_bytes: int
    open_by_severity: dict[str, int]
    unanswered_critical_seconds: float
    months_to_close: int


@dataclass(frozen=True, slots=True)
class OfMonth:
    """Figures of the month so far."""

    compared: Comparison
    figures: Figures


class Look(Collector):
    """Looks into house, store and wire when somebody scrapes."""

    def __init__(self, house: House, wire: Callable[[], WireState] | None):
        self.house, self.wire = house, wire
        self._store: tuple[float, FromStore] | None = None
        self._month: tuple[float, OfMonth] | None = None

    def describe(self) -> Iterable[Metric]:
        """Nothing is looked up when it is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Everything; what the database cannot say now is left out, and `database_up` is 0."""
        up = True
        try:
            if not self.house.loaded:
                with self.house.look():
                    pass
            stored, month = self._from_store(), self._of_month()
        except (SQLAlchemyError, OSError):
            up = False
        yield gauge("database_up", "1 if the database answered this scrape.", int(up))
        if up:
            yield from _of_store(stored)
            yield from _of_month(month)
        yield from _of_sessions(self.house)
        yield from _of_piles(self.house)
        yield from _of_feeders(self.house)
        if self.wire is not None:
            yield from of_wire(self.wire())

    def _from_store(self) -> FromStore:
        if self._store is not None and monotonic() - self._store[0] < FRESH_SECONDS:
            return self._store[1]
        house, now = self.house, self.house.clock.now()
        with house.store.reading() as uow:
            rows = [row for row in open_rows(uow) if row.cleared_at is None]
            waiting = [
                (now - row.raised_at).total_seconds()
                for row in rows
                if row.severity == Severity.CRITICAL and row.acknowledged_at is None
            ]
            found = FromStore(
                backlog(uow),
                size_bytes(house.store.engine),
                {one.value: sum(row.severity == one for row in rows) for one in Severity},
                max(waiting, default=0.0),
                len(books.months_overdue(house, uow)),
            )
        self._store = (monotonic(), found)
        return found

    def _of_month(self) -> OfMonth:
        if self._month is not None and monotonic() - self._month[0] < MONTH_FRESH_SECONDS:
            return self._month[1]
        now, zone = self.house.clock.now(), self.house.settings.zone
        with self.house.store.reading() as uow:
            found = OfMonth(
                compare_months(uow, now, zone), figures(uow, month_so_far(now, zone), now, zone)
            )
        self._month = (monotonic(), found)
        return found


def _of_store(stored: FromStore) -> Iterator[Metric]:
    waiting = stored.backlog
    yield gauge("unposted_sessions", "Settled and not in the ledger yet.", waiting.unposted)
    since = waiting.unposted_since
    yield gauge(
        "unposted_since_timestamp_seconds",
        "Since when the oldest of them waits; 0 if none does.",
        since.timestamp() if since else 0,
    )
    yield gauge("held_sessions", "Sessions that a person must look at.", waiting.held)
    yield gauge(
        "unsent_notifications", "Notifications that did not leave.", waiting.unsent_notifications
    )
    closed = waiting.last_closed_at
    yield gauge(
        "last_month_close_timestamp_seconds",
        "When the newest published month was closed; 0 if none was.",
        closed.timestamp() if closed else 0,
    )
    yield gauge(
        "months_to_close",
        "Months that are not published though the committee's days are over.",
        stored.months_to_close,
    )
    yield gauge("database_bytes", "Size of the database on disk.", stored.size_bytes)
    yield family(
        "open_incidents", "Incidents whose cause lasts.", "severity", dict(stored.open_by_severity)
    )
    yield gauge(
        "critical_unanswered_seconds",
        "How long the oldest critical incident waits for an answer; 0 if none does.",
        stored.unanswered_critical_seconds,
    )


def _of_month(month: OfMonth) -> Iterator[Metric]:
    parts = {"this": month.compared.this, "last_same_day": month.compared.last}
    yield family(
        "month_energy_joules",
        "Energy of the month so far, and of last month up to the same day.",
        "month",
        {name: part.energy_wh * JOULES_PER_WH for name, part in parts.items()},
    )
    yield family(
        "month_sessions",
        "Sessions that ended, likewise.",
        "month",
        {name: part.sessions for name, part in parts.items()},
    )
    yield family(
        "month_billed_fen",
        "What those in the ledger were billed, likewise.",
        "month",
        {name: part.billed_fen for name, part in parts.items()},
    )
    of = month.figures
    share, mean = of.visits.success_share, of.repairs.mean_seconds
    yield gauge("month_success_ratio", "Started of asked.", 1.0 if share is None else share)
    yield gauge("month_utilisation_ratio", "Mean share of time taken.", of.utilisation)
    able = of.mean_availability
    yield gauge("month_availability_ratio", "Usable share.", 1.0 if able is None else able)
    yield gauge("month_repair_seconds", "Mean time to repair.", mean or 0)
    yield gauge("month_wait_seconds", "Mean time in the queue.", of.visits.waits_mean_s)
    yield family(
        "month_entrance_energy_joules",
        "Energy of the month so far.",
        "entrance",
        {str(e): one.energy_wh * JOULES_PER_WH for e, one in of.by_entrance.items()},
    )
    yield family(
        "month_feeder_peak_amperes",
        "Highest current of the month so far.",
        "feeder",
        {feeder: peak.peak_ma / 1000 for feeder, peak in of.peaks.items()},
    )


def _of_sessions(house: House) -> Iterator[Metric]:
    states = [one.state for one in list(house.open.values())]
    yield family(
        "sessions",
        "Sessions whose settlement is still to come.",
        "state",
        {state.value: states.count(state) for state in sorted(UNSETTLED)},
    )


def _of_piles(house: House) -> Iterator[Metric]:
    now_ms = to_ms(house.clock.now())
    held = {(one.pile, one.outlet) for one in list(house.open.values()) if one.holds_outlet}
    faces = dict.fromkeys((face.value for face in Face), 0.0)
    silent: dict[str, float] = {}
    heard: dict[str, float] = {}
    signal: dict[str, float] = {}
    power: dict[str, float] = {}
    for pile in list(house.board.piles.values()):
        silent[pile.id] = int(pile.is_silent(now_ms))
        power[pile.id] = sum(fresh_power_w(one, now_ms) for one in pile.outlets.values())
        if pile.heard_ms:
            heard[pile.id] = pile.heard_ms / 1000
        if pile.rssi_dbm is not None:
            signal[pile.id] = pile.rssi_dbm
        for outlet in pile.outlets.values():
            taken = (pile.id, outlet.number) in held
            faces[pile.face(outlet, held=taken, now_ms=now_ms).value] += 1
    yield family("outlets", "Outlets by what a person sees.", "face", faces)
    yield family("pile_silent", "1 while it was not heard from for too long.", "pile", silent)
    yield family("pile_heard_timestamp_seconds", "When it was last heard.", "pile", heard)
    yield family("pile_signal_dbm", "Its radio signal.", "pile", signal)
    yield family("pile_power_watts", "What it reports to draw now.", "pile", power)


def fresh_power_w(outlet: OutletNow, now_ms: int) -> float:
    """What an outlet draws, in W; 0 when its last sample is too old to say."""
    if outlet.power_w is None or now_ms - outlet.sample_ms > SILENT_AFTER_MS:
        return 0.0
    return outlet.power_w


def _of_feeders(house: House) -> Iterator[Metric]:
    if not house.loaded:
        return
    cables, loads, risk = house.tree.cables, house.loads, house.risk
    ratings = {feeder: cable.rating_ma / 1000 for feeder, cable in cables.items()}
    yield family("feeder_rating_amperes", "What its breaker is rated.", "feeder", ratings)
    yield family(
        "feeder_current_amperes",
        "Current of its fullest phase; silent outlets count as their limit.",
        "feeder",
        {feeder: load.current_ma / 1000 for feeder, load in loads.items()},
    )
    yield family(
        "feeder_assumed_amperes",
        "The part of it that nobody measured.",
        "feeder",
        {feeder: load.assumed_ma / 1000 for feeder, load in loads.items()},
    )
    levels = {feeder: risk.get(feeder, FeederState()).level for feeder in cables}
    yield family(
        "feeder_level",
        "0 calm, 1 near its rating, 2 over it.",
        "feeder",
        {feeder: SEVERITY[level] for feeder, level in levels.items()},
    )
    yield family("feeder_power_watts", "Reported power.", "feeder", _power_of_feeders(house))
    yield from _of_outlooks(house)


def _of_outlooks(house: House) -> Iterator[Metric]:
    outlooks = house.outlooks
    yield family(
        "feeder_expected_amperes",
        "What it is expected to carry an hour from now.",
        "feeder",
        {feeder: one.expected_ma[AN_HOUR] / 1000 for feeder, one in outlooks.items()},
    )
    yield family(
        "feeder_expected_at_most_amperes",
        "The upper edge of the 95 % band an hour from now.",
        "feeder",
        {feeder: one.high95_ma[AN_HOUR] / 1000 for feeder, one in outlooks.items()},
    )
    yield family(
        "feeder_may_pass_rating_seconds",
        "In how long the 95 % band reaches the rating; absent where it does not in three hours.",
        "feeder",
        {
            feeder: one.may_pass.after_min * 60
            for feeder, one in outlooks.items()
            if one.may_pass is not None
        },
    )


def _power_of_feeders(house: House) -> dict[str, float]:
    """What the outlets behind each feeder report, in W."""
    now_ms = to_ms(house.clock.now())
    power = dict.fromkeys(house.tree.cables, 0.0)
    for pile in list(house.board.piles.values()):
        drawn = sum(fresh_power_w(outlet, now_ms) for outlet in pile.outlets.values())
        for feeder in house.tree.path(pile.feeder_id):
            power[feeder] += drawn
    return power
