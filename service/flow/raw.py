"""What a pile said in a month, decoded again from the stored messages, and what people asked of it.

The stored readings, energies and lines are not looked at. Which messages of a pile's life are worth
decoding is found by its uptime: numbers and uptime rise together (wire contract, section 3), so a
few probes find them however long the pile has been on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from service.billing.tariff import TariffVersion, in_force
from service.clock import to_ms
from service.flow.rebuild import Decision, Lives, Order, Record, Value
from service.metering.proven import Stretch
from service.piles.messages import ROOT, Heard, Meter, Poison, Settlement, understand
from service.piles.records import boots_of, highest_seq, next_raw, offset_steps, raw_between
from service.sessions.record_times import span_of
from service.sessions.records import (
    HeldDecision,
    Session,
    SettlementCopy,
    copies_by_session,
    decisions_by_session,
    requested_between,
    sessions_by_id,
)
from service.store import UnitOfWork

MARGIN_MS = 3_600_000
"""Messages an hour before a session's start and after its end are decoded too."""

GAP_MS = 86_400_000
"""Sessions more than a day apart are looked for apart."""

FOR_EVER_MS = 2**62


@dataclass(slots=True)
class Said:
    """One pile's month: what was decoded, and what is made of it."""

    pile: str
    lives: Lives
    rows: dict[str, Session]
    records: dict[str, list[Record]] = field(default_factory=dict)
    decisions: dict[str, HeldDecision] = field(default_factory=dict)
    values: dict[str, list[Value]] = field(default_factory=dict)
    messages: int = 0
    broken: list[str] = field(default_factory=list)
    """Stored messages that cannot be decoded any more, each by a name to find it by."""
    bounds: dict[int, int] = field(default_factory=dict)
    """For each life the largest offset (ms) that its stored live messages allow."""

    def spread_ms(self) -> list[int]:
        """For each life, by how much its offset lies before what stored messages alone would say;
        negative if they contradict it."""
        known = {no: self.lives.offset(no, FOR_EVER_MS) for no in self.bounds}
        return [self.bounds[no] - offset for no, offset in known.items() if offset is not None]


def hear_again(
    uow: UnitOfWork, pile: str, billed: Sequence[str], since: datetime, until: datetime
) -> Said:
    """Everything a pile said about the sessions asked for in a span and about those named."""
    rows = {row.id: row for row in requested_between(uow, pile, since, until)}
    rows |= {row.id: row for row in sessions_by_id(uow, [one for one in billed if one not in rows])}
    boots = {boot.no: boot.boot_id for boot in boots_of(uow, pile) if boot.no is not None}
    steps = {
        no: [(step.noted_ms, step.offset_ms) for step in found]
        for no, found in offset_steps(uow, boots).items()
    }
    said = Said(pile, Lives({boot_id: no for no, boot_id in boots.items()}, steps), rows)
    for session_id, copies in copies_by_session(uow, list(rows)).items():
        said.records[session_id] = list(_records(said, copies))
    said.decisions = decisions_by_session(uow, list(rows))
    spans = list(_together(_spans(said)))
    for no in boots:
        offset_ms = said.lives.offset(no, FOR_EVER_MS)
        for start_ms, end_ms in spans if offset_ms is not None else ():
            _hear_part(uow, said, no, start_ms - (offset_ms or 0), end_ms - (offset_ms or 0))
    return said


def _records(said: Said, copies: Iterable[SettlementCopy]) -> Iterator[Record]:
    """The records of the session's own pile; what another pile says of it is evidence only."""
    for copy in copies:
        if copy.pile != said.pile:
            continue
        topic = f"{ROOT}/{said.pile}/up/session"
        told = understand(Heard(topic, copy.payload.encode(), copy.received_ms))
        said.messages += 1
        if isinstance(told, Poison):
            said.broken.append(f"settlement {copy.settlement_seq}")
            continue
        settlement: Settlement = told.message
        yield Record(copy.received_ms, copy.settlement_seq, settlement)


def _spans(said: Said) -> Iterator[tuple[int, int]]:
    """When, as near as is known now, each session was: where its readings are looked for."""
    time_of = said.lives.time_of(FOR_EVER_MS)
    for session_id, row in said.rows.items():
        spans = [
            span_of(one.settlement, time_of, one.received_ms)
            for one in said.records.get(session_id, ())
        ]
        if row.started_at is not None:
            spans.append((to_ms(row.started_at), to_ms(row.ended_at or row.started_at)))
        if spans:
            yield min(span[0] for span in spans), max(span[1] for span in spans)


def _together(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans with their margins, those that lie near each other as one."""
    start_ms = end_ms = None
    for begin, end in sorted(spans):
        if start_ms is None or end_ms is None:
            start_ms, end_ms = begin, end
        elif begin - end_ms > GAP_MS:
            yield start_ms - MARGIN_MS, end_ms + MARGIN_MS
            start_ms, end_ms = begin, end
        else:
            end_ms = max(end_ms, end)
    if start_ms is not None and end_ms is not None:
        yield start_ms - MARGIN_MS, end_ms + MARGIN_MS


def _hear_part(uow: UnitOfWork, said: Said, no: int, since_ms: int, until_ms: int) -> None:
    """Decode what a life said between two uptimes (ms)."""
    if until_ms < 0:
        return
    first = _first_from(uow, said, no, since_ms)
    last = _first_from(uow, said, no, until_ms + 1) - 1
    for raw in raw_between(uow, no, first, last):
        heard = Heard(f"{ROOT}/{said.pile}/up/{raw.kind}", raw.payload.encode(), raw.received_ms)
        told = understand(heard)
        said.messages += 1
        if isinstance(told, Poison):
            said.broken.append(f"message {no}/{raw.seq}")
        elif raw.kind == "meter":
            _take_values(said, no, told.message, raw.received_ms)
        else:
            _take_bound(said, no, told.message, raw.received_ms)


def _take_values(said: Said, no: int, meter: Meter, received_ms: int) -> None:
    for reading in meter.readings:
        if reading.session_id in said.rows and reading.energy_total_wh is not None:
            value = Value(
                no, reading.uptime_ms, reading.energy_total_wh, reading.register_id, received_ms
            )
            said.values.setdefault(reading.session_id, []).append(value)


def _take_bound(said: Said, no: int, message: object, received_ms: int) -> None:
    uptime_ms = getattr(message, "uptime_ms", None)
    if uptime_ms is not None and not getattr(message, "buffered", False):
        bound = received_ms - uptime_ms
        said.bounds[no] = min(bound, said.bounds.get(no, bound))


def _first_from(uow: UnitOfWork, said: Said, no: int, uptime_ms: int) -> int:
    """The number of the first message of a life that was written at this uptime or later; one past
    the last if there is none."""
    low, high = 1, highest_seq(uow, no) + 1
    while low < high:
        middle = (low + high) // 2
        at_ms = _uptime_from(uow, said, no, middle)
        if at_ms is None or at_ms >= uptime_ms:
            high = middle
        else:
            low = middle + 1
    return low


def _uptime_from(uow: UnitOfWork, said: Said, no: int, seq: int) -> int | None:
    """The uptime of the first reading with this number or a higher one; None if there is none."""
    raw = next_raw(uow, no, seq, "meter")
    while raw is not None:
        heard = Heard(f"{ROOT}/{said.pile}/up/meter", raw.payload.encode(), raw.received_ms)
        told = understand(heard)
        if not isinstance(told, Poison):
            meter: Meter = told.message
            return meter.readings[0].uptime_ms
        raw = next_raw(uow, no, raw.seq + 1, "meter")
    return None


def order_of(row: Session, tariffs: dict[int, TariffVersion]) -> Order | None:
    """What people asked for; None where no tariff was in force or nobody pays."""
    if row.tariff_id is None:
        tariff = in_force(tariffs.values(), row.requested_at)
    else:
        tariff = tariffs.get(row.tariff_id)
    if tariff is None or row.household_id is None:
        return None
    return Order(
        row.id,
        row.household_id,
        row.pile,
        row.outlet,
        row.max_power_w,
        tariff,
        row.started_at or row.requested_at,
        row.ended_at or row.requested_at,
    )


def choice_of(row: HeldDecision | None) -> Decision | None:
    """What was chosen to be billed; None where nothing was, or where it was billed before."""
    if row is None or row.was_billed or row.start_wh is None or row.end_wh is None:
        return None
    stretch = Stretch(
        row.register_id or "", row.start_wh, row.end_wh, row.since_ms or 0, row.until_ms or 0
    )
    return Decision(row.choice, stretch, to_ms(row.decided_at))
