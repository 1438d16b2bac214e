"""A household's month as it is read on the screen, on paper and with a pencil."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.billing.statement import COMPONENT_WORDS, Movement, SessionBlock, StatementView
from service.billing.statement import arithmetic as in_symbols
from service.desk.matching import payment_word
from service.pages.say_time import clock_time, month, on_day, span
from service.pages.states import stop_sentence
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class LineText:
    """One printed amount with its arithmetic."""

    part: Sentence
    band: str
    arithmetic: Sentence
    energy_wh: int
    price_e4: int
    exact_e7: int
    amount_fen: int
    remainder_e7: int


@dataclass(frozen=True, slots=True)
class BlockText:
    """One charge on the statement."""

    session_id: str
    when: Sentence
    length: Sentence
    place: Sentence
    start_wh: int
    end_wh: int
    energy_wh: int
    electricity_fen: int
    service_fen: int
    total_fen: int
    reason: Sentence
    lines: tuple[LineText, ...]
    marks: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class MovementText:
    """A payment or a correction."""

    day: Sentence
    words: Sentence
    memo: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Everything the template writes."""

    number: str
    month_key: str
    month: Sentence
    door: str
    is_closed: bool
    is_final: bool
    published: Sentence | None
    blocks: tuple[BlockText, ...]
    payments: tuple[MovementText, ...]
    corrections: tuple[MovementText, ...]
    opening_fen: int
    lines_fen: int
    electricity_fen: int
    service_fen: int
    payments_fen: int
    corrections_fen: int
    closing_fen: int
    energy_wh: int


def statement_page(
    view: StatementView, door: str, numbers: Mapping[str, int], zone: tzinfo
) -> StatementPage:
    """The page of a statement; `numbers` are the numbers of the piles by their names."""
    return StatementPage(
        number=statement_number(view),
        month_key=view.month,
        month=month(view.month),
        door=door,
        is_closed=view.closed_at is not None or view.published_at is not None,
        is_final=view.published_at is not None,
        published=on_day(view.published_at, zone) if view.published_at else None,
        blocks=tuple(block_text(block, numbers, zone) for block in view.sessions),
        payments=tuple(_movement(one, zone) for one in view.payments),
        corrections=tuple(_movement(one, zone) for one in view.corrections),
        opening_fen=view.opening_fen,
        lines_fen=view.lines_fen,
        electricity_fen=sum(block.priced.electricity_fen for block in view.sessions),
        service_fen=sum(block.priced.service_fen for block in view.sessions),
        payments_fen=view.payments_fen,
        corrections_fen=view.corrections_fen,
        closing_fen=view.closing_fen,
        energy_wh=view.energy_wh,
    )


def statement_number(view: StatementView) -> str:
    """What a household writes on a transfer: '2026-03-BM12R', the month and its payment word, by
    which a bank's file finds it; a slip of the pen is caught by the letter at the end."""
    return f"{view.month}-{payment_word(view.household_id)}"


def place_words(pile: str, outlet: int, numbers: Mapping[str, int]) -> Sentence:
    """Where it was, by the number on the label."""
    values = {"pile": numbers.get(pile, pile), "outlet": outlet}
    return Sentence(N_("Pile {pile} · outlet {outlet}"), values)


def block_text(block: SessionBlock, numbers: Mapping[str, int], zone: tzinfo) -> BlockText:
    """One charge as a statement writes it."""
    bill = block.bill
    return BlockText(
        session_id=bill.session_id,
        when=_from_to(bill.started_at, bill.ended_at, zone),
        length=span(_seconds(bill.started_at, bill.ended_at)),
        place=place_words(bill.pile, bill.outlet, numbers),
        start_wh=bill.start_wh,
        end_wh=bill.end_wh,
        energy_wh=block.priced.energy_wh,
        electricity_fen=block.priced.electricity_fen,
        service_fen=block.priced.service_fen,
        total_fen=block.total_fen,
        reason=stop_sentence(bill.stop_reason),
        lines=tuple(
            LineText(
                Sentence(COMPONENT_WORDS[line.component]),
                line.band_name,
                in_symbols(line),
                line.energy_wh,
                line.price_e4,
                line.amount_e7,
                line.amount_fen,
                line.remainder_e7,
            )
            for line in block.priced.lines
        ),
        marks=block.marks,
    )


def _movement(one: Movement, zone: tzinfo) -> MovementText:
    return MovementText(on_day(one.happened_at, zone), one.words, one.memo, one.amount_fen)


def _from_to(start: datetime, end: datetime, zone: tzinfo) -> Sentence:
    values = {
        "first": on_day(start, zone),
        "day": on_day(end, zone),
        "start": clock_time(start, zone),
        "end": clock_time(end, zone),
    }
    if start.astimezone(zone).date() == end.astimezone(zone).date():
        return Sentence(N_("{day} {start} – {end}"), values)
    return Sentence(N_("{first} {start} – {day} {end}"), values)


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()
