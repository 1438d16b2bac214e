"""Everything that is stored about one session, read across the rooms."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo

from sqlmodel import col, func, or_, select

from service.alerts.records import Incident
from service.billing.actions.crediting import credits_of
from service.billing.actions.reading import load_blocks
from service.billing.actions.tariffs import tariff_in_force, tariff_version
from service.billing.records.credits import billed_session
from service.billing.tariff import TariffVersion
from service.clock import to_ms
from service.metering.records import Reading, of_session
from service.piles.messages import Settlement
from service.piles.records import Boot, Command, PileMessage, boots_of
from service.sessions.records import (
    Session,
    SettlementCopy,
    decision_of,
    session_row,
    settlements_of,
)
from service.store import UnitOfWork
from service.usage.evidence_facts import Copy, EvidenceFacts, Life, Said, Taken, Told, Trouble

AROUND = 40
"""So many messages before the first reading of a session and after its last are looked through."""

LATE_MS = 600_000
ABOUT_BOOKS = ("session_held", "settlement_conflict", "settled_otherwise", "energy_mismatch")
"""Incidents that tell of the books and not of the pile: the sheet itself says more."""


def read_evidence(
    uow: UnitOfWork, session_id: str, now: datetime, zone: tzinfo
) -> EvidenceFacts | None:
    """What is known of a session; None if there is none with this order number."""
    row = session_row(uow, session_id)
    if row is None:
        return None
    readings = of_session(uow, session_id)
    copies = [_copy(one) for one in settlements_of(uow, session_id)]
    lives = _lives(uow, row, readings, copies, now)
    decision = decision_of(uow, session_id)
    billed = billed_session(uow, session_id)
    (block,) = load_blocks(uow, [billed]) if billed else (None,)
    return EvidenceFacts(
        session=row.model_dump(),
        now=now,
        zone=zone,
        copies=copies,
        lives={no: _life(boot) for no, boot in lives.items()},
        readings=[_taken(one) for one in readings],
        said=_said(uow, row, lives, readings, now),
        told=_told(uow, session_id),
        troubles=_troubles(uow, row, now),
        tariff=tariff_of(uow, row),
        bill=block,
        bill_month=billed.month if billed else "",
        credited=credits_of(uow, billed.entry_id) if billed else (),
        decision=decision.model_dump() if decision else None,
    )


def _copy(row: SettlementCopy) -> Copy:
    record = Settlement.model_validate_json(row.payload)
    return Copy(row.pile, row.content, row.verdict, row.received_ms, record)


def _life(boot: Boot) -> Life:
    return Life(
        boot.boot_id, boot.boot_count, boot.offset_ms, boot.first_heard_ms, boot.last_heard_ms
    )


def _taken(row: Reading) -> Taken:
    return Taken(
        row.boot_no,
        row.uptime_ms,
        row.received_ms,
        row.energy_total_wh,
        row.power_w,
        row.register_id,
    )


def _between_ms(row: Session, now: datetime) -> tuple[int, int]:
    """From the wish to charge until some minutes after the end."""
    return to_ms(row.requested_at), to_ms(row.ended_at or now) + LATE_MS


def _lives(
    uow: UnitOfWork,
    row: Session,
    readings: Iterable[Reading],
    copies: Iterable[Copy],
    now: datetime,
) -> dict[int, Boot]:
    """The lives of the pile that its readings and records name, and those it lived meanwhile."""
    since_ms, until_ms = _between_ms(row, now)
    numbers = {one.boot_no for one in readings}
    names = {m.boot_id for one in copies for m in (one.record.start, one.record.end)}
    return {
        boot.no: boot
        for boot in boots_of(uow, row.pile)
        if boot.no is not None
        and (
            boot.no in numbers
            or boot.boot_id in names
            or (boot.first_heard_ms <= until_ms and boot.last_heard_ms >= since_ms)
        )
    }


def _said(
    uow: UnitOfWork,
    row: Session,
    lives: Iterable[int],
    readings: Sequence[Reading],
    now: datetime,
) -> list[Said]:
    """What else the pile said meanwhile. Readings tell where in each life to look."""
    since_ms, until_ms = _between_ms(row, now)
    found: list[Said] = []
    for no in lives:
        seqs = [one.seq for one in readings if one.boot_no == no]
        first, last = (min(seqs), max(seqs)) if seqs else _heard(uow, no, since_ms, until_ms)
        statement = (
            select(PileMessage)
            .where(
                PileMessage.boot_no == no,
                col(PileMessage.seq).between(first - AROUND, last + AROUND),
                col(PileMessage.kind) != "meter",
            )
            .order_by(col(PileMessage.seq))
        )
        found += [
            Said(no, one.received_ms, one.kind, json.loads(one.payload))
            for one in uow.session.exec(statement)
        ]
    return found


def _heard(uow: UnitOfWork, boot_no: int, since_ms: int, until_ms: int) -> tuple[int, int]:
    """The first and last number that a life used in a span, found by halving: the table has no
    index by time, and a life may have half a million messages."""
    ends = select(
        func.coalesce(func.min(PileMessage.seq), 0), func.coalesce(func.max(PileMessage.seq), 0)
    )
    low, high = uow.session.exec(ends.where(PileMessage.boot_no == boot_no)).one()

    def received_ms(seq: int) -> int:
        statement = (
            select(PileMessage.received_ms)
            .where(PileMessage.boot_no == boot_no, col(PileMessage.seq) >= seq)
            .order_by(col(PileMessage.seq))
            .limit(1)
        )
        return uow.session.exec(statement).first() or until_ms

    numbers = range(low, high + 1)
    first = bisect_left(numbers, since_ms, key=received_ms)
    last = bisect_right(numbers, until_ms, key=received_ms)
    return low + first, low + last


def _told(uow: UnitOfWork, session_id: str) -> list[Told]:
    statement = select(Command).where(Command.session_id == session_id)
    return [
        Told(row.id, row.cmd, row.issued_ms, row.status, row.code, row.closed_ms, row.asked_by)
        for row in uow.session.exec(statement)
    ]


def _troubles(uow: UnitOfWork, row: Session, now: datetime) -> list[Trouble]:
    """Incidents at the outlet or the whole pile that stood at any time of the session."""
    since, until = row.started_at or row.requested_at, row.ended_at or now
    statement = select(Incident).where(
        Incident.pile == row.pile,
        or_(col(Incident.outlet).is_(None), Incident.outlet == row.outlet),
        col(Incident.code).not_in(ABOUT_BOOKS),
        col(Incident.raised_at) <= until,
        or_(col(Incident.cleared_at).is_(None), col(Incident.cleared_at) >= since),
        or_(col(Incident.closed_at).is_(None), col(Incident.closed_at) >= since),
    )
    return [
        Trouble(
            one.code,
            one.outlet,
            one.severity,
            to_ms(one.raised_at),
            to_ms(one.cleared_at) if one.cleared_at else None,
        )
        for one in uow.session.exec(statement)
    ]


def tariff_of(uow: UnitOfWork, row: Session) -> TariffVersion | None:
    """The version it was begun with; of a session nobody asked for the one then in force."""
    if row.tariff_id is not None:
        return tariff_version(uow, row.tariff_id)
    return tariff_in_force(uow, row.requested_at)
