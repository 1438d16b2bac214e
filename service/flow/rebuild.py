"""One session's bill made again from nothing but what its pile said and what people decided.

Pure, and by the same rules as the first time: `span_of` places the record in time, `meter_session`
measures it, `price` prices it. Nothing that came of those rules before is looked at.

What a bill rests on: the pile's record and readings as they came; the order (who asked, where, at
which tariff, up to which power); the offset by which the pile's uptime was read as time, with every
step by which it was learned; and, where one was needed, a person's decision. A bill is what was
known when it was posted, so what came later is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import NamedTuple

from service.billing.outcomes import SessionToBill
from service.billing.pricing import Piece, Priced, price
from service.billing.tariff import TariffVersion, band_at, borders
from service.clock import from_ms, to_ms
from service.metering.energy import Claim, Metered, Point, meter_session
from service.metering.proven import Stretch, measure, proven
from service.piles.messages import Settlement
from service.sessions.record_times import TimeOf, span_of


class Value(NamedTuple):
    """A register value that carried an order number."""

    boot_no: int
    uptime_ms: int
    energy_wh: int
    register_id: str
    received_ms: int


class Record(NamedTuple):
    """A final record of the session's own pile. A session has one: two that differ contradict."""

    received_ms: int
    settlement_seq: int
    settlement: Settlement


@dataclass(frozen=True, slots=True)
class Order:
    """What people asked for. Times are only used where no record names any."""

    session_id: str
    household_id: int
    pile: str
    outlet: int
    limit_w: int
    tariff: TariffVersion
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person chose to bill of a held session, and when it had been settled before that."""

    choice: str
    stretch: Stretch
    decided_ms: int


@dataclass(slots=True)
class Lives:
    """The lives of a pile and every step by which their offsets were learned."""

    numbers: dict[str, int] = field(default_factory=dict)
    steps: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)
    """For each life: from when on (ms) which offset (ms) was gone by; offsets only fall."""

    def offset(self, boot_no: int, known_ms: int) -> int | None:
        """The offset as it was known at a moment."""
        known = [offset for noted, offset in self.steps.get(boot_no, ()) if noted <= known_ms]
        return min(known, default=None)

    def time_of(self, known_ms: int) -> TimeOf:
        """Uptimes as times, by what was known at a moment."""

        def at(boot_id: str, uptime_ms: int) -> int | None:
            number = self.numbers.get(boot_id)
            offset = None if number is None else self.offset(number, known_ms)
            return None if offset is None else offset + uptime_ms

        return at


class Bill(NamedTuple):
    """A rebuilt bill."""

    bill: SessionToBill
    priced: Priced


class Doubt(NamedTuple):
    """Why the rules would bill nothing: the word for it, as a session is held for it."""

    why: str


def rebuild(
    order: Order,
    records: Sequence[Record],
    values: Sequence[Value],
    lives: Lives,
    known_ms: int,
    zone: tzinfo,
    decision: Decision | None = None,
) -> Bill | Doubt:
    """The bill as it follows from what was known at `known_ms`, or why none follows."""
    heard = [one for one in records if one.received_ms <= known_ms]
    points = points_at(values, lives, known_ms)
    if decision is not None:
        return _as_decided(order, heard, points, lives, zone, decision, values)
    if not heard:
        return Doubt("no_settlement")
    if len(heard) > 1:
        return Doubt("settlement_conflict")
    record = heard[0].settlement
    start_ms, end_ms = span_of(record, lives.time_of(known_ms), known_ms)
    claim = Claim(
        register_id=record.register_id,
        start_ms=start_ms,
        end_ms=end_ms,
        start_wh=record.energy_start_wh,
        end_wh=record.energy_end_wh,
        energy_wh=record.energy_wh,
        limit_w=order.limit_w,
    )
    metered = meter_session(claim, points, cuts(order.tariff, start_ms, end_ms, zone))
    if metered.doubt is not None:
        return Doubt(metered.doubt)
    stretch = Stretch(
        record.register_id, record.energy_start_wh or 0, record.energy_end_wh or 0, start_ms, end_ms
    )
    times = from_ms(start_ms), from_ms(end_ms)
    return _bill(order, stretch, times, record.stop_reason, _priced(order.tariff, metered, zone))


def points_at(values: Sequence[Value], lives: Lives, known_ms: int) -> list[Point]:
    """What was read, placed in time; values of a life that was never heard live have no time."""
    offsets = {no: lives.offset(no, known_ms) for no in {value.boot_no for value in values}}
    return [
        Point(offset + value.uptime_ms, value.energy_wh, value.register_id)
        for value in values
        if value.received_ms <= known_ms and (offset := offsets[value.boot_no]) is not None
    ]


def cuts(tariff: TariffVersion, start_ms: int, end_ms: int, zone: tzinfo) -> list[int]:
    """Where the price changes inside a span (ms)."""
    return [to_ms(at) for at in borders(tariff, from_ms(start_ms), from_ms(end_ms), zone)]


def _as_decided(
    order: Order,
    records: Sequence[Record],
    points: Sequence[Point],
    lives: Lives,
    zone: tzinfo,
    decision: Decision,
    values: Sequence[Value],
) -> Bill | Doubt:
    """What was chosen must be what a record said or readings proved when it was chosen."""
    stretch, at_ms = decision.stretch, decision.decided_ms
    if decision.choice == "record":
        possible = [_stretch_of(one, lives, at_ms) for one in records if one.received_ms <= at_ms]
    else:
        possible = [proven(points_at(values, lives, at_ms), order.limit_w)]
    if stretch not in possible:
        return Doubt(f"not_what_was_chosen: {decision.choice}")
    metered = measure(stretch, points, cuts(order.tariff, stretch.start_ms, stretch.end_ms, zone))
    first = min(records, key=lambda one: one[:2], default=None)
    stop_reason = first.settlement.stop_reason if first else "other"
    times = order.started_at, order.ended_at
    return _bill(order, stretch, times, stop_reason, _priced(order.tariff, metered, zone))


def _stretch_of(record: Record, lives: Lives, known_ms: int) -> Stretch | None:
    told = record.settlement
    start_ms, end_ms = span_of(told, lives.time_of(known_ms), record.received_ms)
    if told.energy_start_wh is None or told.energy_end_wh is None:
        return None
    return Stretch(told.register_id, told.energy_start_wh, told.energy_end_wh, start_ms, end_ms)


def _priced(tariff: TariffVersion, metered: Metered, zone: tzinfo) -> Priced:
    pieces = [
        Piece(band_at(tariff, from_ms(part.start_ms), zone), part.energy_wh, part.interpolated)
        for part in metered.slices
    ]
    return price(tariff, pieces)


def _bill(
    order: Order,
    stretch: Stretch,
    times: tuple[datetime, datetime],
    stop_reason: str,
    priced: Priced,
) -> Bill:
    bill = SessionToBill(
        session_id=order.session_id,
        household_id=order.household_id,
        pile=order.pile,
        outlet=order.outlet,
        started_at=times[0],
        ended_at=times[1],
        register_id=stretch.register_id,
        start_wh=stretch.start_wh,
        end_wh=stretch.end_wh,
        stop_reason=stop_reason,
    )
    return Bill(bill, priced)
