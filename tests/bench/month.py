"""A month of any size, put straight into the tables: what a close has to go through.

Compounds of every size are alike: 38 piles with two outlets for 200 households, as many charges
per household, as many readings per charge. Posting is the real one, and is timed by the way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from service.billing import actions
from service.billing.outcomes import PaidBy, SessionToBill
from service.billing.pricing import Piece, Priced, price
from service.clock import FixedClock, to_ms
from service.desk.actions import written as desk
from service.desk.written import Approved, GridPeriod, Kind, Wish, Written
from service.flow import House
from service.households.codes import key_of
from service.households.records import Household
from service.metering.records import Reading
from service.piles.records import Boot, Pile
from service.sessions.lifecycle import State
from service.sessions.records import Session
from service.store import Store, UnitOfWork
from service.store.engine import open_engine
from service.store.migrate import migrate
from tests.billing.days import FLAT, SHANGHAI
from tests.desk.hands import a_paper
from tests.support.compound import SECRET, TEST_SETTINGS

MONTH = "2026-03"
SINCE = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
CLOSED_AT = MIDNIGHT + timedelta(minutes=5)
LASTS = timedelta(hours=3)
PILES_FOR_200, OUTLETS = 38, 2
BATCH = 5_000
START_WH = 400_000


@dataclass(frozen=True, slots=True)
class Size:
    """How large a compound is, and how many readings each of its charges left."""

    households: int
    sessions: int
    readings: int = 2

    @property
    def places(self) -> int:
        """How many outlets it has."""
        return max(1, self.households * PILES_FOR_200 // 200) * OUTLETS


@dataclass
class Filled:
    """A compound whose month is over, and how long posting its charges took, in seconds."""

    house: House
    posting_s: float


def fill(url: str, size: Size) -> Filled:
    """Write the month; everything that is billed is posted as the conductor posts it."""
    engine = open_engine(url)
    migrate(engine)
    store = Store(engine)
    with store.writing() as uow:
        _people_and_piles(uow, size)
    took, registers = 0.0, [START_WH] * size.places
    for batch in _charges(size, registers):
        with store.writing() as uow:
            _as_stored(uow, batch, size)
            began = perf_counter()
            actions.post_sessions(uow, batch, MIDNIGHT, SHANGHAI)
            took += perf_counter() - began
    with store.writing() as uow:
        _grid_bill(uow, sum(registers) - START_WH * size.places)
    clock = FixedClock(CLOSED_AT)
    key = key_of(SECRET)
    return Filled(House(store, clock, TEST_SETTINGS, lambda n: b"\x01" * n, key), took)


def _people_and_piles(uow: UnitOfWork, size: Size) -> None:
    actions.publish_tariff(uow, replace(FLAT, id=0), 4870, SINCE, SHANGHAI, "bench")
    uow.insert_new(
        Household,
        [
            {"id": n, "door": f"{n % 4 + 1}-{n}", "entrance": n % 4 + 1, "moved_in_at": SINCE}
            for n in range(1, size.households + 1)
        ],
    )
    names = [_pile(place) for place in range(0, size.places, OUTLETS)]
    uow.insert_new(
        Pile,
        [
            {"id": name, "number": n, "entrance": n % 4 + 1, "feeder_id": "f", "outlets": OUTLETS,
             "outlet_limit_w": 1000, "in_service": True, "enrolled_at": SINCE}
            for n, name in enumerate(names, start=1)
        ],
    )  # fmt: skip
    uow.insert_new(
        Boot,
        [
            {"no": n, "pile": name, "boot_id": "b", "boot_count": 1, "offset_ms": to_ms(SINCE),
             "first_heard_ms": to_ms(SINCE), "last_heard_ms": to_ms(MIDNIGHT), "received": "0"}
            for n, name in enumerate(names, start=1)
        ],
    )  # fmt: skip


def _pile(place: int) -> str:
    return f"LB-{place // OUTLETS + 1:05d}"


def _charges(size: Size, registers: list[int]) -> Iterator[list[tuple[SessionToBill, Priced]]]:
    """The charges of a month in the order in which they ended, spread over all households."""
    between = timedelta(days=30) / size.sessions
    batch: list[tuple[SessionToBill, Priced]] = []
    for number in range(size.sessions):
        place, wh = number % size.places, 300 + number % 700
        ended = SINCE + LASTS + number * between * 0.99
        start_wh = registers[place]
        registers[place] += wh
        bill = SessionToBill(
            f"S{number:025d}", number * 7919 % size.households + 1, _pile(place),
            place % OUTLETS + 1, ended - LASTS, ended, "a18", start_wh, start_wh + wh, "full",
        )  # fmt: skip
        batch.append((bill, price(FLAT, [Piece(0, wh)])))
        if len(batch) == BATCH or number == size.sessions - 1:
            yield batch
            batch = []


def _as_stored(uow: UnitOfWork, batch: list[tuple[SessionToBill, Priced]], size: Size) -> None:
    """The same charges as sessions with their readings."""
    rows: list[dict[str, Any]] = []
    readings: list[dict[str, Any]] = []
    for bill, _ in batch:
        rows.append(_session(bill))
        readings += _readings(bill, size.readings)
    uow.insert_new(Session, rows)
    uow.insert_new(Reading, readings)


def _session(bill: SessionToBill) -> dict[str, Any]:
    return {
        "id": bill.session_id, "pile": bill.pile, "outlet": bill.outlet, "source": "qr",
        "household_id": bill.household_id, "asked_by": "", "state": State.SETTLED, "tariff_id": 1,
        "max_duration_s": 36_000, "max_energy_wh": 3_000, "max_power_w": 1_000,
        "requested_at": bill.started_at, "started_at": bill.started_at, "ended_at": bill.ended_at,
        "settled_at": bill.ended_at, "posted_at": bill.ended_at, "register_id": bill.register_id,
        "start_wh": bill.start_wh, "end_wh": bill.end_wh, "energy_wh": bill.end_wh - bill.start_wh,
        "stop_reason": bill.stop_reason, "power_cuts": 0,
    }  # fmt: skip


def _readings(bill: SessionToBill, count: int) -> Iterator[dict[str, Any]]:
    boot, first = int(bill.pile[3:]), int(bill.session_id[1:]) * count
    uptime_ms = to_ms(bill.started_at) - to_ms(SINCE)
    length_ms = to_ms(bill.ended_at) - to_ms(bill.started_at)
    for n in range(count):
        share = n / (count - 1)
        yield {
            "boot_no": boot, "seq": first + n, "place": 0, "outlet": bill.outlet,
            "register_id": bill.register_id, "power_w": 120.0, "current_ma": 800,
            "energy_total_wh": bill.start_wh + int((bill.end_wh - bill.start_wh) * share),
            "uptime_ms": uptime_ms + int(length_ms * share), "voltage_v": None, "temp_c": None,
            "received_ms": to_ms(SINCE) + uptime_ms, "reason": "interval",
            "session_id": bill.session_id,
        }  # fmt: skip


def _grid_bill(uow: UnitOfWork, sold_wh: int) -> None:
    """The grid's bill of the month, with 2 % of loss, written by one and signed by another."""
    now = MIDNIGHT + timedelta(minutes=1)
    grid = GridPeriod(SINCE, MIDNIGHT, 0, sold_wh * 102 // 100)
    happened = MIDNIGHT - timedelta(hours=1)
    wish = Wish(Kind.GRID_BILL, max(1, sold_wh * 487 // 10_000), happened, "March", PaidBy.BANK,
                grid=grid)  # fmt: skip
    outcome = desk.write(uow, wish, a_paper(), "bench", 1, now, SHANGHAI)
    assert isinstance(outcome, Written), outcome
    signed = desk.approve(uow, outcome.hand.id, 2, now, SHANGHAI)
    assert isinstance(signed, Approved), signed
