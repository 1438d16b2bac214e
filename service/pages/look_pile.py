"""Looks up everything that the page of one pile shows."""

from datetime import timedelta

from service.clock import to_ms
from service.flow.duty import out_of_service
from service.flow.house import Work
from service.pages import look, look_desk
from service.pages.fault_words import reason_words
from service.pages.gate_view import running_rows
from service.pages.incident_view import incident_view
from service.pages.pile_life import SwitchView, lives, switch_view
from service.pages.pile_view import pile_view
from service.pages.pile_words import command_line, message_line
from service.pages.say_time import moment
from service.piles.board import PileNow
from service.piles.records import (
    Boot,
    last_boots,
    last_commands,
    last_messages,
    next_raw,
    off_commands,
)
from service.sessions.records import last_that_drew

COMMANDS, LIVES = 12, 8
A_TEST_IS_NEWS_FOR = timedelta(days=1)


def pile_facts(work: Work, pile: PileNow, messages: int) -> dict[str, object]:
    """State, switches, lives, incidents, what it said (`messages` of them) and was told."""
    now, zone = work.now, work.house.settings.zone
    seen = [look.glance_at(work, pile, outlet) for outlet in pile.outlets.values()]
    out = out_of_service(work, pile.id)
    is_heard = pile.boot is not None and not pile.is_silent(work.now_ms)
    boots = [(boot, _hello(work, boot)) for boot in last_boots(work.uow, pile.id, LIVES)]
    said = last_messages(work.uow, pile.id, messages) if messages else []
    return {
        "view": pile_view(pile, seen, now, zone),
        "reason": reason_words(out.out_of_service_reason) if out else None,
        "out_since": moment(out.out_of_service_at, now, zone)
        if out and out.out_of_service_at
        else None,
        "running": running_rows(look_desk.running_now(work, pile.id), now, zone),
        "switches": _switches(work, pile),
        "lives": lives(boots, now, zone, pile.boot.boot_id if pile.boot and is_heard else None),
        "incidents": [
            incident_view(one, now, zone) for one in look_desk.incidents_now(work, pile.id)
        ],
        "messages": [message_line(one, zone) for one in said],
        "commands": [command_line(one, zone) for one in last_commands(work.uow, pile.id, COMMANDS)],
    }


def _hello(work: Work, boot: Boot) -> str | None:
    raw = next_raw(work.uow, boot.no or 0, 0, "hello")
    return raw.payload if raw else None


def _switches(work: Work, pile: PileNow) -> list[SwitchView]:
    offs = off_commands(work.uow, pile.id, to_ms(work.now - A_TEST_IS_NEWS_FOR))
    by_outlet = {off.outlet: off for off in reversed(offs)}
    found = []
    for number, outlet in pile.outlets.items():
        drew = last_that_drew(work.uow, pile.id, number)
        began = drew.started_at if drew else None
        row = by_outlet.get(number)
        found.append(switch_view(outlet, row, began, work.now, work.house.settings.zone))
    return found
