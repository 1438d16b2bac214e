"""The audit trail in plain words: what was done, to what, and the few details that tell more.

Every action that a room notes has its words here; a test walks the code and finds one without.
"""

import re
from collections.abc import Mapping
from typing import Any

from service.pages.say_time import month
from service.quantities import show_kwh, show_yuan
from service.words import LANGUAGES, N_, Sentence

DEEDS: dict[str, str] = {
    "sign_in.use": N_("signed in"),
    "sign_in.revoke_own": N_("signed phones out"),
    "password.change_own": N_("changed their password"),
    "outlet.blink": N_("let an outlet blink"),
    "wish.keep_own": N_("asked to be told when an outlet is free"),
    "statement.question_own": N_("questioned a line"),
    "passes.manage_own": N_("changed who may charge on their account"),
    "session.start_for_door": N_("started a charge for a household"),
    "session.stop_any": N_("ended somebody's charge"),
    "session.see_any": N_("looked at somebody's charge"),
    "board.see": N_("looked up a door or a card"),
    "entrance.cut": N_("switched an entrance off"),
    "entrance.open": N_("opened an entrance again"),
    "incident.handle": N_("worked on an incident"),
    "incident.acknowledge": N_("has seen an incident"),
    "incident.take": N_("took an incident"),
    "incident.notes": N_("wrote on an incident"),
    "incident.snooze": N_("silenced an incident for a while"),
    "incident.close": N_("closed an incident"),
    "pile.operate": N_("sent a command to a pile"),
    "pile.manage": N_("changed a pile"),
    "feeder.manage": N_("changed a cable"),
    "labels.print": N_("noted price boards as hung"),
    "statement.see_any": N_("looked at or printed statements"),
    "month.close": N_("closed or published a month"),
    "entry.write": N_("wrote an entry"),
    "entry.approve": N_("decided on an entry"),
    "correction.make": N_("wrote a counter-entry"),
    "payment.record": N_("worked on payments"),
    "held.decide": N_("decided on a held charge"),
    "question.answer": N_("answered a questioned line"),
    "tariff.draft": N_("drafted a price"),
    "tariff.publish": N_("decided on a price"),
    "export.make": N_("exported a month"),
    "households.manage": N_("changed a household"),
    "passes.manage_any": N_("gave or blocked a household's code or card"),
    "staff.manage": N_("changed a staff account"),
}
"""What somebody did, to be read after their name."""

WHAT: dict[str, str] = {
    "moved_in": N_("moved in"),
    "moved_out": N_("moved out"),
    "divided": N_("divided"),
    "merged": N_("joined"),
    "imported": N_("taken in from a list"),
    "code": N_("a code"),
    "codes": N_("codes of an entrance"),
    "card": N_("a card"),
    "blocked": N_("a card blocked"),
    "added": N_("new"),
    "reset": N_("a new one-time code"),
    "disabled": N_("ended"),
    "enabled": N_("let in again"),
    "ended": N_("ended"),
    "made": N_("new"),
    "helper": N_("a helper invited"),
    "guest": N_("a guest pass given"),
    "placed": N_("entrance and place"),
}
"""What the detail 'what' of an entry says; other words stand as they were written."""

_LABELS: dict[str, str] = {
    "reason": N_("reason: {value}"),
    "refused": N_("refused: {value}"),
    "answer": N_("answer: {value}"),
    "ended": N_("{value} ended"),
    "stopped": N_("{value} stopped"),
    "commands": N_("{value} commands"),
    "printed": N_("{value} printed"),
    "count": N_("{value} in all"),
    "rows": N_("{value} rows"),
    "votes": N_("votes: {value}"),
    "door": N_("door {value}"),
    "entrance": N_("entrance {value}"),
    "outlet": N_("outlet {value}"),
}
_ROLES: dict[str, str] = {
    "public": N_("somebody not signed in"),
    "resident": N_("household"),
    "helper": N_("helper"),
    "guest": N_("guest"),
    "gatehouse": N_("gatehouse"),
    "maintenance": N_("maintenance"),
    "committee": N_("committee"),
    "viewer": N_("viewer"),
    "command line": N_("command line"),
}
_SUBJECTS: dict[str, str] = {
    "entrance": N_("entrance {value}"),
    "incident": N_("incident {value}"),
    "session": N_("charge {value}"),
    "question": N_("question {value}"),
    "draft": N_("price draft {value}"),
    "file": N_("payment file {value}"),
    "payment": N_("payment {value}"),
    "staff": N_("account {value}"),
    "household": N_("household {value}"),
    "pass": N_("pass {value}"),
    "passkey": N_("key {value}"),
    "sign-in": N_("phone {value}"),
}
_PLAIN: dict[str, str] = {
    "code": N_("with a code on paper"),
    "password": N_("with a password"),
    "passkey": N_("with the phone's own key"),
    "list": N_("a list of households"),
    "reminders": N_("reminders"),
    "audit trail": N_("the audit trail"),
    "ended": N_("ended"),
}
"""Subjects that are one thing, without a number."""

_ORDER_NUMBER = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def deed_words(action: str) -> Sentence:
    """An action as people say it; one that nobody gave words stands as it is."""
    return Sentence(DEEDS.get(action, action))


def role_words(role: str) -> Sentence:
    """Who it was, by what they are here."""
    return Sentence(_ROLES.get(role, role))


def role_meant(text: str) -> str | None:
    """The role that was typed, by its key or its word in any language."""
    wanted = text.strip().casefold()
    for role, word in _ROLES.items():
        if wanted in (role, *(Sentence(word).in_language(one).casefold() for one in LANGUAGES)):
            return role
    return None


def subject_words(subject: str, names: Mapping[str, str]) -> Sentence | str:
    """To what it was done. `names`: a door or sign-in name by subject ('household 3': '3-201')."""
    kind, _, value = subject.partition(" ")
    if subject in _PLAIN:
        return Sentence(_PLAIN[subject])
    if _ORDER_NUMBER.fullmatch(subject):
        return Sentence(_SUBJECTS["session"], {"value": subject})
    if kind == "month" and len(value) == 7:
        return month(value)
    if kind in _SUBJECTS and value:
        return Sentence(_SUBJECTS[kind], {"value": names.get(subject, value)})
    return subject


def detail_words(detail: Mapping[str, Any]) -> list[Sentence]:
    """What more is stored, as far as it says something to a person."""
    found = []
    what = detail.get("what") or detail.get("deed") or detail.get("wanted")
    if isinstance(what, str) and what:
        found.append(Sentence(WHAT.get(what, what)))
    if isinstance(detail.get("fen"), int):
        found.append(Sentence(N_("{amount} yuan"), {"amount": show_yuan(detail["fen"])}))
    if isinstance(detail.get("wh"), int):
        found.append(Sentence(N_("{kwh} kWh"), {"kwh": show_kwh(detail["wh"])}))
    found += [
        Sentence(message, {"value": value})
        for key, message in _LABELS.items()
        if isinstance(value := detail.get(key), (str, int))
        and not isinstance(value, bool)
        and value != ""
    ]
    return found
