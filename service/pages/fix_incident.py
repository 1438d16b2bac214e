"""One incident on a phone: what it is, what was done, what to do next, photos."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.alerts import actions as alerts
from service.alerts.lifecycle import NOT_THERE
from service.alerts.photos import MOST_UPLOAD_BYTES, NO_PHOTO, clean_photo
from service.alerts.records import incident_row, photo_row
from service.desk.vouchers import ENDINGS, Paper
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import Work
from service.households.actions import login_and_hash
from service.pages import look_desk
from service.pages.context import house_of, in_words, note_deed
from service.pages.draw import draw
from service.pages.incident_view import incident_view, stamp
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
See = Annotated[Visitor, Depends(guard("incident.see"))]
Handle = Annotated[Visitor, Depends(guard("incident.handle"))]
IncidentId = Annotated[int, InPath(ge=1, le=2**53)]

LONGEST_SNOOZE_HOURS = 24
QUICK_NOTES = (
    N_("On my way."),
    N_("Power is off here, it is safe."),
    N_("Looked at it: nothing to see."),
    N_("A part is needed; I come back with it."),
)
"""What is written most, for a thumb at night."""

SAID = {
    "acknowledge": N_("Noted: you have seen it. Nobody is reminded any more."),
    "take": N_("Noted: you are on it."),
    "note": N_("The note is kept."),
    "photo": N_("The photo is kept, without its place and time."),
    "snooze": N_("Silenced. It comes back by itself."),
    "close": N_("Closed."),
}


@dataclass(frozen=True, slots=True)
class SentPhoto:
    """A photo that somebody may send; a Sentence where it is not one we keep."""

    visitor: Visitor
    photo: Paper | Sentence


async def sent_photo(request: Request, visitor: Handle) -> SentPhoto:
    """A dependency: the guard, and only then the picture."""
    form = await request.form()
    upload = form.get("photo")
    content = b""
    if isinstance(upload, UploadFile) and upload.filename:
        content = await upload.read(MOST_UPLOAD_BYTES + 1)
    found = await run_in_threadpool(clean_photo, content) if content else Sentence(NO_PHOTO)
    return SentPhoto(visitor, found)


@router.get("/fix/incidents/{incident_id}")
def see_incident(
    request: Request, visitor: See, incident_id: IncidentId, said: str = ""
) -> Response:
    """One incident, open or closed."""
    return _incident(request, incident_id, said=said)


@router.get("/fix/photos/{photo_id}")
def photo(request: Request, visitor: See, photo_id: IncidentId) -> Response:
    """A photo as it is kept: never run, never guessed at, under a name of ours."""
    with house_of(request).store.reading() as uow:
        row = photo_row(uow, photo_id)
    if row is None:
        raise no_entry(Reason.NOT_FOUND)
    name = f"incident-{row.incident_id}-{row.id}.{ENDINGS[row.media_type]}"
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=86400",
    }
    return Response(row.content, media_type=row.media_type, headers=headers)


@router.post("/fix/incidents/{incident_id}/photo", max_body_size=MOST_UPLOAD_BYTES + 65_536)
def add_photo(
    request: Request, sent: Annotated[SentPhoto, Depends(sent_photo)], incident_id: IncidentId
) -> Response:
    """Add a photo; its place and its camera's traces are gone before it is stored."""
    visitor, found = sent.visitor, sent.photo
    if isinstance(found, Sentence):
        return _incident(request, incident_id, error=in_words(visitor, found), status=422)
    with house_of(request).work() as work:
        by = _name(work, visitor)
        outcome = alerts.add_photo(work.uow, incident_id, by, work.now, found)
        if isinstance(outcome, alerts.Done):
            work.outcomes.incidents.add(incident_id)
            note_deed(work, visitor, "incident.handle", f"incident {incident_id}", deed="photo")
    return _answer(request, visitor, incident_id, outcome, "photo")


@router.post("/fix/incidents/{incident_id}/{deed}")
def answer_incident(
    request: Request,
    visitor: Handle,
    incident_id: IncidentId,
    deed: str,
    words: Annotated[str, Form(max_length=500)] = "",
    hours: Annotated[int, Form(ge=1, le=LONGEST_SNOOZE_HOURS)] = 1,
) -> Response:
    """Acknowledge, take, note, close or silence an incident."""
    with house_of(request).work() as work:
        by = _name(work, visitor)
        outcome = _do(work, incident_id, deed, by, words, hours)
        if isinstance(outcome, alerts.Done):
            work.outcomes.incidents.add(incident_id)
            note_deed(work, visitor, "incident.handle", f"incident {incident_id}", deed=deed)
    return _answer(request, visitor, incident_id, outcome, deed)


def _answer(
    request: Request,
    visitor: Visitor,
    incident_id: int,
    outcome: alerts.Done | alerts.Refused | None,
    deed: str,
) -> Response:
    if outcome is None or (
        isinstance(outcome, alerts.Refused) and outcome.sentence.message == NOT_THERE
    ):
        raise no_entry(Reason.NOT_FOUND)
    if isinstance(outcome, alerts.Refused):
        words = in_words(visitor, outcome.sentence)
        return _incident(request, incident_id, error=words, status=409)
    return RedirectResponse(f"/fix/incidents/{incident_id}?said={deed}", status_code=303)


def _do(
    work: Work, incident_id: int, deed: str, by: str, words: str, hours: int
) -> alerts.Done | alerts.Refused | None:
    uow, now = work.uow, work.now
    if deed == "acknowledge":
        return alerts.acknowledge(uow, incident_id, by, now)
    if deed == "take":
        return alerts.take(uow, incident_id, by, now)
    if deed == "note" and words.strip():
        return alerts.note(uow, incident_id, by, now, words)
    if deed == "close":
        return alerts.close(uow, incident_id, by, now, words)
    if deed == "snooze":
        return alerts.snooze(uow, incident_id, by, now, now + timedelta(hours=hours), words)
    return None


def _name(work: Work, visitor: Visitor) -> str:
    return login_and_hash(work.uow, visitor.staff_id)[0] if visitor.staff_id else visitor.role


def _incident(
    request: Request,
    incident_id: int,
    *,
    said: str = "",
    error: str | None = None,
    status: int = 200,
) -> Response:
    house = house_of(request)
    with house.look() as work:
        row = incident_row(work.uow, incident_id)
        if row is None:
            raise no_entry(Reason.NOT_FOUND)
        facts = look_desk.incident_facts(work, row)
        now = work.now
    context = {
        "one": incident_view(facts, now, house.settings.zone),
        "stage": f"{incident_id}_{stamp([row])}",
        "quick": [Sentence(message) for message in QUICK_NOTES],
        "said": Sentence(SAID[said]) if said in SAID else None,
        "error": error,
        "path": f"/fix/incidents/{incident_id}",
        "query": {},
    }
    return draw(request, "incident_page.html", context, status)
