"""A bank's file from sending it in to the ledger: dry run, deed, what stays with a person."""

import shutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from service.billing.actions import balances, verify
from service.billing.outcomes import PaidBy
from service.desk.actions import payments, received, written
from service.desk.intake import Fate, said
from service.desk.payment_file import Layout
from service.desk.records import PaymentFile, PaymentRow
from service.desk.records.received import files, forget_payers, remove_drafts, rows_in, tally
from service.desk.written import Approved, Kind, Wish, Written
from service.households import actions as households
from service.store import Store, UnitOfWork
from service.store.engine import open_engine
from tests.billing.books import publish
from tests.desk.exports import Row, csv_text, wechat, wechat_row
from tests.desk.files import (
    KEY,
    NOW,
    SHANGHAI,
    look,
    move_in,
    only_row,
    ref,
    said_of,
    send,
    take,
    why_no,
)
from tests.support.compound import at


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """SQLite is enough here: what could differ between databases is in test_received_laws."""
    shutil.copy(sqlite_template, tmp_path / "beimen.db")
    opened = Store(open_engine(f"sqlite:///{tmp_path}/beimen.db"))
    yield opened
    opened.close()


@pytest.fixture
def homes(store: Store) -> dict[str, int]:
    """Three households, and a price, so that the books have begun."""
    with store.writing() as uow:
        publish(uow)
        return move_in(uow)


# --- from the file to the ledger -----------------------------------------------------------------


def test_a_dry_run_says_what_would_happen_to_every_row_and_changes_nothing(store: Store, homes):
    data = wechat(
        wechat_row(ref(1), "转账备注:3-201"),
        wechat_row(ref(2), "谢谢", "¥8.00", payer="三单元202"),
        wechat_row(ref(3), "电费"),
        wechat_row(ref(4), "3-201", state="已全额退款"),
        wechat_row(ref(5), "3-201", "¥1.234"),
    )
    with store.writing() as uow:
        seen = look(uow, send(uow, data))
        assert said_of(seen) == [
            (Fate.MATCHED, "by door 3-201"),
            (Fate.MATCHED, "by door 3-202"),
            (Fate.UNMATCHED, "No door and no payment word was written with it."),
            (Fate.PASSED_OVER, "it was paid back in full"),
            (
                Fate.WRONG,
                "'¥1.234' has more than two decimals: there is no smaller coin than 0.01.",
            ),
        ]
        assert balances(uow) == {}
        assert list(rows_in(uow, "unmatched")) == []


def test_what_is_matched_is_posted_once_and_the_rest_stays_on_a_list(store: Store, homes):
    with store.writing() as uow:
        take(uow, wechat(wechat_row(ref(1), "3-201"), wechat_row(ref(2), "电费", "¥5.00")))
        assert balances(uow) == {homes["3-201"]: -1260}
        posted, open_row = only_row(uow, "posted"), only_row(uow, "unmatched")
        assert (posted.ref, posted.household_id) == (ref(1), homes["3-201"])
        assert said(posted.why).in_language("en") == "by door 3-201"
        assert (open_row.payer, open_row.note) == ("冬天的树", "电费")
        (file,) = files(uow, "taken", 5)
        assert tally(uow, [file.id or 0]) == {
            file.id: {"posted": (1, 1260), "unmatched": (1, 500)},
        }
        assert received.unmatched(uow, "2026-03", SHANGHAI) == 1
        assert received.unmatched(uow, "2026-02", SHANGHAI) == 0
        assert verify(uow).misfits == ()


def test_the_text_of_a_file_is_kept_only_until_it_is_taken_in_or_a_day_has_passed(
    store: Store, homes
):
    with store.writing() as uow:
        taken = send(uow, wechat(wechat_row()))
        left = send(uow, wechat(wechat_row(ref(9))))
        seen = look(uow, taken)
        received.take_in(uow, seen, seen.seal, False, NOW, 7)
        assert uow.session.get_one(PaymentFile, taken).text == ""
        assert remove_drafts(uow, NOW - timedelta(days=1)) == 0
        assert remove_drafts(uow, NOW + timedelta(seconds=1)) == 1
        assert why_no(received.dry_run(uow, left, NOW, SHANGHAI, KEY)).startswith(
            "This file is no longer here"
        )


def test_the_same_file_again_is_the_same_draft_and_once_taken_in_it_is_refused(store: Store, homes):
    data = wechat(wechat_row(note="3-201"))
    with store.writing() as uow:
        assert send(uow, data) == send(uow, data)
        take(uow, data)
        again = received.send_in(uow, data, NOW, 7)
        assert why_no(again) == "This very file was taken in before; nothing was done again."


def test_a_second_file_with_the_same_payment_posts_nothing_twice(store: Store, homes):
    with store.writing() as uow:
        take(uow, wechat(wechat_row(ref(1), "3-201")))
        seen = take(uow, wechat(wechat_row(ref(1), "3-201"), wechat_row(ref(2), "3-201", "¥1.00")))
        assert said_of(seen) == [
            (Fate.KNOWN, "taken in on 2026-03-20 already"),
            (Fate.MATCHED, "by door 3-201"),
        ]
        assert balances(uow) == {homes["3-201"]: -1360}


def test_a_known_number_with_another_amount_is_wrong_and_does_not_pass_unseen(store: Store, homes):
    with store.writing() as uow:
        take(uow, wechat(wechat_row(ref(1), "3-201")))
        seen = look(uow, send(uow, wechat(wechat_row(ref(1), "3-201", "¥99.00"))))
        assert said_of(seen) == [
            (
                Fate.WRONG,
                "Its number was taken in on 2026-03-20 already, for another payment of 12.60.",
            )
        ]


def test_wrong_rows_stay_out_only_if_a_person_says_so_and_are_noted(store: Store, homes):
    data = wechat(wechat_row(ref(1), "3-201"), wechat_row(ref(2), "3-201", "a lot"))
    with store.writing() as uow:
        seen = look(uow, send(uow, data))
        refused = received.take_in(uow, seen, seen.seal, False, NOW, 7)
        assert why_no(refused).startswith("1 rows cannot be taken in.")
        assert seen.file.state == "draft"
        taken = received.take_in(uow, seen, seen.seal, True, NOW, 7)
        assert isinstance(taken, PaymentFile)
        assert [left["row"] for left in taken.left_out] == [19]
        assert "'a lot' is not an amount" in said(taken.left_out[0]).in_language("en")


def test_a_dry_run_that_is_no_longer_true_is_shown_again(store: Store, homes):
    data = wechat(wechat_row(ref(1), "3-201"))
    with store.writing() as uow:
        file_id = send(uow, data)
        before = look(uow, file_id)
        households.move_out(uow, homes["3-201"], at("2026-03-01 09:00"))
        move_in(uow, "3-201")
        after = look(uow, file_id)
        outcome = received.take_in(uow, after, before.seal, False, NOW, 7)
        assert why_no(outcome).startswith("Something changed since you looked.")
        assert after.planned[0].fate is Fate.UNMATCHED


def test_a_file_with_unknown_headings_is_laid_out_by_a_person(store: Store, homes):
    rows: Sequence[Row] = [("何时", "多少", "附注"), ("2026-03-02", "12.60", "3-201")]
    layout = Layout(1, {"date": (0,), "amount": (1,), "note": (2,)})
    with store.writing() as uow:
        file_id = send(uow, csv_text(rows).encode("gbk"))
        assert look(uow, file_id).layout is None
        nothing = received.lay_out(uow, file_id, Layout(1, {"note": (2,)}))
        assert why_no(nothing).startswith("Say at least which column is the date")
        nowhere = received.lay_out(uow, file_id, Layout(99, layout.columns))
        assert why_no(nowhere) == "The file has no row 99 with headings."
        assert received.lay_out(uow, file_id, layout) is None
        seen = look(uow, file_id)
        assert [one.fate for one in seen.planned] == [Fate.MATCHED]
        received.take_in(uow, seen, seen.seal, False, NOW, 7)
        again = send(uow, csv_text([*rows, ("2026-03-03", "1.00", "3-202")]).encode("gbk"))
        assert look(uow, again).layout == layout, "the next file of this bank is known"
        assert received.throw_away(uow, again)
        assert not received.throw_away(uow, again)
        assert not received.throw_away(uow, file_id), "what was taken in stays"


def test_a_payment_that_somebody_wrote_by_hand_is_looked_at_by_a_person(store: Store, homes):
    by_hand = Wish(Kind.PAYMENT, 1260, at("2026-03-03 10:00"), "", PaidBy.BANK, homes["3-201"])
    with store.writing() as uow:
        written.write(uow, by_hand, None, "a form", 7, NOW, SHANGHAI)
        seen = take(uow, wechat(wechat_row(ref(1), "3-201"), wechat_row(ref(2), "3-201", "¥3.00")))
        assert [one.fate for one in seen.planned] == [Fate.UNMATCHED, Fate.MATCHED]
        assert "it may be the same money" in seen.planned[0].why.in_language("en")
        assert only_row(uow, "unmatched").why["candidates"] == [homes["3-201"]]


def test_what_lies_in_the_future_is_wrong(store: Store, homes):
    with store.writing() as uow:
        row = wechat_row(note="3-201", at="2026-03-21 10:00:00")
        seen = look(uow, send(uow, wechat(row)))
        assert said_of(seen) == [(Fate.WRONG, "It lies in the future.")]


# --- what a person decides -----------------------------------------------------------------------


def open_row(uow: UnitOfWork, number: int = 1) -> tuple[int, int]:
    take(uow, wechat(wechat_row(ref(number), "电费")))
    row = only_row(uow, "unmatched")
    return row.file_id, row.row


def test_a_person_matches_a_payment_and_it_is_posted_at_once(store: Store, homes):
    with store.writing() as uow:
        place = open_row(uow)
        done = payments.match_by_hand(uow, place, homes["1-101"], NOW, SHANGHAI, by=7)
        assert isinstance(done, PaymentRow)
        assert balances(uow) == {homes["1-101"]: -1260}
        again = payments.match_by_hand(uow, place, homes["3-201"], NOW, SHANGHAI, by=7)
        assert why_no(again) == "This payment was decided already."
        assert balances(uow) == {homes["1-101"]: -1260}


def test_what_is_none_of_ours_is_set_aside_with_a_reason(store: Store, homes):
    with store.writing() as uow:
        place = open_row(uow)
        assert why_no(payments.ignore(uow, place, " ", NOW, 7)).startswith("Say why")
        done = payments.ignore(uow, place, "rent for the hall", NOW, 7)
        assert isinstance(done, PaymentRow)
        assert received.unmatched(uow, "2026-03", SHANGHAI) == 0
        assert balances(uow) == {}
        back = payments.take_back(uow, place, "no, it is 3-201's", "a form", 7, NOW, SHANGHAI)
        assert isinstance(back, PaymentRow)
        assert back.state == "unmatched"


def countered(uow: UnitOfWork, place: tuple[int, int], form: str) -> None:
    """Two people take it back."""
    wish = payments.take_back(uow, place, "another household's", form, 7, NOW, SHANGHAI)
    assert isinstance(wish, Written)
    assert payments.free_countered(uow) == 0, "one signature is not enough"
    assert isinstance(written.approve(uow, wish.hand.id, 8, NOW, SHANGHAI), Approved)
    assert payments.free_countered(uow) == 1


def test_a_payment_put_down_for_the_wrong_household_is_countered_and_put_right(store: Store, homes):
    with store.writing() as uow:
        take(uow, wechat(wechat_row(ref(1), "3-201")))
        row = only_row(uow, "posted")
        place = (row.file_id, row.row)
        for form, household in (("first", "3-202"), ("second", "3-201")):
            countered(uow, place, form)
            assert balances(uow) == {}
            assert received.unmatched(uow, "2026-03", SHANGHAI) == 1
            done = payments.match_by_hand(uow, place, homes[household], NOW, SHANGHAI, 7)
            assert isinstance(done, PaymentRow)
            assert balances(uow) == {homes[household]: -1260}
        assert verify(uow).misfits == ()


def test_what_is_not_decided_cannot_be_taken_back(store: Store, homes):
    with store.writing() as uow:
        place = open_row(uow)
        refused = payments.take_back(uow, place, "why", "a form", 7, NOW, SHANGHAI)
        assert why_no(refused) == "This payment is not decided yet."


# --- forgetting ----------------------------------------------------------------------------------


def test_payers_are_forgotten_once_their_payment_was_decided_long_ago(store: Store, homes):
    with store.writing() as uow:
        take(uow, wechat(wechat_row(ref(1), "3-201"), wechat_row(ref(2), "电费")))
        assert forget_payers(uow, NOW) == 0
        assert forget_payers(uow, NOW + timedelta(seconds=1)) == 1
        posted, waiting = only_row(uow, "posted"), only_row(uow, "unmatched")
        assert (posted.payer, posted.note, posted.amount_fen) == ("", "", 1260)
        assert waiting.note == "电费", "who still looks for its owner needs it"
        assert verify(uow).misfits == ()
