"""Incidents opened, refreshed and cleared, by what piles say and by what is noticed about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from service.alerts import lifecycle, subject
from service.alerts.lifecycle import COOLDOWN_S, OnClear, OnRaise
from service.alerts.records import (
    Incident,
    newest_of_key,
    open_rows,
    open_rows_of_piles,
)
from service.alerts.trouble import PILE, SERVICE, HeartbeatFaults, Trouble, new_row, severity_of
from service.piles.faults import Severity
from service.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class RaiseResult:
    """What a raise did, and to which incident."""

    what: OnRaise
    incident: Incident

    @property
    def is_news(self) -> bool:
        """Did an incident begin or come back with it?"""
        return self.what in (OnRaise.OPEN, OnRaise.SUCCEED, OnRaise.REOPEN)


@dataclass(frozen=True, slots=True)
class Cleared:
    """The cause of an incident is gone."""

    incident: Incident


def raise_incident(
    uow: UnitOfWork, trouble: Trouble, now: datetime, cooldown_s: int = COOLDOWN_S
) -> RaiseResult:
    """Open an incident, or refresh, reopen or succeed the one of the same key."""
    at = min(trouble.at or now, now)
    row = newest_of_key(uow, trouble.key)
    what = lifecycle.on_raise(row.times() if row else None, at, cooldown_s)
    if row is None or what is OnRaise.OPEN:
        return _open(uow, trouble, at, now)
    if what is OnRaise.SUCCEED:
        row.closed_at, row.closed_by = now, ""
        uow.session.add(row)
        uow.session.flush()
        return RaiseResult(what, _open(uow, trouble, at, now).incident)
    return _again(uow, row, trouble, what, at, now)


def clear(uow: UnitOfWork, key: str, now: datetime, at: datetime | None = None) -> Cleared | None:
    """The cause is gone since `at`. None when nothing of this key is open and uncleared, or the
    news is older than the last raise."""
    row = newest_of_key(uow, key)
    at = min(at or now, now)
    if row is None or lifecycle.on_clear(row.times(), at) is OnClear.STALE:
        return None
    return _clear(uow, row, at, now)


def recheck(
    uow: UnitOfWork, heard: Mapping[str, HeartbeatFaults], now: datetime
) -> list[RaiseResult | Cleared]:
    """Compare what heartbeats list (by pile) with what is open, and return what changed.

    A listed fault is active, an unlisted one is not: this repairs lost raises and lost clears. Only
    what the pile itself raised can clear this way. One query for all piles of a batch.
    """
    if not heard:
        return []
    changes: list[RaiseResult | Cleared] = []
    known: set[str] = set()
    for row in open_rows_of_piles(uow, heard):
        said = heard[row.pile or ""]
        if (row.code, row.outlet) in said.active:
            if row.cleared_at is None:
                known.add(row.key)
                row.seen_at = max(row.seen_at, now)
                uow.session.add(row)
        elif row.source == PILE and lifecycle.heartbeat_clears(row.times(), said.at):
            changes.append(_clear(uow, row, said.at, now))
    listed = (
        said.trouble(pile, code, outlet)
        for pile, said in heard.items()
        for code, outlet in sorted(said.active, key=str)
    )
    raised = [raise_incident(uow, trouble, now) for trouble in listed if trouble.key not in known]
    return changes + [result for result in raised if result.is_news]


def close_what_is_over(
    uow: UnitOfWork, now: datetime, cooldown_s: int = COOLDOWN_S
) -> list[Incident]:
    """Close ordinary incidents that stayed cleared through their cooldown; call it each minute."""
    closed = []
    for row in open_rows(uow):
        is_critical = row.severity == Severity.CRITICAL
        if lifecycle.closes_by_itself(row.times(), is_critical, now, cooldown_s):
            row.closed_at, row.closed_by = now, ""
            uow.session.add(row)
            closed.append(row)
    uow.session.flush()
    return closed


def open_incidents(uow: UnitOfWork, now: datetime) -> list[Incident]:
    """What people should see: open, and lasting long enough to be shown; worst first, then newest.

    A glitch that cleared before its time to be shown is left out.
    """
    shown = [
        row
        for row in open_rows(uow)
        if row.show_at <= now and not (row.cleared_at is not None and row.cleared_at < row.show_at)
    ]
    return sorted(shown, key=lambda row: -Severity(row.severity).rank)


def _open(uow: UnitOfWork, trouble: Trouble, at: datetime, now: datetime) -> RaiseResult:
    """A new incident, unless another worker has just opened it: then the unique index says so."""
    row = Incident(**new_row(trouble, at, now))
    try:
        with uow.session.begin_nested():
            uow.session.add(row)
    except IntegrityError:
        first = newest_of_key(uow, trouble.key)
        if first is None:
            raise
        return _again(uow, first, trouble, OnRaise.REFRESH, at, now)
    return RaiseResult(OnRaise.OPEN, row)


def _again(
    uow: UnitOfWork,
    row: Incident,
    trouble: Trouble,
    what: OnRaise,
    at: datetime,
    now: datetime,
) -> RaiseResult:
    """One more raise of an incident that is there already."""
    row.count += 1
    if what is not OnRaise.STALE:
        row.last_raised_at = max(row.last_raised_at, at)
        row.seen_at = max(row.seen_at, now)
        if trouble.source == SERVICE:
            row.source = SERVICE
        if trouble.detail is not None:
            row.subject = subject.to_pieces(trouble.detail)
        severity = severity_of(trouble)
        if severity.rank > Severity(row.severity).rank:
            row.severity, row.show_at, row.notified_at = severity.value, min(row.show_at, at), None
    if what is OnRaise.REOPEN:
        _reopen(row, now)
    uow.session.add(row)
    uow.session.flush()
    return RaiseResult(what, row)


def _reopen(row: Incident, now: datetime) -> None:
    """It is back. If somebody had closed it, their answer no longer stands."""
    if row.closed_at is not None:
        row.acknowledged_at = row.acknowledged_by = row.taken_at = row.taken_by = None
        row.escalated_at = row.escalated_to = None
        if row.severity == Severity.CRITICAL:
            row.notified_at = None
    row.cleared_at = row.closed_at = row.closed_by = None
    row.reopened_at = now


def _clear(uow: UnitOfWork, row: Incident, at: datetime, now: datetime) -> Cleared:
    row.cleared_at, row.seen_at = at, max(row.seen_at, now)
    uow.session.add(row)
    uow.session.flush()
    return Cleared(row)
