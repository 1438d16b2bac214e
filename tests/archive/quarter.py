"""A quarter in a small compound, made by a seed: everything that can stand in a ledger."""

from datetime import timedelta
from random import Random

from service.billing import actions
from service.billing.actions import post_voucher
from service.billing.actions.crediting import post_credit
from service.billing.credit import CreditNote
from service.billing.ledger import Account, Cause, Draft, Posting, digest
from service.billing.outcomes import Posted
from service.billing.pricing import Piece, price
from service.households.records import Household
from service.store import UnitOfWork
from tests.billing.books import Bill, a_payment, a_session, close, pay, post, publish
from tests.billing.days import FLAT, LONG_AGO, PEAK, SHANGHAI, TWO_BANDS, VALLEY, local

MONTHS = ("2026-02", "2026-03", "2026-04")
HOUSEHOLDS = range(1, 8)
COSTS = (Account.GRID_COST, Account.REPAIRS, Account.OTHER_COST, Account.INVESTMENT)
MEMOS = (
    "",
    "3月电费",
    '=HYPERLINK("x")',
    "@cmd|' /C calc'!A0",
    'says "so" \\ and\nmore',
    "+1",
    "-1",
)
"""What people write, and what would run in a spreadsheet or end a string in a ledger."""


def door_of(household: int) -> str:
    return f"9-{household}07"


def move_in(uow: UnitOfWork) -> None:
    """Seven households whose doors are easy to find in a file."""
    for household in HOUSEHOLDS:
        uow.session.add(
            Household(id=household, door=door_of(household), entrance=9, moved_in_at=LONG_AGO)
        )
    uow.session.flush()


def a_quarter(uow: UnitOfWork, seed: int, sessions: int = 12, *, by_hand: bool = True) -> None:
    """Three months, each closed and published, with late facts that land in the month after."""
    dice = Random(seed)
    move_in(uow)
    publish(uow, FLAT, now="2026-02-01")
    publish(uow, TWO_BANDS_LATER, now="2026-02-02")
    for number, month in enumerate(MONTHS, start=2):
        after = f"2026-0{number + 1}"
        _sessions(uow, dice, month, f"{after}-01 00:04", sessions)
        _payments(uow, dice, month, f"{after}-01 00:04")
        if by_hand:
            _by_hand(uow, dice, month, f"{after}-01 00:04")
        _corrections(uow, dice, f"{after}-01 00:04")
        close(uow, month, f"{after}-03 10:00")
        _sessions(uow, dice, month, f"{after}-04", 2, late=True)


TWO_BANDS_LATER = TWO_BANDS.__class__(
    0, local("2026-02-10"), TWO_BANDS.bands, TWO_BANDS.consent_at, TWO_BANDS.consent_scope
)


def _sessions(
    uow: UnitOfWork, dice: Random, month: str, now: str, count: int, *, late: bool = False
) -> None:
    bills: list[Bill] = []
    for number in range(count):
        tariff = dice.choice((FLAT, TWO_BANDS))
        bands = (PEAK,) if tariff is FLAT else (PEAK, VALLEY)
        pieces = [Piece(band, dice.randrange(0, 900), dice.random() < 0.3) for band in bands]
        ended = local(f"{month}-01") + timedelta(minutes=dice.randrange(0, 27 * 24 * 60))
        name = f"{'L' if late else 'S'}{month}-{number}"
        bills.append(a_session(name, dice.choice(HOUSEHOLDS), ended, pieces, tariff))
    post(uow, *bills, now=now)


def _payments(uow: UnitOfWork, dice: Random, month: str, now: str) -> None:
    for number in range(3):
        payment = a_payment(
            f"R-{month}-{number}", dice.choice(HOUSEHOLDS), dice.randrange(1, 5000),
            f"{month}-{dice.randrange(1, 28):02d} 10:00", dice.choice(MEMOS),
        )  # fmt: skip
        assert isinstance(pay(uow, payment, now=now), Posted)


def _by_hand(uow: UnitOfWork, dice: Random, month: str, now: str) -> None:
    for number, account in enumerate(dice.sample(COSTS, 2)):
        fen = dice.randrange(1, 90_000)
        postings = (Posting(account, fen), Posting(Account.BANK, -fen))
        _voucher(uow, f"H-{month}-{number}", postings, dice.choice(MEMOS), now)
    one, other = dice.sample(HOUSEHOLDS, 2)
    fen = dice.randrange(1, 900)
    postings = (Posting(Account.RECEIVABLE, fen, one), Posting(Account.RECEIVABLE, -fen, other))
    _voucher(uow, f"H-{month}-9", postings, "a household merges into another", now)


def _voucher(
    uow: UnitOfWork, number: str, postings: tuple[Posting, ...], memo: str, now: str
) -> None:
    at = local(now) - timedelta(days=5)
    draft = Draft(
        Cause.VOUCHER, number, at, postings, memo, "committee:1,2", facts=digest([number])
    )
    assert isinstance(post_voucher(uow, draft, local(now), SHANGHAI), Posted)


def _corrections(uow: UnitOfWork, dice: Random, now: str) -> None:
    """One entry is taken back, and one session costs less after it was questioned."""
    at = local(now)
    rows = actions.statements_of(uow, actions_month(now))
    blocks = [block for view in rows for block in view.sessions if block.total_fen > 20]
    taken_back, questioned = dice.sample(blocks, 2)
    actions.counter_entry(uow, taken_back.entry_id, "=1+1", "committee:1,2", at, SHANGHAI)
    bill = questioned.bill
    note = CreditNote(
        f"Q-{questioned.entry_id}", bill.session_id, price(FLAT, [Piece(0, 1)]),
        dice.choice(MEMOS), "committee:1", bill.register_id, bill.start_wh, bill.start_wh + 1,
    )  # fmt: skip
    post_credit(uow, note, at, SHANGHAI)


def actions_month(now: str) -> str:
    """The month that ended when this minute began."""
    return (local(now).astimezone(SHANGHAI) - timedelta(days=1)).strftime("%Y-%m")
