"""Who owes since when: the oldest debt first, and every fen of the ledger is in some column."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.billing import actions as books
from service.billing.ledger import Account
from service.billing.months import span
from service.billing.outcomes import Refused
from service.desk.actions.owing import arrears
from service.desk.arrears import Age, Charge, arrears_of, totals
from service.store import Store, UnitOfWork
from tests.billing.books import a_payment, a_session, pay, post, publish, undone
from tests.billing.days import SHANGHAI, local

NOW = local("2026-07-05 10:00")
TERM = 30


def charge(month: str, charged: int, paid: int = 0, published: str | None = "") -> Charge:
    """A month; published on the sixth of the next one unless said otherwise."""
    if published == "":
        year, number = int(month[:4]), int(month[5:])
        published = f"{year + number // 12}-{number % 12 + 1:02d}-06 09:00"
    return Charge(month, charged, paid, local(published) if published else None)


def aged(*charges: Charge):
    return arrears_of(1, charges, NOW, TERM, SHANGHAI)


# --- by hand -------------------------------------------------------------------------------------


def test_a_debt_moves_through_the_columns_as_it_grows_older():
    found = aged(
        charge("2026-02", 1),  # published 6 March, due 5 April: 91 days over
        charge("2026-03", 20),  # due 6 May: 60 days
        charge("2026-04", 300),  # due 5 June: 30 days
        charge("2026-05", 4000),  # due 6 July: tomorrow
        charge("2026-06", 50000, published=None),
    )
    assert found.open_fen == (54000, 300, 20, 0, 1)
    assert found.balance_fen == 54321
    assert found.overdue_fen == 321
    assert (found.oldest_month, found.due_since) == ("2026-02", date(2026, 4, 5))


@pytest.mark.parametrize(
    ("days", "age"),
    [
        (-1, Age.NOT_DUE), (0, Age.UP_TO_30), (30, Age.UP_TO_30), (31, Age.UP_TO_60),
        (60, Age.UP_TO_60),
        (61, Age.UP_TO_90), (90, Age.UP_TO_90), (91, Age.OLDER), (900, Age.OLDER),
    ],
)  # fmt: skip
def test_the_columns_begin_and_end_on_these_days(days: int, age: Age):
    published = NOW - timedelta(days=TERM + days)
    found = arrears_of(1, [Charge("2026-01", 5, 0, published)], NOW, TERM, SHANGHAI)
    assert found.open_fen[age] == 5


def test_a_payment_settles_the_oldest_debt_first_whatever_month_it_came_in():
    found = aged(charge("2026-02", 500), charge("2026-04", 700, paid=600))
    assert found.open_fen == (0, 600, 0, 0, 0)
    assert found.oldest_month == "2026-04"


def test_a_credit_note_settles_like_a_payment():
    found = aged(charge("2026-02", 500), charge("2026-04", -200), charge("2026-05", 50))
    assert found.open_fen == (50, 0, 0, 0, 300)


def test_what_was_paid_too_much_is_a_credit_and_settles_the_next_month():
    assert aged(charge("2026-04", 500, paid=800)).credit_fen == 300
    later = aged(charge("2026-04", 500, paid=800), charge("2026-05", 450))
    assert (later.credit_fen, later.open_fen) == (0, (150, 0, 0, 0, 0))


def test_a_payment_that_was_taken_back_is_owed_again():
    found = aged(charge("2026-04", 500, paid=500), charge("2026-06", 500, published=None))
    assert found.balance_fen == 500


def test_nobody_is_overdue_before_the_first_statement():
    found = aged(charge("2026-06", 500, published=None))
    assert (found.overdue_fen, found.oldest_month, found.due_since) == (0, None, None)
    assert totals([]).balance_fen == 0


amounts = st.integers(-500, 2000)
some_months = st.lists(
    st.builds(
        lambda month, charged, paid, is_open: charge(
            month, charged, paid, published=None if is_open else ""
        ),
        st.sampled_from(span("2025-11", "2026-06")),
        amounts,
        st.integers(-300, 1500),
        st.booleans(),
    ),
    max_size=8,
    unique_by=lambda one: one.month,
)


@given(some_months)
def test_open_amounts_less_credits_are_the_balance_whatever_happened(charges: list[Charge]):
    found = aged(*charges)
    assert found.balance_fen == sum(one.charged_fen - one.paid_fen for one in charges)
    assert min(found.open_fen) >= 0
    assert found.credit_fen >= 0
    assert not (found.credit_fen and any(found.open_fen)), "a credit settles whatever is open"
    assert (found.due_since is None) == (found.overdue_fen == 0)


@given(some_months, st.integers(1, 500))
def test_a_payment_more_never_makes_a_debt_older_or_larger(charges: list[Charge], fen: int):
    before, after = aged(*charges), aged(*charges, charge("2026-07", 0, fen, None))
    assert all(a <= b for a, b in zip(after.open_fen, before.open_fen, strict=True))
    if before.oldest_month and after.oldest_month:
        assert after.oldest_month >= before.oldest_month


# --- against the ledger, on both databases -------------------------------------------------------

DAYS = ("2026-01-20 12:00", "2026-02-03 12:00", "2026-03-10 12:00", "2026-06-30 12:00")
days = st.sampled_from(DAYS)
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("session"), st.integers(1, 3), days, st.integers(0, 3000)),
        st.tuples(st.just("payment"), st.integers(1, 3), days, st.integers(1, 300)),
        st.tuples(st.just("counter"), st.integers(1, 12), st.just(""), st.just(0)),
        st.tuples(st.just("close"), st.just(0), days, st.just(0)),
    ),
    max_size=12,
)


def happen(uow: UnitOfWork, number: int, one: tuple[str, int, str, int]) -> None:
    what, who, day, amount = one
    if what == "session":
        post(uow, a_session(f"S{number}", who, day, amount), now="2026-07-01")
    elif what == "payment":
        pay(uow, a_payment(f"R{number}", who, amount, day), now="2026-07-01")
    elif what == "counter":
        outcome = books.counter_entry(uow, who, "a mistake", "committee:1", NOW, SHANGHAI)
        assert outcome is not None
    else:
        for month in books.months_to_close(uow, local(day), SHANGHAI):
            assert not isinstance(books.close_month(uow, month, local(day), SHANGHAI), Refused)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(happenings)
def test_all_columns_together_are_the_receivables_of_the_ledger(store: Store, steps):
    with undone(store) as uow:
        publish(uow, now="2026-01-01")
        for number, one in enumerate(steps):
            happen(uow, number, one)
        found = arrears(uow, NOW, TERM, SHANGHAI)
        assert totals(found).balance_fen == books.accounts(uow).get(Account.RECEIVABLE, 0)
        balances = books.balances(uow)
        assert {one.household_id: one.balance_fen for one in found if one.balance_fen} == balances
        for household in (1, 2, 3):
            own = arrears(uow, NOW, TERM, SHANGHAI, household)
            assert own == [one for one in found if one.household_id == household]
