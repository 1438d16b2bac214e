"""The proof in the books: made with the statements, kept for ever, and gone through by verify."""

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from service.billing import actions
from service.billing.actions import proving
from service.billing.check_proof import check, code_of
from service.billing.outcomes import Closed
from service.billing.records import ProofLeaf, ProofRoot, Statement
from service.clock import from_ms
from service.households.records import Household
from service.store import Store
from tests.billing.books import THE_LIS, THE_WANGS, a_session, close, misfits, post
from tests.billing.days import SHANGHAI, local
from tests.billing.test_verify import tamper

MARCH = "2026-03"


def households(uow) -> None:
    for number, door in ((THE_LIS, "3-201"), (THE_WANGS, "2单元-101")):
        uow.session.add(Household(id=number, door=door, entrance=3, moved_in_at=from_ms(0)))
    uow.session.flush()


def a_closed_march(store: Store) -> Closed:
    with store.writing() as uow:
        households(uow)
        post(
            uow,
            a_session("lis 1"),
            a_session("lis 2", wh=1000),
            a_session("wangs", THE_WANGS, wh=250),
            a_session("nobody knows their door", 77, wh=80),
        )
        return close(uow)


def test_a_close_publishes_a_root_whose_totals_are_those_of_its_statements(store: Store):
    closed = a_closed_march(store)
    with store.reading() as uow:
        root = proving.root_of(uow, MARCH)
        statements = uow.session.exec(select(Statement)).all()
    assert root is not None
    assert (root.leaves, root.amount_fen, root.energy_wh) == (3, 134, 1943)
    assert root.amount_fen == sum(one.lines_fen for one in statements) == closed.lines_fen
    assert root.energy_wh == sum(one.energy_wh for one in statements) == closed.energy_wh
    assert misfits(store) == []


def test_every_household_of_the_month_gets_a_proof_of_its_own_bill_and_door(store: Store):
    a_closed_march(store)
    with store.reading() as uow:
        root = proving.root_of(uow, MARCH)
        bills = {one.household_id: one for one in uow.session.exec(select(Statement)).all()}
        for household, door in ((THE_LIS, "3-201"), (THE_WANGS, "2单元-101"), (77, "")):
            found = check(proving.proof_of(uow, MARCH, household), code_of(root.root))
            assert (found.household, found.door, found.month) == (household, door, MARCH)
            bill = bills[household]
            assert (found.amount_fen, found.energy_wh) == (bill.lines_fen, bill.energy_wh)
            assert (found.total_fen, found.total_wh) == (root.amount_fen, root.energy_wh)
            assert found.root == root.root


def test_who_had_no_bill_and_a_month_that_is_not_closed_have_no_proof(store: Store):
    a_closed_march(store)
    with store.reading() as uow:
        assert proving.proof_of(uow, MARCH, 99) is None
        assert proving.proof_of(uow, "2026-04", THE_LIS) is None
        assert proving.root_of(uow, "2026-04") is None


def test_a_door_in_a_proof_is_that_of_its_month_whoever_moves_later(store: Store):
    a_closed_march(store)
    with store.writing() as uow:
        uow.session.get(Household, THE_LIS).door = "1-999"
    with store.reading() as uow:
        assert check(proving.proof_of(uow, MARCH, THE_LIS)).door == "3-201"


def test_a_month_without_a_bill_has_a_root_too(store: Store):
    a_closed_march(store)
    with store.writing() as uow:
        for household in (THE_LIS, THE_WANGS, 77):
            owed = actions.balance(uow, household)
            payment = actions.PaymentReceived(
                f"R-{household}", household, owed, local("2026-04-02"), actions.PaidBy.CASH, "1"
            )
            actions.record_payment(uow, payment, local("2026-04-02"), SHANGHAI)
        close(uow, "2026-04", "2026-05-01 00:05")
        close(uow, "2026-05", "2026-06-01 00:05")
        empty = proving.root_of(uow, "2026-05")
    assert (empty.leaves, empty.amount_fen, empty.energy_wh, len(empty.root)) == (0, 0, 0, 64)
    assert misfits(store) == []


def test_salts_are_new_for_every_household_and_every_month(store: Store):
    a_closed_march(store)
    with store.writing() as uow:
        close(uow, "2026-04", "2026-05-01 00:05")
        salts = [leaf.salt for leaf in uow.session.exec(select(ProofLeaf)).all()]
    assert len(salts) == 6
    assert len(set(salts)) == 6
    assert {len(bytes.fromhex(salt)) for salt in salts} == {16}


def test_the_same_bills_and_salts_give_the_same_root_in_whatever_order_they_are_read(store: Store):
    """What a replay of the month relies on."""
    a_closed_march(store)
    with store.reading() as uow:
        tree = proving.tree_of(uow, MARCH)
        root = proving.root_of(uow, MARCH)
    assert proving.grow(MARCH, reversed(tree.leaves)).root == tree.root == root.root


# --- who changes what is stored is seen -----------------------------------------------------------


def test_a_changed_leaf_root_or_total_is_named_by_verify(store: Store):
    a_closed_march(store)
    not_led = f"The statements of {MARCH} do not lead to its published root."
    for change in (
        "UPDATE proof_leaf SET door = '3-202' WHERE household_id = 12",
        "UPDATE proof_leaf SET salt = '000102030405060708090A0B0C0D0E0F' WHERE household_id = 12",
        "UPDATE proof_leaf SET month = '2026-02' WHERE household_id = 12",
        "DELETE FROM proof_leaf WHERE household_id = 25",
        "UPDATE proof_root SET root = 'F'",
        "UPDATE statement SET lines_fen = lines_fen + 1, closing_fen = closing_fen + 1",
        "DELETE FROM statement WHERE household_id = 25",
    ):
        assert not_led in tamper(store, change), change
    for name in ("leaves", "amount_fen", "energy_wh"):
        found = tamper(store, f"UPDATE proof_root SET {name} = {name} + 1")  # noqa: S608
        assert f"The totals beside the root of {MARCH} are not those of its statements." in found
    assert f"The root of the proofs of {MARCH} is gone." in tamper(store, "DELETE FROM proof_root")
    found = tamper(store, "UPDATE proof_leaf SET salt = 'guess me'")
    assert f"The proofs of {MARCH} cannot be made from its statements." in found


def test_no_proof_is_handed_out_that_leads_to_another_root(store: Store):
    a_closed_march(store)
    with store.writing() as uow:
        connection = uow.session.connection()
        if store.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER proof_leaf_fixed")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("UPDATE proof_leaf SET door = '1-1' WHERE household_id = 25")
        with pytest.raises(proving.BrokenProofError, match="beimen verify"):
            proving.proof_of(uow, MARCH, THE_LIS)
        uow.session.rollback()


def test_the_database_keeps_leaves_and_roots_as_they_were_written(store: Store):
    a_closed_march(store)
    for sql in (
        "UPDATE proof_leaf SET salt = salt",
        "UPDATE proof_root SET root = root",
        "DELETE FROM proof_leaf",
        "DELETE FROM proof_root",
        "INSERT INTO proof_leaf (month, household_id, door, salt) VALUES ('2026-03', 1, '', '')",
        "INSERT INTO proof_root (month, root, leaves, amount_fen, energy_wh)"
        " VALUES ('2026-04', '', 0, 0, 0)",
    ):
        with pytest.raises(IntegrityError), store.writing() as uow:
            uow.session.connection().exec_driver_sql(sql)


def test_a_close_that_is_killed_after_its_leaves_keeps_none_of_them(store: Store):
    with store.writing() as uow:
        post(uow, a_session("lis"))
        actions.close_step(uow, MARCH, local("2026-04-01 00:05"), SHANGHAI)
    with pytest.raises(RuntimeError), store.writing() as uow:
        actions.close_step(uow, MARCH, local("2026-04-01 00:05"), SHANGHAI)
        assert uow.session.exec(select(ProofRoot)).all()
        raise RuntimeError("the machine went dark")
    with store.writing() as uow:
        assert uow.session.exec(select(ProofLeaf)).all() == []
        close(uow)
    assert misfits(store) == []
