"""Households as the committee sees them: by entrance, one by one, and on the paper of a leaving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby

from markupsafe import Markup

from service.billing.statement import StatementView
from service.desk.matching import payment_word
from service.households.records import Household, Pass
from service.pages.payments_view import moved_out_words
from service.pages.prices_view import door_key
from service.pages.say_time import full_day, moment, month
from service.pages.session_view import state_word
from service.pages.statement_page import place_words
from service.sessions.records import Session
from service.words import Sentence


@dataclass(frozen=True, slots=True)
class DoorRow:
    """One household of the list."""

    household_id: int
    door: str
    since: Sentence
    moved_out: Sentence | None
    cards: int
    balance_fen: int


@dataclass(frozen=True, slots=True)
class EntranceDoors:
    """All who live at one entrance."""

    entrance: int
    rows: tuple[DoorRow, ...]
    owed_fen: int
    credit_fen: int


@dataclass(frozen=True, slots=True)
class CardLine:
    """A card that works."""

    id: int
    label: str
    since: Sentence


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """A charge that runs, or that will come on to the statement yet."""

    id: str
    place: Sentence
    when: Sentence
    word: Sentence


@dataclass(frozen=True, slots=True)
class DoorView:
    """One household: what it has, what it owes, what still runs."""

    household_id: int
    door: str
    entrance: int
    since: Sentence
    moved_out: Sentence | None
    residents: int
    balance_fen: int
    word: str
    cards: tuple[CardLine, ...]
    running: tuple[ChargeLine, ...]
    to_come: tuple[ChargeLine, ...]
    this_month: str
    split_door: str


@dataclass(frozen=True, slots=True)
class FinalSheet:
    """What a household that leaves takes along on paper."""

    door: str
    word: str
    since: Sentence
    until: Sentence | None
    printed: Sentence
    month: Sentence
    statement: StatementView | None
    balance_fen: int
    waiting_fen: int
    to_come: tuple[ChargeLine, ...]


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code, shown once, with its QR."""

    door: str
    household_id: int
    code: str
    address: str
    qr: Markup
    until: Sentence
    is_local: bool


@dataclass(frozen=True, slots=True)
class DoorFacts:
    """What was looked up for one household."""

    household: Household
    residents: int
    balance_fen: int
    cards: Sequence[Pass]
    running: Sequence[Session]
    to_come: Sequence[Session]
    numbers: Mapping[str, int]
    doors: frozenset[str]


def by_entrance(
    households: Sequence[Household],
    cards: Mapping[int, int],
    owed_fen: Mapping[int, int],
    zone: tzinfo,
) -> tuple[EntranceDoors, ...]:
    """Those who live here, entrance by entrance."""
    living = sorted(
        (one for one in households if one.moved_out_at is None),
        key=lambda one: (one.entrance, door_key(one.door)),
    )
    found = []
    for entrance, group in groupby(living, key=lambda one: one.entrance):
        rows = tuple(_row(one, cards, owed_fen, zone) for one in group)
        owed = sum(max(0, row.balance_fen) for row in rows)
        credit = sum(max(0, -row.balance_fen) for row in rows)
        found.append(EntranceDoors(entrance, rows, owed, credit))
    return tuple(found)


def gone_and_open(
    households: Sequence[Household], owed_fen: Mapping[int, int], zone: tzinfo
) -> tuple[DoorRow, ...]:
    """Those who moved out and with whom the accounts are not even."""
    return tuple(
        _row(one, {}, owed_fen, zone)
        for one in households
        if one.moved_out_at is not None and owed_fen.get(one.id or 0)
    )


def _row(
    one: Household, cards: Mapping[int, int], owed_fen: Mapping[int, int], zone: tzinfo
) -> DoorRow:
    household_id = one.id or 0
    return DoorRow(
        household_id,
        one.door,
        full_day(one.moved_in_at, zone),
        moved_out_words(one, zone),
        cards.get(household_id, 0),
        owed_fen.get(household_id, 0),
    )


def door_view(facts: DoorFacts, this_month: str, now: datetime, zone: tzinfo) -> DoorView:
    """One household at this moment."""
    home = facts.household
    return DoorView(
        home.id or 0,
        home.door,
        home.entrance,
        full_day(home.moved_in_at, zone),
        moved_out_words(home, zone),
        facts.residents,
        facts.balance_fen,
        payment_word(home.id or 0),
        tuple(
            CardLine(one.id or 0, one.label, full_day(one.created_at, zone)) for one in facts.cards
        ),
        charge_lines(facts.running, facts.numbers, now, zone),
        charge_lines(facts.to_come, facts.numbers, now, zone),
        this_month,
        variant(home.door, facts.doors),
    )


def charge_lines(
    rows: Sequence[Session], numbers: Mapping[str, int], now: datetime, zone: tzinfo
) -> tuple[ChargeLine, ...]:
    """Charges in one line each."""
    return tuple(
        ChargeLine(
            row.id,
            place_words(row.pile, row.outlet, numbers),
            moment(row.ended_at or row.started_at or row.requested_at, now, zone),
            state_word(row.state),
        )
        for row in rows
    )


def variant(door: str, taken: frozenset[str]) -> str:
    """The next free variant of a door: 3-201 -> 3-201B; '' if there is none."""
    base = door.rstrip("ABCDEF") or door
    return next((f"{base}{letter}" for letter in "BCDEF" if f"{base}{letter}" not in taken), "")


def final_sheet(
    facts: DoorFacts,
    statement: StatementView | None,
    waiting_fen: int,
    this_month: str,
    now: datetime,
    zone: tzinfo,
) -> FinalSheet:
    """The account of who leaves, or has left, as it stands now."""
    home = facts.household
    return FinalSheet(
        home.door,
        payment_word(home.id or 0),
        full_day(home.moved_in_at, zone),
        full_day(home.moved_out_at, zone) if home.moved_out_at else None,
        full_day(now, zone),
        month(this_month),
        statement,
        facts.balance_fen,
        waiting_fen,
        charge_lines([*facts.running, *facts.to_come], facts.numbers, now, zone),
    )
