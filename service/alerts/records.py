"""Incidents, what was noted on them, and the notifications made from them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import JSON, Column, Index, LargeBinary, delete, func, or_, text
from sqlmodel import Field, SQLModel, col, select

from service.alerts.digest import Concern
from service.alerts.lifecycle import State, Times, state_of
from service.alerts.subject import from_pieces, where
from service.piles.faults import Severity
from service.store import UnitOfWork
from service.store.columns import BigId, instant

STILL_OPEN = text("closed_at IS NULL")


class Incident(SQLModel, table=True):
    """Something is wrong somewhere. One is open per `key` (pile, outlet, feeder, code); the key is
    one text column because a unique index takes two NULLs for different."""

    __table_args__ = (
        Index(
            "uq_incident_open_key",
            "key",
            unique=True,
            sqlite_where=STILL_OPEN,
            postgresql_where=STILL_OPEN,
        ),
        Index("ix_incident_key_id", "key", "id"),
        Index("ix_incident_raised_at", "raised_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    key: str
    pile: str | None = Field(default=None, max_length=23)
    outlet: int | None = None
    feeder_id: str | None = None
    entrance: int | None = None
    code: str
    severity: str
    source: str = Field(description="'pile' or 'service': only the one who raised it can clear it")
    subject: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    raised_at: datetime = instant()
    last_raised_at: datetime = instant()
    seen_at: datetime = instant()
    show_at: datetime = instant()
    count: int = 1
    acknowledged_at: datetime | None = instant(default=None)
    acknowledged_by: str | None = None
    taken_at: datetime | None = instant(default=None)
    taken_by: str | None = None
    cleared_at: datetime | None = instant(default=None)
    reopened_at: datetime | None = instant(default=None)
    closed_at: datetime | None = instant(default=None)
    closed_by: str | None = None
    note: str | None = None
    snoozed_until: datetime | None = instant(default=None)
    snoozed_by: str | None = None
    snooze_reason: str | None = None
    notified_at: datetime | None = instant(default=None)
    escalated_at: datetime | None = instant(default=None)
    escalated_to: str | None = Field(
        default=None, max_length=8, description="'next' in line, or the first ones 'again'"
    )

    def times(self) -> Times:
        """The moments that decide its state."""
        return Times(
            last_raised_at=self.last_raised_at,
            acknowledged_at=self.acknowledged_at,
            taken_at=self.taken_at,
            cleared_at=self.cleared_at,
            closed_at=self.closed_at,
        )

    def state(self) -> State:
        """Raised, acknowledged, taken, cleared or closed."""
        return state_of(self.times())

    def concern(self) -> Concern:
        """What the digest needs to know of it."""
        return Concern(
            incident_id=self.id or 0,
            code=self.code,
            severity=Severity(self.severity),
            entrance=self.entrance,
            place=where(self.pile, self.outlet, self.feeder_id),
            detail=from_pieces(self.subject) if self.subject else None,
            show_at=self.show_at,
            is_active=self.cleared_at is None,
            is_answered=self.acknowledged_at is not None,
            snoozed_until=self.snoozed_until,
            notified_at=self.notified_at,
            reopened_at=self.reopened_at,
            escalated_at=self.escalated_at,
        )


class IncidentNote(SQLModel, table=True):
    """What a person wrote on an incident."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    incident_id: int = Field(sa_type=BigId, foreign_key="incident.id", index=True)
    at: datetime = instant()
    by: str
    text: str


class IncidentPhoto(SQLModel, table=True):
    """What an incident looked like, without camera data (photos.py); named by the SHA-256 of its
    content. The same photo sent twice is one."""

    __tablename__ = "incident_photo"
    __table_args__ = (Index("uq_incident_photo", "incident_id", "sha256", unique=True),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    incident_id: int = Field(sa_type=BigId, foreign_key="incident.id")
    at: datetime = instant()
    by: str
    sha256: str = Field(max_length=64)
    media_type: str = Field(max_length=40)
    content: bytes = Field(sa_type=LargeBinary)


class PhotoFacts(NamedTuple):
    """A photo without its content."""

    id: int
    incident_id: int
    at: datetime
    by: str


class Notification(SQLModel, table=True):
    """One message to people over one channel, made from one or more incidents."""

    __table_args__ = (
        Index(
            "ix_notification_unsent",
            "send_after",
            sqlite_where=text("sent_at IS NULL"),
            postgresql_where=text("sent_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    channel: str
    urgent: bool
    incident_ids: list[int] = Field(sa_column=Column(JSON, nullable=False))
    title: str
    text: str
    created_at: datetime = instant(index=True)
    send_after: datetime = instant()
    sent_at: datetime | None = instant(default=None)
    attempts: int = 0
    last_error: str | None = None


def newest_of_key(uow: UnitOfWork, key: str) -> Incident | None:
    """The open incident of a key, else the last closed one."""
    statement = (
        select(Incident).where(Incident.key == key).order_by(col(Incident.id).desc()).limit(1)
    )
    return uow.session.exec(statement).first()


def incident_row(uow: UnitOfWork, incident_id: int) -> Incident | None:
    """One incident."""
    return uow.session.get(Incident, incident_id)


def open_rows(uow: UnitOfWork) -> Sequence[Incident]:
    """Every incident that is not closed, newest first."""
    statement = (
        select(Incident).where(col(Incident.closed_at).is_(None)).order_by(col(Incident.id).desc())
    )
    return uow.session.exec(statement).all()


def open_rows_of_piles(uow: UnitOfWork, piles: Iterable[str]) -> Sequence[Incident]:
    """Open incidents at these piles."""
    statement = select(Incident).where(
        col(Incident.closed_at).is_(None), col(Incident.pile).in_(sorted(piles))
    )
    return uow.session.exec(statement).all()


def rows_between(uow: UnitOfWork, since: datetime, until: datetime) -> Sequence[Incident]:
    """Incidents raised in [since, until), oldest first."""
    statement = (
        select(Incident)
        .where(col(Incident.raised_at) >= since, col(Incident.raised_at) < until)
        .order_by(col(Incident.raised_at))
    )
    return uow.session.exec(statement).all()


def note_rows(uow: UnitOfWork, incident_id: int) -> Sequence[IncidentNote]:
    """What was noted on an incident, oldest first."""
    statement = (
        select(IncidentNote)
        .where(IncidentNote.incident_id == incident_id)
        .order_by(col(IncidentNote.id))
    )
    return uow.session.exec(statement).all()


def photo_facts(uow: UnitOfWork, incident_ids: Iterable[int]) -> list[PhotoFacts]:
    """The photos of incidents without their content, oldest first."""
    statement = (
        select(IncidentPhoto.id, IncidentPhoto.incident_id, IncidentPhoto.at, IncidentPhoto.by)
        .where(col(IncidentPhoto.incident_id).in_(list(incident_ids)))
        .order_by(col(IncidentPhoto.id))
    )
    rows = uow.session.exec(statement).all()
    return [PhotoFacts(number or 0, incident, at, by) for number, incident, at, by in rows]


def photo_row(uow: UnitOfWork, photo_id: int) -> IncidentPhoto | None:
    """One photo with its content."""
    return uow.session.get(IncidentPhoto, photo_id)


def photo_with(uow: UnitOfWork, incident_id: int, sha256: str) -> IncidentPhoto | None:
    """The photo of an incident with this content, if it was sent before."""
    statement = select(IncidentPhoto).where(
        IncidentPhoto.incident_id == incident_id, IncidentPhoto.sha256 == sha256
    )
    return uow.session.exec(statement).first()


def forget_photos(uow: UnitOfWork, before: datetime) -> int:
    """Erase the photos of incidents that were closed before a moment; how many."""
    closed = select(Incident.id).where(col(Incident.closed_at) < before)
    statement = delete(IncidentPhoto).where(col(IncidentPhoto.incident_id).in_(closed))
    return uow.session.exec(statement).rowcount


def closed_rows(uow: UnitOfWork, limit: int) -> Sequence[Incident]:
    """What was closed last, newest first."""
    statement = (
        select(Incident)
        .where(col(Incident.closed_at).is_not(None))
        .order_by(col(Incident.closed_at).desc(), col(Incident.id).desc())
        .limit(limit)
    )
    return uow.session.exec(statement).all()


def unsent_rows(uow: UnitOfWork, now: datetime, since: datetime) -> Sequence[Notification]:
    """Notifications whose time has come and that were not sent yet, urgent ones first."""
    statement = (
        select(Notification)
        .where(
            col(Notification.sent_at).is_(None),
            col(Notification.send_after) <= now,
            or_(col(Notification.urgent), col(Notification.created_at) >= since),
        )
        .order_by(col(Notification.urgent).desc(), col(Notification.id))
    )
    return uow.session.exec(statement).all()


def last_ordinary_at(uow: UnitOfWork) -> datetime | None:
    """When the last notification that was not urgent was made."""
    statement = (
        select(Notification.created_at)
        .where(col(Notification.urgent).is_(False))
        .order_by(col(Notification.created_at).desc())
        .limit(1)
    )
    return uow.session.exec(statement).first()


def open_counts(uow: UnitOfWork) -> dict[str, int]:
    """How many open, uncleared incidents there are of each severity."""
    statement = (
        select(Incident.severity, func.count())
        .where(col(Incident.closed_at).is_(None), col(Incident.cleared_at).is_(None))
        .group_by(Incident.severity)
    )
    return dict(uow.session.exec(statement).all())
