"""What the alerts room can do: incidents opened, refreshed, cleared and answered by people.

Everything takes an open unit of work and `now`; nothing here sends anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from service.alerts import digest, lifecycle, subject
from service.alerts.digest import DigestRules
from service.alerts.lifecycle import COOLDOWN_S, Deed, OnClear, OnRaise
from service.alerts.records import (
    Incident,
    IncidentNote,
    Notification,
    incident_row,
    last_ordinary_at,
    newest_of_key,
    note_rows,
    open_rows,
    open_rows_of_piles,
    unsent_rows,
)
from service.alerts.trouble import PILE, SERVICE, HeartbeatFaults, Trouble, new_row, severity_of
from service.piles.faults import Severity
from service.store import UnitOfWork
from service.words import DEFAULT_LANGUAGE, Sentence

LONGEST_SNOOZE_S = 24 * 3600
KEEP_TRYING_S = 24 * 3600
"""An ordinary notification that could not be sent for a day is no news; urgent ones stay."""


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


@dataclass(frozen=True, slots=True)
class Done:
    """What a person asked for was done."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class Refused:
    """What a person asked for was not done, and why."""

    sentence: Sentence


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


def acknowledge(uow: UnitOfWork, incident_id: int, by: str, now: datetime) -> Done | Refused:
    """Somebody has seen it: reminders stop."""
    row = _may(uow, incident_id, Deed.ACKNOWLEDGE)
    if isinstance(row, Refused):
        return row
    row.acknowledged_at, row.acknowledged_by = now, by
    return _done(uow, row)


def take(uow: UnitOfWork, incident_id: int, by: str, now: datetime) -> Done | Refused:
    """Somebody goes to mend it (or takes it over); that also acknowledges it."""
    row = _may(uow, incident_id, Deed.TAKE)
    if isinstance(row, Refused):
        return row
    if row.acknowledged_at is None:
        row.acknowledged_at, row.acknowledged_by = now, by
    row.taken_at, row.taken_by = now, by
    return _done(uow, row)


def note(uow: UnitOfWork, incident_id: int, by: str, now: datetime, words: str) -> Done | Refused:
    """Write something down on an incident, open or closed."""
    row = _may(uow, incident_id, Deed.NOTE)
    if isinstance(row, Refused):
        return row
    uow.session.add(IncidentNote(incident_id=incident_id, at=now, by=by, text=words.strip()))
    return _done(uow, row)


def close(
    uow: UnitOfWork, incident_id: int, by: str, now: datetime, words: str = ""
) -> Done | Refused:
    """It is done. While a pile still reports it the reason has to be said."""
    row = _may(uow, incident_id, Deed.CLOSE)
    if isinstance(row, Refused):
        return row
    if row.source == PILE and row.cleared_at is None and not words.strip():
        return Refused(Sentence(lifecycle.SAY_WHY))
    row.closed_at, row.closed_by, row.note = now, by, words.strip() or None
    return _done(uow, row)


def snooze(
    uow: UnitOfWork, incident_id: int, by: str, now: datetime, until: datetime, reason: str
) -> Done | Refused:
    """No notifications about it until then, with a reason, for at most a day."""
    row = _may(uow, incident_id, Deed.SNOOZE)
    if isinstance(row, Refused):
        return row
    if not reason.strip() or not now < until <= now + timedelta(seconds=LONGEST_SNOOZE_S):
        return Refused(Sentence(lifecycle.SAY_WHY_AND_HOW_LONG))
    row.snoozed_until, row.snoozed_by, row.snooze_reason = until, by, reason.strip()
    return _done(uow, row)


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


def notes_of(uow: UnitOfWork, incident_id: int) -> Sequence[IncidentNote]:
    """What people wrote on an incident, oldest first."""
    return note_rows(uow, incident_id)


def due_notifications(
    uow: UnitOfWork,
    now: datetime,
    channels: Sequence[str],
    language: str = DEFAULT_LANGUAGE,
    rules: DigestRules | None = None,
) -> Sequence[Notification]:
    """Make the notification that is due now, if any, and return all that are to be sent now.

    Call it every second or two, commit, send outside the unit of work, then call `mark_sent` or
    `mark_failed` in another. `channels` are names, one row each; addresses are never stored.
    """
    rules = rules or DigestRules()
    rows = open_rows(uow)
    planned = digest.plan([row.concern() for row in rows], now, rules, last_ordinary_at(uow))
    if planned is not None:
        told = {concern.incident_id for concern in planned.concerns}
        for row in rows:
            if row.id in told:
                row.notified_at = now
                uow.session.add(row)
        for channel in channels:
            uow.session.add(
                Notification(
                    channel=channel,
                    urgent=planned.urgent,
                    incident_ids=sorted(told),
                    title=digest.title(planned, language),
                    text=digest.body(planned, language),
                    created_at=now,
                    send_after=now,
                )
            )
        uow.session.flush()
    return unsent_rows(uow, now, since=now - timedelta(seconds=KEEP_TRYING_S))


def mark_sent(uow: UnitOfWork, notification_id: int, now: datetime) -> None:
    """It has left. Nothing happens if it is marked already."""
    row = uow.session.get(Notification, notification_id)
    if row is not None and row.sent_at is None:
        row.sent_at, row.last_error = now, None
        row.attempts += 1
        uow.session.add(row)


def mark_failed(
    uow: UnitOfWork,
    notification_id: int,
    now: datetime,
    error: str,
    rules: DigestRules | None = None,
) -> None:
    """It could not be sent; it is tried again later. A failure never makes an incident."""
    row = uow.session.get(Notification, notification_id)
    if row is not None and row.sent_at is None:
        row.attempts += 1
        row.last_error = error[:500]
        row.send_after = digest.retry_at(row.attempts, now, rules or DigestRules())
        uow.session.add(row)


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
        if row.severity == Severity.CRITICAL:
            row.notified_at = None
    row.cleared_at = row.closed_at = row.closed_by = None
    row.reopened_at = now


def _clear(uow: UnitOfWork, row: Incident, at: datetime, now: datetime) -> Cleared:
    row.cleared_at, row.seen_at = at, max(row.seen_at, now)
    uow.session.add(row)
    uow.session.flush()
    return Cleared(row)


def _may(uow: UnitOfWork, incident_id: int, deed: Deed) -> Incident | Refused:
    row = incident_row(uow, incident_id)
    if row is None:
        return Refused(Sentence(lifecycle.NOT_THERE))
    reason = lifecycle.why_not(row.times(), deed)
    return row if reason is None else Refused(reason)


def _done(uow: UnitOfWork, row: Incident) -> Done:
    uow.session.add(row)
    uow.session.flush()
    return Done(row)
