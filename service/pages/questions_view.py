"""Questioned lines as people read them: what was asked, how it stands, and what the answer was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from service.clock import from_ms
from service.desk.questions import WHAT, State
from service.desk.records.questions import Mark, Question
from service.flow.questioning import Outcome
from service.pages.held_view import ChoiceText, choice_text
from service.pages.say_time import ago, clock_time, on_day
from service.pages.statement_page import StatementPage
from service.quantities import show_yuan
from service.usage.bases import Choice
from service.words import N_, Sentence

STATES = {
    State.OPEN: N_("being looked into"),
    State.CREDITED: N_("answered with a credit note"),
    State.REFUSED: N_("answered: the line stays as it is"),
}

MARKS = {
    State.OPEN: N_("questioned: the committee is looking into it, and nobody reminds you of it"),
    State.CREDITED: N_("questioned and put right by a credit note"),
    State.REFUSED: N_("questioned; the answer was that it is right"),
}

DONE_FOR = {
    State.CREDITED: N_(
        "{day}: your question about {place} was answered. {amount} yuan are given back."
    ),
    State.REFUSED: N_("{day}: your question about {place} was answered."),
}


@dataclass(frozen=True, slots=True)
class QuestionText:
    """One question."""

    id: int
    session_id: str
    door: str
    place: Sentence
    charged: Sentence
    asked: Sentence
    age: Sentence
    what: Sentence
    words: str
    state: str
    state_words: Sentence
    amount_fen: int
    energy_wh: int
    answer: str
    answered: Sentence | None
    answered_by: int | None
    credit_fen: int


@dataclass(frozen=True, slots=True)
class AnswerNote:
    """What a household is told until it has opened the answer."""

    question_id: int
    words: Sentence


@dataclass(frozen=True, slots=True)
class QuestionFacts:
    """What was looked up of one question."""

    row: Question
    door: str
    credit_fen: int


def question_text(
    facts: QuestionFacts, numbers: Mapping[str, int], now: datetime, zone: tzinfo
) -> QuestionText:
    """One question in words."""
    row = facts.row
    bill = row.evidence["bill"] or {}
    return QuestionText(
        id=row.id or 0,
        session_id=row.session_id,
        door=facts.door,
        place=_place(row, numbers),
        charged=_charged(row, zone),
        asked=on_day(row.asked_at, zone),
        age=ago((now - row.asked_at).total_seconds()),
        what=Sentence(WHAT.get(row.what, WHAT["other"])),
        words=row.words,
        state=row.state,
        state_words=Sentence(STATES[State(row.state)]),
        amount_fen=bill.get("total_fen", 0),
        energy_wh=bill.get("energy_wh", 0),
        answer=row.answer,
        answered=on_day(row.answered_at, zone) if row.answered_at else None,
        answered_by=row.answered_by,
        credit_fen=facts.credit_fen,
    )


def answer_notes(
    found: Sequence[QuestionFacts], numbers: Mapping[str, int], zone: tzinfo
) -> list[AnswerNote]:
    """What a household has not read yet."""
    return [
        AnswerNote(
            one.row.id or 0,
            Sentence(
                DONE_FOR[State(one.row.state)],
                {
                    "day": on_day(one.row.answered_at or one.row.asked_at, zone),
                    "place": _place(one.row, numbers),
                    "amount": show_yuan(one.credit_fen),
                },
            ),
        )
        for one in found
    ]


def marked(page: StatementPage, marks: Mapping[str, Mark]) -> StatementPage:
    """A statement on which questioned lines say so, on the screen and on paper."""
    blocks = tuple(
        replace(block, marks=(*block.marks, Sentence(MARKS[State(marks[block.session_id].state)])))
        if block.session_id in marks
        else block
        for block in page.blocks
    )
    return replace(page, blocks=blocks)


OUTCOMES = {
    Choice.WAIVE: N_("Nothing should have been billed"),
    Choice.READINGS: N_("Only what our own readings prove"),
    Choice.BETWEEN: N_("Only what was used between the two readings"),
}


def outcome_texts(found: Sequence[Outcome], zone: tzinfo) -> tuple[ChoiceText, ...]:
    """Every possible answer with the arithmetic of the right energy and what it gives back."""
    return tuple(
        replace(
            choice_text(one.basis, zone, Sentence(OUTCOMES[one.basis.choice])),
            effect=_gives_back(one.back.total_fen),
        )
        for one in found
    )


def _gives_back(fen: int) -> Sentence:
    if not fen:
        return Sentence(N_("Nothing was charged too much by this; it gives nothing back."))
    return Sentence(N_("Gives back {amount} yuan"), {"amount": show_yuan(fen)})


def _place(row: Question, numbers: Mapping[str, int]) -> Sentence:
    session = row.evidence["session"]
    values = {"pile": numbers.get(session["pile"], session["pile"]), "outlet": session["outlet"]}
    return Sentence(N_("Pile {pile} · outlet {outlet}"), values)


def _charged(row: Question, zone: tzinfo) -> Sentence:
    """When it charged: day, from and to."""
    begin, end = (from_ms(ms) for ms in row.evidence["span"])
    values = {
        "day": on_day(begin, zone),
        "time": f"{clock_time(begin, zone)} – {clock_time(end, zone)}",
    }
    return Sentence(N_("{day}, {time}"), values)
