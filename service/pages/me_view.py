"""A household's own page: what runs, what was charged, what is owed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.billing.statement import StatementView
from service.pages.arrears_view import OwnArrears
from service.pages.glance import Glance
from service.pages.say_time import moment, month
from service.pages.session_view import state_word
from service.pages.statement_page import place_words
from service.piles.board import Face
from service.sessions.lifecycle import OPEN
from service.sessions.records import Session
from service.words import Sentence

MOST_FREE = 6


@dataclass(frozen=True, slots=True)
class MyCharge:
    """One line of the list."""

    id: str
    place: Sentence
    when: Sentence
    word: Sentence
    energy_wh: int | None
    total_fen: int | None
    is_open: bool


@dataclass(frozen=True, slots=True)
class MyMonth:
    """A month with a statement, or the one that is still open."""

    key: str
    name: Sentence


@dataclass(frozen=True, slots=True)
class MeView:
    """Everything the template writes."""

    door: str
    month: Sentence
    month_sessions: int
    month_wh: int
    month_fen: int
    balance_fen: int
    running: tuple[MyCharge, ...]
    past: tuple[MyCharge, ...]
    months: tuple[MyMonth, ...]
    free: tuple[Glance, ...]
    entrance: int
    arrears: OwnArrears | None


@dataclass(frozen=True, slots=True)
class MeFacts:
    """What was looked up."""

    door: str
    entrance: int
    now: datetime
    this_month: str
    rows: Sequence[Session]
    numbers: Mapping[str, int]
    statements: Sequence[StatementView]
    months: Sequence[str]
    balance_fen: int
    outlets: Sequence[Glance]
    arrears: OwnArrears | None = None


def me_view(facts: MeFacts, zone: tzinfo) -> MeView:
    """The page at this moment."""
    totals = {
        block.bill.session_id: block.total_fen
        for statement in facts.statements
        for block in statement.sessions
    }
    charges = [_charge(row, facts, totals, zone) for row in facts.rows]
    this = next((one for one in facts.statements if one.month == facts.this_month), None)
    keys = [facts.this_month] if this else []
    keys += [key for key in facts.months if key != facts.this_month]
    return MeView(
        door=facts.door,
        month=month(facts.this_month),
        month_sessions=len(this.sessions) if this else 0,
        month_wh=this.energy_wh if this else 0,
        month_fen=this.lines_fen if this else 0,
        balance_fen=facts.balance_fen,
        running=tuple(one for one in charges if one.is_open),
        past=tuple(one for one in charges if not one.is_open),
        months=tuple(MyMonth(key, month(key)) for key in keys),
        free=tuple(
            o for o in facts.outlets if o.entrance == facts.entrance and o.face is Face.FREE
        )[:MOST_FREE],
        entrance=facts.entrance,
        arrears=facts.arrears,
    )


def _charge(row: Session, facts: MeFacts, totals: Mapping[str, int], zone: tzinfo) -> MyCharge:
    when = row.ended_at or row.started_at or row.requested_at
    return MyCharge(
        id=row.id,
        place=place_words(row.pile, row.outlet, facts.numbers),
        when=moment(when, facts.now, zone),
        word=state_word(row.state),
        energy_wh=row.energy_wh,
        total_fen=totals.get(row.id),
        is_open=row.state in OPEN,
    )
