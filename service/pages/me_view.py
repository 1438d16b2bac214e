"""A household's own page: what runs, what is owed, and the way to everything that was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.billing.statement import StatementView
from service.pages.arrears_view import OwnArrears
from service.pages.glance import Glance
from service.pages.say_time import clock_seconds, moment, month
from service.pages.session_view import SessionView, state_word
from service.pages.statement_page import place_words
from service.pages.wish_view import WishView
from service.piles.board import Face
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


@dataclass(frozen=True, slots=True)
class MyMonth:
    """A month with a statement, or the one that is still open."""

    key: str
    name: Sentence


@dataclass(frozen=True, slots=True)
class MeView:
    """Everything the template writes."""

    door: str
    drawn_time: str
    month: Sentence
    month_sessions: int
    month_wh: int
    month_fen: int
    balance_fen: int
    running: tuple[SessionView, ...]
    past: tuple[MyCharge, ...]
    has_more: bool
    months: tuple[MyMonth, ...]
    free: tuple[Glance, ...]
    entrance: int
    arrears: OwnArrears | None
    wish: WishView | None


@dataclass(frozen=True, slots=True)
class MeFacts:
    """What was looked up. `rows` are over; `totals` in fen by session, where it is billed."""

    door: str
    entrance: int
    now: datetime
    this_month: str
    running: Sequence[SessionView]
    rows: Sequence[Session]
    has_more: bool
    totals: Mapping[str, int]
    numbers: Mapping[str, int]
    this_statement: StatementView | None
    months: Sequence[str]
    balance_fen: int
    outlets: Sequence[Glance]
    arrears: OwnArrears | None = None
    wish: WishView | None = None


def me_view(facts: MeFacts, zone: tzinfo) -> MeView:
    """The page at this moment."""
    this = facts.this_statement
    keys = [facts.this_month] if this else []
    keys += [key for key in facts.months if key != facts.this_month]
    return MeView(
        door=facts.door,
        drawn_time=clock_seconds(facts.now, zone),
        month=month(facts.this_month),
        month_sessions=len(this.sessions) if this else 0,
        month_wh=this.energy_wh if this else 0,
        month_fen=this.lines_fen if this else 0,
        balance_fen=facts.balance_fen,
        running=tuple(facts.running),
        past=tuple(charges(facts.rows, facts.totals, facts.numbers, facts.now, zone)),
        has_more=facts.has_more,
        months=tuple(MyMonth(key, month(key)) for key in keys),
        free=tuple(
            o for o in facts.outlets if o.entrance == facts.entrance and o.face is Face.FREE
        )[:MOST_FREE],
        entrance=facts.entrance,
        arrears=facts.arrears,
        wish=facts.wish,
    )


def charges(
    rows: Sequence[Session],
    totals: Mapping[str, int],
    numbers: Mapping[str, int],
    now: datetime,
    zone: tzinfo,
) -> list[MyCharge]:
    """Charges that are over, as lines of a list."""
    return [
        MyCharge(
            id=row.id,
            place=place_words(row.pile, row.outlet, numbers),
            when=moment(row.ended_at or row.started_at or row.requested_at, now, zone),
            word=state_word(row.state),
            energy_wh=row.energy_wh,
            total_fen=totals.get(row.id),
        )
        for row in rows
    ]
