"""Facts come in any order, twice or late: the same balances, and every month adds up.

`tests/billing/test_laws.py` says it of sessions, payments and closes. Here corrections, credit
notes, entries by hand and new prices join in; whoever takes something back waits until it is there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.billing import actions
from service.billing.actions import post_voucher
from service.billing.actions.crediting import post_credit
from service.billing.credit import CreditNote
from service.billing.ledger import Account, Cause, Draft, Posting, digest
from service.billing.outcomes import Closed, Refused
from service.billing.pricing import Piece, price
from service.billing.records.queries import entry_for
from service.billing.tariff import TariffVersion
from service.store import Store, UnitOfWork
from tests.billing.books import Bill, a_payment, a_session, pay, post, undone
from tests.billing.days import FLAT, GOVERNMENT_E4, SHANGHAI, TWO_BANDS, local

NOW = local("2026-04-15")
MOMENTS = ("2026-01-31 23:59", "2026-02-01 00:00", "2026-02-28 23:59", "2026-03-31 22:30")
HOUSEHOLDS = st.integers(1, 3)

law = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Step:
    """Something that happens, with a name to read in a failing example. False: not possible yet."""

    name: str
    go: Callable[[UnitOfWork], bool]

    def __repr__(self) -> str:
        return self.name


def charge(bill: Bill) -> Step:
    def go(uow: UnitOfWork) -> bool:
        post(uow, bill, now="2026-04-15")
        return True

    return Step(f"charge {bill[0].session_id}", go)


def paying(number: int, household: int, fen: int, received: str) -> Step:
    payment = a_payment(f"R{number}", household, fen, received)
    return Step(f"pay {payment.ref}", lambda uow: bool(pay(uow, payment, now="2026-04-15")))


def by_hand(number: int, one: int, other: int, fen: int, at: str) -> Step:
    """A household takes over a debt; with itself: the committee pays for a repair instead."""
    moved = (
        (Posting(Account.REPAIRS, fen), Posting(Account.BANK, -fen))
        if one == other
        else (Posting(Account.RECEIVABLE, fen, one), Posting(Account.RECEIVABLE, -fen, other))
    )
    draft = Draft(Cause.VOUCHER, f"H{number}", local(at), moved, "", "1,2", facts=digest([number]))
    return Step(
        f"by hand {draft.cause_ref}",
        lambda uow: not isinstance(post_voucher(uow, draft, NOW, SHANGHAI), Refused),
    )


def taking_back(cause: Cause, ref: str) -> Step:
    def go(uow: UnitOfWork) -> bool:
        entry = entry_for(uow, cause, ref)
        if entry is None:
            return False
        actions.counter_entry(uow, entry.id, "a mistake", "1,2", NOW, SHANGHAI)
        return True

    return Step(f"take back {ref}", go)


def crediting(bill: Bill) -> Step:
    """It used half of what was billed."""
    billed, priced = bill
    half = price(FLAT, [Piece(0, priced.energy_wh // 2)])
    note = CreditNote(f"Q-{billed.session_id}", billed.session_id, half, "half", "1",
                      billed.register_id, billed.start_wh,
                      billed.start_wh + priced.energy_wh // 2)  # fmt: skip

    def go(uow: UnitOfWork) -> bool:
        if entry_for(uow, Cause.SESSION, billed.session_id) is None:
            return False
        post_credit(uow, note, NOW, SHANGHAI)
        return True

    return Step(f"credit {billed.session_id}", go)


def new_prices(service_e4: int) -> Step:
    draft = TariffVersion.flat(NOW + timedelta(days=1), 4000, service_e4)

    def go(uow: UnitOfWork) -> bool:
        actions.publish_tariff(uow, draft, GOVERNMENT_E4, NOW, SHANGHAI)
        return True

    return Step(f"new prices {service_e4}", go)


def closing(month: str) -> Step:
    """Some night: everything up to this month that is not closed yet."""

    def go(uow: UnitOfWork) -> bool:
        for waiting in actions.months_to_close(uow, NOW, SHANGHAI):
            if waiting <= month:
                assert isinstance(actions.close_month(uow, waiting, NOW, SHANGHAI), Closed)
        return True

    return Step(f"close {month}", go)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Step], list[Step]]:
    """What happened, and the same in another order with repeats."""
    bills = [
        a_session(f"S{n}", draw(HOUSEHOLDS), draw(st.sampled_from(MOMENTS)),
                  [Piece(0, draw(st.integers(0, 2_000)))], draw(st.sampled_from([FLAT, TWO_BANDS])))
        for n in range(draw(st.integers(1, 5)))
    ]  # fmt: skip
    steps = [charge(bill) for bill in bills]
    payments = st.tuples(HOUSEHOLDS, st.integers(1, 900), st.sampled_from(MOMENTS))
    steps += [paying(n, *one) for n, one in enumerate(draw(st.lists(payments, max_size=3)))]
    hands = st.tuples(HOUSEHOLDS, HOUSEHOLDS, st.integers(1, 900), st.sampled_from(MOMENTS))
    steps += [by_hand(n, *one) for n, one in enumerate(draw(st.lists(hands, max_size=3)))]
    steps += [new_prices(fee) for fee in draw(st.lists(st.integers(0, 5_000), max_size=2))]
    steps += [closing(month) for month in ("2026-01", "2026-02", "2026-03")]
    undo = [step for step in steps if step.name.startswith(("charge", "pay", "by hand"))]
    causes = {"charge": Cause.SESSION, "pay": Cause.PAYMENT, "by": Cause.VOUCHER}
    mistakes = draw(st.lists(st.sampled_from(undo), max_size=3, unique=True))
    credited = draw(st.lists(st.sampled_from(bills), max_size=2, unique_by=lambda b: b[0]))
    wrong = {step.name.split()[-1] for step in mistakes}
    steps += [taking_back(causes[one.name.split()[0]], one.name.split()[-1]) for one in mistakes]
    steps += [crediting(bill) for bill in credited if bill[0].session_id not in wrong]
    again = draw(st.lists(st.sampled_from(steps), max_size=5))
    return steps, draw(st.permutations([*steps, *again]))


def lived_through(uow: UnitOfWork, steps: list[Step]) -> tuple[object, ...]:
    """Balances, accounts and what was ever billed, after everything and the last close."""
    waiting = list(steps)
    while waiting:
        left = [step for step in waiting if not step.go(uow)]
        assert len(left) < len(waiting), left
        waiting = left
    for month in actions.months_to_close(uow, NOW, SHANGHAI):
        assert isinstance(actions.close_month(uow, month, NOW, SHANGHAI), Closed)
    assert actions.verify(uow).misfits == ()
    views = [
        view
        for month in ("2026-01", "2026-02", "2026-03", "2026-04")
        for view in actions.statements_of(uow, month)
    ]
    for view in views:
        assert view.opening_fen == _closing_before(views, view.household_id, view.month)
    billed = sorted(
        (block.bill.session_id, block.total_fen) for view in views for block in view.sessions
    )
    return actions.balances(uow), actions.accounts(uow), billed


def _closing_before(views: list, household: int, month: str) -> int:
    before = [v for v in views if v.household_id == household and v.month < month]
    return before[-1].closing_fen if before else 0


def test_any_order_of_everything_gives_the_same_balances(store: Store):
    @law
    @given(stories())
    def holds(story):
        found = []
        for steps in story:
            with undone(store) as uow:
                found.append(lived_through(uow, steps))
        assert found[0] == found[1]

    holds()
