"""The settlement of a session: stored once, believed or held, priced when all has come in.

What the record itself says is judged when it arrives. What our own readings say is judged when the
session is posted, so that the order in which messages came makes no difference.
"""

from service.billing.actions import post_sessions
from service.billing.outcomes import SessionToBill
from service.billing.pricing import Piece, Priced, price
from service.billing.tariff import TariffVersion, band_at, borders
from service.clock import from_ms, to_ms
from service.flow import alarms
from service.flow.house import Work
from service.metering.energy import Claim, Metered, Point, meter_session
from service.metering.proven import Stretch, measure
from service.metering.records import Reading, of_sessions
from service.piles.actions import find_boot
from service.piles.board import PileNow
from service.piles.messages import Heard, Settlement
from service.piles.records import boots_by_no
from service.sessions.actions import advance, keep_settlement
from service.sessions.lifecycle import Event, State
from service.sessions.record_times import span_of
from service.sessions.records import (
    HeldDecision,
    Session,
    decision_of,
    session_row,
    settlements_of,
)

NEVER_CAME = "no_settlement"
"""A session is held for this until its settlement comes after all."""


def take_settlement(work: Work, pile: PileNow, settlement: Settlement, heard: Heard) -> str:
    """Store a settlement; the word for its acknowledgement: stored, duplicate or held."""
    kept = keep_settlement(work.uow, pile.id, settlement, heard.payload, heard.received_ms)
    if not kept.is_new:
        work.count("duplicates", "session")
        return "duplicate"
    row = session_row(work.uow, settlement.session_id)
    if row is None:
        row = _without_order(work, pile, settlement)
    if row.pile != pile.id:
        alarms.raise_one(work, "settlement_conflict", pile, settlement.outlet)
        return "held"
    if row.decided_at is not None:
        return _after_decision(work, pile, row, settlement)
    doubt = _doubt_of_record(row, settlement, conflicts=kept.conflicts)
    event = Event.DOUBTED if doubt else Event.SETTLED
    if row.held_reason == NEVER_CAME:
        row.held_reason = None
        event = Event.DOUBTED if doubt else Event.FOUND
    if row.settled_at is None:
        _fill(work, pile, row, settlement, heard.received_ms)
    if doubt:
        row.held_reason = row.held_reason or doubt
        alarms.raise_one(
            work, "settlement_conflict" if kept.conflicts else "session_held", pile, row.outlet
        )
    advance(work.uow, row, event, row.ended_at or work.now)
    if event is Event.FOUND:
        alarms.held_no_more(work, row, NEVER_CAME)
    work.remember(row)
    work.count("settlements", "held" if doubt else "stored")
    return "held" if doubt else "stored"


def _without_order(work: Work, pile: PileNow, settlement: Settlement) -> Session:
    """Energy was sold without an order of ours: kept and held, never billed by guess."""
    row = Session(
        id=settlement.session_id,
        pile=pile.id,
        outlet=settlement.outlet,
        household_id=None,
        source=settlement.start_source,
        state=State.CANCELLED,
        max_duration_s=work.house.settings.longest_session_s,
        max_energy_wh=work.house.settings.session_energy_wh,
        max_power_w=pile.outlet_limit_w,
        requested_at=work.now,
        why="no_order",
    )
    work.uow.session.add(row)
    work.uow.session.flush()
    return row


def _after_decision(work: Work, pile: PileNow, row: Session, settlement: Settlement) -> str:
    """A person has decided about this session. What comes later is kept and changes nothing; where
    it says something else, people are told."""
    said = (settlement.register_id, settlement.energy_start_wh, settlement.energy_end_wh)
    agrees = row.state == State.SETTLED and said == (row.register_id, row.start_wh, row.end_wh)
    if not agrees:
        alarms.raise_one(work, "settled_otherwise", pile, row.outlet)
    work.count("settlements", "stored" if agrees else "held")
    return "stored" if agrees else "held"


def _doubt_of_record(row: Session, settlement: Settlement, *, conflicts: bool) -> str | None:
    """What the record alone makes doubtful; our readings are heard when the session is posted."""
    if conflicts:
        return "settlement_conflict"
    claim = _claim(row, settlement, 0, settlement.duration_s * 1000)
    doubt = meter_session(claim, ()).doubt
    energy_wh = (settlement.energy_end_wh or 0) - (settlement.energy_start_wh or 0)
    if doubt is None and row.state == State.CANCELLED and energy_wh > 0:
        return row.why if row.why == "no_order" else "charging_without_order"
    return doubt


def _claim(row: Session, settlement: Settlement, start_ms: int, end_ms: int) -> Claim:
    return Claim(
        register_id=settlement.register_id,
        start_ms=start_ms,
        end_ms=end_ms,
        start_wh=settlement.energy_start_wh,
        end_wh=settlement.energy_end_wh,
        energy_wh=settlement.energy_wh,
        limit_w=row.max_power_w,
    )


def _fill(
    work: Work, pile: PileNow, row: Session, settlement: Settlement, received_ms: int
) -> None:
    start_ms, end_ms = _span(work, pile.id, settlement, received_ms)
    row.started_at, row.ended_at = from_ms(start_ms), from_ms(end_ms)
    row.settled_at = work.now
    row.register_id = settlement.register_id
    row.start_wh, row.end_wh = settlement.energy_start_wh, settlement.energy_end_wh
    if settlement.energy_start_wh is not None and settlement.energy_end_wh is not None:
        row.energy_wh = settlement.energy_end_wh - settlement.energy_start_wh
    row.stop_reason, row.power_cuts = settlement.stop_reason, settlement.power_cuts


def _span(work: Work, pile: str, settlement: Settlement, received_ms: int) -> tuple[int, int]:
    """When the session began and ended, by the service's clock (wire contract, section 5); what
    only the record knows is placed by when it came, however late it is measured again."""

    def time_of(boot_id: str, uptime_ms: int) -> int | None:
        boot = find_boot(work.uow, work.house.board, pile, boot_id)
        return boot.time_of(uptime_ms) if boot else None

    return span_of(settlement, time_of, received_ms)


# --- pricing and posting -------------------------------------------------------------------------


def post(work: Work, rows: list[Session]) -> int:
    """Price settled sessions and post them to the ledger; how many were posted.

    Those whose own readings speak against the settlement are held instead.
    """
    readings = of_sessions(work.uow, [row.id for row in rows])
    ready: list[tuple[SessionToBill, Priced]] = []
    for row in rows:
        tariff = work.house.tariff(work.uow, row.tariff_id, row.requested_at)
        metered = meter_again(work, row, readings[row.id], tariff)
        if metered.doubt is None and row.household_id is None:
            metered = Metered(metered.energy_wh, metered.slices, "no_household")
        if metered.doubt is not None or tariff is None:
            row.held_reason = metered.doubt or "no_tariff"
            advance(work.uow, row, Event.DOUBTED, work.now)
            pile = work.house.board.piles[row.pile]
            alarms.raise_one(work, "session_held", pile, row.outlet)
        else:
            ready.append((_to_bill(row), priced(work, tariff, metered)))
            row.posted_at = work.now
        work.uow.session.add(row)
        work.remember(row)
    work.uow.session.flush()
    post_sessions(work.uow, ready, work.now, work.house.settings.zone)
    return len(ready)


def meter_again(
    work: Work, row: Session, readings: list[Reading], tariff: TariffVersion | None
) -> Metered:
    """Measure a settled session with everything that is known now, or as a person decided."""
    decision = decision_of(work.uow, row.id) if row.decided_at is not None else None
    if decision is not None and not decision.was_billed:
        return _as_decided(work, decision, readings, tariff)
    settlement, received_ms = _record_of(work, row)
    start_ms, end_ms = _span(work, row.pile, settlement, received_ms)
    row.started_at, row.ended_at = from_ms(start_ms), from_ms(end_ms)
    own = _points(work, readings)
    cuts = borders(tariff, row.started_at, row.ended_at, work.house.settings.zone) if tariff else []
    return meter_session(
        _claim(row, settlement, start_ms, end_ms), own, [to_ms(cut) for cut in cuts]
    )


def _as_decided(
    work: Work, decision: HeldDecision, readings: list[Reading], tariff: TariffVersion | None
) -> Metered:
    """The energy that a person chose, cut at the borders as ever; there is no doubt left in it."""
    if decision.start_wh is None or decision.end_wh is None:
        return Metered(None, ())
    since_ms, until_ms = decision.since_ms or 0, decision.until_ms or 0
    register_id = decision.register_id or ""
    stretch = Stretch(register_id, decision.start_wh, decision.end_wh, since_ms, until_ms)
    begin, end = from_ms(since_ms), from_ms(until_ms)
    cuts = borders(tariff, begin, end, work.house.settings.zone) if tariff else []
    return measure(stretch, _points(work, readings), [to_ms(cut) for cut in cuts])


def _record_of(work: Work, row: Session) -> tuple[Settlement, int]:
    """The record that settled a session, and when it came (ms): the first of its own pile; what
    others say is evidence."""
    own = [copy for copy in settlements_of(work.uow, row.id) if copy.pile == row.pile]
    first = min(own, key=lambda one: (one.received_ms, one.settlement_seq, one.verdict != "stored"))
    return Settlement.model_validate_json(first.payload), first.received_ms


def _points(work: Work, readings: list[Reading]) -> list[Point]:
    boots = boots_by_no(work.uow, {reading.boot_no for reading in readings})
    points = []
    for reading in readings:
        offset_ms = boots[reading.boot_no].offset_ms
        if reading.energy_total_wh is not None and offset_ms is not None:
            at_ms = offset_ms + reading.uptime_ms
            points.append(Point(at_ms, reading.energy_total_wh, reading.register_id))
    return points


def priced(work: Work, tariff: TariffVersion, metered: Metered) -> Priced:
    """The lines of a measured session, by the one pricing function."""
    zone = work.house.settings.zone
    pieces = [
        Piece(band_at(tariff, from_ms(part.start_ms), zone), part.energy_wh, part.interpolated)
        for part in metered.slices
    ]
    return price(tariff, pieces)


def _to_bill(row: Session) -> SessionToBill:
    return SessionToBill(
        session_id=row.id,
        household_id=row.household_id or 0,
        pile=row.pile,
        outlet=row.outlet,
        started_at=row.started_at or row.requested_at,
        ended_at=row.ended_at or row.requested_at,
        register_id=row.register_id or "",
        start_wh=row.start_wh or 0,
        end_wh=row.end_wh or 0,
        stop_reason=row.stop_reason or "other",
    )


def hold(work: Work, row: Session, reason: str) -> None:
    """Set a session aside, with the reason."""
    row.held_reason = reason
    advance(work.uow, row, Event.STRANDED, work.now)
    work.remember(row)
