"""A compound with some weeks of history, made straight into the tables from one seed.

The stories of other rooms drive messages through the house; figures only need rows that could be
the result of it: registers that rise, sessions that follow one another on an outlet, and bills.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from service.billing.actions import post_sessions, tariff_in_force
from service.billing.outcomes import SessionToBill
from service.billing.pricing import Piece, price
from service.clock import to_ms
from service.households.codes import key_of
from service.metering.records import Reading
from service.piles.records import Boot, Pile, pile_rows
from service.seed import Plan, seed_compound, seed_demo_people
from service.sessions.lifecycle import State
from service.sessions.order import ulid
from service.sessions.records import Session
from service.settings import Settings
from service.store import Store

SECRET = "a secret that only the tests know, and long enough"
SETTINGS = Settings(_env_file=None, secret_key=SECRET, public_url="http://127.0.0.1")
KEY = key_of(SECRET)
ZONE = SETTINGS.zone
ENROLLED = datetime(2026, 1, 1, 4, 0, tzinfo=UTC)


def local(text: str) -> datetime:
    """'2026-03-02 19:30' by the compound's clock, as a UTC moment."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def a_compound(store: Store, plan: Plan | None = None) -> None:
    """Piles, feeders, a price since January, households with cards, and staff."""
    plan = plan or Plan()
    seed_compound(store, SETTINGS, ENROLLED, plan)
    seed_demo_people(store, ENROLLED, KEY, plan, lambda password: f"not a hash: {password}")


@dataclass
class History:
    """What was made, so that a test knows the truth without asking the service."""

    sessions: int = 0
    energy_wh: int = 0
    idle_wh: int = 0
    registers: dict[tuple[str, int], int] = field(default_factory=dict)


def live_through(
    store: Store,
    since: datetime,
    until: datetime,
    sessions: int,
    seed: int = 1,
    readings: int = 4,
    earlier: History | None = None,
) -> History:
    """So many settled and posted sessions spread evenly over all outlets and the span."""
    dice = random.Random(seed)
    made = History(registers=dict(earlier.registers) if earlier else {})
    with store.writing() as uow:
        outlets = [(p.id, n) for p in pile_rows(uow) for n in range(1, p.outlets + 1)]
        boots = {pile: _boot(uow, pile, since) for pile in dict(outlets)}
        tariff = tariff_in_force(uow, since)
        assert tariff
        rows: list[dict[str, Any]] = []
        points: list[dict[str, Any]] = []
        bills = []
        seqs = dict.fromkeys(boots, 0)
        each = (until - since) / -(-sessions // len(outlets))
        for index in range(sessions):
            pile, outlet = outlets[index % len(outlets)]
            begin = since + each * (index // len(outlets)) + each * dice.uniform(0.02, 0.3)
            end = min(begin + each * dice.uniform(0.2, 0.6), begin + timedelta(hours=9.5))
            register = made.registers.setdefault((pile, outlet), 1_000 * dice.randrange(1, 900))
            idle, energy = dice.choice((0, 0, 0, 1)), dice.randrange(20, 900)
            row = _session(dice, pile, outlet, begin, end, register + idle, energy, tariff.id)
            rows.append(row)
            for k in range(readings):
                at = begin + (end - begin) * k / (readings - 1)
                seqs[pile] += 1
                wh = register + idle + energy * k // (readings - 1)
                points.append(_reading(boots[pile], seqs[pile], outlet, wh, at, since, row["id"]))
            made.registers[pile, outlet] = register + idle + energy
            # what trickles before the first session of an outlet was never read by anyone
            made.idle_wh += idle if index >= len(outlets) else 0
            made.energy_wh += energy
            bills.append((_bill(row), price(tariff, [Piece(0, energy)])))
        uow.insert_new(Session, rows)
        uow.insert_new(Reading, points)
        bills.sort(key=lambda bill: bill[0].ended_at)
        post_sessions(uow, bills, until, ZONE)
    made.sessions = sessions
    return made


def _boot(uow: Any, pile: str, since: datetime) -> int:
    row = Boot(
        pile=pile,
        boot_id=f"{to_ms(since):x}",
        boot_count=to_ms(since) // 1000,
        offset_ms=to_ms(since),
        first_heard_ms=to_ms(since),
        last_heard_ms=to_ms(since) + 400 * 86_400_000,
    )
    uow.session.add(row)
    uow.session.flush()
    return int(row.no or 0)


def _session(
    dice: random.Random,
    pile: str,
    outlet: int,
    begin: datetime,
    end: datetime,
    start_wh: int,
    energy_wh: int,
    tariff_id: int,
) -> dict[str, Any]:
    asked = begin - timedelta(seconds=4)
    return {
        "id": ulid(to_ms(asked), dice.randbytes),
        "pile": pile,
        "outlet": outlet,
        "household_id": dice.randrange(1, 201),
        "source": dice.choice(("page", "card", "gatehouse")),
        "asked_by": "",
        "state": State.SETTLED,
        "tariff_id": tariff_id,
        "max_duration_s": 36_000,
        "max_energy_wh": 3000,
        "max_power_w": 1000,
        "requested_at": asked,
        "commanded_at": asked,
        "started_at": begin,
        "ended_at": end,
        "settled_at": end,
        "posted_at": end,
        "register_id": "a17",
        "start_wh": start_wh,
        "end_wh": start_wh + energy_wh,
        "energy_wh": energy_wh,
        "stop_reason": "full",
        "power_cuts": 0,
    }


def _reading(
    boot_no: int, seq: int, outlet: int, wh: int, at: datetime, since: datetime, session_id: str
) -> dict[str, Any]:
    return {
        "boot_no": boot_no,
        "seq": seq,
        "place": 0,
        "outlet": outlet,
        "register_id": "a17",
        "energy_total_wh": wh,
        "power_w": 120.0,
        "voltage_v": None,
        "current_ma": 800,
        "temp_c": None,
        "uptime_ms": to_ms(at) - to_ms(since),
        "received_ms": to_ms(at),
        "reason": "interval",
        "session_id": session_id,
    }


def _bill(row: dict[str, Any]) -> SessionToBill:
    return SessionToBill(
        session_id=row["id"],
        household_id=row["household_id"],
        pile=row["pile"],
        outlet=row["outlet"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        register_id=row["register_id"],
        start_wh=row["start_wh"],
        end_wh=row["end_wh"],
        stop_reason=row["stop_reason"],
    )


def piles_of(store: Store) -> list[Pile]:
    """Every pile."""
    with store.reading() as uow:
        return list(pile_rows(uow))
