"""Entries written by hand: what may be written, and which accounts it moves.

One committee member writes, a second one approves, and only then it is in the ledger. Debits are
positive. Every cost needs its paper. The grid's bills follow one another without a gap, register by
register, because the loss of a month is worked out from them.

    payment      cash or bank +a      what the household owes -a
    grid_bill    grid_cost +a         cash or bank -a
    repair       repairs +a           cash or bank -a
    other_cost   other_cost +a        cash or bank -a
    investment   investment +a        cash or bank -a
    transfer     other household +a   household -a
    counter      the postings of another entry, the other way round
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from service.billing.facts import HandFigures, of_hand_entry
from service.billing.ledger import Account, Cause, Draft, Posting, moving
from service.billing.outcomes import PaidBy, PaymentReceived, Posted
from service.clock import to_ms
from service.desk.typed import MOST_FEN
from service.quantities import show_kwh
from service.words import N_, Sentence

LONGEST_AGO = timedelta(days=731)
"""An older day is taken for a slip of the finger: it would open years of empty months."""

LONGEST_PERIOD = timedelta(days=370)


class Kind(StrEnum):
    """What an entry by hand is about."""

    PAYMENT = "payment"
    GRID_BILL = "grid_bill"
    REPAIR = "repair"
    OTHER_COST = "other_cost"
    INVESTMENT = "investment"
    TRANSFER = "transfer"
    COUNTER = "counter"


class State(StrEnum):
    """How far an entry by hand has come."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


COSTS = {
    Kind.GRID_BILL: Account.GRID_COST,
    Kind.REPAIR: Account.REPAIRS,
    Kind.OTHER_COST: Account.OTHER_COST,
    Kind.INVESTMENT: Account.INVESTMENT,
}
"""Kinds for which money leaves, each with the account it goes to. They need a paper."""

WITH_MONEY = frozenset({Kind.PAYMENT, *COSTS})

WHICH_HOUSEHOLD = N_("Which household? Write its door like 3-201.")
WHICH_OTHER = N_("Which household takes it over? Write its door like 3-201.")


@dataclass(frozen=True, slots=True)
class GridPeriod:
    """What the grid's own meter said at both ends of a bill's period. Wh; times in UTC."""

    since_at: datetime
    until_at: datetime
    start_wh: int
    end_wh: int
    meter_changed: bool = False

    @property
    def energy_wh(self) -> int:
        """What went through the grid's meter."""
        return self.end_wh - self.start_wh


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to have in the books."""

    kind: Kind
    amount_fen: int
    happened_at: datetime
    memo: str = ""
    paid_by: PaidBy | None = None
    household_id: int | None = None
    other_household_id: int | None = None
    grid: GridPeriod | None = None
    counter_of: int | None = None


@dataclass(frozen=True, slots=True)
class Hand:
    """An entry by hand as it is kept. People are numbers of the staff list."""

    id: int
    wish: Wish
    voucher_sha256: str | None
    written_at: datetime
    written_by: int
    state: State = State.WAITING
    decided_at: datetime | None = None
    decided_by: int | None = None
    reason: str = ""
    entry_id: int | None = None

    @property
    def number(self) -> str:
        """What people call it: 'R-12' is a receipt, 'H-12' anything else."""
        return f"{'R' if self.wish.kind is Kind.PAYMENT else 'H'}-{self.id}"


@dataclass(frozen=True, slots=True)
class Written:
    """It waits for a second signature. `again`: the same form had come before; nothing is new."""

    hand: Hand
    again: bool = False


@dataclass(frozen=True, slots=True)
class Approved:
    """Signed by a second person and posted."""

    hand: Hand
    posted: Posted


@dataclass(frozen=True, slots=True)
class Decided:
    """It was decided, now or before (`again`); nothing is posted by this answer."""

    hand: Hand
    again: bool = False


def problems(wish: Wish, has_paper: bool, now: datetime) -> tuple[Sentence, ...]:
    """Everything that is wrong with it, as far as it can be seen without the books."""
    found = [*_money_problems(wish, has_paper), *_time_problems(wish, now)]
    if wish.kind is not Kind.PAYMENT and not wish.memo:
        found.append(Sentence(N_("Say in a few words what it was for; it can be read for years.")))
    if wish.kind in (Kind.PAYMENT, Kind.TRANSFER) and wish.household_id is None:
        found.append(Sentence(WHICH_HOUSEHOLD))
    if wish.kind is Kind.TRANSFER:
        if wish.other_household_id is None:
            found.append(Sentence(WHICH_OTHER))
        elif wish.other_household_id == wish.household_id:
            found.append(Sentence(N_("Both doors are the same household.")))
    if wish.kind is Kind.GRID_BILL:
        found += _period_problems(wish.grid, now)
    return tuple(found)


def _money_problems(wish: Wish, has_paper: bool) -> list[Sentence]:
    found = []
    if wish.amount_fen <= 0:
        found.append(Sentence(N_("The amount must be more than 0.")))
    elif wish.amount_fen > MOST_FEN and wish.kind is not Kind.COUNTER:
        found.append(Sentence(N_("The amount is more than one entry may have.")))
    if wish.kind in WITH_MONEY and wish.paid_by is None:
        found.append(Sentence(N_("Was it cash or a bank transfer? Choose one.")))
    if wish.kind in COSTS and not has_paper:
        message = N_("A cost needs its paper: a photo or a PDF of the bill or the receipt.")
        found.append(Sentence(message))
    return found


def _time_problems(wish: Wish, now: datetime) -> list[Sentence]:
    if wish.happened_at > now:
        return [Sentence(N_("That day has not come yet; an entry says what has happened."))]
    if wish.happened_at < now - LONGEST_AGO:
        return [Sentence(N_("That day is more than two years ago. Look at the year again."))]
    return []


def _period_problems(grid: GridPeriod | None, now: datetime) -> list[Sentence]:
    if grid is None:
        return [Sentence(N_("A grid bill needs its period and both meter readings."))]
    found = []
    if grid.since_at >= grid.until_at:
        found.append(Sentence(N_("The period of the bill ends before it begins.")))
    elif grid.until_at - grid.since_at > LONGEST_PERIOD:
        found.append(Sentence(N_("The period of the bill is longer than a year.")))
    if grid.until_at > now:
        found.append(Sentence(N_("The period of the bill is not over yet.")))
    if grid.end_wh < grid.start_wh:
        message = N_(
            "The meter cannot fall: {start} kWh at the beginning, {end} kWh at the end. "
            "Look at both readings on the bill again."
        )
        values = {"start": show_kwh(grid.start_wh), "end": show_kwh(grid.end_wh)}
        found.append(Sentence(message, values))
    return found


def why_grid_does_not_fit(
    grid: GridPeriod, known: Sequence[tuple[str, GridPeriod]], zone: tzinfo
) -> Sentence | None:
    """Why a bill does not follow on from the others (by their numbers); None where it does.

    It must touch a known period without covering any, and its registers must go on from there,
    unless the meter was changed in between.
    """
    for number, other in known:
        if grid.since_at < other.until_at and other.since_at < grid.until_at:
            message = N_("{number} already covers the days from {first} to {last}.")
            return Sentence(message, _days(number, other.since_at, other.until_at, zone))
    before = max((one for one in known if one[1].until_at <= grid.since_at), key=_end, default=None)
    behind = min(
        (one for one in known if one[1].since_at >= grid.until_at), key=_begin, default=None
    )
    follows = before is not None and before[1].until_at == grid.since_at
    leads = behind is not None and behind[1].since_at == grid.until_at
    if known and not follows and not leads:
        return _gap(grid, before, behind, zone)
    if follows and before is not None and not grid.meter_changed:
        return _why_not_joined(before[0], before[1].end_wh, grid.start_wh)
    if leads and behind is not None and not behind[1].meter_changed:
        return _why_not_joined(behind[0], behind[1].start_wh, grid.end_wh)
    return None


def _gap(
    grid: GridPeriod,
    before: tuple[str, GridPeriod] | None,
    behind: tuple[str, GridPeriod] | None,
    zone: tzinfo,
) -> Sentence:
    if before is not None:
        values = _days(before[0], before[1].until_at, grid.since_at, zone)
    else:
        number, other = behind or ("", grid)
        values = _days(number, grid.until_at, other.since_at, zone)
    message = N_(
        "Between this bill and {number} the days from {first} to {last} are missing. "
        "That bill must be entered and signed first."
    )
    return Sentence(message, values)


def _why_not_joined(number: str, theirs_wh: int, ours_wh: int) -> Sentence | None:
    if theirs_wh == ours_wh:
        return None
    message = N_(
        "{number} says {theirs} kWh for that midnight, this bill says {ours} kWh. Look at the "
        "readings again; if the grid company changed the meter, say so in the form."
    )
    values = {"number": number, "theirs": show_kwh(theirs_wh), "ours": show_kwh(ours_wh)}
    return Sentence(message, values)


def _days(number: str, since: datetime, until: datetime, zone: tzinfo) -> dict[str, object]:
    last = (until - timedelta(milliseconds=1)).astimezone(zone).date()
    return {"number": number, "first": since.astimezone(zone).date(), "last": last}


def _end(one: tuple[str, GridPeriod]) -> datetime:
    return one[1].until_at


def _begin(one: tuple[str, GridPeriod]) -> datetime:
    return one[1].since_at


# --- into the ledger -----------------------------------------------------------------------------


def postings_of(wish: Wish) -> tuple[Posting, ...]:
    """Which accounts it moves; a counter moves what the entry it takes back has moved."""
    amount = wish.amount_fen
    if wish.kind is Kind.TRANSFER:
        return moving(
            Posting(Account.RECEIVABLE, amount, wish.other_household_id),
            Posting(Account.RECEIVABLE, -amount, wish.household_id),
        )
    till = Account(wish.paid_by or PaidBy.CASH)
    if wish.kind is Kind.PAYMENT:
        return moving(
            Posting(till, amount), Posting(Account.RECEIVABLE, -amount, wish.household_id)
        )
    return moving(Posting(COSTS[wish.kind], amount), Posting(till, -amount))


def people_of(hand: Hand, approved_by: int) -> str:
    """Who wrote and who approved, as the ledger says it: roles and numbers, never names."""
    return f"committee:{hand.written_by} and committee:{approved_by}"


def figures_of(hand: Hand, approved_by: int) -> HandFigures:
    """Everything that the seal of its entry covers besides the entry itself."""
    wish = hand.wish
    grid = wish.grid
    return HandFigures(
        hand.id,
        wish.kind,
        wish.amount_fen,
        to_ms(wish.happened_at),
        wish.paid_by or "",
        wish.household_id,
        wish.other_household_id,
        wish.counter_of,
        wish.memo,
        hand.voucher_sha256,
        hand.written_by,
        approved_by,
        None
        if grid is None
        else (
            to_ms(grid.since_at), to_ms(grid.until_at), grid.start_wh, grid.end_wh,
            grid.meter_changed,
        ),
    )  # fmt: skip


def payment_of(hand: Hand, approved_by: int) -> PaymentReceived:
    """A payment at the desk as the ledger takes it. Raises ValueError for any other kind."""
    wish = hand.wish
    if wish.household_id is None or wish.paid_by is None:
        raise ValueError(f"{hand.number} is no payment")
    return PaymentReceived(
        hand.number,
        wish.household_id,
        wish.amount_fen,
        wish.happened_at,
        wish.paid_by,
        people_of(hand, approved_by),
        wish.memo,
        of_hand_entry(figures_of(hand, approved_by)),
    )


def voucher_of(hand: Hand, approved_by: int) -> Draft:
    """A cost, an investment or a transfer as the ledger takes it."""
    return Draft(
        Cause.VOUCHER,
        hand.number,
        hand.wish.happened_at,
        postings_of(hand.wish),
        hand.wish.memo,
        people_of(hand, approved_by),
        facts=of_hand_entry(figures_of(hand, approved_by)),
    )
