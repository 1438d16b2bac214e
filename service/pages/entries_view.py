"""Entries by hand as people read them: who wrote, who signed, what moves, where it counts.

People are numbers of the staff list, never names; amounts have a column for what came in and one
for what went out, so that a month can be summed on paper.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from service.billing.ledger import Account, Entry, Posting
from service.billing.months import month_of
from service.billing.outcomes import PaidBy
from service.desk.written import COSTS, GridPeriod, Hand, Kind, State, postings_of
from service.pages.say_time import full_day, moment, month, on_day
from service.quantities import show_kwh, show_yuan
from service.words import N_, Sentence

KINDS: dict[Kind, str] = {
    Kind.PAYMENT: N_("Payment at the desk"),
    Kind.GRID_BILL: N_("Grid bill"),
    Kind.REPAIR: N_("Repair"),
    Kind.OTHER_COST: N_("Other cost"),
    Kind.INVESTMENT: N_("Investment"),
    Kind.TRANSFER: N_("Between two households"),
    Kind.COUNTER: N_("Counter-entry"),
}

STATES: dict[State, str] = {
    State.WAITING: N_("waits for a second signature"),
    State.APPROVED: N_("signed and in the books"),
    State.REFUSED: N_("refused"),
}
WITHDRAWN = N_("withdrawn")
TAKEN_BACK = N_("taken back")

ACCOUNTS: dict[Account, str] = {
    Account.RECEIVABLE: N_("What the household owes"),
    Account.ELECTRICITY_INCOME: N_("Electricity billed"),
    Account.SERVICE_INCOME: N_("Service fee billed"),
    Account.CASH: N_("Cash box"),
    Account.BANK: N_("Bank account"),
    Account.GRID_COST: N_("Electricity paid to the grid"),
    Account.REPAIRS: N_("Repairs"),
    Account.OTHER_COST: N_("Other costs"),
    Account.INVESTMENT: N_("Investment in the piles"),
    Account.ROUNDING: N_("Rounding"),
}

PAID_BY: dict[PaidBy, str] = {PaidBy.CASH: N_("cash"), PaidBy.BANK: N_("bank transfer")}

Doors = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Row:
    """An entry by hand in a list. `came_in_fen` and `went_out_fen` are None where nothing did."""

    id: int
    number: str
    kind: Sentence
    about: str
    day: Sentence
    amount_fen: int
    came_in_fen: int | None
    went_out_fen: int | None
    written_by: int
    decided_by: int | None
    state: Sentence
    state_key: str
    is_own: bool
    has_paper: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """An account with what an entry adds to it or takes from it."""

    account: Sentence
    door: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The period of a grid bill as on paper."""

    first: Sentence
    last: Sentence
    start_wh: int
    end_wh: int
    energy_wh: int
    cost_e4: int
    meter_changed: bool


@dataclass(frozen=True, slots=True)
class Paper:
    """A voucher beside its entry."""

    sha256: str
    is_picture: bool
    size: str


@dataclass(frozen=True, slots=True)
class Books:
    """Where an entry counts. `late`: its own month is closed. `counter`: it was taken back."""

    month: Sentence
    own_month: Sentence
    late: bool
    entry_id: int | None = None
    counter: int | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What belongs to an entry and is kept elsewhere."""

    original: Entry | None
    original_hand: Hand | None
    paper: Paper | None
    same_paper: Sequence[Hand]
    books: Books | None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One entry by hand with everything that a second person must see before signing."""

    row: Row
    happened: Sentence
    written: Sentence
    decided: Sentence | None
    paid_by: Sentence | None
    moves: tuple[Moved, ...]
    grid: Grid | None
    paper: Paper | None
    same_paper: tuple[tuple[int, str], ...]
    counter_of: int | None
    original: tuple[int, str] | None
    books: Books | None


def row_view(
    hand: Hand,
    doors: Doors,
    me: int,
    zone: tzinfo,
    *,
    original: Entry | None = None,
    gone: bool = False,
) -> Row:
    """An entry in a list. `original` is what a counter takes back; `gone`: it was taken back."""
    came_in, went_out = _in_and_out(hand, original)
    return Row(
        hand.id,
        hand.number,
        Sentence(KINDS[hand.wish.kind]),
        about(hand, doors),
        on_day(hand.wish.happened_at, zone),
        hand.wish.amount_fen,
        came_in,
        went_out,
        hand.written_by,
        hand.decided_by,
        state_words(hand, gone=gone),
        "gone" if gone else hand.state.value,
        hand.written_by == me,
        hand.voucher_sha256 is not None,
        hand.reason,
    )


def about(hand: Hand, doors: Doors) -> str:
    """What an entry is about, beside its kind: the door, and the words of whoever wrote it."""
    wish = hand.wish
    named = [doors.get(one, "") for one in (wish.household_id, wish.other_household_id) if one]
    entry = f"#{wish.counter_of}" if wish.counter_of is not None else ""
    return " · ".join(part for part in (" → ".join(named), entry, wish.memo) if part)


def state_words(hand: Hand, *, gone: bool = False) -> Sentence:
    """How far it has come."""
    if gone:
        return Sentence(TAKEN_BACK)
    if hand.state is State.REFUSED and hand.decided_by == hand.written_by:
        return Sentence(WITHDRAWN)
    return Sentence(STATES[hand.state])


def _in_and_out(hand: Hand, original: Entry | None) -> tuple[int | None, int | None]:
    """What came in and what went out; a counter stands, negative, where its original stood."""
    if hand.wish.kind is Kind.PAYMENT:
        return hand.wish.amount_fen, None
    if hand.wish.kind in COSTS:
        return None, hand.wish.amount_fen
    money = (Account.CASH, Account.BANK)
    postings: Sequence[Posting] = original.draft.postings if original else ()
    moved = sum(posting.amount_fen for posting in postings if posting.account in money)
    if not moved:
        return None, None
    return (-moved, None) if moved > 0 else (None, moved)


def moves_of(hand: Hand, original: Entry | None, doors: Doors) -> tuple[Moved, ...]:
    """The accounts that it moves, what grows first."""
    if hand.wish.kind is Kind.COUNTER:
        postings = original.draft.postings if original else ()
        signed = [(one, -one.amount_fen) for one in postings]
    else:
        signed = [(one, one.amount_fen) for one in postings_of(hand.wish)]
    found = [
        Moved(Sentence(ACCOUNTS[one.account]), doors.get(one.household_id or 0, ""), fen)
        for one, fen in signed
    ]
    return tuple(sorted(found, key=lambda one: -one.amount_fen))


def grid_view(grid: GridPeriod | None, amount_fen: int, zone: tzinfo) -> Grid | None:
    """A grid bill's period, its energy, and what a kWh has cost."""
    if grid is None:
        return None
    return Grid(
        full_day(grid.since_at, zone),
        full_day(grid.until_at - timedelta(milliseconds=1), zone),
        grid.start_wh,
        grid.end_wh,
        grid.energy_wh,
        round(amount_fen * 100_000 / grid.energy_wh) if grid.energy_wh else 0,
        grid.meter_changed,
    )


def entry_page(
    hand: Hand, row: Row, doors: Doors, around: Around, now: datetime, zone: tzinfo
) -> EntryPage:
    """One entry by hand, to be looked at and signed."""
    wish = hand.wish
    return EntryPage(
        row,
        full_day(wish.happened_at, zone),
        moment(hand.written_at, now, zone),
        None if hand.decided_at is None else moment(hand.decided_at, now, zone),
        None if wish.paid_by is None else Sentence(PAID_BY[wish.paid_by]),
        moves_of(hand, around.original, doors),
        grid_view(wish.grid, wish.amount_fen, zone),
        around.paper,
        tuple((other.id, other.number) for other in around.same_paper),
        wish.counter_of,
        None
        if around.original_hand is None
        else (around.original_hand.id, around.original_hand.number),
        around.books,
    )


def books_view(
    happened_at: datetime, counts_in: str, zone: tzinfo, entry: int | None, counter: int | None
) -> Books:
    """Where an entry counts, or would count if it were signed now ('YYYY-MM')."""
    own = month_of(happened_at, zone)
    return Books(month(counts_in), month(own), counts_in != own, entry, counter)


def size_words(size_bytes: int) -> str:
    """A size as people know it from their phones."""
    kib = -(-size_bytes // 1024)
    return f"{kib} KB" if kib < 1024 else f"{kib / 1024:.1f} MB"


def totals(rows: Sequence[Row]) -> tuple[int, int]:
    """What came in and went out in all."""
    return (
        sum(row.came_in_fen or 0 for row in rows),
        sum(row.went_out_fen or 0 for row in rows),
    )


def typed_again(grid: GridPeriod | None, zone: tzinfo) -> dict[str, str]:
    """The fields of a new grid bill that the last one has settled: where it goes on from."""
    if grid is None:
        return {}
    first = grid.until_at.astimezone(zone).date()
    return {"first_day": first.isoformat(), "start": show_kwh(grid.end_wh)}


def credit_words(owed_fen: int) -> Sentence:
    """A balance in words."""
    if owed_fen > 0:
        return Sentence(N_("{amount} yuan to pay"), {"amount": show_yuan(owed_fen)})
    if owed_fen < 0:
        return Sentence(N_("{amount} yuan paid ahead"), {"amount": show_yuan(-owed_fen)})
    return Sentence(N_("nothing to pay"))
