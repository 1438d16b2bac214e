"""Arrears as a table with its check against the ledger, and as slips of paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from service.desk.arrears import Arrears, HeldBack, Totals, totals
from service.desk.matching import payment_word
from service.households.records import Household
from service.pages.payments_view import moved_out_words
from service.pages.prices_view import door_key
from service.pages.say_time import full_day, month
from service.words import N_, Sentence

COLUMNS = (
    N_("not yet due"),
    N_("up to 30 days late"),
    N_("31 to 60 days"),
    N_("61 to 90 days"),
    N_("more than 90 days"),
)


@dataclass(frozen=True, slots=True)
class ArrearRow:
    """One household."""

    household_id: int
    door: str
    entrance: int
    moved_out: Sentence | None
    open_fen: tuple[int, ...]
    credit_fen: int
    balance_fen: int
    overdue_fen: int
    oldest: Sentence | None
    late_days: int
    waiting_fen: int
    questioned_fen: int


@dataclass(frozen=True, slots=True)
class ArrearsView:
    """The table with its totals, which are the ledger's."""

    columns: tuple[Sentence, ...]
    late: tuple[ArrearRow, ...]
    not_due: tuple[ArrearRow, ...]
    in_credit: tuple[ArrearRow, ...]
    totals: Totals
    oldest: Sentence | None
    ledger_fen: int
    fits: bool
    term_days: int


@dataclass(frozen=True, slots=True)
class Slip:
    """A friendly reminder for one door."""

    door: str
    entrance: int
    overdue_fen: int
    balance_fen: int
    oldest: Sentence
    word: str


def arrears_view(
    found: Sequence[Arrears],
    households: Mapping[int, Household],
    held_back: HeldBack,
    ledger_fen: int,
    term_days: int,
    today: date,
    zone: tzinfo,
) -> ArrearsView:
    """Who owes, those who are late the longest first; who paid ahead apart."""
    rows = [_row(one, households.get(one.household_id), held_back, today, zone) for one in found]
    rows.sort(key=lambda row: (-row.late_days, door_key(row.door), row.household_id))
    total = totals(found)
    return ArrearsView(
        tuple(Sentence(words) for words in COLUMNS),
        tuple(row for row in rows if row.overdue_fen),
        tuple(row for row in rows if any(row.open_fen) and not row.overdue_fen),
        tuple(row for row in rows if row.credit_fen),
        total,
        month(total.oldest_month) if total.oldest_month else None,
        ledger_fen,
        total.balance_fen == ledger_fen,
        term_days,
    )


def _row(
    one: Arrears,
    home: Household | None,
    held_back: HeldBack,
    today: date,
    zone: tzinfo,
) -> ArrearRow:
    return ArrearRow(
        one.household_id,
        home.door if home else "–",
        home.entrance if home else 0,
        moved_out_words(home, zone) if home else None,
        one.open_fen,
        one.credit_fen,
        one.balance_fen,
        one.overdue_fen,
        month(one.oldest_month) if one.oldest_month else None,
        (today - one.due_since).days + 1 if one.due_since else 0,
        held_back.waiting_fen.get(one.household_id, 0),
        held_back.questioned_fen.get(one.household_id, 0),
    )


def slips(
    found: Sequence[Arrears],
    households: Mapping[int, Household],
    held_back: HeldBack,
    entrance: int | None,
) -> list[Slip]:
    """A slip for every door that is late, by entrance and door; not for who moved out (no letter
    box here is theirs), nor of what was paid or questioned and is not decided yet."""
    made = [
        Slip(
            home.door,
            home.entrance,
            held_back.asked_of(one),
            one.balance_fen,
            month(one.oldest_month),
            payment_word(one.household_id),
        )
        for one in found
        if one.oldest_month is not None
        and held_back.asked_of(one)
        and (home := households.get(one.household_id)) is not None
        and home.moved_out_at is None
        and entrance in (None, home.entrance)
    ]
    return sorted(made, key=lambda slip: (slip.entrance, door_key(slip.door)))


@dataclass(frozen=True, slots=True)
class OwnArrears:
    """What a resident is told of the own household."""

    overdue_fen: int
    oldest: Sentence
    due: Sentence
    word: str


def own_arrears(found: Sequence[Arrears], held_back: HeldBack, zone: tzinfo) -> OwnArrears | None:
    """The banner on a resident's page; None for who is late with nothing."""
    late = next((one for one in found if held_back.asked_of(one)), None)
    if late is None or late.oldest_month is None or late.due_since is None:
        return None
    return OwnArrears(
        held_back.asked_of(late),
        month(late.oldest_month),
        said_day(late.due_since, zone),
        payment_word(late.household_id),
    )


def day_of(now: datetime, zone: tzinfo) -> date:
    """Today by the compound's clock."""
    return now.astimezone(zone).date()


def said_day(day: date, zone: tzinfo) -> Sentence:
    """A day as people write it, with its year."""
    return full_day(datetime.combine(day, time(), zone), zone)
