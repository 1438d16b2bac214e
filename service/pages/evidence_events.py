"""What happened around a charge in the order of time: said by the pile, told to it, noticed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from service.clock import from_ms
from service.pages.fault_words import fault_words
from service.pages.pile_words import said_in_words, told_in_words, who_words
from service.pages.say_time import clock_seconds
from service.usage.evidence import Sheet
from service.words import N_, Sentence

LATE_MS = 60_000
"""A message that arrived a minute after what it tells of says so."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `kind` is said, told or noticed."""

    at_ms: int
    time: str
    kind: str
    who: Sentence
    words: tuple[Sentence, ...]
    more: tuple[Sentence, ...]


def events_of(sheet: Sheet, zone: tzinfo) -> tuple[Event, ...]:
    """All of them, the first one first."""
    found = [
        *(_said(one, zone) for one in sheet["messages"]),
        *(_told(one, sheet["session"]["outlet"], zone) for one in sheet["commands"]),
        *(event for one in sheet["incidents"] for event in _noticed(one, sheet["span"][0], zone)),
    ]
    return tuple(sorted(found, key=lambda one: (one.at_ms, one.kind != "told")))


def _said(one: Mapping[str, Any], zone: tzinfo) -> Event:
    more = []
    if one["received_ms"] - one["at_ms"] > LATE_MS:
        time = clock_seconds(from_ms(one["received_ms"]), zone)
        more.append(Sentence(N_("It arrived at {time}."), {"time": time}))
    words = said_in_words(one["kind"], one["body"])
    return _event(one["at_ms"], "said", N_("The pile"), words, tuple(more), zone)


def _told(one: Mapping[str, Any], outlet: int, zone: tzinfo) -> Event:
    what, became = told_in_words(one["cmd"], outlet, one["status"], one["code"])
    words = Sentence(N_("{what}: {became}."), {"what": what, "became": became})
    asked = who_words(one["asked_by"])
    by = (Sentence(N_("Asked by {who}."), {"who": asked}),) if asked else ()
    return _event(one["issued_ms"], "told", N_("To the pile"), (words,), by, zone)


def _noticed(one: Mapping[str, Any], since_ms: int, zone: tzinfo) -> list[Event]:
    """The beginning of an incident, and its end if it has one."""
    begun = (Sentence(N_("Began: {what}."), {"what": fault_words(one["code"])}),)
    more: tuple[Sentence, ...] = ()
    if one["raised_ms"] < since_ms:
        more = (Sentence(N_("It stood before the charge began.")),)
    events = [_event(one["raised_ms"], "noticed", N_("Incident"), begun, more, zone)]
    if one["cleared_ms"] is not None:
        over = (Sentence(N_("Over: {what}."), {"what": fault_words(one["code"])}),)
        events.append(_event(one["cleared_ms"], "noticed", N_("Incident"), over, (), zone))
    return events


def _event(
    at_ms: int,
    kind: str,
    who: str,
    words: tuple[Sentence, ...],
    more: tuple[Sentence, ...],
    zone: tzinfo,
) -> Event:
    return Event(at_ms, clock_seconds(from_ms(at_ms), zone), kind, Sentence(who), words, more)
