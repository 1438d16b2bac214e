"""Faults and risks on their way to people: what a pile reports, and what is noticed about it.

The pile is never trusted to protect itself: smoke, heat, leakage and a welded relay are switched
off from here too, in the same unit of work that stores the message.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from service.alerts.actions import RaiseResult, clear, raise_incident, recheck
from service.alerts.records import open_rows
from service.alerts.safety import (
    Place,
    beside,
    blocked_from_start,
    outlets_to_switch_off,
    watch_after_end,
    watch_heat,
)
from service.alerts.subject import measured
from service.alerts.trouble import PILE, HeartbeatFaults, Trouble, key_of
from service.clock import from_ms
from service.flow import orders
from service.flow.house import Work
from service.piles.board import OutletNow, PileNow
from service.piles.faults import Severity, fault_of
from service.piles.messages import ActiveFault, FaultReport, Result
from service.sessions.records import Session, held_rows
from service.words import N_, Sentence

COLLISION_MS = 600_000
"""Two serial numbers under one name within ten minutes are two piles (wire contract, 3)."""

CLOCK_BAD_S = 60


def raise_one(
    work: Work,
    code: str,
    pile: PileNow | None = None,
    outlet: int | None = None,
    detail: Sentence | None = None,
    feeder_id: str | None = None,
) -> None:
    """Something was noticed by the service: an incident, one per code and place."""
    trouble = Trouble(
        code=code,
        pile=pile.id if pile else None,
        outlet=outlet,
        feeder_id=feeder_id,
        entrance=pile.entrance if pile else None,
        detail=detail,
        at=work.now,
    )
    _took(work, raise_incident(work.uow, trouble, work.now))


def clear_one(
    work: Work,
    code: str,
    pile: str | None = None,
    outlet: int | None = None,
    feeder_id: str | None = None,
) -> None:
    """The cause of something noticed is gone."""
    gone = clear(work.uow, key_of(code, pile, outlet, feeder_id), work.now)
    if gone is not None and gone.incident.id is not None:
        work.outcomes.incidents.add(gone.incident.id)


def held_no_more(work: Work, row: Session, held_for: str | None) -> None:
    """A held session is decided or explained itself: nothing waits there, unless another does."""
    waiting = [
        one for one in held_rows(work.uow) if (one.pile, one.outlet) == (row.pile, row.outlet)
    ]
    if not waiting:
        clear_one(work, "session_held", row.pile, row.outlet)
    if held_for == "settlement_conflict" and all(one.held_reason != held_for for one in waiting):
        clear_one(work, "settlement_conflict", row.pile, row.outlet)


def _took(work: Work, result: RaiseResult) -> None:
    if result.incident.id is not None:
        work.outcomes.incidents.add(result.incident.id)
    if result.is_news:
        work.count("incidents", result.incident.code)


# --- what a pile reports -------------------------------------------------------------------------


def take_fault(work: Work, pile: PileNow, report: FaultReport, at_ms: int) -> None:
    """A fault was raised or cleared by the pile itself; the next heartbeat is asked again."""
    at = from_ms(at_ms)
    if report.active:
        trouble = Trouble(
            code=report.code,
            pile=pile.id,
            outlet=report.outlet,
            entrance=pile.entrance,
            detail=measured(report.value, report.limit, report.unit),
            at=at,
            severity=report.severity,
            source=PILE,
        )
        _took(work, raise_incident(work.uow, trouble, work.now))
        make_safe(work, pile, report.code, report.outlet, report.severity)
    else:
        clear(work.uow, key_of(report.code, pile.id, report.outlet), work.now, at)
    work.house.active_faults.pop(pile.id, None)
    mark_faults(work)
    work.outcomes.piles.add(pile.id)


def compare_faults(work: Work, pile: PileNow, faults: Iterable[ActiveFault], heard_ms: int) -> None:
    """A heartbeat lists the faults that are active: lost raises and clears are repaired."""
    listed = list(faults)
    active = frozenset((fault.code, fault.outlet) for fault in listed)
    before = work.house.active_faults.get(pile.id)
    if active == before:
        return
    work.house.active_faults[pile.id] = active
    heard = HeartbeatFaults(
        at=from_ms(heard_ms),
        active=active,
        entrance=pile.entrance,
        severities={fault.code: fault.severity for fault in listed},
    )
    for change in recheck(work.uow, {pile.id: heard}, work.now):
        if change.incident.id is not None:
            work.outcomes.incidents.add(change.incident.id)
    mark_faults(work)
    for code, where in active - (before or frozenset()):
        make_safe(work, pile, code, where, heard.severities.get(code))


def mark_faults(work: Work) -> None:
    """Nobody may start where an incident stands that its own pile reports, or that was seen from
    here on the metal itself. Smoke, water and heat reach further than their own outlet."""
    piles = work.house.board.piles
    standing = [
        row
        for row in open_rows(work.uow)
        if row.cleared_at is None and row.pile in piles
        if row.source == PILE or row.code in SEEN_FROM_HERE
    ]
    blocked = set(
        blocked_from_start(
            ((row.code, row.pile, row.outlet) for row in standing), *_who_hangs_where(work)
        )
    )
    blocked |= {
        Place(row.pile or "", row.outlet or 0) for row in standing if row.severity != Severity.INFO
    }
    for outlet in work.house.board.outlets():
        has_fault = Place(outlet.pile, outlet.number) in blocked
        if has_fault != outlet.fault:
            outlet.fault = has_fault
            work.outcomes.outlets.add((outlet.pile, outlet.number))


SEEN_FROM_HERE = frozenset({"relay_welded", "over_temp_outlet"})


def _who_hangs_where(work: Work) -> tuple[dict[str, list[int]], dict[str, tuple[str, ...]]]:
    """The outlets of every pile, and its neighbours."""
    piles = work.house.board.piles.values()
    neighbours = beside((one.id, one.entrance, one.number) for one in piles)
    return {one.id: list(one.outlets) for one in piles}, neighbours


def make_safe(
    work: Work, pile: PileNow, code: str, outlet: int | None, severity: str | None = None
) -> None:
    """Switch off what this fault demands: the outlet, the pile, or the neighbours too."""
    outlets, neighbours = _who_hangs_where(work)
    for place in outlets_to_switch_off(code, pile.id, outlet, outlets, neighbours, severity):
        orders.switch_off(work, work.house.board.piles[place.pile], place.outlet, "any", "operator")
        work.count("safety_off", code)


# --- what is noticed -----------------------------------------------------------------------------


def watch_outlet(work: Work, pile: PileNow, outlet: OutletNow, at_ms: int) -> None:
    """A reading arrived: is the outlet too hot, or does it draw with no session?"""
    hot = watch_heat(outlet.hot_since_ms, outlet.temp_c, at_ms)
    outlet.hot_since_ms = hot.since_ms if hot else None
    if hot and hot.must_switch_off:
        raise_one(work, "over_temp_outlet", pile, outlet.number)
        mark_faults(work)
        make_safe(work, pile, "over_temp_outlet", outlet.number)
    if outlet.session_id is not None:
        outlet.stray_since_ms = None
        return
    stray = watch_after_end(outlet.freed_ms, outlet.stray_since_ms, outlet.power_w, at_ms)
    outlet.stray_since_ms = stray.since_ms if stray else None
    if stray and stray.is_welded:
        raise_one(work, "relay_welded", pile, outlet.number)
        mark_faults(work)
        make_safe(work, pile, "relay_welded", outlet.number)


def register_fell(work: Work, pile: PileNow, outlet: OutletNow, to_wh: int) -> None:
    """A register must never fall: a new epoch begins, and maintenance should know."""
    detail = Sentence(
        N_("The register fell from {before} to {after} Wh."),
        {"before": outlet.energy_wh, "after": to_wh},
    )
    raise_one(work, "register_fell", pile, outlet.number, detail)


def check_identity(work: Work, pile: PileNow, serial: str, heard_ms: int) -> None:
    """Two serial numbers under one name: both are blocked from starts while it lasts."""
    if pile.serial not in (None, serial) and heard_ms - pile.serial_ms < COLLISION_MS:
        pile.blocked_until_ms = heard_ms + COLLISION_MS
        raise_one(work, "identity_collision", pile)
    pile.serial, pile.serial_ms = serial, heard_ms


def check_clock(work: Work, pile: PileNow, clock: str, time_utc: str | None, heard_ms: int) -> None:
    """A pile that thinks its clock is set, and is wrong by more than a minute."""
    if clock != "synced" or time_utc is None:
        return
    try:
        said = datetime.fromisoformat(time_utc)
    except ValueError:
        return
    if said.tzinfo and abs(said - from_ms(heard_ms)) > timedelta(seconds=CLOCK_BAD_S):
        raise_one(work, "clock_bad", pile)
    elif said.tzinfo:
        clear_one(work, "clock_bad", pile.id)


def retained_command(work: Work, topic: str) -> None:
    """A retained message on a command topic could switch a relay at any reconnect."""
    pile = work.house.board.piles.get(topic.split("/")[2])
    raise_one(work, "retained_command", pile)


def start_failed(work: Work, pile: PileNow, result: Result) -> None:
    """A pile that could not start for a reason of its own is a fault, not the resident's doing."""
    if result.code and fault_of(result.code).code == result.code and result.code in HARDWARE:
        raise_one(work, result.code, pile, result.outlet)


HARDWARE = frozenset(
    {"outlet_fault", "relay_open", "relay_welded", "short_circuit", "meter_lost", "storage_fault"}
)


def stop_failed(work: Work, pile: PileNow, result: Result) -> None:
    """A stop that did not work must be seen by a person."""
    if result.code == "relay_welded":
        raise_one(work, "relay_welded", pile, result.outlet)
    elif result.code not in ("expired", "session_mismatch"):
        raise_one(work, "stop_failed", pile, result.outlet)


def heard_again(work: Work, pile: PileNow) -> None:
    """A silent pile speaks."""
    clear_one(work, "silent", pile.id)
