"""Start, look at and stop sessions: one's own, and at the desk for others.

A start is idempotent on its key. The key belongs to who sends it, so nobody can hit upon another's
session by guessing, and the same key with another outlet is refused rather than misunderstood.
"""

from typing import Annotated

from fastapi import Depends, Header, Path, Query, Response
from starlette.requests import Request

from service.api.context import PREFIX, a_router, asked_by, house_of, no
from service.api.session_shapes import (
    KEY_PATTERN,
    DeskSessionOut,
    SessionOut,
    StartForDoorIn,
    StartIn,
    StoppedOut,
)
from service.api.session_view import session_fields, session_out
from service.door import NoEntryError, Reason, Visitor, guard, no_entry
from service.flow.house import House, Work
from service.flow.requests import Started, StartRequest, start_in, stop_in
from service.households.actions import audit, find_household, household_of
from service.sessions.lifecycle import OPEN
from service.sessions.may_start import Refused
from service.sessions.records import Session, of_household, session_row
from service.words import N_, Sentence

router = a_router("sessions")

Start = Annotated[Visitor, Depends(guard("session.start"))]
SeeOwn = Annotated[Visitor, Depends(guard("session.see_own"))]
StopOwn = Annotated[Visitor, Depends(guard("session.stop_own"))]
StartForDoor = Annotated[Visitor, Depends(guard("session.start_for_door"))]
SeeAny = Annotated[Visitor, Depends(guard("session.see_any"))]
StopAny = Annotated[Visitor, Depends(guard("session.stop_any"))]

SessionId = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{1,32}$")]
KeyHeader = Annotated[str | None, Header(alias="Idempotency-Key", pattern=KEY_PATTERN)]


@router.post("/sessions", status_code=201)
def start(
    request: Request, response: Response, visitor: Start, wish: StartIn, key: KeyHeader = None
) -> SessionOut:
    """Start charging for one's own household, or queue for it. 201: begun; 200: the same key made
    this session before. The pile confirms within seconds: look at `state`."""
    asked = _request(visitor, wish, key, visitor.household_id or 0, "api")
    with house_of(request).work() as work:
        started = start_in(work, asked)
        row = _row_of(work, started)
        out = session_out(work, row, visitor.language) if row else None
    if out is None or isinstance(started, Refused):
        raise _refusal(started)
    _check_key(row, asked)
    _tell(response, f"{PREFIX}/sessions/{out.id}", again=started.again)
    return out


@router.get("/sessions/{session_id}")
def see(request: Request, visitor: SeeOwn, session_id: SessionId) -> SessionOut:
    """One of one's own sessions."""
    with house_of(request).look() as work:
        row = session_row(work.uow, session_id)
        if row is None or row.household_id != visitor.household_id:
            raise no_entry(Reason.NOT_FOUND)
        return session_out(work, row, visitor.language)


@router.delete("/sessions/{session_id}", status_code=202)
def stop(
    request: Request, response: Response, visitor: StopOwn, session_id: SessionId
) -> StoppedOut:
    """Stop one's own session. 202: the pile is being told; 200: it was over. Again is no error."""
    return _stop(house_of(request), response, visitor, session_id, visitor.household_id or 0)


@router.get("/me/sessions")
def mine(
    request: Request,
    visitor: SeeOwn,
    limit: Annotated[int, Query(ge=1, le=200, description="How many, newest first.")] = 50,
) -> list[SessionOut]:
    """One's own sessions, newest first."""
    with house_of(request).look() as work:
        rows = list(of_household(work.uow, visitor.household_id or 0, limit))
        return [SessionOut(**each) for each in session_fields(work, rows, visitor.language)]


# --- at the desk --------------------------------------------------------------------------------


@router.post("/desk/sessions", status_code=201)
def start_for_door(
    request: Request,
    response: Response,
    visitor: StartForDoor,
    wish: StartForDoorIn,
    key: KeyHeader = None,
) -> DeskSessionOut:
    """The gatehouse starts for a household, named by its door. Kept in the audit trail."""
    house = house_of(request)
    with house.look() as work:
        household = find_household(work.uow, wish.door)
    if household is None or household.id is None:
        message = N_("There is no household behind door {door}.")
        raise no("household_unknown", Sentence(message, {"door": wish.door}))
    asked = _request(visitor, wish, key, household.id, "gatehouse")
    with house.work() as work:
        started = start_in(work, asked)
        row = _row_of(work, started)
        out = _desk_out(work, row, visitor) if row else None
        if isinstance(started, Started) and not started.again:
            audit(work.uow, work.now, visitor.actor, "session.start_for_door", started.session_id)
    if out is None or isinstance(started, Refused):
        raise _refusal(started)
    _check_key(row, asked)
    _tell(response, f"{PREFIX}/desk/sessions/{out.id}", again=started.again)
    return out


@router.get("/desk/sessions/{session_id}")
def see_any(request: Request, visitor: SeeAny, session_id: SessionId) -> DeskSessionOut:
    """Anybody's session, with the door it belongs to."""
    with house_of(request).look() as work:
        row = session_row(work.uow, session_id)
        if row is None:
            raise no_entry(Reason.NOT_FOUND)
        return _desk_out(work, row, visitor)


@router.delete("/desk/sessions/{session_id}", status_code=202)
def stop_any(
    request: Request, response: Response, visitor: StopAny, session_id: SessionId
) -> StoppedOut:
    """Stop anybody's session. Kept in the audit trail."""
    return _stop(house_of(request), response, visitor, session_id, None)


def _request(
    visitor: Visitor, wish: StartIn, key: str | None, household_id: int, source: str
) -> StartRequest:
    key = key or wish.idempotency_key
    if key is None:
        raise no_entry(Reason.BAD_INPUT, where="Idempotency-Key")
    return StartRequest(
        pile=wish.pile,
        outlet=wish.outlet,
        household_id=household_id,
        source=source,
        asked_by=asked_by(visitor),
        key=f"{source}:{asked_by(visitor)}:{key}",
        cap_fen=wish.cap_fen,
        max_duration_s=wish.max_duration_s,
        max_energy_wh=wish.max_energy_wh,
    )


def _row_of(work: Work, started: Started | Refused) -> Session | None:
    return session_row(work.uow, started.session_id) if isinstance(started, Started) else None


def _refusal(started: Started | Refused) -> Exception:
    """A no is raised after its unit of work, which has counted it."""
    if isinstance(started, Refused):
        return NoEntryError(started)
    return RuntimeError(f"session {started.session_id} was started and is not there")


def _check_key(row: Session | None, asked: StartRequest) -> None:
    made = (asked.pile, asked.outlet, asked.household_id)
    if row is not None and (row.pile, row.outlet, row.household_id) != made:
        message = N_("This key belongs to another start. Please take a new one.")
        raise no("key_used_before", Sentence(message))


def _stop(
    house: House,
    response: Response,
    visitor: Visitor,
    session_id: str,
    household_id: int | None,
) -> StoppedOut:
    with house.work() as work:
        stopped = stop_in(work, session_id, asked_by(visitor), household_id)
        if not isinstance(stopped, Refused) and household_id is None:
            audit(work.uow, work.now, visitor.actor, "session.stop_any", session_id)
    if isinstance(stopped, Refused):
        raise NoEntryError(stopped)
    if stopped.state not in OPEN:
        response.status_code = 200
    return StoppedOut(id=stopped.session_id, state=stopped.state)


def _desk_out(work: Work, row: Session, visitor: Visitor) -> DeskSessionOut:
    household = household_of(work.uow, row.household_id) if row.household_id else None
    fields = session_fields(work, [row], visitor.language)[0]
    return DeskSessionOut(**fields, door=household.door if household else None)


def _tell(response: Response, address: str, *, again: bool) -> None:
    response.headers["Location"] = address
    if again:
        response.status_code = 200
