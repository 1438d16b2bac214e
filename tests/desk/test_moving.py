"""Leaving and joining: nothing may be charging, and a debt moves only with two signatures."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.billing.actions import balances, verify
from service.billing.outcomes import Refused
from service.desk.actions import moving, written
from service.desk.actions.moving import Left, Merged
from service.desk.matching import payment_word
from service.desk.written import Approved, Kind
from service.households.actions import household_of
from service.sessions.records import Session
from service.store import Store, UnitOfWork
from service.store.engine import open_engine
from tests.billing.books import a_payment, a_session, pay, post, publish
from tests.desk.files import NOW, SHANGHAI, move_in, why_no

LI, QIAN = 7, 8


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """SQLite is enough: the rows that move are tested on both databases with their records."""
    shutil.copy(sqlite_template, tmp_path / "beimen.db")
    opened = Store(open_engine(f"sqlite:///{tmp_path}/beimen.db"))
    yield opened
    opened.close()


@pytest.fixture
def homes(store: Store) -> dict[str, int]:
    with store.writing() as uow:
        publish(uow)
        return move_in(uow)


def a_running(uow: UnitOfWork, household_id: int, state: str) -> Session:
    session = Session(
        id=f"S-{state}",
        pile="LB-001",
        outlet=1,
        household_id=household_id,
        source="qr",
        state=state,
        max_duration_s=1,
        max_energy_wh=1,
        max_power_w=1,
        requested_at=NOW,
    )
    uow.session.add(session)
    uow.session.flush()
    return session


@pytest.mark.parametrize("state", ["queued", "starting", "charging"])
def test_nobody_leaves_while_something_is_charging_or_waits_to(store: Store, homes, state: str):
    with store.writing() as uow:
        session = a_running(uow, homes["3-201"], state)
        refused = moving.leave(uow, homes["3-201"], NOW)
        assert why_no(refused).startswith("1 charges of this household are running or waiting.")
        merged = moving.merge(uow, homes["3-201"], homes["3-202"], "f", LI, NOW, SHANGHAI)
        assert why_no(merged).startswith("1 charges of this household")
        session.state = "stopping"
        left = moving.leave(uow, homes["3-201"], NOW)
        assert isinstance(left, Left)
        assert left.to_come == 1, "its settlement lands on their statement yet"


def test_who_leaves_is_told_what_is_owed_and_leaves_once(store: Store, homes):
    with store.writing() as uow:
        post(uow, a_session("S1", homes["3-201"], "2026-03-02 23:10", 613))
        left = moving.leave(uow, homes["3-201"], NOW)
        assert isinstance(left, Left)
        assert (left.balance_fen, left.to_come) == (42, 0)
        assert why_no(moving.leave(uow, homes["3-201"], NOW)) == (
            "This household has moved out already."
        )
        assert why_no(moving.leave(uow, 999, NOW)) == "There is no such household."


def merge(uow: UnitOfWork, homes: dict[str, int], form: str = "a form") -> Merged | Refused:
    return moving.merge(uow, homes["3-201"], homes["3-202"], form, LI, NOW, SHANGHAI)


def test_a_debt_goes_along_when_two_people_have_signed(store: Store, homes):
    with store.writing() as uow:
        post(uow, a_session("S1", homes["3-201"], "2026-03-02 23:10", 613))
        merged = merge(uow, homes)
        assert isinstance(merged, Merged)
        assert merged.transfer is not None
        assert merged.transfer.wish.kind is Kind.TRANSFER
        assert balances(uow) == {homes["3-201"]: 42}, "one signature moves nothing"
        done = written.approve(uow, merged.transfer.id, QIAN, NOW, SHANGHAI)
        assert isinstance(done, Approved)
        assert balances(uow) == {homes["3-202"]: 42}
        words = (payment_word(homes["3-201"]), payment_word(homes["3-202"]))
        assert merged.transfer.wish.memo == " → ".join(words), "no door and no name in the ledger"
        assert verify(uow).misfits == ()


def test_a_credit_goes_along_too(store: Store, homes):
    with store.writing() as uow:
        pay(uow, a_payment("R1", homes["3-201"], 500, "2026-03-10 10:00"))
        merged = merge(uow, homes)
        assert isinstance(merged, Merged)
        assert merged.transfer is not None
        written.approve(uow, merged.transfer.id, QIAN, NOW, SHANGHAI)
        assert balances(uow) == {homes["3-202"]: -500}


def test_who_owes_nothing_needs_no_transfer(store: Store, homes):
    with store.writing() as uow:
        merged = merge(uow, homes)
        assert isinstance(merged, Merged)
        assert merged.transfer is None
        gone = household_of(uow, homes["3-201"])
        assert gone is not None
        assert gone.moved_out_at == NOW


def test_nobody_joins_themselves_or_who_has_left(store: Store, homes):
    with store.writing() as uow:
        moving.leave(uow, homes["3-202"], NOW)
        assert why_no(merge(uow, homes)).startswith("Choose another household")
        own = moving.merge(uow, homes["1-101"], homes["1-101"], "f", LI, NOW, SHANGHAI)
        assert why_no(own).startswith("Choose another household")
        own_home = household_of(uow, homes["3-201"])
        assert own_home is not None
        assert own_home.moved_out_at is None, "a refusal moves nobody"
