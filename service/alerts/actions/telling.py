"""From incidents to notifications: what is due now, to whom, and what became of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from service.alerts import digest, escalation
from service.alerts.digest import Digest, DigestRules
from service.alerts.escalation import EscalationRules
from service.alerts.records import (
    Incident,
    Notification,
    last_ordinary_at,
    open_rows,
    unsent_rows,
)
from service.store import UnitOfWork
from service.words import DEFAULT_LANGUAGE

KEEP_TRYING_S = 24 * 3600
"""An ordinary notification that could not be sent for a day is no news; urgent ones stay."""

NEXT, AGAIN = "next", "again"
"""Whom an escalation told: the next in line, or the first ones again where nobody is next."""


def due_notifications(
    uow: UnitOfWork,
    now: datetime,
    channels: Sequence[str],
    language: str = DEFAULT_LANGUAGE,
    rules: DigestRules | None = None,
    next_in_line: Sequence[str] = (),
    escalate: EscalationRules | None = None,
) -> Sequence[Notification]:
    """Make the notifications that are due now, if any, and return all that are to be sent now.

    Call it every second or two, commit, send outside the unit of work, then call `mark_sent` or
    `mark_failed` in another. `channels` are names, one row each; addresses are never stored.
    `next_in_line` are told too once nobody has answered something critical for too long by
    `escalate`; without it nobody is.
    """
    rules = rules or DigestRules()
    rows = open_rows(uow)
    concerns = [row.concern() for row in rows]
    planned = digest.plan(concerns, now, rules, last_ordinary_at(uow))
    if planned is not None:
        known = any(concern.escalated_at is not None for concern in planned.concerns)
        told = [*channels, *next_in_line] if known else channels
        title = digest.title(planned, language)
        _write(uow, planned, told, title, language, now)
        for row in _rows_of(rows, planned):
            row.notified_at = now
    unanswered = escalation.plan(concerns, now, escalate) if escalate else None
    if unanswered is not None:
        title = escalation.title(unanswered, now, language)
        _write(uow, unanswered, next_in_line or channels, title, language, now)
        for row in _rows_of(rows, unanswered):
            row.escalated_at, row.escalated_to = now, NEXT if next_in_line else AGAIN
    uow.session.flush()
    return unsent_rows(uow, now, since=now - timedelta(seconds=KEEP_TRYING_S))


def _rows_of(rows: Sequence[Incident], planned: Digest) -> list[Incident]:
    told = {concern.incident_id for concern in planned.concerns}
    return [row for row in rows if row.id in told]


def _write(
    uow: UnitOfWork,
    planned: Digest,
    channels: Sequence[str],
    title: str,
    language: str,
    now: datetime,
) -> None:
    for channel in channels:
        uow.session.add(
            Notification(
                channel=channel,
                urgent=planned.urgent,
                incident_ids=sorted(concern.incident_id for concern in planned.concerns),
                title=title,
                text=digest.body(planned, language),
                created_at=now,
                send_after=now,
            )
        )


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
