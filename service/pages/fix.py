"""The routes of maintenance: what is wrong, and one pile with its commands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.door import Reason, Visitor, guard, no_entry, status_of
from service.flow.duty import try_switch
from service.flow.house import House
from service.flow.requests import Operation, Sent, operate, put_in_service
from service.pages import look, look_desk
from service.pages.context import asked_by, house_of, in_words, note_deed
from service.pages.draw import draw
from service.pages.gate_view import pile_cells, running_rows
from service.pages.incident_view import incident_view
from service.pages.look_pile import pile_facts
from service.sessions.may_start import Refused
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
See = Annotated[Visitor, Depends(guard("incident.see"))]
SeePile = Annotated[Visitor, Depends(guard("pile.see"))]
Operate = Annotated[Visitor, Depends(guard("pile.operate"))]
Manage = Annotated[Visitor, Depends(guard("pile.manage"))]

CLOSED_SHOWN = 10
FEW_MESSAGES, MANY_MESSAGES = 20, 200

SAID = {
    "done": N_("Noted."),
    "sent": N_("The pile is being told; its answer appears below."),
    "tested": N_("The switch is being tested; the verdict appears within a minute."),
    "out": N_("The pile is out of service. What charges there now may finish."),
    "in": N_("The pile is in service again."),
    "stopped": N_("The pile is being told to stop."),
    "opened": N_("The entrance is open again. Nothing starts by itself."),
}

OPERATIONS: dict[str, Callable[[str, int], Operation]] = {
    "locate": lambda pile, outlet: Operation(pile, "locate", outlet, {"for_s": 20}),
    "reboot": lambda pile, _outlet: Operation(pile, "reboot", None, {"when": "idle"}),
    "reboot_now": lambda pile, _outlet: Operation(pile, "reboot", None, {"when": "now"}),
    "report_now": lambda pile, _outlet: Operation(
        pile, "report_now", None, {"what": ["meter", "outlets", "faults"]}
    ),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a page says of the deed before it."""

    said: str = ""
    error: str | None = None
    status: int = 200
    more: bool = False


@router.get("/fix")
def incidents(request: Request, visitor: See, said: str = "") -> Response:
    """What is wrong, worst first; what was closed last; every pile."""
    house = house_of(request)
    with house.look() as work:
        now, zone = work.now, house.settings.zone
        found = look_desk.incidents_now(work)
        closed = look_desk.incidents_closed(work, CLOSED_SHOWN)
        silent = [p for p in house.board.piles.values() if p.is_silent(work.now_ms)]
        piles = pile_cells(look.glances(work))
        entrances = look_desk.entrances_of(house)
    context = {
        "incidents": [incident_view(one, now, zone) for one in found],
        "closed": [incident_view(one, now, zone) for one in closed],
        "silent": len(silent),
        "piles": piles,
        "entrances": entrances,
        "said": Sentence(SAID[said]) if said in SAID else None,
        "path": "/fix",
        "query": {},
    }
    return draw(request, "fix.html", context)


@router.get("/fix/piles/{pile}")
def see_pile(
    request: Request, visitor: SeePile, pile: str, said: str = "", more: bool = False
) -> Response:
    """One pile: state, age, outlets, what it said and was told."""
    return _pile(request, visitor, pile, Notice(said=said, more=more))


@router.get("/fix/piles/{pile}/reboot")
def ask_before_restarting(request: Request, visitor: Operate, pile: str) -> Response:
    """Asked once: a restart interrupts what charges."""
    house = house_of(request)
    with house.look() as work:
        found = look.find_pile(house, pile)
        if found is None:
            raise no_entry(Reason.NOT_FOUND)
        running = look_desk.running_now(work, found.id)
        rows = running_rows(running, work.now, house.settings.zone)
    context = {"number": found.number, "running": rows, "path": f"/fix/piles/{found.number}/reboot"}
    return draw(request, "pile_restart.html", context)


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
        return _pile(request, visitor, pile, Notice(error=words, status=422))
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
    """Blink, restart, report everything now, or test a switch."""
    house = house_of(request)
    with house.look():
        found = look.find_pile(house, pile)
    if found is None or operation not in (*OPERATIONS, "test_switch"):
        raise no_entry(Reason.NOT_FOUND)
    outcome = _tell(house, found.id, operation, outlet, asked_by(visitor))
    if isinstance(outcome, Refused):
        words, status = in_words(visitor, outcome), status_of(outcome.reason)
        return _pile(request, visitor, pile, Notice(error=words, status=status))
    with house.work() as work:
        note_deed(work, visitor, "pile.operate", found.id, command=operation, outlet=outlet)
    said = "tested#switches" if operation == "test_switch" else "sent"
    return RedirectResponse(f"/fix/piles/{found.number}?said={said}", status_code=303)


def _tell(house: House, pile: str, operation: str, outlet: int, by: str) -> Sent | Refused:
    if operation == "test_switch":
        return try_switch(house, pile, outlet, by)
    return operate(house, OPERATIONS[operation](pile, outlet), by)


def _pile(request: Request, visitor: Visitor, text: str, notice: Notice) -> Response:
    house = house_of(request)
    limit = MANY_MESSAGES if notice.more else FEW_MESSAGES
    with house.look() as work:
        pile = look.find_pile(house, text)
        if pile is None:
            raise no_entry(Reason.NOT_FOUND)
        facts = pile_facts(work, pile, limit if visitor.may("pile.messages.see") else 0)
        sees_doors = visitor.may("session.see_any")
    context: dict[str, object] = {
        **facts,
        "sees_doors": sees_doors,
        "more": notice.more,
        "said": Sentence(SAID[notice.said]) if notice.said in SAID else None,
        "error": notice.error,
        "path": f"/fix/piles/{pile.number}",
        "query": {},
    }
    return draw(request, "pile.html", context, notice.status)
