"""Who owes since when: what a household owes, by the age of its oldest open statement. Pure.

Payments and credits settle the oldest debt first, whatever they were meant for; so what is open are
the newest charges. A statement is due at the end of its term (`reminder_after_days` after it was
published); the month that runs is never due. What was paid too much is a credit, carried over.
Open amounts less credits are the balance of the ledger, to the fen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import IntEnum


class Age(IntEnum):
    """How long an open amount is overdue."""

    NOT_DUE = 0
    UP_TO_30 = 1
    UP_TO_60 = 2
    UP_TO_90 = 3
    OLDER = 4


_LAST_DAY = ((30, Age.UP_TO_30), (60, Age.UP_TO_60), (90, Age.UP_TO_90))


@dataclass(frozen=True, slots=True)
class Charge:
    """What a month added to a household's debt (lines and corrections; negative: took away) and
    what was paid in it. `published_at`: when its statement was, None for a month still open."""

    month: str
    charged_fen: int
    paid_fen: int
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Arrears:
    """One household's open amounts by age, or its credit; never both."""

    household_id: int
    open_fen: tuple[int, int, int, int, int]
    credit_fen: int
    oldest_month: str | None
    due_since: date | None

    @property
    def balance_fen(self) -> int:
        """What it owes in all; negative: it paid ahead. The same as the ledger says."""
        return sum(self.open_fen) - self.credit_fen

    @property
    def overdue_fen(self) -> int:
        """What should have been paid by now."""
        return sum(self.open_fen) - self.open_fen[Age.NOT_DUE]


def arrears_of(
    household_id: int, charges: Iterable[Charge], now: datetime, term_days: int, zone: tzinfo
) -> Arrears:
    """A household's debt by age. `term_days`: how long after publication a statement is due."""
    today = now.astimezone(zone).date()
    ordered = sorted(charges, key=lambda charge: charge.month)
    paid = sum(one.paid_fen - min(0, one.charged_fen) for one in ordered)
    by_age, oldest, due_since = [0] * len(Age), None, None
    for one in ordered:
        settled = min(max(0, one.charged_fen), max(0, paid))
        paid -= settled
        still_open = max(0, one.charged_fen) - settled
        if not still_open:
            continue
        due = _due(one, term_days, zone)
        by_age[_age(due, today)] += still_open
        if oldest is None and due is not None and due <= today:
            oldest, due_since = one.month, due
    # a payment that was taken back can leave less than nothing paid: that too is owed, since now
    by_age[Age.NOT_DUE] += max(0, -paid)
    first, second, third, fourth, fifth = by_age
    columns = (first, second, third, fourth, fifth)
    return Arrears(household_id, columns, max(0, paid), oldest, due_since)


def due_day(published_at: datetime, term_days: int, zone: tzinfo) -> date:
    """The day from which a statement that is not paid is an arrear."""
    return published_at.astimezone(zone).date() + timedelta(days=term_days)


def _due(charge: Charge, term_days: int, zone: tzinfo) -> date | None:
    if charge.published_at is None:
        return None
    return due_day(charge.published_at, term_days, zone)


def _age(due: date | None, today: date) -> Age:
    if due is None or today < due:
        return Age.NOT_DUE
    overdue_days = (today - due).days
    return next((age for last, age in _LAST_DAY if overdue_days <= last), Age.OLDER)


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Why less is asked for than is overdue: paid at the desk and not signed yet; questioned and
    not answered yet. In fen by household."""

    waiting_fen: Mapping[int, int]
    questioned_fen: Mapping[int, int]

    def asked_of(self, one: Arrears) -> int:
        """What a household may be reminded of, in fen."""
        waiting = self.waiting_fen.get(one.household_id, 0)
        questioned = self.questioned_fen.get(one.household_id, 0)
        return max(0, one.overdue_fen - waiting - questioned)


@dataclass(frozen=True, slots=True)
class Reminder:
    """What the committee is told once a month: how many, how much, since when; nobody's door."""

    households: int
    fen: int
    oldest_month: str


def reminder(found: Iterable[Arrears], held_back: HeldBack) -> Reminder | None:
    """The committee's digest; None when nobody has to be reminded."""
    late = [(one, fen) for one in found if (fen := held_back.asked_of(one))]
    oldest = min((one.oldest_month for one, _ in late if one.oldest_month), default=None)
    if oldest is None:
        return None
    return Reminder(len(late), sum(fen for _, fen in late), oldest)


@dataclass(frozen=True, slots=True)
class Totals:
    """All households together."""

    open_fen: tuple[int, ...]
    credit_fen: int
    overdue: int
    overdue_fen: int
    oldest_month: str | None

    @property
    def balance_fen(self) -> int:
        """What all owe together: the receivables of the ledger."""
        return sum(self.open_fen) - self.credit_fen


def totals(found: Sequence[Arrears]) -> Totals:
    """The sum of each column, and how many are overdue since when."""
    overdue = [one for one in found if one.overdue_fen]
    return Totals(
        tuple(sum(one.open_fen[age] for one in found) for age in Age),
        sum(one.credit_fen for one in found),
        len(overdue),
        sum(one.overdue_fen for one in overdue),
        min((one.oldest_month for one in overdue if one.oldest_month), default=None),
    )
