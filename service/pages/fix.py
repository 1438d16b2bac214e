"""The routes of maintenance: incidents and what is done about them, one pile and its commands."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.alerts import actions as alerts
from service.door import Reason, Visitor, guard, no_entry, status_of
from service.flow.house import Work
from service.flow.requests import Operation, operate, put_in_service
from service.households.actions import login_and_hash
from service.pages import look, look_desk
from service.pages.context import asked_by, house_of, in_words, note_deed
from service.pages.draw import draw
from service.pages.gate_view import pile_cells
from service.pages.incident_view import incident_view, stamp
from service.pages.pile_view import pile_view
from service.pages.pile_words import command_line, message_line
from service.piles.records import Pile, last_commands, last_messages
from service.sessions.may_start import Refused
from service.words import N_, Sentence

router = APIRouter()
See = Annotated[Visitor, Depends(guard("incident.see"))]
Handle = Annotated[Visitor, Depends(guard("incident.handle"))]
SeePile = Annotated[Visitor, Depends(guard("pile.see"))]
Operate = Annotated[Visitor, Depends(guard("pile.operate"))]
Manage = Annotated[Visitor, Depends(guard("pile.manage"))]

MESSAGES, COMMANDS = 30, 12
LONGEST_SNOOZE_HOURS = 24

SAID = {
    "done": N_("Noted."),
    "sent": N_("The pile is being told; its answer appears below."),
    "out": N_("The pile is out of service. What charges there now may finish."),
    "in": N_("The pile is in service again."),
    "cut": N_("Every outlet of the entrance is being switched off. Look at the lamps."),
}

OPERATIONS: dict[str, Callable[[str, int], Operation]] = {
    "locate": lambda pile, outlet: Operation(pile, "locate", outlet, {"for_s": 20}),
    "reboot": lambda pile, _outlet: Operation(pile, "reboot", None, {"when": "idle"}),
    "report_now": lambda pile, _outlet: Operation(
        pile, "report_now", None, {"what": ["meter", "outlets", "faults"]}
    ),
}


@router.get("/fix")
def incidents(request: Request, visitor: See, said: str = "") -> Response:
    """What is wrong, worst first."""
    return _list(request, said=said)


@router.post("/fix/incidents/{incident_id}/{deed}")
def answer_incident(
    request: Request,
    visitor: Handle,
    incident_id: int,
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
    if outcome is None:
        raise no_entry(Reason.NOT_FOUND)
    if isinstance(outcome, alerts.Refused):
        return _list(request, error=in_words(visitor, outcome.sentence), status=409)
    return RedirectResponse(f"/fix?said=done#i{incident_id}", status_code=303)


def _do(
    work: Work, incident_id: int, deed: str, by: str, words: str, hours: int
) -> alerts.Done | alerts.Refused | None:
    uow, now = work.uow, work.now
    if deed == "acknowledge":
        return alerts.acknowledge(uow, incident_id, by, now)
    if deed == "take":
        return alerts.take(uow, incident_id, by, now)
    if deed == "note":
        return alerts.note(uow, incident_id, by, now, words)
    if deed == "close":
        return alerts.close(uow, incident_id, by, now, words)
    if deed == "snooze":
        return alerts.snooze(uow, incident_id, by, now, now + timedelta(hours=hours), words)
    return None


@router.get("/fix/piles/{pile}")
def see_pile(request: Request, visitor: SeePile, pile: str, said: str = "") -> Response:
    """One pile: state, age, outlets, what it said and was told."""
    return _pile(request, visitor, pile, said=said)


@router.post("/fix/piles/{pile}/service")
def change_service(
    request: Request,
    visitor: Manage,
    pile: str,
    wanted: Annotated[str, Form(pattern="^(in|out)$")],
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Take a pile out of service, with a reason, or put it back."""
    house = house_of(request)
    with house.look():
        found = look.find_pile(house, pile)
    if found is None:
        raise no_entry(Reason.NOT_FOUND)
    if wanted == "out" and not reason.strip():
        words = in_words(visitor, Sentence(N_("Say why, so that neighbours and colleagues know.")))
        return _pile(request, visitor, pile, error=words, status=422)
    put_in_service(house, found.id, wanted == "in", reason.strip() or None)
    with house.work() as work:
        note_deed(work, visitor, "pile.manage", found.id, wanted=wanted, reason=reason.strip())
    return RedirectResponse(f"/fix/piles/{found.number}?said={wanted}", status_code=303)


@router.post("/fix/piles/{pile}/{operation}")
def command_pile(
    request: Request,
    visitor: Operate,
    pile: str,
    operation: str,
    outlet: Annotated[int, Form(ge=1, le=64)] = 1,
) -> Response:
    """Blink, restart, or report everything now."""
    house = house_of(request)
    with house.look():
        found = look.find_pile(house, pile)
    if found is None or operation not in OPERATIONS:
        raise no_entry(Reason.NOT_FOUND)
    outcome = operate(house, OPERATIONS[operation](found.id, outlet), asked_by(visitor))
    if isinstance(outcome, Refused):
        words, status = in_words(visitor, outcome), status_of(outcome.reason)
        return _pile(request, visitor, pile, error=words, status=status)
    with house.work() as work:
        note_deed(work, visitor, "pile.operate", found.id, command=operation)
    return RedirectResponse(f"/fix/piles/{found.number}?said=sent", status_code=303)


def _name(work: Work, visitor: Visitor) -> str:
    return login_and_hash(work.uow, visitor.staff_id)[0] if visitor.staff_id else visitor.role


def _list(
    request: Request, *, said: str = "", error: str | None = None, status: int = 200
) -> Response:
    house = house_of(request)
    with house.look() as work:
        found = look_desk.incidents_now(work)
        now = work.now
        silent = [p for p in house.board.piles.values() if p.is_silent(work.now_ms)]
        piles = pile_cells(look.glances(work))
        entrances = look_desk.entrances_of(house)
    context = {
        "incidents": [incident_view(one, now, house.settings.zone) for one in found],
        "stage": stamp([one.row for one in found]),
        "silent": len(silent),
        "piles": piles,
        "entrances": entrances,
        "said": Sentence(SAID[said]) if said in SAID else None,
        "error": error,
        "path": "/fix",
        "query": {},
    }
    return draw(request, "fix.html", context, status)


def _pile(
    request: Request,
    visitor: Visitor,
    text: str,
    *,
    said: str = "",
    error: str | None = None,
    status: int = 200,
) -> Response:
    house = house_of(request)
    zone = house.settings.zone
    with house.look() as work:
        pile = look.find_pile(house, text)
        if pile is None:
            raise no_entry(Reason.NOT_FOUND)
        glances = [look.glance_at(work, pile, outlet) for outlet in pile.outlets.values()]
        row = work.uow.session.get(Pile, pile.id)
        sees_messages = visitor.may("pile.messages.see")
        messages = last_messages(work.uow, pile.id, MESSAGES) if sees_messages else []
        commands = last_commands(work.uow, pile.id, COMMANDS)
        found = look_desk.incidents_now(work, pile.id)
        now = work.now
    view = pile_view(pile, glances, now, zone)
    context: dict[str, object] = {
        "view": view,
        "reason": row.out_of_service_reason if row else None,
        "messages": [message_line(one, zone) for one in messages],
        "commands": [command_line(one, zone) for one in commands],
        "incidents": [incident_view(one, now, zone) for one in found],
        "said": Sentence(SAID[said]) if said in SAID else None,
        "error": error,
        "path": f"/fix/piles/{view.number}",
        "query": {},
    }
    return draw(request, "pile.html", context, status)
