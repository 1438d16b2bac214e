"""One writes, another signs, and the entry is in the ledger exactly once."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.billing import actions as books
from service.billing.ledger import Account, Cause
from service.billing.outcomes import PaidBy
from service.billing.records.queries import last_entry
from service.desk.actions import written as desk
from service.desk.actions.checking import misfits
from service.desk.written import Approved, Decided, Kind, State, Wish, Written
from service.store import Store, UnitOfWork
from service.store.engine import open_engine
from tests.billing.books import close, undone
from tests.billing.books import misfits as misfits_of_books
from tests.billing.days import SHANGHAI, local
from tests.desk.hands import (
    LI,
    NOW,
    QIAN,
    ZHAO,
    a_grid_bill,
    a_paper,
    a_wish,
    households_of,
    put_down,
    sign,
    signed,
    words,
    written,
)


@pytest.fixture
def quick(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """On SQLite only: a story whose SQL another story runs on both databases."""
    path = tmp_path / "desk.db"
    shutil.copy(sqlite_template, path)
    opened = Store(open_engine(f"sqlite:///{path}"))
    yield opened
    opened.close()


def entries(uow: UnitOfWork) -> int:
    head = last_entry(uow)
    return head.id if head else 0


def check_all(store: Store) -> None:
    assert misfits_of_books(store) == []
    with store.reading() as uow:
        assert misfits(uow) == []


def test_an_entry_waits_and_moves_nothing_until_a_second_person_signs(store: Store):
    with store.writing() as uow:
        hand = written(uow, a_wish(Kind.REPAIR, 12_000))
        assert [one.number for one in desk.waiting(uow)] == ["H-1"]
        assert entries(uow) == 0
    with store.writing() as uow:
        approved = sign(uow, hand)
        assert isinstance(approved, Approved)
    with store.reading() as uow:
        assert desk.waiting(uow) == []
        (found,) = desk.approved_in(uow, "2026-03")
        assert found == approved.hand
        assert (found.state, found.decided_by, found.entry_id) == (State.APPROVED, ZHAO, 1)
        assert books.accounts(uow, "2026-03") == {Account.REPAIRS: 12_000, Account.BANK: -12_000}
        entry = books.entry_of(uow, 1)
        assert entry is not None
        assert (entry.draft.cause, entry.draft.cause_ref) == (Cause.VOUCHER, "H-1")
        assert entry.draft.memo == "换插座"
    check_all(store)


def test_nobody_signs_what_they_wrote(quick: Store):
    with quick.writing() as uow:
        hand = written(uow, a_wish())
        assert "You wrote this entry yourself." in words(sign(uow, hand, LI))
        assert entries(uow) == 0
        assert desk.waiting(uow) == [hand]


def test_signing_twice_posts_once_and_says_so(quick: Store):
    with quick.writing() as uow:
        approved = signed(uow, a_wish())
    for by in (ZHAO, QIAN, LI):
        with quick.writing() as uow:
            again = sign(uow, approved.hand, by)
            assert again == Decided(approved.hand, again=True)
            assert entries(uow) == 1
    check_all(quick)


def test_what_was_refused_stays_refused_and_what_was_signed_stays_signed(store: Store):
    with store.writing() as uow:
        refused = written(uow, a_wish(fen=100))
        outcome = desk.refuse(uow, refused.id, ZHAO, "两张发票", NOW)
        assert isinstance(outcome, Decided)
        assert (outcome.hand.state, outcome.hand.reason) == (State.REFUSED, "两张发票")
        assert sign(uow, refused, QIAN) == Decided(outcome.hand, again=True)
        approved = signed(uow, a_wish(fen=200)).hand
        assert desk.refuse(uow, approved.id, QIAN, "late", NOW) == Decided(approved, again=True)
        assert entries(uow) == 1
        since = NOW - timedelta(days=1)
        assert desk.refused_between(uow, since, NOW + timedelta(days=1)) == [outcome.hand]


def test_a_no_needs_a_reason_and_whoever_wrote_it_may_withdraw(quick: Store):
    with quick.writing() as uow:
        hand = written(uow, a_wish())
        assert "Say why" in words(desk.refuse(uow, hand.id, ZHAO, "  ", NOW))
        outcome = desk.refuse(uow, hand.id, LI, "wrong day", NOW)
        assert isinstance(outcome, Decided)
        assert outcome.hand.decided_by == LI


def test_a_number_that_does_not_exist_is_said(quick: Store):
    with quick.writing() as uow:
        assert "no entry by hand with the number 77" in words(
            desk.approve(uow, 77, ZHAO, NOW, SHANGHAI)
        )
        assert "77" in words(desk.refuse(uow, 77, ZHAO, "x", NOW))
        assert "There is no entry 77." in words(
            desk.write_counter(uow, 77, "x", "k", LI, NOW, SHANGHAI)
        )


def test_the_same_form_sent_twice_is_one_entry(quick: Store):
    with quick.writing() as uow:
        first = written(uow, a_wish(), key="K1")
    with quick.writing() as uow:
        again = put_down(uow, a_wish(fen=99), key="K1")
        assert again == Written(first, again=True)
        assert len(desk.waiting(uow)) == 1
        assert written(uow, a_wish(), key="K2").id != first.id


def test_what_cannot_be_written_leaves_no_trace(quick: Store):
    with quick.writing() as uow:
        assert "more than 0" in words(put_down(uow, a_wish(fen=0)))
        assert "no such household" in words(put_down(uow, a_wish(Kind.PAYMENT, household_id=99)))
        assert desk.waiting(uow) == []
        assert desk.about_papers(uow, [a_paper().sha256]) == {}


def test_a_payment_counts_for_the_household_once_it_is_signed(store: Store):
    (the_lis,) = households_of(store, "1-101")
    payment = a_wish(Kind.PAYMENT, 1260, household_id=the_lis, paid_by=PaidBy.CASH)
    with store.writing() as uow:
        hand = written(uow, payment)
        assert hand.number == "R-1"
        assert desk.payments_waiting(uow) == {the_lis: 1260}
        assert books.balance(uow, the_lis) == 0
        approved = sign(uow, hand)
        assert isinstance(approved, Approved)
        assert books.balance(uow, the_lis) == -1260
        assert desk.payments_waiting(uow) == {}
        statement = books.statement_of(uow, the_lis, "2026-03")
        assert statement is not None
        assert [one.words.in_language("en") for one in statement.payments] == ["Payment R-1"]
    check_all(store)


def test_one_household_takes_over_what_another_owed(quick: Store):
    the_lis, the_wangs = households_of(quick, "1-101", "1-102")
    wish = a_wish(Kind.TRANSFER, 300, household_id=the_lis, other_household_id=the_wangs)
    with quick.writing() as uow:
        signed(uow, wish)
        assert (books.balance(uow, the_lis), books.balance(uow, the_wangs)) == (-300, 300)
    check_all(quick)


def test_what_is_signed_after_the_close_counts_in_the_next_open_month(quick: Store):
    with quick.writing() as uow:
        signed(uow, a_wish(fen=100))
        late = written(uow, a_wish(fen=200))
        close(uow)
        outcome = desk.approve(uow, late.id, ZHAO, local("2026-04-02"), SHANGHAI)
        assert isinstance(outcome, Approved)
        assert (outcome.posted.month, outcome.posted.late) == ("2026-04", True)
        assert [hand.wish.amount_fen for hand in desk.approved_in(uow, "2026-03")] == [100]
        assert [hand.wish.amount_fen for hand in desk.approved_in(uow, "2026-04")] == [200]
    check_all(quick)


# --- counter-entries -----------------------------------------------------------------------------


def take_back(uow: UnitOfWork, entry_id: int, key: str = "counter", by: int = LI) -> object:
    return desk.write_counter(uow, entry_id, "金额写错", key, by, NOW, SHANGHAI)


def test_an_entry_is_taken_back_by_two_people_too(store: Store):
    with store.writing() as uow:
        mistaken = signed(uow, a_wish(fen=12_000)).posted
        asked = take_back(uow, mistaken.entry_id)
        assert isinstance(asked, Written)
        assert (asked.hand.wish.kind, asked.hand.wish.amount_fen) == (Kind.COUNTER, 12_000)
        assert books.accounts(uow)[Account.REPAIRS] == 12_000
        assert "wrote this entry yourself" in words(sign(uow, asked.hand, LI))
        counter = sign(uow, asked.hand)
        assert isinstance(counter, Approved)
        assert not any(books.accounts(uow).values())
        assert desk.taken_back(uow, [mistaken.entry_id]) == {
            mistaken.entry_id: counter.posted.entry_id
        }
        entry = books.entry_of(uow, counter.posted.entry_id)
        assert entry is not None
        assert (entry.draft.counter_of, entry.draft.memo) == (mistaken.entry_id, "金额写错")
    check_all(store)


def test_nothing_is_taken_back_twice(quick: Store):
    with quick.writing() as uow:
        entry = signed(uow, a_wish()).posted.entry_id
        first = take_back(uow, entry)
        assert isinstance(first, Written)
        assert f"waits already to take entry {entry} back" in words(take_back(uow, entry, "again"))
        sign(uow, first.hand)
        assert "was taken back already" in words(take_back(uow, entry, "once more"))


def test_what_somebody_else_took_back_meanwhile_cannot_be_signed(quick: Store):
    with quick.writing() as uow:
        entry = signed(uow, a_wish()).posted.entry_id
        asked = take_back(uow, entry)
        assert isinstance(asked, Written)
        books.counter_entry(uow, entry, "by another way", "committee:9", NOW, SHANGHAI)
        before = entries(uow)
        assert "was taken back already" in words(sign(uow, asked.hand))
        assert (entries(uow), desk.waiting(uow)) == (before, [asked.hand])


def test_what_moves_no_money_cannot_be_taken_back(quick: Store):
    with quick.writing() as uow:
        signed(uow, a_wish())
        close(uow)
        closing = last_entry(uow)
        assert closing is not None
        assert "moves no money" in words(take_back(uow, closing.id))


def test_a_counter_needs_a_reason(quick: Store):
    with quick.writing() as uow:
        entry = signed(uow, a_wish()).posted.entry_id
        outcome = desk.write_counter(uow, entry, "", "k", LI, NOW, SHANGHAI)
        assert "Say in a few words" in words(outcome)


# --- the grid's bills ----------------------------------------------------------------------------


def test_a_grid_bill_keeps_its_registers_and_the_next_goes_on_from_them(store: Store):
    with store.writing() as uow:
        february = signed(uow, a_grid_bill()).hand
        assert february.wish.grid is not None
        assert february.wish.grid.energy_wh == 1_200_000
        assert desk.grid_bills(uow) == [february]
        wrong = a_grid_bill("2026-03-01", "2026-03-31", 2199, 2900)
        assert "says 2200.000 kWh for that midnight" in words(put_down(uow, wrong))
        march = signed(uow, a_grid_bill("2026-03-01", "2026-03-31", 2200, 2900)).hand
        assert desk.grid_bills(uow) == [february, march]
    check_all(store)


def test_of_two_bills_for_the_same_days_only_one_can_be_signed(quick: Store):
    with quick.writing() as uow:
        first = written(uow, a_grid_bill(), key="1")
        assert "already covers the days" in words(put_down(uow, a_grid_bill(), key="2"))
        desk.refuse(uow, first.id, ZHAO, "unreadable", NOW)
        second = written(uow, a_grid_bill(), key="3")
        assert isinstance(sign(uow, second), Approved)


def test_a_bill_is_signed_only_after_the_one_before_it(quick: Store):
    with quick.writing() as uow:
        signed(uow, a_grid_bill("2026-01-01", "2026-02-01", 0, 1000))
        february = written(uow, a_grid_bill())
        march = written(uow, a_grid_bill("2026-03-01", "2026-03-31", 2200, 2900))
        assert "are missing" in words(sign(uow, march))
        assert isinstance(sign(uow, february), Approved)
        assert isinstance(sign(uow, march), Approved)


def test_a_bill_that_was_taken_back_can_be_entered_again(quick: Store):
    with quick.writing() as uow:
        wrong = signed(uow, a_grid_bill(end_kwh=2300))
        asked = take_back(uow, wrong.posted.entry_id)
        assert isinstance(asked, Written)
        sign(uow, asked.hand)
        assert desk.grid_bills(uow) == []
        right = signed(uow, a_grid_bill(), key="again")
        assert desk.grid_bills(uow) == [right.hand]
    check_all(quick)


# --- papers --------------------------------------------------------------------------------------


def test_a_paper_is_kept_once_and_two_entries_with_it_know_of_each_other(store: Store):
    paper = a_paper(7)
    with store.writing() as uow:
        first = written(uow, a_wish(fen=100), paper=paper)
        second = written(uow, a_wish(fen=200), paper=paper)
        assert desk.also_with_paper(uow, second) == [first]
        assert desk.also_with_paper(uow, first) == [second]
        kept = desk.paper(uow, paper.sha256)
        assert kept is not None
        assert (kept.content, kept.media_type, kept.added_by) == (paper.content, "image/png", LI)
        assert desk.about_papers(uow, [paper.sha256])[paper.sha256].size_bytes == len(paper.content)
        desk.refuse(uow, first.id, ZHAO, "twice", NOW)
        assert desk.also_with_paper(uow, second) == []


# --- laws ----------------------------------------------------------------------------------------

KINDS = [kind for kind in Kind if kind not in (Kind.COUNTER, Kind.GRID_BILL)]
WISHES = st.builds(
    a_wish,
    st.sampled_from(KINDS),
    st.integers(1, 100_000_000),
    paid_by=st.sampled_from(PaidBy),
    memo=st.text("a电b费c", min_size=1, max_size=5),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), WISHES),
        st.tuples(st.sampled_from(["sign", "refuse", "take back"]), st.integers(0, 6)),
    ),
    max_size=14,
)


@pytest.fixture
def homes(store: Store) -> list[int]:
    return households_of(store, "1-101", "1-102")


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_in_any_order_of_writing_and_signing_the_books_balance_and_the_chain_is_whole(
    store: Store, homes: list[int], steps: list[tuple[str, object]]
):
    with undone(store) as uow:
        for number, (what, value) in enumerate(steps):
            if isinstance(value, Wish):
                wish = Wish(
                    value.kind, value.amount_fen, value.happened_at, value.memo, value.paid_by,
                    homes[0], homes[1],
                )  # fmt: skip
                put_down(uow, wish, a_paper(), key=f"{number}", by=LI)
            elif what == "sign":
                waiting = desk.waiting(uow)
                for hand in waiting[: int(str(value))]:
                    assert isinstance(sign(uow, hand), Approved)
                    again = sign(uow, hand, QIAN)
                    assert isinstance(again, Decided)
            elif what == "refuse":
                for hand in desk.waiting(uow)[: int(str(value))]:
                    desk.refuse(uow, hand.id, ZHAO, "no", NOW)
            else:
                take_back(uow, int(str(value)), key=f"{number}")
        assert sum(books.accounts(uow).values()) == 0
        assert entries(uow) == len(desk.approved(uow))
        assert books.verify(uow).misfits == ()
        assert misfits(uow) == []
