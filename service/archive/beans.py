"""The ledger of a month as plain text that beancount reads (github.com/beancount/beancount).

It is a second way to the same totals: whoever loads it adds up every entry anew and compares the
sums with the balances that were published, in yuan and in kilowatt-hours. Tolerances are none,
because beancount would otherwise let half of the last digit pass.

An entry that happened in a month that was closed already counts in this one and stands on its first
day; when it really happened is beside it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo

from service.billing.ledger import Account, Cause, Entry, Posting, explain
from service.billing.months import after, month_of
from service.quantities import show_kwh, show_yuan

Key = tuple[Account, int | None]

NAMES = {
    Account.RECEIVABLE: "Assets:Receivable",
    Account.CASH: "Assets:Cash",
    Account.BANK: "Assets:Bank",
    Account.INVESTMENT: "Assets:Piles",
    Account.ELECTRICITY_INCOME: "Income:Electricity",
    Account.SERVICE_INCOME: "Income:ServiceFee",
    Account.ROUNDING: "Income:Rounding",
    Account.GRID_COST: "Expenses:Grid",
    Account.REPAIRS: "Expenses:Repairs",
    Account.OTHER_COST: "Expenses:Other",
}
CARRIED_OVER = frozenset({Account.RECEIVABLE, Account.CASH, Account.BANK, Account.INVESTMENT})
"""What is there at the end of a month is there when the next begins; income and cost begin at 0."""

OPENING = "Equity:Opening"
ENERGY, METERS = "Assets:Energy", "Equity:Meters"
EXACT = "~ 0"


def name_of(account: Account, household_id: int | None = None) -> str:
    """The account of the plain-text ledger; a household is only its number."""
    return NAMES[account] + ("" if household_id is None else f":H{household_id}")


def energy_name(household_id: int) -> str:
    """Where the energy of a household is counted."""
    return f"{ENERGY}:H{household_id}"


def quoted(text: str) -> str:
    """A text as beancount reads it, in one line."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def head(title: str, month: str, households: Iterable[int]) -> Iterator[str]:
    """Options, commodities, and every account that the month may use."""
    first = first_day(month)
    yield f'option "title" {quoted(title)}\noption "operating_currency" "CNY"\n\n'
    yield f"{first} commodity CNY\n{first} commodity KWH\n"
    for name in (*NAMES.values(), OPENING):
        yield f"{first} open {name} CNY\n"
    for name in (ENERGY, METERS):
        yield f"{first} open {name} KWH\n"
    for household in households:
        yield f"{first} open {name_of(Account.RECEIVABLE, household)} CNY\n"
        yield f"{first} open {energy_name(household)} KWH\n"


def opening(month: str, totals: Mapping[Key, int]) -> Iterator[str]:
    """What was there when the month began."""
    carried = {key: fen for key, fen in totals.items() if key[0] in CARRIED_OVER and fen}
    if not carried:
        return
    yield f'\n{first_day(month)} * "opening" "What was there when the month began"\n'
    for (account, household), fen in sorted(carried.items(), key=_by_name):
        yield f"  {name_of(account, household)}  {show_yuan(fen)} CNY\n"
    yield f"  {OPENING}  {show_yuan(-sum(carried.values()))} CNY\n"


def transaction(entry: Entry, zone: tzinfo, energy: tuple[str, int] | None = None) -> Iterator[str]:
    """One entry of the ledger; `energy`: of a session, the account of its energy and the Wh."""
    draft = entry.draft
    words = explain(draft.cause, draft.cause_ref).in_language("en")
    story = f"{words}: {draft.memo}" if draft.memo and draft.cause is not Cause.CLOSE else words
    yield f"\n{day_of(entry, zone)} * {quoted(draft.cause)} {quoted(story)}\n"
    yield f"  entry: {entry.id}\n  ref: {quoted(draft.cause_ref)}\n"
    yield f"  happened: {quoted(shown(draft.happened_at, zone))}\n"
    yield f"  posted: {quoted(shown(entry.posted_at, zone))}\n"
    if draft.counter_of is not None:
        yield f"  counter-of: {draft.counter_of}\n"
    if draft.written_by:
        yield f"  written-by: {quoted(draft.written_by)}\n"
    yield f"  seal: {quoted(entry.seal)}\n"
    yield from moved(draft.postings)
    if energy is not None and energy[1]:
        yield from delivered(*energy)


def summed(day: date, cause: str, words: str, postings: Iterable[Posting]) -> Iterator[str]:
    """Many entries of one cause as one transaction that says nothing of a household."""
    yield f"\n{day} * {quoted(cause)} {quoted(words)}\n"
    yield from moved(postings)


def moved(postings: Iterable[Posting]) -> Iterator[str]:
    """The amounts of a transaction in yuan."""
    for posting in postings:
        name = name_of(posting.account, posting.household_id)
        yield f"  {name}  {show_yuan(posting.amount_fen)} CNY\n"


def delivered(name: str, energy_wh: int) -> Iterator[str]:
    """Energy from the meters to whoever used it."""
    yield f"  {name}  {show_kwh(energy_wh)} KWH\n"
    yield f"  {METERS}  {show_kwh(-energy_wh)} KWH\n"


def balance(month: str, name: str, fen: int) -> str:
    """What an account must stand at when the month is over, to the fen."""
    return f"{first_day(after(month))} balance {name}  {show_yuan(fen)} {EXACT} CNY\n"


def balance_energy(month: str, name: str, energy_wh: int) -> str:
    """What must have been delivered by the end of the month, to the watt-hour."""
    return f"{first_day(after(month))} balance {name}  {show_kwh(energy_wh)} {EXACT} KWH\n"


def first_day(month: str) -> date:
    """The first day of a month."""
    return date(int(month[:4]), int(month[5:]), 1)


def day_of(entry: Entry, zone: tzinfo) -> date:
    """The day on which an entry stands in the text: its own, if that is in its month."""
    happened = entry.draft.happened_at
    if month_of(happened, zone) == entry.month:
        return happened.astimezone(zone).date()
    return first_day(entry.month)


def shown(at: datetime, zone: tzinfo) -> str:
    """A moment by the compound's clock, with its distance from UTC."""
    return at.astimezone(zone).isoformat(sep=" ", timespec="milliseconds")


def _by_name(row: tuple[Key, int]) -> tuple[str, int]:
    (account, household), _ = row
    return NAMES[account], household or 0
