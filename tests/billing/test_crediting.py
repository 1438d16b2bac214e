"""Credit notes: they only take away, never more than was charged, and the books stay whole."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.billing import actions
from service.billing.actions.crediting import (
    charged_still,
    credits_of,
    misfitting_credits,
    post_credit,
)
from service.billing.actions.posting import append
from service.billing.credit import Charged, CreditNote, too_much
from service.billing.ledger import Account, Cause, Draft, Posting
from service.billing.outcomes import AlreadyPosted, Posted, Refused
from service.billing.pricing import Piece, Priced, price
from service.store import Store, UnitOfWork
from tests.billing.books import THE_LIS, THE_WANGS, a_session, close, post, publish, undone, words
from tests.billing.days import FLAT, SHANGHAI, local

SESSION = "01JNAX3K6ZQ4V8S2T7M9D1C5BH"


def note(wh: int = 300, ref: str = "Q-1", session_id: str = SESSION, **more: str) -> CreditNote:
    right = price(FLAT, [Piece(0, wh)])
    registers = {"register_id": "a18", "start_wh": 402_118, "end_wh": 402_118 + wh}
    return CreditNote(ref, session_id, right, "The clock ran on.", "committee:2", **registers)


def give_back(uow: UnitOfWork, one: CreditNote, now: str = "2026-03-20") -> object:
    return post_credit(uow, one, local(now), SHANGHAI)


@pytest.fixture
def books(store: Store) -> Store:
    """A tariff, and 0.613 kWh for the Lis: 0.30 + 0.12 yuan."""
    with store.writing() as uow:
        publish(uow)
        post(uow, a_session(SESSION))
    return store


def test_what_was_too_much_is_given_back_part_by_part(books: Store):
    with books.writing() as uow:
        outcome = give_back(uow, note(300))  # right: 0.15 + 0.06
        assert isinstance(outcome, Posted)
        assert (outcome.amount_fen, outcome.month) == (-21, "2026-03")
        assert actions.balance(uow, THE_LIS) == 42 - 21
        totals = actions.accounts(uow)
        assert (totals[Account.ELECTRICITY_INCOME], totals[Account.SERVICE_INCOME]) == (-15, -6)
        assert credits_of(uow, 2) == [("credit Q-1", 21)]
        assert actions.verify(uow).misfits == ()
        assert misfitting_credits(uow) == []


def test_if_nothing_should_have_been_billed_everything_is_given_back(books: Store):
    nothing = CreditNote("Q-1", SESSION, Priced(1, 0, ()), "Not theirs.", "committee:2")
    with books.writing() as uow:
        assert isinstance(give_back(uow, nothing), Posted)
        assert actions.balance(uow, THE_LIS) == 0
        assert charged_still(uow, 2) == Charged(0, 0)


def test_a_credit_note_is_posted_once_and_says_so_the_second_time(books: Store):
    with books.writing() as uow:
        first = give_back(uow, note(300))
        assert isinstance(first, Posted)
        assert give_back(uow, note(300)) == AlreadyPosted("Q-1", first.entry_id, True)
        assert give_back(uow, note(200)) == AlreadyPosted("Q-1", first.entry_id, False)
        assert actions.balance(uow, THE_LIS) == 21


def test_a_second_note_on_the_same_charge_gives_back_only_what_is_left(books: Store):
    with books.writing() as uow:
        give_back(uow, note(300))
        assert "nothing to give back" in words(give_back(uow, note(300, "Q-2")))
        assert give_back(uow, note(0, "Q-3")).amount_fen == -21  # type: ignore[attr-defined]
        assert actions.balance(uow, THE_LIS) == 0
        assert "nothing to give back" in words(give_back(uow, note(0, "Q-4")))


def test_more_than_was_billed_is_no_credit_and_never_a_charge(books: Store):
    with books.writing() as uow:
        for wh in (613, 614, 5000):
            assert "nothing to give back" in words(give_back(uow, note(wh)))
        assert actions.balance(uow, THE_LIS) == 42


def test_a_charge_that_was_never_billed_has_no_credit_note(books: Store):
    with books.writing() as uow:
        assert "never billed" in words(give_back(uow, note(session_id="elsewhere")))


def test_a_charge_that_was_countered_whole_has_nothing_left_until_that_is_countered(books: Store):
    with books.writing() as uow:
        back = actions.counter_entry(uow, 2, "wrong", "c:1", local("2026-03-10"), SHANGHAI)
        assert isinstance(give_back(uow, note(0)), Refused)
        assert isinstance(back, Posted)
        actions.counter_entry(uow, back.entry_id, "right", "c:1", local("2026-03-11"), SHANGHAI)
        assert isinstance(give_back(uow, note(0)), Posted)
        assert actions.balance(uow, THE_LIS) == 0


def test_after_the_close_it_is_a_line_of_the_next_statement(books: Store):
    with books.writing() as uow:
        closed = close(uow)
        outcome = give_back(uow, note(300), now="2026-04-08")
        assert isinstance(outcome, Posted)
        assert outcome.month == "2026-04"
        march = actions.statement_of(uow, THE_LIS, "2026-03")
        april = actions.statement_of(uow, THE_LIS, "2026-04")
        assert march is not None
        assert april is not None
        assert (closed.lines_fen, march.corrections, march.closing_fen) == (42, (), 42)
        (line,) = april.corrections
        assert (line.amount_fen, line.memo) == (-21, "The clock ran on.")
        assert line.words.in_language("en") == "Credit note Q-1"
        assert (april.opening_fen, april.closing_fen) == (42, 21)
        assert actions.verify(uow).misfits == ()


# --- what was slipped in is found -----------------------------------------------------------------


def slip_in(uow: UnitOfWork, amount: int, household: int, counter_of: int | None) -> None:
    postings = (
        Posting(Account.RECEIVABLE, -amount, household),
        Posting(Account.ELECTRICITY_INCOME, amount),
    )
    at = local("2026-03-20")
    append(
        uow,
        [Draft(Cause.CREDIT, "Q-9", at, postings, "", "", counter_of, "f" * 64)],
        at,
        SHANGHAI,
    )


FORGED = (
    (31, THE_LIS, 2, "gives back more than was charged"),
    (10, THE_WANGS, 2, "not for the household of its charge"),
    (10, THE_LIS, None, "names no charge"),
    (10, THE_LIS, 1, "names no charge"),
)


def test_a_credit_note_that_does_not_fit_is_found(books: Store):
    for amount, household, counter_of, said in FORGED:
        with undone(books) as uow:
            slip_in(uow, amount, household, counter_of)
            (misfit,) = misfitting_credits(uow)
            assert said in misfit.in_language("en")


# --- laws -----------------------------------------------------------------------------------------


@given(
    st.integers(0, 5000),
    st.lists(st.integers(0, 6000), min_size=1, max_size=5),
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_given_back_the_household_pays_the_least_that_was_found_right(
    store: Store, billed_wh: int, right_wh: list[int]
):
    """A household pays what was billed, or the smallest of what it should have been: never less
    than nothing, and never more than the bill."""
    with undone(store) as uow:
        publish(uow)
        post(uow, a_session(SESSION, wh=billed_wh))
        for number, wh in enumerate(right_wh):
            give_back(uow, note(wh, f"Q-{number}"))
        charges = [price(FLAT, [Piece(0, wh)]) for wh in (billed_wh, *right_wh)]
        electricity = min(one.electricity_fen for one in charges)
        service = min(one.service_fen for one in charges)
        assert charged_still(uow, 2) == Charged(electricity, service)
        assert actions.balance(uow, THE_LIS) == electricity + service
        assert misfitting_credits(uow) == []


@given(*(st.integers(-10, 10_000) for _ in range(2)), st.integers(0, 10_000))
def test_no_part_of_a_credit_is_ever_negative(electricity, service, wh):
    back = too_much(Charged(electricity, service), price(FLAT, [Piece(0, wh)]))
    assert min(back) >= 0
    assert back.electricity_fen <= max(0, electricity)
    assert back.service_fen <= max(0, service)
