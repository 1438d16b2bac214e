"""The rules of the ledger without a database: balance, chain, and who changed what."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.billing.ledger import (
    BEFORE_THE_FIRST,
    Account,
    Cause,
    Draft,
    Entry,
    Head,
    Posting,
    UnbalancedError,
    chain,
    counter,
    explain,
    first_misfit,
    moving,
)
from tests.billing.books import THE_LIS
from tests.billing.days import local

NOON = local("2026-03-02 12:00")


def in_march(_: object) -> str:
    return "2026-03"


def owed(fen: int, ref: str = "S1", by: int = THE_LIS) -> Draft:
    postings = moving(Posting(Account.RECEIVABLE, fen, by), Posting(Account.SERVICE_INCOME, -fen))
    return Draft(Cause.SESSION, ref, NOON, postings)


def a_chain(length: int = 5) -> list[Entry]:
    drafts = [owed(10 * i + 1, f"S{i}") for i in range(length)]
    return chain(drafts, BEFORE_THE_FIRST, NOON, in_march)


def reason(entries: list[Entry]) -> str:
    misfit = first_misfit(entries)
    assert misfit is not None
    return misfit.reason.in_language("en")


# --- balance -------------------------------------------------------------------------------------


def test_an_entry_that_would_make_money_out_of_nothing_cannot_be_built():
    with pytest.raises(UnbalancedError, match="1 fen off"):
        moving(Posting(Account.CASH, 100), Posting(Account.REPAIRS, -99))


@pytest.mark.parametrize(
    "postings",
    [
        (Posting(Account.RECEIVABLE, 1), Posting(Account.CASH, -1)),
        (Posting(Account.BANK, 1, THE_LIS), Posting(Account.CASH, -1)),
    ],
)
def test_what_is_owed_is_owed_by_somebody_and_only_that(postings):
    with pytest.raises(UnbalancedError, match="household"):
        moving(*postings)


def test_postings_of_nothing_are_left_out():
    assert moving(Posting(Account.CASH, 0), Posting(Account.BANK, 0)) == ()


def test_a_counter_entry_is_the_mirror_of_what_it_takes_back():
    (entry,) = chain([owed(42)], BEFORE_THE_FIRST, NOON, in_march)
    back = counter(entry, "wrong meter", "Ms Zhang", NOON)
    assert [p.amount_fen for p in back.postings] == [-42, 42]
    assert (back.cause, back.cause_ref, back.counter_of) == (Cause.COUNTER, "1", 1)


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_words_in_which_its_reference_stands(cause):
    assert "77" in explain(cause, "77").in_language("en")


# --- the chain -----------------------------------------------------------------------------------


def test_the_seal_is_the_documented_text_hashed():
    """Written out by hand, so that somebody else can compute it with any tool."""
    (entry,) = chain([owed(42)], BEFORE_THE_FIRST, NOON, in_march)
    text = (
        '["beimen-ledger-1",1,1772424000000,1772424000000,"2026-03","session","S1","","",null,"",'
        '[["receivable",12,42],["service_income",null,-42]],"' + "0" * 64 + '"]'
    )
    assert entry.seal == hashlib.sha256(text.encode()).hexdigest()


def test_chinese_in_a_memo_is_hashed_as_it_is_written():
    draft = replace(owed(42), memo="退款")
    (entry,) = chain([draft], BEFORE_THE_FIRST, NOON, in_march)
    text = (
        '["beimen-ledger-1",1,1772424000000,1772424000000,"2026-03","session","S1","退款","",null,'
        '"",[["receivable",12,42],["service_income",null,-42]],"' + "0" * 64 + '"]'
    )
    assert entry.seal == hashlib.sha256(text.encode()).hexdigest()


def test_a_chain_that_nobody_touched_fits():
    assert first_misfit(a_chain()) is None
    assert first_misfit([]) is None


def test_entries_chained_on_later_continue_the_same_chain():
    first = a_chain(3)
    head = Head(first[-1].id, first[-1].seal)
    later = chain([owed(7, "S9")], head, NOON + timedelta(days=1), in_march)
    assert [entry.id for entry in first + later] == [1, 2, 3, 4]
    assert first_misfit(first + later) is None


CHANGES = {
    "amount": lambda e: replace(e, draft=replace(e.draft, postings=owed(1_000_000).postings)),
    "household": lambda e: replace(e, draft=replace(e.draft, postings=owed(1, by=99).postings)),
    "cause": lambda e: replace(e, draft=replace(e.draft, cause_ref="S77")),
    "memo": lambda e: replace(e, draft=replace(e.draft, memo="quietly")),
    "author": lambda e: replace(e, draft=replace(e.draft, written_by="somebody")),
    "facts": lambda e: replace(e, draft=replace(e.draft, facts="f" * 64)),
    "counter_of": lambda e: replace(e, draft=replace(e.draft, counter_of=1)),
    "month": lambda e: replace(e, month="2026-04"),
    "time": lambda e: replace(e, posted_at=e.posted_at + timedelta(milliseconds=1)),
    "moment": lambda e: replace(e, draft=replace(e.draft, happened_at=NOON - timedelta(days=1))),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("position", [0, 2, 4])
def test_whatever_is_changed_the_changed_entry_is_named(change, position):
    entries = a_chain()
    entries[position] = change(entries[position])
    misfit = first_misfit(entries)
    assert misfit.entry_id == position + 1
    assert "was changed" in misfit.reason.in_language("en")


def test_an_entry_taken_out_is_missed():
    entries = a_chain()
    del entries[2]
    assert reason(entries) == "Entry 4 follows entry 2: one is missing."


def test_a_changed_entry_sealed_anew_is_betrayed_by_the_one_after_it():
    entries = a_chain()
    head = Head(entries[1].id, entries[1].seal)
    entries[2:3] = chain([owed(999, "S2")], head, NOON, in_march)
    assert reason(entries) == "Entry 4 does not carry the seal of entry 3."


def test_an_unbalanced_entry_is_named_even_if_its_seal_fits():
    draft = Draft(Cause.VOUCHER, "v", NOON, (Posting(Account.CASH, 5),))
    assert reason(chain([draft], BEFORE_THE_FIRST, NOON, in_march)) == (
        "Entry 1 does not balance to zero."
    )


@given(st.lists(st.integers(-(10**6), 10**6), max_size=20), st.data())
def test_no_two_entries_of_a_chain_can_change_places(amounts, data):
    drafts = [owed(fen, f"S{i}") for i, fen in enumerate(amounts)]
    entries = chain(drafts, BEFORE_THE_FIRST, NOON, in_march)
    assert first_misfit(entries) is None
    if len(entries) > 1:
        i, j = sorted(
            data.draw(
                st.lists(st.integers(0, len(entries) - 1), min_size=2, max_size=2, unique=True)
            )
        )
        entries[i], entries[j] = entries[j], entries[i]
        assert first_misfit(entries).entry_id == entries[i].id
