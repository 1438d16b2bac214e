"""From a priced session to the ledger: once, balanced, and in the right month."""

import pytest
from sqlalchemy import func
from sqlmodel import col, select

from service.billing import actions
from service.billing.ledger import Account
from service.billing.outcomes import AlreadyPosted, Posted
from service.billing.records import BilledSession, BillLine, LedgerEntry, LedgerPosting
from service.store import Store
from tests.billing.books import (
    THE_LIS,
    THE_WANGS,
    a_payment,
    a_session,
    close,
    misfits,
    pay,
    post,
    words,
)
from tests.billing.days import SHANGHAI, local


def count(store: Store, table: type) -> int:
    with store.reading() as uow:
        return uow.session.exec(select(func.count()).select_from(table)).one()


def test_rule_1_an_evenings_charge_is_owed_as_electricity_and_service_fee(store: Store):
    with store.writing() as uow:
        (posted,) = post(uow, a_session(wh=613))
    assert posted == Posted("01JNAX3K6ZQ4V8S2T7M9D1C5BH", 1, "2026-03", False, 42)
    with store.reading() as uow:
        assert actions.balance(uow, THE_LIS) == 42
        assert actions.accounts(uow) == {
            Account.RECEIVABLE: 42,
            Account.ELECTRICITY_INCOME: -30,
            Account.SERVICE_INCOME: -12,
        }


def test_rule_3_a_session_without_energy_is_on_the_books_and_costs_nothing(store: Store):
    with store.writing() as uow:
        (posted,) = post(uow, a_session(wh=0))
    assert isinstance(posted, Posted)
    assert posted.amount_fen == 0
    with store.reading() as uow:
        assert actions.balance(uow, THE_LIS) == 0
    assert count(store, BilledSession) == count(store, LedgerEntry) == 1
    assert count(store, BillLine) == count(store, LedgerPosting) == 0
    assert not misfits(store)


def test_rule_10_the_same_settlement_a_thousand_times_is_billed_once(store: Store):
    with store.writing() as uow:
        first = post(uow, a_session())
    with store.writing() as uow:
        again = post(uow, *[a_session()] * 999)
    assert isinstance(first[0], Posted)
    assert set(again) == {AlreadyPosted("01JNAX3K6ZQ4V8S2T7M9D1C5BH", 1, same=True)}
    assert count(store, LedgerEntry) == 1
    assert count(store, BillLine) == 2


def test_rule_10_twice_in_one_batch_is_once_in_the_books(store: Store):
    with store.writing() as uow:
        answers = post(uow, a_session(), a_session("another"), a_session())
    assert [type(answer) for answer in answers] == [Posted, Posted, AlreadyPosted]
    assert answers[0].entry_id == answers[2].entry_id == 1


def test_a_second_settlement_with_other_figures_changes_nothing_and_says_so(store: Store):
    with store.writing() as uow:
        post(uow, a_session(wh=613))
        (answer,) = post(uow, a_session(wh=9999))
        assert answer == AlreadyPosted("01JNAX3K6ZQ4V8S2T7M9D1C5BH", 1, same=False)
        assert actions.balance(uow, THE_LIS) == 42


def test_one_session_at_a_time_gives_the_same_answers(store: Store):
    with store.writing() as uow:
        first = actions.post_session(uow, *a_session(), local("2026-03-03"), SHANGHAI)
        again = actions.post_session(uow, *a_session(), local("2026-03-04"), SHANGHAI)
    assert isinstance(first, Posted)
    assert again == AlreadyPosted(first.ref, first.entry_id, same=True)


def test_no_sessions_post_nothing(store: Store):
    with store.writing() as uow:
        assert post(uow) == []


def test_thousands_of_sessions_go_in_one_stroke_each_with_its_number(store: Store):
    bills = [a_session(f"S{i:05d}", household_id=i % 200, wh=i) for i in range(3000)]
    with store.writing() as uow:
        answers = post(uow, *bills)
    assert [answer.entry_id for answer in answers] == list(range(1, 3001))
    with store.reading() as uow:
        owed = actions.balances(uow)
        assert sum(owed.values()) == sum(priced.total_fen for _, priced in bills)
        assert owed[7] == actions.balance(uow, 7)
    assert not misfits(store)


def test_every_posting_of_the_ledger_sums_to_zero(store: Store):
    with store.writing() as uow:
        post(uow, *(a_session(f"S{i}", wh=17 * i) for i in range(50)))
        pay(uow, a_payment(fen=333))
        statement = select(func.sum(LedgerPosting.amount_fen)).group_by(col(LedgerPosting.entry_id))
        assert {int(off) for off in uow.session.exec(statement)} == {0}
        assert sum(actions.accounts(uow).values()) == 0


# --- which month ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "month"),
    [
        ("2026-02-28 23:59:59", "2026-02"),
        ("2026-03-01 00:00:00", "2026-03"),
        ("2028-02-29 23:59:59", "2028-02"),
        ("2026-12-31 23:59:59", "2026-12"),
    ],
)
def test_a_session_belongs_to_the_month_it_ended_in_by_the_compounds_clock(store, ended, month):
    with store.writing() as uow:
        (posted,) = post(uow, a_session(ended=ended), now="2028-03-01")
    assert posted.month == month


@pytest.mark.parametrize("arrived", ["2026-04-01 00:20", "2026-04-03 10:00", "2026-09-01 00:00"])
def test_rule_12_a_settlement_after_the_close_lands_in_the_next_open_statement(store, arrived):
    """30 minutes, three days, months: never lost, never in the closed month, marked late."""
    with store.writing() as uow:
        post(uow, a_session("in time"))
        close(uow)
    with store.writing() as uow:
        (late,) = post(uow, a_session("late", ended="2026-03-31 23:50"), now=arrived)
    assert isinstance(late, Posted)
    assert (late.month, late.late) == ("2026-04", True)
    with store.reading() as uow:
        march = actions.statement_of(uow, THE_LIS, "2026-03")
        april = actions.statement_of(uow, THE_LIS, "2026-04")
    assert [block.bill.session_id for block in march.sessions] == ["in time"]
    assert [(block.bill.session_id, block.late) for block in april.sessions] == [("late", True)]
    assert april.opening_fen == march.closing_fen == 42


def test_a_settlement_before_the_closing_job_has_run_is_in_time(store: Store):
    with store.writing() as uow:
        (posted,) = post(uow, a_session(ended="2026-03-31 23:50"), now="2026-04-01 00:04")
        close(uow)
        assert not posted.late
        assert actions.statement_of(uow, THE_LIS, "2026-03").lines_fen == 42


# --- payments ------------------------------------------------------------------------------------


def test_a_payment_at_the_desk_lowers_what_is_owed(store: Store):
    with store.writing() as uow:
        post(uow, a_session(wh=5000))
        assert actions.balance(uow, THE_LIS) == 344
        paid = pay(uow, a_payment(fen=300))
        assert isinstance(paid, Posted)
        assert actions.balance(uow, THE_LIS) == 44
        assert actions.accounts(uow)[Account.CASH] == 300


def test_an_overpayment_is_carried_over_as_credit(store: Store):
    with store.writing() as uow:
        post(uow, a_session(wh=613))
        pay(uow, a_payment(fen=5000))
        close(uow)
        assert actions.statement_of(uow, THE_LIS, "2026-03").closing_fen == 42 - 5000
        post(uow, a_session("april", ended="2026-04-05 20:00"), now="2026-04-30")
        assert actions.statement_of(uow, THE_LIS, "2026-04").opening_fen == 42 - 5000


def test_the_same_receipt_counts_once(store: Store):
    with store.writing() as uow:
        first = pay(uow, a_payment())
        assert pay(uow, a_payment()) == AlreadyPosted("R-0001", first.entry_id, same=True)
        assert actions.balance(uow, THE_LIS) == -1000


def test_the_same_receipt_with_another_amount_or_door_is_not_taken_and_is_noticed(store: Store):
    with store.writing() as uow:
        pay(uow, a_payment())
        assert pay(uow, a_payment(fen=999)).same is False
        assert pay(uow, a_payment(household_id=THE_WANGS)).same is False
        assert actions.balances(uow) == {THE_LIS: -1000}


@pytest.mark.parametrize(
    ("payment", "sentence"),
    [
        (a_payment(fen=0), "more than 0"),
        (a_payment(fen=-5), "more than 0"),
        (a_payment(received="2026-12-01"), "future"),
        (a_payment(ref="  "), "receipt number"),
    ],
)
def test_a_payment_that_cannot_be_is_refused_with_a_sentence(store, payment, sentence):
    with store.writing() as uow:
        assert sentence in words(pay(uow, payment))
    assert count(store, LedgerEntry) == 0


def test_a_payment_of_a_closed_month_counts_in_the_open_one(store: Store):
    with store.writing() as uow:
        post(uow, a_session())
        close(uow)
        paid = pay(uow, a_payment(received="2026-03-30"), now="2026-04-02")
    assert (paid.month, paid.late) == ("2026-04", True)


# --- corrections ---------------------------------------------------------------------------------


def counter(uow, entry_id, reason="the meter was exchanged", now="2026-03-20"):
    return actions.counter_entry(uow, entry_id, reason, "Ms Zhang", local(now), SHANGHAI)


def test_a_mistake_is_countered_by_an_entry_that_names_it(store: Store):
    with store.writing() as uow:
        post(uow, a_session())
        posted = counter(uow, 1)
        assert (posted.entry_id, posted.amount_fen) == (2, -42)
        assert actions.balance(uow, THE_LIS) == 0
        row = uow.session.get(LedgerEntry, 2)
        assert (row.counter_of, row.memo, row.written_by) == (
            1,
            "the meter was exchanged",
            "Ms Zhang",
        )
        assert set(actions.accounts(uow).values()) == {0}
    assert not misfits(store)


def test_a_mistake_is_countered_once(store: Store):
    with store.writing() as uow:
        post(uow, a_session())
        counter(uow, 1)
        assert counter(uow, 1) == AlreadyPosted("1", 2, same=True)
        assert counter(uow, 1, "another reason").same is False
        assert actions.balance(uow, THE_LIS) == 0


def test_a_counter_entry_that_was_itself_a_mistake_can_be_countered(store: Store):
    with store.writing() as uow:
        post(uow, a_session())
        counter(uow, 1)
        counter(uow, 2, "it was right after all")
        assert actions.balance(uow, THE_LIS) == 42


def test_a_session_of_a_closed_month_is_corrected_on_the_next_statement(store: Store):
    with store.writing() as uow:
        post(uow, a_session())
        close(uow)
        before = actions.statement_of(uow, THE_LIS, "2026-03")
        counter(uow, 1, now="2026-04-10")
        assert actions.statement_of(uow, THE_LIS, "2026-03") == before
        april = actions.statement_of(uow, THE_LIS, "2026-04")
    assert (april.opening_fen, april.corrections_fen, april.closing_fen) == (42, -42, 0)
    assert april.corrections[0].memo == "the meter was exchanged"


def test_what_cannot_be_taken_back_is_refused_with_a_sentence(store: Store):
    with store.writing() as uow:
        post(uow, a_session())
        close(uow)
        assert "no entry 99" in words(counter(uow, 99))
        assert "moves no money" in words(counter(uow, 2))
        assert "needs a reason" in words(counter(uow, 1, " "))
