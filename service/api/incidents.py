"""What is wrong and who goes there: incidents, and what maintenance does about them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from service.alerts.actions import (
    Done,
    Refused,
    acknowledge,
    close,
    note,
    notes_of,
    open_incidents,
    snooze,
    take,
)
from service.alerts.records import Incident, IncidentNote, incident_row, rows_between
from service.alerts.subject import from_pieces, headline
from service.api.context import SPEAKABLE, a_router, asked_by, house_of, no
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import Work
from service.households.actions import audit
from service.piles.faults import fault_of

router = a_router("incidents")

See = Annotated[Visitor, Depends(guard("incident.see"))]
Handle = Annotated[Visitor, Depends(guard("incident.handle"))]
IncidentId = Annotated[int, Path(ge=1, le=2**62)]
Text = Annotated[str, Field(min_length=1, max_length=1000, pattern=SPEAKABLE)]


class NoteOut(BaseModel):
    """What somebody wrote on an incident."""

    at: datetime
    by: str
    text: str


class IncidentOut(BaseModel):
    """Something is wrong somewhere."""

    id: int
    code: str
    severity: Annotated[str, Field(description="info, warning or critical")]
    state: Annotated[str, Field(description="raised, acknowledged, taken, cleared or closed")]
    headline: Annotated[str, Field(description="What it is called, for a person.")]
    check_first: Annotated[str, Field(description="What to look at first.")]
    detail: Annotated[str | None, Field(description="What was measured or noticed.")]
    pile: str | None
    outlet: int | None
    feeder_id: str | None
    entrance: int | None
    source: Annotated[str, Field(description="pile or service: who says so")]
    count: Annotated[int, Field(description="How often it was said.")]
    raised_at: datetime
    seen_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    taken_at: datetime | None
    taken_by: str | None
    cleared_at: Annotated[datetime | None, Field(description="Since when the cause is gone.")]
    closed_at: datetime | None
    closed_by: str | None
    snoozed_until: datetime | None


class IncidentWithNotesOut(IncidentOut):
    """One incident with what was written on it, oldest first."""

    notes: list[NoteOut]


class NoteIn(BaseModel):
    """Words to keep with an incident."""

    text: Text


class CloseIn(BaseModel):
    """How an incident ended. While a pile still reports it the words must say why."""

    text: Annotated[str, Field(max_length=1000, pattern=SPEAKABLE)] = ""


class SnoozeIn(BaseModel):
    """No notifications for so many minutes, at most a day, with the reason."""

    minutes: Annotated[int, Field(ge=1, le=1440)]
    reason: Text


@router.get("/incidents")
def incidents(
    request: Request,
    visitor: See,
    days: Annotated[
        int | None,
        Query(ge=1, le=366, description="All of the last so many days instead of the open ones."),
    ] = None,
) -> list[IncidentOut]:
    """What people should see now, worst first; with `days` everything that was raised since."""
    with house_of(request).look() as work:
        if days is None:
            rows = open_incidents(work.uow, work.now)
        else:
            since = work.now - timedelta(days=days)
            rows = list(reversed(rows_between(work.uow, since, work.now + timedelta(seconds=1))))
        return [_out(row, visitor.language) for row in rows]


@router.get("/incidents/{incident_id}")
def incident(request: Request, visitor: See, incident_id: IncidentId) -> IncidentWithNotesOut:
    """One incident with its notes."""
    with house_of(request).look() as work:
        row = incident_row(work.uow, incident_id)
        if row is None:
            raise no_entry(Reason.NOT_FOUND)
        return _with_notes(work, row, visitor.language)


@router.post("/incidents/{incident_id}/acknowledge")
def acknowledge_it(
    request: Request, visitor: Handle, incident_id: IncidentId
) -> IncidentWithNotesOut:
    """I have seen it: reminders stop."""
    by = asked_by(visitor)
    return _do(request, visitor, incident_id, lambda w: acknowledge(w.uow, incident_id, by, w.now))


@router.post("/incidents/{incident_id}/take")
def take_it(request: Request, visitor: Handle, incident_id: IncidentId) -> IncidentWithNotesOut:
    """I am going there."""
    by = asked_by(visitor)
    return _do(request, visitor, incident_id, lambda w: take(w.uow, incident_id, by, w.now))


@router.post("/incidents/{incident_id}/notes")
def write_on_it(
    request: Request, visitor: Handle, incident_id: IncidentId, words: NoteIn
) -> IncidentWithNotesOut:
    """Write something down on it, open or closed."""
    by = asked_by(visitor)
    return _do(
        request, visitor, incident_id, lambda w: note(w.uow, incident_id, by, w.now, words.text)
    )


@router.post("/incidents/{incident_id}/snooze")
def snooze_it(
    request: Request, visitor: Handle, incident_id: IncidentId, wish: SnoozeIn
) -> IncidentWithNotesOut:
    """No notifications about it for a while."""
    by = asked_by(visitor)

    def deed(work: Work) -> Done | Refused:
        until = work.now + timedelta(minutes=wish.minutes)
        return snooze(work.uow, incident_id, by, work.now, until, wish.reason)

    return _do(request, visitor, incident_id, deed)


@router.post("/incidents/{incident_id}/close")
def close_it(
    request: Request, visitor: Handle, incident_id: IncidentId, words: CloseIn
) -> IncidentWithNotesOut:
    """It is done."""
    by = asked_by(visitor)
    return _do(
        request, visitor, incident_id, lambda w: close(w.uow, incident_id, by, w.now, words.text)
    )


def _do(
    request: Request,
    visitor: Visitor,
    incident_id: int,
    deed: Callable[[Work], Done | Refused],
) -> IncidentWithNotesOut:
    """Do something about an incident, with a line in the audit trail and word to open pages."""
    house = house_of(request)
    with house.look() as work:
        if incident_row(work.uow, incident_id) is None:
            raise no_entry(Reason.NOT_FOUND)
    with house.work() as work:
        done = deed(work)
        if isinstance(done, Done):
            work.outcomes.incidents.add(incident_id)
            action = request.url.path.rsplit("/", maxsplit=1)[-1]
            audit(work.uow, work.now, visitor.actor, f"incident.{action}", str(incident_id))
            out = _with_notes(work, done.incident, visitor.language)
    if isinstance(done, Refused):
        raise no("incident_not_possible", done.sentence)
    return out


def _with_notes(work: Work, row: Incident, language: str) -> IncidentWithNotesOut:
    notes = [_note_out(each) for each in notes_of(work.uow, row.id or 0)]
    return IncidentWithNotesOut(**_out(row, language).model_dump(), notes=notes)


def _note_out(row: IncidentNote) -> NoteOut:
    return NoteOut(at=row.at, by=row.by, text=row.text)


def _out(row: Incident, language: str) -> IncidentOut:
    fields = row.model_dump(include=set(IncidentOut.model_fields))
    return IncidentOut(
        **fields,
        state=row.state(),
        headline=headline(row.code, language),
        check_first=fault_of(row.code).check_first(language),
        detail=from_pieces(row.subject).in_language(language) if row.subject else None,
    )
