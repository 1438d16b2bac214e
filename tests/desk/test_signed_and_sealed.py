"""The database refuses to change what was signed; what is changed all the same is found."""

# ruff: noqa: S608 - the SQL of these tests is put together from constants
from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from service.desk.actions import written as desk
from service.desk.actions.checking import misfits
from service.desk.written import Approved, Decided, Kind, Written
from service.store import Store
from tests.billing.books import misfits as misfits_of_books
from tests.billing.books import undone
from tests.billing.days import SHANGHAI
from tests.billing.test_append_only import migrate_down
from tests.billing.test_at_once import at_once
from tests.desk.hands import (
    LI,
    NOW,
    QIAN,
    ZHAO,
    a_grid_bill,
    a_wish,
    put_down,
    sign,
    signed,
    written,
)


@pytest.fixture
def desk_of_march(store: Store) -> Store:
    """A grid bill and a repair that were signed, one refused, and one that waits (H-4)."""
    with store.writing() as uow:
        signed(uow, a_grid_bill())
        signed(uow, a_wish(fen=100))
        desk.refuse(uow, written(uow, a_wish(fen=200)).id, ZHAO, "no", NOW)
        written(uow, a_wish(fen=300))
    return store


def run(engine: Engine, sql: str) -> int:
    with engine.execution_options(beimen_writes=True).begin() as connection:
        return connection.exec_driver_sql(sql).rowcount


def refused(engine: Engine, sql: str) -> str:
    with pytest.raises(IntegrityError) as refusal:
        run(engine, sql)
    return str(refusal.value.orig)


def test_what_was_decided_never_changes(desk_of_march: Store):
    for change in (
        "amount_fen = 1", "memo = 'x'", "state = 'waiting'", "decided_by = 9", "entry_id = 9",
        "voucher_sha256 = NULL", "reason = 'x'", "id = id",
    ):  # fmt: skip
        for hand in (1, 2, 3):
            said = refused(
                desk_of_march.engine, f"UPDATE hand_entry SET {change} WHERE id = {hand}"
            )
            assert "never changes" in said


def test_of_what_waits_only_the_decision_can_be_filled_in(desk_of_march: Store):
    for change in (
        "amount_fen = 1", "kind = 'payment'", "memo = 'x'", "happened_at = 0", "written_by = 5",
        "household_id = 1", "paid_by = 'cash'", "voucher_sha256 = NULL", "counter_of = 1",
        "form_key = 'x'", "written_at = 0",
    ):  # fmt: skip
        assert "never changes" in refused(
            desk_of_march.engine, f"UPDATE hand_entry SET {change} WHERE id = 4"
        )


def test_the_database_itself_wants_two_people(desk_of_march: Store):
    for by in (LI, "NULL"):
        sql = f"UPDATE hand_entry SET state = 'approved', decided_by = {by}, entry_id = 2"
        assert "two_people" in refused(desk_of_march.engine, f"{sql} WHERE id = 4")


def test_no_row_of_the_desk_can_be_removed_or_replaced(desk_of_march: Store):
    engine = desk_of_march.engine
    for table in ("hand_entry", "voucher", "grid_bill"):
        assert "never removed" in refused(engine, f"DELETE FROM {table} WHERE 1 = 1")
        if engine.dialect.name == "sqlite":
            again = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE 1 = 1"
            assert refused(engine, again)
        else:
            assert "never removed" in refused(engine, f"TRUNCATE {table} CASCADE")
    for change in ("voucher SET content = 'x'", "voucher SET media_type = 'text/html'",
                   "grid_bill SET end_wh = end_wh + 1"):  # fmt: skip
        assert "never changes" in refused(engine, f"UPDATE {change}")


def test_no_entry_begins_as_approved_and_no_registers_come_later(desk_of_march: Store):
    columns = "form_key, kind, amount_fen, happened_at, paid_by, memo, written_at, written_by"
    values = "'x', 'repair', 1, 0, 'cash', 'x', 0, 3"
    sql = f"""INSERT INTO hand_entry ({columns}, reason, state, decided_by, entry_id)
        VALUES ({values}, '', 'approved', 5, 2)"""
    assert "begins as one that waits" in refused(desk_of_march.engine, sql)
    sql = """INSERT INTO grid_bill (hand_entry_id, since_at, until_at, start_wh, end_wh,
        meter_changed) VALUES (2, 0, 1, 0, 0, false)"""
    assert "its entry is decided" in refused(desk_of_march.engine, sql)


# --- what a hand with power over the database does is found --------------------------------------


CHANGES = {
    "UPDATE hand_entry SET amount_fen = 101 WHERE id = 2": ["H-2 was changed: entry 2"],
    "UPDATE hand_entry SET memo = 'x' WHERE id = 2": ["H-2 was changed"],
    "UPDATE hand_entry SET voucher_sha256 = NULL WHERE id = 2": ["H-2 was changed"],
    "UPDATE hand_entry SET kind = 'other_cost' WHERE id = 2": ["H-2 was changed"],
    "UPDATE hand_entry SET decided_by = 6 WHERE id = 2": ["signed by one person", "changed"],
    "UPDATE hand_entry SET entry_id = 1 WHERE id = 2": [
        "H-2 says it is entry 1", "Entry 2 (H-2) was written by hand, but",
    ],
    "UPDATE hand_entry SET state = 'waiting' WHERE id = 2": [
        "Entry 2 (H-2) was written by hand, but what was signed is gone.",
    ],
    "UPDATE grid_bill SET end_wh = end_wh + 1": ["H-1 was changed: entry 1"],
    "DELETE FROM grid_bill": ["H-1 was changed"],
    "UPDATE ledger_posting SET amount_fen = 7 * amount_fen WHERE entry_id = 2": [
        "H-2 moves other amounts than entry 2",
    ],
    "UPDATE voucher SET content = 'another paper'": ["is not the one that was kept"],
}  # fmt: skip


def test_an_untouched_desk_has_no_misfit(desk_of_march: Store):
    with desk_of_march.reading() as uow:
        assert misfits(uow) == []
    assert misfits_of_books(desk_of_march) == []


def test_each_change_behind_the_back_of_the_triggers_is_named(desk_of_march: Store):
    migrate_down(desk_of_march.engine, "0001")
    for change, words in CHANGES.items():
        with undone(desk_of_march) as uow:
            uow.session.connection().exec_driver_sql(change)
            found = [one.in_language("en") for one in misfits(uow)]
        assert len(found) == len(words), (change, found)
        for sentence, expected in zip(found, words, strict=True):
            assert expected in sentence


# --- at the same moment --------------------------------------------------------------------------


def outcomes_at_once(store: Store, *works: Callable[[object], object]) -> list[object]:
    answers: list[object] = []

    def in_its_own_unit(work: Callable[[object], object]) -> Callable[[], None]:
        def run() -> None:
            with store.writing() as uow:
                answers.append(work(uow))

        return run

    at_once(*(in_its_own_unit(work) for work in works))
    return answers


def test_two_who_sign_at_the_same_moment_post_once(store: Store):
    with store.writing() as uow:
        hand = written(uow, a_wish())
    answers = outcomes_at_once(
        store, *(lambda uow, by=by: sign(uow, hand, by) for by in (ZHAO, QIAN, ZHAO, QIAN))
    )
    assert sum(isinstance(answer, Approved) for answer in answers) == 1
    assert sum(isinstance(answer, Decided) and answer.again for answer in answers) == 3
    with store.reading() as uow:
        assert len(desk.approved_in(uow, "2026-03")) == 1
    assert misfits_of_books(store) == []


def test_one_signs_while_another_refuses_and_only_one_of_them_decides(store: Store):
    with store.writing() as uow:
        hand = written(uow, a_wish())
    answers = outcomes_at_once(
        store,
        lambda uow: sign(uow, hand, ZHAO),
        lambda uow: desk.refuse(uow, hand.id, QIAN, "no", NOW),
    )
    assert sum(isinstance(one, Decided) and one.again for one in answers) == 1
    with store.reading() as uow:
        found = desk.hand_entry(uow, hand.id)
        assert found is not None
        assert (found.entry_id is not None) == any(isinstance(one, Approved) for one in answers)


def test_the_same_form_sent_twice_at_the_same_moment_is_one_entry(store: Store):
    answers = outcomes_at_once(store, *[lambda uow: put_down(uow, a_wish(), key="K")] * 3)
    assert sorted(one.again for one in answers) == [False, True, True]  # type: ignore[attr-defined]
    with store.reading() as uow:
        assert len(desk.waiting(uow)) == 1


def test_two_who_take_the_same_entry_back_at_the_same_moment_take_it_back_once(store: Store):
    with store.writing() as uow:
        entry = signed(uow, a_wish()).posted.entry_id
    answers = outcomes_at_once(
        store,
        *(
            lambda uow, n=n: desk.write_counter(uow, entry, "x", f"c{n}", LI, NOW, SHANGHAI)
            for n in range(3)
        ),
    )
    (asked,) = [one for one in answers if isinstance(one, Written)]
    assert asked.hand.wish.kind is Kind.COUNTER
    answers = outcomes_at_once(store, *[lambda uow: sign(uow, asked.hand)] * 2)
    assert sum(isinstance(one, Approved) for one in answers) == 1
    assert misfits_of_books(store) == []
