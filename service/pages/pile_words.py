"""What a pile really said, and what it was told, in plain words."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from service.clock import from_ms
from service.pages.fault_words import fault_words
from service.pages.say_time import clock_seconds, on_day
from service.piles.records import Command, PileMessage
from service.quantities import show_kwh
from service.words import N_, Sentence

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One message or command. `raw` is what was on the wire."""

    day: Sentence
    time: str
    sentences: tuple[Sentence, ...]
    raw: str
    status: Sentence | None = None
    by: Sentence | None = None


OUTLET_EVENTS = {
    "plugged": N_("Outlet {outlet}: a plug was put in."),
    "unplugged": N_("Outlet {outlet}: the plug was pulled out."),
    "full_detected": N_("Outlet {outlet}: the battery is full."),
    "paused": N_("Outlet {outlet}: paused."),
    "resumed": N_("Outlet {outlet}: goes on."),
    "blocked": N_("Outlet {outlet}: blocked."),
    "unblocked": N_("Outlet {outlet}: free again."),
}

RESULTS = {
    "accepted": N_("A command has arrived."),
    "done": N_("A command is done."),
    "rejected": N_("A command was refused: {code}."),
    "failed": N_("A command did not work: {code}."),
    "expired": N_("A command came too late and was not done."),
}

COMMANDS = {
    "start": N_("Switch on outlet {outlet}"),
    "stop": N_("Switch off outlet {outlet}"),
    "extend": N_("New limits for outlet {outlet}"),
    "locate": N_("Blink at outlet {outlet}"),
    "reboot": N_("Restart"),
    "report_now": N_("Report everything now"),
    "watch": N_("Report outlet {outlet} more often"),
    "config_get": N_("Send the settings"),
    "config_set": N_("Change the settings"),
    "firmware": N_("New firmware"),
}

CODES = {
    "expired": N_("it came too late"),
    "duplicate": N_("it was done before"),
    "busy": N_("the outlet is busy"),
    "not_plugged": N_("no plug is in"),
    "already_charging": N_("it charges already"),
    "already_stopped": N_("it was off already"),
    "session_mismatch": N_("another charge runs there"),
    "outlet_unknown": N_("it has no such outlet"),
    "outlet_fault": N_("the outlet has a fault"),
    "outlet_blocked": N_("the outlet is blocked"),
    "over_total_power": N_("the pile has no power left"),
    "no_load": N_("nothing draws power"),
    "bad_request": N_("the pile did not understand it"),
    "unsupported": N_("the pile cannot do this"),
    "not_welcome": N_("the pile was not let in yet"),
}
"""Answers of the contract that are no faults; the others are in the fault catalogue."""

WHO = {
    "resident": N_("a resident"),
    "gatehouse": N_("the gatehouse"),
    "maintenance": N_("maintenance"),
    "committee": N_("the committee"),
    "service": N_("the service"),
    "card": N_("a card"),
}

COMMAND_STATES = {
    "waiting": N_("not sent yet"),
    "sent": N_("sent, no answer yet"),
    "accepted": N_("arrived"),
    "done": N_("done"),
    "rejected": N_("refused: {code}"),
    "failed": N_("failed: {code}"),
    "expired": N_("too late, not done"),
    "unanswered": N_("no answer"),
}


def message_line(row: PileMessage, zone: tzinfo) -> Line:
    """One message of a pile in words."""
    at = from_ms(row.received_ms)
    said = said_in_words(row.kind, _body(row.payload))
    return Line(on_day(at, zone), clock_seconds(at, zone), said, row.payload)


def said_in_words(kind: str, body: Body) -> tuple[Sentence, ...]:
    """What a pile said, in sentences."""
    tell = _TELL.get(kind)
    said = tell(body) if tell else ()
    return said or (Sentence(N_("A message '{kind}'."), {"kind": kind}),)


def command_line(row: Command, zone: tzinfo) -> Line:
    """One command in words, and what became of it."""
    at: datetime = from_ms(row.issued_ms)
    what, state = told_in_words(row.cmd, row.outlet, row.status, row.code)
    return Line(
        on_day(at, zone),
        clock_seconds(at, zone),
        (what,),
        row.payload,
        state,
        who_words(row.asked_by),
    )


def told_in_words(
    cmd: str, outlet: int | None, status: str, code: str | None
) -> tuple[Sentence, Sentence]:
    """What a pile was told, and what became of it."""
    what = Sentence(COMMANDS.get(cmd, N_("Another command")), {"outlet": outlet or "–"})
    state = COMMAND_STATES.get(status, COMMAND_STATES["sent"])
    return what, Sentence(state, {"code": code_words(code)})


def code_words(code: str | None) -> Sentence:
    """Why a pile said no, in words."""
    if code in CODES:
        return Sentence(CODES[code])
    return fault_words(code or "other")


def who_words(asked_by: str) -> Sentence | None:
    """Who asked, without saying which household: maintenance sees piles, not persons."""
    message = WHO.get(asked_by.split(":", maxsplit=1)[0])
    return Sentence(message) if message else None


def _body(payload: str) -> Body:
    try:
        found = json.loads(payload)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _meter(body: Body) -> tuple[Sentence, ...]:
    return tuple(
        Sentence(
            N_("Outlet {outlet}: meter {kwh} kWh, {watts} W."),
            {
                "outlet": reading.get("outlet"),
                "kwh": show_kwh(int(reading.get("energy_total_wh") or 0)),
                "watts": round(float(reading.get("power_w") or 0)),
            },
        )
        for reading in body.get("readings", ())
        if isinstance(reading, dict)
    )


def _hello(body: Body) -> tuple[Sentence, ...]:
    values = {"fw": body.get("fw", "?"), "count": body.get("boot_count", "?")}
    return (Sentence(N_("Says hello: firmware {fw}, start number {count}."), values),)


def _outlet(body: Body) -> tuple[Sentence, ...]:
    message = OUTLET_EVENTS.get(str(body.get("event")), N_("Outlet {outlet}: something changed."))
    return (Sentence(message, {"outlet": body.get("outlet")}),)


def _result(body: Body) -> tuple[Sentence, ...]:
    message = RESULTS.get(str(body.get("status")), N_("An answer to a command."))
    return (Sentence(message, {"code": code_words(body.get("code"))}),)


def _fault(body: Body) -> tuple[Sentence, ...]:
    values = {"what": fault_words(str(body.get("code", "other"))), "outlet": body.get("outlet")}
    if not body.get("active"):
        return (Sentence(N_("Over: {what}."), values),)
    if body.get("outlet"):
        return (Sentence(N_("Reports: {what}, outlet {outlet}."), values),)
    return (Sentence(N_("Reports: {what}."), values),)


def _card(body: Body) -> tuple[Sentence, ...]:
    # the card's number is personal and stays out of the words
    return (Sentence(N_("A card was held to outlet {outlet}."), {"outlet": body.get("outlet")}),)


def _firmware(body: Body) -> tuple[Sentence, ...]:
    values = {"phase": body.get("phase", "?"), "percent": body.get("percent") or 0}
    return (Sentence(N_("New firmware: {phase}, {percent} %."), values),)


_TELL: dict[str, Callable[[Body], tuple[Sentence, ...]]] = {
    "meter": _meter,
    "hello": _hello,
    "outlet": _outlet,
    "result": _result,
    "fault": _fault,
    "card": _card,
    "firmware": _firmware,
}
