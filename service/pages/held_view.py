"""Held charges for those who decide: what is at stake, and what each choice would bill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.billing.credit import Charged, too_much
from service.billing.pricing import Priced
from service.clock import from_ms
from service.metering.proven import Stretch
from service.pages.evidence_view import line_texts
from service.pages.held_words import choice_words, decided_words
from service.pages.say_time import ago, clock_time, on_day
from service.pages.statement_page import place_words
from service.pages.states import held_sentence
from service.quantities import show_yuan
from service.sessions.records import HeldDecision, Session
from service.usage.bases import Basis, Choice
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class ChoiceText:
    """One choice with its arithmetic. `effect` is said where the charge was billed before."""

    key: str
    choice: str
    words: Sentence
    start_wh: int | None
    end_wh: int | None
    energy_wh: int
    times: str
    lines: tuple[tuple[Sentence, str, Sentence], ...]
    total_fen: int
    warning: Sentence | None
    effect: Sentence | None


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One held charge in the list; amounts are None where that choice is not possible."""

    session_id: str
    place: Sentence
    door: str
    day: Sentence
    age: Sentence
    reason: Sentence
    energy_wh: int | None
    record_fen: int | None
    readings_fen: int | None
    was_billed: bool


@dataclass(frozen=True, slots=True)
class DecidedRow:
    """One charge that was decided lately."""

    session_id: str
    place: Sentence
    day: Sentence
    words: Sentence
    reason: str
    by: int | None


@dataclass(frozen=True, slots=True)
class HeldFacts:
    """What was looked up of one held charge."""

    row: Session
    door: str
    bases: Sequence[Basis]


@dataclass(frozen=True, slots=True)
class HeldList:
    """Everything the list writes."""

    rows: tuple[HeldRow, ...]
    decided: tuple[DecidedRow, ...]
    count: int
    energy_wh: int
    record_fen: int
    readings_fen: int


def held_list(
    found: Sequence[HeldFacts],
    decided: Sequence[tuple[HeldDecision, Session]],
    count: int,
    numbers: Mapping[str, int],
    now: datetime,
    zone: tzinfo,
) -> HeldList:
    """The list with its totals; `count` is how many are held, also where fewer are shown."""
    rows = tuple(_row(one, numbers, now, zone) for one in found)
    return HeldList(
        rows,
        tuple(_decided(decision, row, numbers, zone) for decision, row in decided),
        count,
        sum(row.energy_wh or 0 for row in rows),
        sum(row.record_fen or 0 for row in rows),
        sum(row.readings_fen or 0 for row in rows),
    )


def _row(one: HeldFacts, numbers: Mapping[str, int], now: datetime, zone: tzinfo) -> HeldRow:
    row = one.row
    over_at = row.ended_at or row.requested_at
    energies = [basis.energy_wh for basis in one.bases if basis.stretch]
    return HeldRow(
        session_id=row.id,
        place=place_words(row.pile, row.outlet, numbers),
        door=one.door,
        day=_moment(over_at, zone),
        age=ago((now - over_at).total_seconds()),
        reason=held_sentence(row.held_reason),
        energy_wh=max(energies, default=None),
        record_fen=_fen_of(one.bases, Choice.RECORD),
        readings_fen=_fen_of(one.bases, Choice.READINGS),
        was_billed=row.posted_at is not None,
    )


def _fen_of(bases: Sequence[Basis], choice: Choice) -> int | None:
    return next((one.total_fen for one in bases if one.choice is choice), None)


def _decided(
    decision: HeldDecision, row: Session, numbers: Mapping[str, int], zone: tzinfo
) -> DecidedRow:
    return DecidedRow(
        row.id,
        place_words(row.pile, row.outlet, numbers),
        on_day(decision.decided_at, zone),
        decided_words(decision.choice),
        decision.reason,
        decision.decided_by,
    )


def choice_texts(
    bases: Sequence[Basis], zone: tzinfo, still: Charged | None = None
) -> tuple[ChoiceText, ...]:
    """The choices in words. `still`: what is charged already, of a charge that was billed before
    its doubt came; then a choice can only give something back."""
    records = sum(one.choice is Choice.RECORD for one in bases)
    numbers = iter(range(1, records + 1))
    return tuple(
        choice_text(one, zone, _words(one, next(numbers) if records > 1 else 0), still)
        if one.choice is Choice.RECORD
        else choice_text(one, zone, choice_words(one.choice), still)
        for one in bases
    )


def _words(one: Basis, number: int) -> Sentence:
    if not number:
        return choice_words(one.choice)
    return Sentence(N_("Bill by record {number} of the pile"), {"number": number})


def choice_text(
    one: Basis, zone: tzinfo, words: Sentence, still: Charged | None = None
) -> ChoiceText:
    """One possibility with the arithmetic of what it comes to."""
    stretch = one.stretch
    return ChoiceText(
        key=one.key,
        choice=one.choice,
        words=words,
        start_wh=stretch.start_wh if stretch else None,
        end_wh=stretch.end_wh if stretch else None,
        energy_wh=one.energy_wh,
        times=_times(stretch, zone) if stretch else "",
        lines=line_texts(one.priced.lines) if one.priced else (),
        total_fen=one.total_fen,
        warning=one.warning,
        effect=_effect(still, one.priced) if still is not None else None,
    )


def _effect(still: Charged, right: Priced | None) -> Sentence:
    back = too_much(still, right).total_fen if right else 0
    if not back:
        return Sentence(N_("The bill stays as it is."))
    return Sentence(N_("A credit note gives back {amount} yuan."), {"amount": show_yuan(back)})


def _times(stretch: Stretch, zone: tzinfo) -> str:
    begin, end = from_ms(stretch.start_ms), from_ms(stretch.end_ms)
    return f"{clock_time(begin, zone)} – {clock_time(end, zone)}"


def _moment(at: datetime, zone: tzinfo) -> Sentence:
    values = {"day": on_day(at, zone), "time": clock_time(at, zone)}
    return Sentence(N_("{day}, {time}"), values)
