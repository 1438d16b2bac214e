"""The ledger: balanced entries that are only ever added, each sealed with the one before it.

An entry says what it is because of (its cause, which no other entry may have), when that happened,
in which month of the books it counts, and which amounts it moves between accounts; they sum to zero
(debits positive). A mistake gets a counter-entry that names the first.

The seal of an entry is the SHA-256, in hex, of this UTF-8 text: the JSON array

    ["beimen-ledger-1", id, happened_ms, posted_ms, month, cause, cause_ref, memo, written_by,
     counter_of, facts, [[account, household_id, amount_fen], ...], previous_seal]

without spaces, with characters as they are (not escaped), times in milliseconds since 1970 UTC,
`null` where there is nothing, and 64 zeros before the first entry. `facts` is the SHA-256 of what
the entry rests on and the ledger does not hold itself: a session's printed lines, the prices of a
tariff, a month's statements, root and account (see `facts.py`). So the last seal stands for every
published figure.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.clock import to_ms
from service.words import N_, Sentence

FORMAT = "beimen-ledger-1"


class Account(StrEnum):
    """Where money can be. Debit is positive: what a household owes, what lies in the cash box."""

    RECEIVABLE = "receivable"
    ELECTRICITY_INCOME = "electricity_income"
    SERVICE_INCOME = "service_income"
    CASH = "cash"
    BANK = "bank"
    GRID_COST = "grid_cost"
    REPAIRS = "repairs"
    OTHER_COST = "other_cost"
    INVESTMENT = "investment"
    ROUNDING = "rounding"


class Cause(StrEnum):
    """What an entry is because of; with its reference it names one entry for ever."""

    SESSION = "session"
    PAYMENT = "payment"
    VOUCHER = "voucher"
    COUNTER = "counter"
    CREDIT = "credit"
    TARIFF = "tariff"
    CLOSE = "close"


class UnbalancedError(ValueError):
    """An entry that would create or lose money, or that nobody could be asked to pay."""


@dataclass(frozen=True, slots=True)
class Posting:
    """An amount on an account; on `receivable`, and only there, it is a household's."""

    account: Account
    amount_fen: int
    household_id: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it has a number, a month and a seal."""

    cause: Cause
    cause_ref: str
    happened_at: datetime
    postings: tuple[Posting, ...]
    memo: str = ""
    written_by: str = ""
    counter_of: int | None = None
    facts: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the ledger. `month` is where it counts: a late fact lands in an open month."""

    id: int
    posted_at: datetime
    month: str
    draft: Draft
    previous_seal: str
    seal: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry's number and seal: where the next one is chained on."""

    id: int = 0
    seal: str = "0" * 64


BEFORE_THE_FIRST = Head()


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first entry that does not fit, and what is wrong with it."""

    entry_id: int
    reason: Sentence


def moving(*postings: Posting) -> tuple[Posting, ...]:
    """Balanced postings, without those that move nothing. Raises UnbalancedError."""
    moved = tuple(posting for posting in postings if posting.amount_fen)
    check(moved)
    return moved


def check(postings: Sequence[Posting]) -> None:
    """Raise UnbalancedError unless the amounts sum to zero and every receivable has a household."""
    off = sum(posting.amount_fen for posting in postings)
    if off:
        raise UnbalancedError(f"the postings of an entry are {off} fen off zero")
    for posting in postings:
        if (posting.account is Account.RECEIVABLE) != (posting.household_id is not None):
            raise UnbalancedError("a receivable needs a household, and no other account has one")


def counter(entry: Entry, reason: str, written_by: str, at: datetime) -> Draft:
    """What takes an entry back: the same amounts the other way round."""
    mirrored = tuple(
        Posting(posting.account, -posting.amount_fen, posting.household_id)
        for posting in entry.draft.postings
    )
    return Draft(Cause.COUNTER, str(entry.id), at, mirrored, reason, written_by, entry.id)


def chain(
    drafts: Iterable[Draft], head: Head, posted_at: datetime, month_of: Callable[[datetime], str]
) -> list[Entry]:
    """Drafts as entries that follow on from `head`, numbered without a gap."""
    entries = []
    for written in drafts:
        month = month_of(written.happened_at)
        seal = seal_of(head.id + 1, posted_at, month, written, head.seal)
        entries.append(Entry(head.id + 1, posted_at, month, written, head.seal, seal))
        head = Head(head.id + 1, seal)
    return entries


def seal_of(
    entry_id: int, posted_at: datetime, month: str, written: Draft, previous_seal: str
) -> str:
    """The seal of an entry, by the format at the top of this file."""
    return digest(_sealed(entry_id, posted_at, month, written, previous_seal))


def sealed_text(entry: Entry) -> str:
    """The very text whose SHA-256 is the seal of an entry: for those who check it elsewhere."""
    return canonical(
        _sealed(entry.id, entry.posted_at, entry.month, entry.draft, entry.previous_seal)
    )


def _sealed(
    entry_id: int, posted_at: datetime, month: str, written: Draft, previous_seal: str
) -> list[object]:
    return [
        FORMAT,
        entry_id,
        to_ms(written.happened_at),
        to_ms(posted_at),
        month,
        written.cause,
        written.cause_ref,
        written.memo,
        written.written_by,
        written.counter_of,
        written.facts,
        [[p.account, p.household_id, p.amount_fen] for p in written.postings],
        previous_seal,
    ]


def digest(facts: Sequence[object]) -> str:
    """The SHA-256 in hex of a JSON array, written without spaces and without escapes."""
    return hashlib.sha256(canonical(facts).encode()).hexdigest()


def canonical(facts: Sequence[object]) -> str:
    """A JSON array as the one text that is digested."""
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def first_misfit(entries: Iterable[Entry]) -> Misfit | None:
    """Walk the whole chain from its first entry; the first entry that does not fit, or None."""
    head = BEFORE_THE_FIRST
    for entry in entries:
        reason = _why_not(entry, head)
        if reason is not None:
            return Misfit(entry.id, reason)
        head = Head(entry.id, entry.seal)
    return None


def _why_not(entry: Entry, head: Head) -> Sentence | None:
    values = {"entry": entry.id, "before": head.id}
    if entry.id != head.id + 1:
        return Sentence(N_("Entry {entry} follows entry {before}: one is missing."), values)
    if entry.previous_seal != head.seal:
        message = N_("Entry {entry} does not carry the seal of entry {before}.")
        return Sentence(message, values)
    own = seal_of(entry.id, entry.posted_at, entry.month, entry.draft, entry.previous_seal)
    if own != entry.seal:
        return Sentence(N_("Entry {entry} was changed: its seal does not fit."), values)
    try:
        check(entry.draft.postings)
    except UnbalancedError:
        return Sentence(N_("Entry {entry} does not balance to zero."), values)
    return None


_WORDS = {
    Cause.SESSION: N_("Charge {ref}"),
    Cause.PAYMENT: N_("Payment {ref}"),
    Cause.VOUCHER: N_("Voucher {ref}"),
    Cause.COUNTER: N_("Correction of entry {ref}"),
    Cause.CREDIT: N_("Credit note {ref}"),
    Cause.TARIFF: N_("Tariff version {ref} published"),
    Cause.CLOSE: N_("Month {ref} closed"),
}


def explain(cause: Cause, cause_ref: str) -> Sentence:
    """What an entry is because of, in words."""
    return Sentence(_WORDS[cause], {"ref": cause_ref})
