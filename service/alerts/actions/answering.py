"""What people do about an incident: see it, take it, write and photograph, silence it, close it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.alerts import lifecycle
from service.alerts.lifecycle import Deed
from service.alerts.photos import MOST_OF_ONE_INCIDENT, TOO_MANY
from service.alerts.records import (
    Incident,
    IncidentNote,
    IncidentPhoto,
    incident_row,
    note_rows,
    photo_facts,
    photo_with,
)
from service.alerts.trouble import PILE
from service.desk.vouchers import Paper
from service.store import UnitOfWork
from service.words import Sentence

LONGEST_SNOOZE_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Done:
    """What a person asked for was done."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class Refused:
    """What a person asked for was not done, and why."""

    sentence: Sentence


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


def add_photo(
    uow: UnitOfWork, incident_id: int, by: str, now: datetime, photo: Paper
) -> Done | Refused:
    """Keep a photo that `clean_photo` let through. The same one sent again changes nothing."""
    row = _may(uow, incident_id, Deed.PHOTO)
    if isinstance(row, Refused):
        return row
    if photo_with(uow, incident_id, photo.sha256) is not None:
        return Done(row)
    if len(photo_facts(uow, [incident_id])) >= MOST_OF_ONE_INCIDENT:
        return Refused(Sentence(TOO_MANY, {"most": MOST_OF_ONE_INCIDENT}))
    uow.session.add(
        IncidentPhoto(
            incident_id=incident_id,
            at=now,
            by=by,
            sha256=photo.sha256,
            media_type=photo.media_type,
            content=photo.content,
        )
    )
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


def notes_of(uow: UnitOfWork, incident_id: int) -> Sequence[IncidentNote]:
    """What people wrote on an incident, oldest first."""
    return note_rows(uow, incident_id)


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
