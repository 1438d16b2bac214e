"""A month as the piles themselves told it: every message at the contract's real rate, stored.

38 piles of two outlets, a charge on each outlet every evening, a reading a minute while it lasts
and every quarter of an hour besides. The messages are put into the tables as the conductor stores
them; pricing, posting, closing and publishing are the real ones.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from service.billing import actions
from service.billing.outcomes import Closed
from service.clock import FixedClock, to_ms
from service.flow import House, books
from service.households.codes import key_of
from service.households.records import Household
from service.metering.records import Reading
from service.piles.records import Boot, BootOffset, Pile, PileMessage
from service.sessions.lifecycle import State
from service.sessions.records import Session, SettlementCopy
from service.store import Store, UnitOfWork
from service.store.engine import open_engine
from service.store.migrate import migrate
from tests.bench.rig import BenchError
from tests.billing.days import SHANGHAI, TWO_BANDS
from tests.support.compound import SECRET, TEST_SETTINGS

MONTH = "2026-03"
SINCE = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
CLOSED_AT = datetime(2026, 3, 31, 16, 5, tzinfo=UTC)
HOUSEHOLDS, OUTLETS = 200, 2
BORN_MS = to_ms(SINCE) - 3_600_000
EVENING_MS = 18 * 3_600_000
MINUTE_MS, IDLE_MS, DAY_MS = 60_000, 900_000, 86_400_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many piles, for how many days of the month."""

    piles: int = 38
    days: int = 31


@dataclass
class Told:
    """One pile's month as rows of the tables."""

    number: int
    seq: int = 0

    def __post_init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.readings: list[dict[str, Any]] = []
        self.sessions: list[dict[str, Any]] = []
        self.settlements: list[dict[str, Any]] = []

    @property
    def pile(self) -> str:
        return f"LB-{self.number:03d}"

    @property
    def boot_id(self) -> str:
        return f"{self.number:08x}"

    def say(self, kind: str, at_ms: int, **fields: Any) -> int:
        self.seq += 1
        payload = json.dumps({"boot_id": self.boot_id, "seq": self.seq, **fields})
        self.messages.append(
            {"boot_no": self.number, "seq": self.seq, "kind": kind, "received_ms": at_ms,
             "payload": payload}
        )  # fmt: skip
        return self.seq

    def read(
        self, at_ms: int, outlet: int, wh: int, power_w: float, session_id: str | None
    ) -> None:
        reading = {
            "outlet": outlet, "register_id": f"a{outlet}", "energy_total_wh": wh,
            "power_w": power_w, "voltage_v": 228.4, "current_ma": int(power_w * 4.4),
            "uptime_ms": at_ms - BORN_MS, "reason": "interval",
        }  # fmt: skip
        named = {**reading, "session_id": session_id} if session_id else reading
        seq = self.say("meter", at_ms, readings=[named])
        self.readings.append(
            {**reading, "boot_no": self.number, "seq": seq, "place": 0, "temp_c": None,
             "received_ms": at_ms, "session_id": session_id}
        )  # fmt: skip


def tell(number: int, size: Size) -> Told:
    """What one pile says in the month."""
    told, dice = Told(number), Random(number)
    wh = {outlet: 100_000 * outlet for outlet in range(1, OUTLETS + 1)}
    told.say(
        "hello", BORN_MS + 8_000, boot_count=1, conn_id="5d0e77a1", uptime_ms=8_000,
        contract="1.0", outlets=OUTLETS, serial=f"KX2P-2309-{number:05d}",
    )  # fmt: skip
    for day in range(size.days):
        midnight = to_ms(SINCE) + day * DAY_MS
        events: list[tuple[int, int, int]] = []
        for outlet in wh:
            begin = midnight + EVENING_MS + dice.randrange(0, 2 * 3_600_000, MINUTE_MS)
            minutes = dice.randrange(100, 235)
            events += [(begin + n * MINUTE_MS, outlet, n - minutes) for n in range(minutes + 1)]
            idle = range(midnight, midnight + EVENING_MS, IDLE_MS)
            events += [(at_ms, outlet, 1) for at_ms in idle]
        _day(told, sorted(events), wh, day, dice)
    return told


def _day(
    told: Told, events: list[tuple[int, int, int]], wh: dict[int, int], day: int, dice: Random
) -> None:
    """Each event is a reading; left > 0: nothing is plugged in, 0: it is the last of a charge."""
    begun: dict[int, tuple[int, int]] = {}
    for at_ms, outlet, left in events:
        if left > 0:
            told.read(at_ms, outlet, wh[outlet], 0.0, None)
            continue
        session_id = f"S{told.number:03d}{outlet}{day:021d}"
        if outlet not in begun:
            begun[outlet] = at_ms, wh[outlet]
            fields = {"uptime_ms": at_ms - BORN_MS, "outlet": outlet}
            told.say("outlet", at_ms, event="plugged", state="plugged", **fields)
            told.say("result", at_ms, command_id=f"C{session_id}", status="done",
                     session_id=session_id, **fields)  # fmt: skip
        else:
            wh[outlet] += dice.randrange(1, 4)
        told.read(at_ms, outlet, wh[outlet], 150.0, session_id)
        if left == 0:
            told.say("outlet", at_ms, event="unplugged", state="empty", outlet=outlet,
                     uptime_ms=at_ms - BORN_MS, session_id=session_id)  # fmt: skip
            _settle(told, session_id, outlet, begun.pop(outlet), (at_ms, wh[outlet]), day)


def _settle(
    told: Told, session_id: str, outlet: int, begin: tuple[int, int], end: tuple[int, int], day: int
) -> None:
    number = len(told.settlements) + 1
    moments = [
        {"boot_id": told.boot_id, "uptime_ms": at_ms - BORN_MS, "clock": "synced"}
        for at_ms, _ in (begin, end)
    ]
    seconds = (end[0] - begin[0]) // 1000
    record = {
        "settlement_seq": number, "attempt": 1, "session_id": session_id, "outlet": outlet,
        "start_source": "command", "register_id": f"a{outlet}", "energy_start_wh": begin[1],
        "energy_end_wh": end[1], "energy_wh": end[1] - begin[1], "duration_s": seconds,
        "charging_s": seconds, "power_max_w": 168.4, "stop_reason": "full", "start": moments[0],
        "end": moments[1], "power_cuts": 0,
    }  # fmt: skip
    told.settlements.append(
        {"pile": told.pile, "settlement_seq": number, "content": session_id,
         "session_id": session_id, "verdict": "stored", "received_ms": end[0],
         "payload": json.dumps(record)}
    )  # fmt: skip
    began, ended = (SINCE + timedelta(milliseconds=ms - to_ms(SINCE)) for ms in (begin[0], end[0]))
    told.sessions.append(
        {"id": session_id, "pile": told.pile, "outlet": outlet, "source": "qr", "asked_by": "",
         "household_id": (told.number * 7919 + day * 31 + outlet) % HOUSEHOLDS + 1,
         "state": State.SETTLED, "tariff_id": 1, "max_duration_s": 36_000, "max_energy_wh": 3_000,
         "max_power_w": 1_000, "requested_at": began, "started_at": began, "ended_at": ended,
         "settled_at": ended, "register_id": f"a{outlet}", "start_wh": begin[1], "end_wh": end[1],
         "energy_wh": end[1] - begin[1], "stop_reason": "full", "power_cuts": 0}
    )  # fmt: skip


def fill(url: str, size: Size) -> House:
    """A published month; all bills were made by the conductor from what was told."""
    engine = open_engine(url)
    migrate(engine)
    store = Store(engine)
    with store.writing() as uow:
        _compound(uow, size)
    for told in (tell(number, size) for number in range(1, size.piles + 1)):
        with store.writing() as uow:
            uow.insert_new(PileMessage, told.messages)
            uow.insert_new(Reading, told.readings)
            uow.insert_new(Session, told.sessions)
            uow.insert_new(SettlementCopy, told.settlements)
            _life(uow, told)
    key = key_of(SECRET)
    house = House(store, FixedClock(CLOSED_AT), TEST_SETTINGS, lambda n: b"\x01" * n, key)
    closed = books.end_month(house, MONTH)
    if not isinstance(closed, Closed) or closed.sessions != size.piles * OUTLETS * size.days:
        raise BenchError(f"the month could not be closed as it was told: {closed}")
    return house


def _compound(uow: UnitOfWork, size: Size) -> None:
    tariff = replace(TWO_BANDS, id=0)
    actions.publish_tariff(uow, tariff, 4870, SINCE, SHANGHAI, "bench")
    uow.insert_new(
        Household,
        [
            {"id": n, "door": f"{n % 4 + 1}-{n}", "entrance": n % 4 + 1, "moved_in_at": SINCE}
            for n in range(1, HOUSEHOLDS + 1)
        ],
    )
    uow.insert_new(
        Pile,
        [
            {"id": f"LB-{n:03d}", "number": n, "entrance": n % 4 + 1, "feeder_id": "f",
             "outlets": OUTLETS, "outlet_limit_w": 1000, "in_service": True, "enrolled_at": SINCE}
            for n in range(1, size.piles + 1)
        ],
    )  # fmt: skip


def _life(uow: UnitOfWork, told: Told) -> None:
    uow.insert_new(
        Boot,
        [
            {"no": told.number, "pile": told.pile, "boot_id": told.boot_id, "boot_count": 1,
             "offset_ms": BORN_MS, "first_heard_ms": BORN_MS,
             "last_heard_ms": to_ms(CLOSED_AT), "received": str(told.seq)}
        ],
    )  # fmt: skip
    step = {"boot_no": told.number, "offset_ms": BORN_MS, "noted_ms": BORN_MS}
    uow.insert_new(BootOffset, [step])


def boots(size: Size) -> Iterator[tuple[int, str]]:
    """The lives that were told, each with its pile."""
    return ((number, f"LB-{number:03d}") for number in range(1, size.piles + 1))
