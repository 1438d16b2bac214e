"""A line that a household questions: what may be asked, and what an answer must be.

A question is asked once for each billed charge and answered once: with a credit note, or with a
no that says why. Between the two the line counts as questioned, and nobody is reminded of it.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any

from service.billing.pricing import Priced
from service.quantities import show_kwh
from service.words import N_, Sentence

LONGEST_WORDS, SHORTEST_ANSWER, LONGEST_ANSWER = 300, 2, 300

WHAT = {
    "too_much": N_("The energy or the amount is too high."),
    "not_mine": N_("We did not charge there at that time."),
    "not_charged": N_("The bike was not charged by it."),
    "times": N_("The beginning or the end is wrong."),
    "other": N_("Something else."),
}
"""What can seem wrong, as the form offers it."""


class State(StrEnum):
    """How far a question has come."""

    OPEN = "open"
    CREDITED = "credited"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """What a household asks about one of its charges, with the evidence of this moment."""

    session_id: str
    household_id: int
    what: str
    words: str
    evidence: dict[str, Any]
    evidence_sha256: str


@dataclass(frozen=True, slots=True)
class Right:
    """The energy that should have been billed, what it costs, and where it comes from (kept with
    the question): registers and moments of the evidence; None where nothing should have been."""

    priced: Priced
    basis: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """The question stands; or it stood before (`again`)."""

    question_id: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """It is answered. `credit_fen` is what is given back, in the statement of `month`."""

    question_id: int
    state: State
    credit_fen: int = 0
    month: str = ""


@dataclass(frozen=True, slots=True)
class AlreadyAnswered:
    """Somebody answered before; nothing changed."""

    question_id: int
    state: State
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A no, and why. `known` is False where it must look as if there were no such thing."""

    sentence: Sentence
    known: bool = True


def why_not_ask(what: str, words: str) -> Sentence | None:
    """What keeps a question from being asked as it is written."""
    if what not in WHAT:
        return Sentence(N_("Please choose what seems wrong."))
    if len(words.strip()) > LONGEST_WORDS:
        message = N_("That is {count} characters: at most 300, please.")
        return Sentence(message, {"count": len(words.strip())})
    if what == "other" and not words.strip():
        return Sentence(N_("Please say in a few words what seems wrong."))
    return None


def why_not_answer(answer: str) -> Sentence | None:
    """What keeps an answer from being given as it is written."""
    if len(answer.strip()) < SHORTEST_ANSWER:
        return Sentence(N_("An answer needs a reason that the household can read."))
    if len(answer.strip()) > LONGEST_ANSWER:
        message = N_("That is {count} characters: at most 300, please.")
        return Sentence(message, {"count": len(answer.strip())})
    return None


def ref_of(question_id: int) -> str:
    """The number of the credit note of a question."""
    return f"Q-{question_id}"


def memo_of(
    place: str, ended_at: datetime, billed_wh: int, right_wh: int, answer: str, zone: tzinfo
) -> str:
    """What the statement says beside a credit note, in symbols that need no translation first:
    '2026-03-02 LB-001/1: 0.613 -> 0.300 kWh. The plug was pulled out.'"""
    day = ended_at.astimezone(zone).date().isoformat()
    return f"{day} {place}: {show_kwh(billed_wh)} → {show_kwh(right_wh)} kWh. {answer.strip()}"
