"""The SQL of the figures: narrow reads across the rooms. There is no table here.

Times are read as plain milliseconds; a month of sessions is thousands of rows.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, func, or_, select, type_coerce
from sqlalchemy.orm import aliased
from sqlmodel import col

from service.alerts.records import Incident, Notification
from service.billing.records import BilledSession, LedgerEntry, LedgerPosting, MonthClose
from service.feeders.records import FeederPeak
from service.households.records import AuditEntry
from service.metering.records import Reading
from service.piles.records import Boot, Pile
from service.sessions.lifecycle import State
from service.sessions.records import Session
from service.store import UnitOfWork
from service.usage.balance import Claim, Kind, Seen
from service.usage.money import Movement
from service.usage.outages import Outage, Wish
from service.usage.peaks import Quarter
from service.usage.spans import Span
from service.usage.visits import Visit

REACH = timedelta(days=2)
"""A session lasts ten hours and may queue before: one that touches a span was asked for at most
this long before it. Lets the index on the request time serve."""

LATE_MS = 7 * 86_400_000
"""So long after a span a life of a pile may first be heard of and still tell of it: its buffer."""


def visits_touching(uow: UnitOfWork, span: Span) -> list[Visit]:
    """Every session that was asked for, ran or ended in a span."""
    columns = (
        col(Session.pile),
        col(Session.outlet),
        col(Session.state),
        _ms(Session.requested_at),
        _ms(Session.commanded_at),
        _ms(Session.started_at),
        _ms(Session.ended_at),
        col(Session.energy_wh),
        col(Session.stop_asked_by).is_not(None),
        col(Session.household_id),
        func.coalesce(col(Session.why) == "shed", False),
    )
    statement = select(*columns).where(
        col(Session.requested_at) >= span.since - REACH,
        col(Session.requested_at) < span.until,
        or_(col(Session.ended_at).is_(None), col(Session.ended_at) >= span.since),
    )
    return [Visit(*row) for row in uow.session.connection().execute(statement)]


def piles(uow: UnitOfWork) -> Sequence[tuple[str, int, int, int]]:
    """Every pile in its order: id, entrance, outlets, enrolled at (ms)."""
    statement = select(
        col(Pile.id), col(Pile.entrance), col(Pile.outlets), _ms(Pile.enrolled_at)
    ).order_by(col(Pile.number))
    return [(str(a), int(b), int(c), int(d)) for a, b, c, d in _rows(uow, statement)]


def outages_touching(uow: UnitOfWork, span: Span) -> list[Outage]:
    """Every incident that was raised before the end of a span and not over before its beginning."""
    over_at = func.coalesce(_ms(Incident.cleared_at), _ms(Incident.closed_at))
    statement = (
        select(
            col(Incident.code),
            col(Incident.severity),
            col(Incident.source),
            col(Incident.pile),
            col(Incident.outlet),
            _ms(Incident.raised_at),
            _ms(Incident.acknowledged_at),
            over_at,
        )
        .where(
            col(Incident.raised_at) < span.until, or_(over_at.is_(None), over_at >= span.since_ms)
        )
        .order_by(col(Incident.raised_at))
    )
    return [Outage(*row) for row in _rows(uow, statement)]


def first_asked_ms(uow: UnitOfWork) -> int | None:
    """When the first session of all was asked for."""
    statement = select(func.min(_ms(Session.requested_at)))
    found = uow.session.connection().execute(statement).scalar_one()
    return None if found is None else int(found)


def wishes_for_service(uow: UnitOfWork, until: datetime) -> list[Wish]:
    """Every time somebody took a pile out of service or put it back, up to a moment."""
    statement = (
        select(col(AuditEntry.subject), _ms(AuditEntry.at), col(AuditEntry.detail))
        .where(col(AuditEntry.action) == "pile.manage", col(AuditEntry.at) < until)
        .order_by(col(AuditEntry.id))
    )
    return [
        Wish(str(pile), int(at), str(detail.get("wanted", "")))
        for pile, at, detail in _rows(uow, statement)
    ]


def quarters_between(uow: UnitOfWork, span: Span) -> list[Quarter]:
    """How full each feeder was in every quarter of an hour of a span, oldest first."""
    statement = (
        select(
            col(FeederPeak.feeder_id),
            _ms(FeederPeak.quarter_at),
            col(FeederPeak.peak_ma),
            col(FeederPeak.ma_ms),
            col(FeederPeak.watched_ms),
        )
        .where(col(FeederPeak.quarter_at) >= span.since, col(FeederPeak.quarter_at) < span.until)
        .order_by(col(FeederPeak.quarter_at), col(FeederPeak.feeder_id))
    )
    return [
        Quarter(str(feeder), int(at), int(peak), int(ma_ms) // watched if watched else int(peak))
        for feeder, at, peak, ma_ms, watched in _rows(uow, statement)
    ]


def incidents_of(uow: UnitOfWork, span: Span, code: str) -> int:
    """How many incidents of one kind began in a span."""
    statement = select(func.count()).where(
        col(Incident.code) == code,
        col(Incident.raised_at) >= span.since,
        col(Incident.raised_at) < span.until,
    )
    return int(uow.session.connection().execute(statement).scalar_one())


def movements(uow: UnitOfWork, first: str, last: str) -> list[Movement]:
    """What the ledger moved in these months, by cause and account."""
    taken_back = aliased(LedgerEntry)
    cause = func.coalesce(col(taken_back.cause), col(LedgerEntry.cause))
    statement = (
        select(
            col(LedgerEntry.month),
            cause,
            col(LedgerPosting.account),
            func.sum(LedgerPosting.amount_fen),
        )
        .join(LedgerPosting, col(LedgerPosting.entry_id) == col(LedgerEntry.id))
        .outerjoin(taken_back, col(taken_back.id) == col(LedgerEntry.counter_of))
        .where(col(LedgerEntry.month).between(first, last))
        .group_by(col(LedgerEntry.month), cause, col(LedgerPosting.account))
    )
    return [Movement(m, str(c), a, int(fen)) for m, c, a, fen in _rows(uow, statement)]


def billed_between(uow: UnitOfWork, span: Span) -> tuple[int, int]:
    """What sessions that ended in a span were billed: fen and Wh, whatever month they landed in."""
    ended = and_(
        col(BilledSession.ended_at) >= span.since, col(BilledSession.ended_at) < span.until
    )
    wh = select(func.coalesce(func.sum(BilledSession.energy_wh), 0)).where(ended)
    fen = (
        select(func.coalesce(func.sum(LedgerPosting.amount_fen), 0))
        .join(BilledSession, col(BilledSession.entry_id) == col(LedgerPosting.entry_id))
        .where(ended, col(LedgerPosting.account) == "receivable")
    )
    connection = uow.session.connection()
    return int(connection.execute(fen).scalar_one()), int(connection.execute(wh).scalar_one())


def seen_between(uow: UnitOfWork, span: Span) -> list[Seen]:
    """What the readings of a span say of every register, in the order of the piles' lives."""
    at_ms = _time_of_reading()
    statement = (
        select(
            col(Boot.pile),
            col(Reading.outlet),
            col(Reading.register_id),
            func.min(Reading.energy_total_wh),
            func.max(Reading.energy_total_wh),
            func.min(at_ms),
            func.max(at_ms),
        )
        .join(Boot, col(Boot.no) == col(Reading.boot_no))
        .where(
            col(Boot.last_heard_ms) >= span.since_ms,
            col(Boot.first_heard_ms) < span.until_ms + LATE_MS,
            col(Reading.energy_total_wh).is_not(None),
            at_ms >= span.since_ms,
            at_ms < span.until_ms,
        )
        .group_by(
            col(Boot.pile), col(Reading.outlet), col(Reading.register_id), col(Reading.boot_no),
            col(Boot.boot_count),
        )
        .order_by(func.coalesce(col(Boot.boot_count), col(Reading.boot_no)), col(Reading.boot_no))
    )  # fmt: skip
    return [
        Seen((str(pile), int(outlet), str(register)), int(low), int(high), int(since), int(until))
        for pile, outlet, register, low, high, since, until in _rows(uow, statement)
    ]


def claims_between(uow: UnitOfWork, span: Span) -> list[Claim]:
    """The energy of every session that ended in a span, as the books have it.

    Sessions whose register fell or has no beginning claim nothing: they are held for a person.
    """
    kind = case(
        (col(BilledSession.session_id).is_not(None), Kind.BILLED.value),
        (col(Session.state) == State.HELD, Kind.HELD.value),
        (col(Session.state) == State.WAIVED, Kind.WAIVED.value),
        else_=Kind.UNBILLED.value,
    )
    statement = (
        select(
            col(Session.pile),
            col(Session.outlet),
            col(Session.register_id),
            kind,
            col(Session.start_wh),
            col(Session.end_wh),
            func.coalesce(col(BilledSession.energy_wh), col(Session.energy_wh)),
            _ms(Session.ended_at),
        )
        .outerjoin(BilledSession, col(BilledSession.session_id) == col(Session.id))
        .where(
            col(Session.ended_at) >= span.since,
            col(Session.ended_at) < span.until,
            col(Session.state).in_((State.SETTLED, State.HELD, State.WAIVED)),
            col(Session.register_id).is_not(None),
            col(Session.end_wh) >= col(Session.start_wh),
        )
    )
    return [
        Claim((str(pile), int(outlet), str(register)), str(what), low, high, wh, ended)
        for pile, outlet, register, what, low, high, wh, ended in _rows(uow, statement)
    ]


def unsettled_claims(uow: UnitOfWork, span: Span) -> list[Claim]:
    """What sessions without a settlement had drawn in a span, by their readings: those that were
    still on at its end, and those held because none ever came."""
    at_ms = _time_of_reading()
    kind = case((col(Session.state) == State.HELD, Kind.HELD.value), else_=Kind.UNBILLED.value)
    still_on = and_(
        col(Session.requested_at) >= span.until - REACH,
        col(Session.requested_at) < span.until,
        or_(
            col(Session.ended_at).is_(None),
            col(Session.ended_at) >= span.until,
            col(Session.state) == State.ENDED,
        ),
    )
    stranded = and_(
        col(Session.state) == State.HELD,
        col(Session.register_id).is_(None),
        col(Session.ended_at) >= span.since,
        col(Session.ended_at) < span.until,
    )
    names = (col(Session.pile), col(Session.outlet), col(Reading.register_id), kind)
    statement = (
        select(*names, func.min(Reading.energy_total_wh), func.max(Reading.energy_total_wh))
        .join(Reading, col(Reading.session_id) == col(Session.id))
        .join(Boot, col(Boot.no) == col(Reading.boot_no))
        .where(
            or_(still_on, stranded),
            col(Reading.energy_total_wh).is_not(None),
            at_ms < span.until_ms,
        )
        .group_by(
            col(Session.id),
            col(Session.pile),
            col(Session.outlet),
            col(Session.state),
            col(Reading.register_id),
        )
    )
    return [
        Claim((str(pile), int(n), str(register)), str(what), low, high, high - low, span.until_ms)
        for pile, n, register, what, low, high in _rows(uow, statement)
    ]


# --- what is waiting ----------------------------------------------------------------------------


def unposted(uow: UnitOfWork) -> tuple[int, int | None]:
    """Settled sessions that are not in the ledger yet, and since when the oldest waits (ms)."""
    statement = select(func.count(), func.min(_ms(Session.settled_at))).where(
        col(Session.state) == State.SETTLED, col(Session.posted_at).is_(None)
    )
    count, oldest = uow.session.connection().execute(statement).one()
    return int(count), oldest


def held(uow: UnitOfWork) -> int:
    """Sessions that wait for a person to look."""
    statement = select(func.count()).where(col(Session.state) == State.HELD)
    return int(uow.session.connection().execute(statement).scalar_one())


def unsent_notifications(uow: UnitOfWork) -> int:
    """Notifications that have not left yet."""
    statement = select(func.count()).where(col(Notification.sent_at).is_(None))
    return int(uow.session.connection().execute(statement).scalar_one())


def last_close(uow: UnitOfWork) -> tuple[str, int] | None:
    """The newest published month and when its close began (ms)."""
    statement = (
        select(col(MonthClose.month), _ms(MonthClose.closed_at))
        .where(col(MonthClose.state) == "published")
        .order_by(col(MonthClose.month).desc())
        .limit(1)
    )
    row = uow.session.connection().execute(statement).first()
    return (str(row[0]), int(row[1])) if row else None


def _time_of_reading() -> ColumnElement[Any]:
    """By the service's clock; of a life that was never heard live: when it was received (ms)."""
    return func.coalesce(col(Boot.offset_ms) + col(Reading.uptime_ms), col(Reading.received_ms))


def _ms(column: Any) -> ColumnElement[Any]:
    return type_coerce(column, BigInteger)


def _rows(uow: UnitOfWork, statement: Any) -> Sequence[Any]:
    return uow.session.connection().execute(statement).all()
