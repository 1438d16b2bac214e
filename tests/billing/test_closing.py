"""Closing a month: once, in order, to the fen, and the same however often it was interrupted."""

import pytest
from sqlmodel import select

from service.billing import actions
from service.billing.actions import closing
from service.billing.outcomes import Closed, Refused, StillClosing
from service.billing.records import LedgerEntry, MonthClose, Statement
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


def a_month(uow) -> None:
    """March: three charges, a payment, a correction."""
    post(
        uow,
        a_session("lis 1", ended="2026-03-02 23:10"),
        a_session("lis 2", ended="2026-03-31 23:59", wh=1000),
        a_session("wangs", THE_WANGS, ended="2026-03-15 07:00", wh=250),
    )
    pay(uow, a_payment(fen=50))
    actions.counter_entry(uow, 3, "not theirs", "Ms Zhang", local("2026-03-20"), SHANGHAI)


def statements(store: Store) -> list[dict[str, object]]:
    with store.reading() as uow:
        rows = uow.session.exec(select(Statement)).all()
        return sorted((row.model_dump() for row in rows), key=lambda row: row["household_id"])


def test_each_household_gets_one_statement_that_adds_up(store: Store):
    with store.writing() as uow:
        a_month(uow)
        closed = close(uow)
    assert (closed.statements, closed.sessions, closed.energy_wh) == (2, 3, 1863)
    assert closed.lines_fen == 42 + 69 + 17
    lis, wangs = statements(store)
    assert lis["lines_fen"] == 111
    assert (lis["payments_fen"], lis["corrections_fen"], lis["closing_fen"]) == (50, 0, 61)
    assert (wangs["lines_fen"], wangs["corrections_fen"], wangs["closing_fen"]) == (17, -17, 0)
    assert lis["published_at"] == local("2026-04-01 00:05")
    assert not misfits(store)


def test_closing_a_month_twice_changes_nothing_and_answers_the_same(store: Store):
    with store.writing() as uow:
        a_month(uow)
        first = close(uow)
    before = statements(store)
    with store.writing() as uow:
        assert close(uow, now="2026-04-09 12:00") == first
    assert statements(store) == before


class PowerCutError(RuntimeError):
    """The machine went dark."""


STEPS = ("write_statements", "published_figures", "append", "_outcome")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("commits", ["each step", "all at once"])
def test_a_close_killed_at_any_step_and_started_again_arrives_at_the_same(
    store, monkeypatch, step, commits
):
    """Killed in the step (nothing of it is kept) and run again an hour later."""
    with store.writing() as uow:
        a_month(uow)

    def go_dark(*_: object) -> None:
        raise PowerCutError

    def close_at(now: str) -> Closed | Refused | StillClosing:
        while True:
            with store.writing() as uow:
                go = actions.close_step if commits == "each step" else actions.close_month
                outcome = go(uow, "2026-03", local(now), SHANGHAI)
            if not isinstance(outcome, StillClosing):
                return outcome

    with monkeypatch.context() as patched:
        patched.setattr(closing, step, go_dark)
        with pytest.raises(PowerCutError):
            close_at("2026-04-01 00:05")
    again = close_at("2026-04-01 01:05")

    assert isinstance(again, Closed)
    assert (again.statements, again.sessions, again.lines_fen) == (2, 3, 128)
    assert [row["closing_fen"] for row in statements(store)] == [61, 0]
    assert not misfits(store)


@pytest.mark.parametrize("kept", [1, 2])
def test_a_close_killed_between_steps_is_the_very_same_as_one_that_was_not(store, kept):
    """Seal and all: the time of the first step is the time of the whole close."""
    with store.writing() as uow:
        a_month(uow)
        with uow.session.begin_nested() as undone:
            whole = close(uow)
            undone.rollback()
        uow.session.expire_all()
    for _ in range(kept):
        with store.writing() as uow:
            actions.close_step(uow, "2026-03", local("2026-04-01 00:05"), SHANGHAI)
    with store.writing() as uow:
        assert close(uow, now="2026-04-02 17:00") == whole


def test_a_session_that_arrives_between_two_steps_lands_in_the_next_month(store: Store):
    with store.writing() as uow:
        a_month(uow)
        first = actions.close_step(uow, "2026-03", local("2026-04-01 00:05"), SHANGHAI)
    assert first == StillClosing("2026-03", "closing")
    with store.writing() as uow:
        (late,) = post(uow, a_session("late", ended="2026-03-31 23:58"), now="2026-04-01 00:06")
        assert (late.month, late.late) == ("2026-04", True)
        assert close(uow).sessions == 3
    assert not misfits(store)


def test_a_month_that_is_not_over_is_refused(store: Store):
    with store.writing() as uow:
        a_month(uow)
        last_second = local("2026-03-31 23:59:59")
        outcome = actions.close_month(uow, "2026-03", last_second, SHANGHAI)
        assert words(outcome) == "2026-03 is not over yet."
        assert isinstance(close(uow, now="2026-04-01 00:00"), Closed)


@pytest.mark.parametrize("month", ["2026-3", "march", "", "2026-13"])
def test_what_is_not_a_month_is_refused_with_an_example(store, month):
    with store.writing() as uow:
        outcome = actions.close_month(uow, month, local("2026-04-01"), SHANGHAI)
        assert "write it like 2026-10" in words(outcome)


def test_months_are_closed_in_their_order(store: Store):
    with store.writing() as uow:
        a_month(uow)
        now = local("2026-06-01 00:05")
        assert actions.months_to_close(uow, now, SHANGHAI) == ["2026-03", "2026-04", "2026-05"]
        skipped = actions.close_month(uow, "2026-04", now, SHANGHAI)
        assert words(skipped) == "2026-03 must be closed before 2026-04."
        too_early = actions.close_month(uow, "2026-02", now, SHANGHAI)
        assert words(too_early) == "The books have nothing to close in 2026-02."
        for month in actions.months_to_close(uow, now, SHANGHAI):
            close(uow, month, "2026-06-01 00:05")
        assert actions.months_to_close(uow, now, SHANGHAI) == []


def test_a_month_left_half_closed_is_the_first_to_be_finished(store: Store):
    with store.writing() as uow:
        a_month(uow)
        actions.close_step(uow, "2026-03", local("2026-04-01 00:05"), SHANGHAI)
        waiting = actions.months_to_close(uow, local("2026-05-02"), SHANGHAI)
        assert waiting == ["2026-03", "2026-04"]


def test_empty_books_have_nothing_to_close(store: Store):
    with store.writing() as uow:
        assert actions.months_to_close(uow, local("2026-04-01"), SHANGHAI) == []
        outcome = actions.close_month(uow, "2026-03", local("2026-04-01"), SHANGHAI)
        assert "nothing to close" in words(outcome)
        assert uow.session.exec(select(MonthClose)).all() == []


def test_who_owes_gets_a_statement_also_in_a_month_without_a_charge(store: Store):
    with store.writing() as uow:
        a_month(uow)
        close(uow)
        april = close(uow, "2026-04", "2026-05-01 00:05")
        assert april.statements == 1
        view = actions.statement_of(uow, THE_LIS, "2026-04")
        assert (view.opening_fen, view.closing_fen, view.sessions) == (61, 61, ())
        assert actions.statement_of(uow, THE_WANGS, "2026-04") is None


def test_balances_are_carried_from_month_to_month(store: Store):
    with store.writing() as uow:
        post(uow, a_session("march"))
        close(uow)
        post(uow, a_session("april", ended="2026-04-10 20:00"), now="2026-04-11")
        close(uow, "2026-04", "2026-05-01 00:05")
        pay(uow, a_payment(received="2026-05-03 09:00", fen=84), now="2026-05-03 09:01")
        close(uow, "2026-05", "2026-06-01 00:05")
        months = ("2026-03", "2026-04", "2026-05")
        views = [actions.statement_of(uow, THE_LIS, month) for month in months]
        assert [view.opening_fen for view in views] == [0, 42, 84]
        assert [view.closing_fen for view in views] == [42, 84, 0]
        assert actions.published_months(uow, THE_LIS) == list(reversed(months))
        assert actions.published_months(uow, THE_WANGS) == []
        assert actions.balance(uow, THE_LIS) == 0
        assert actions.balance(uow, THE_LIS, local("2026-05-01")) == 84
    assert not misfits(store)


def test_the_close_itself_is_an_entry_whose_seal_stands_for_every_statement(store: Store):
    with store.writing() as uow:
        a_month(uow)
        closed = close(uow)
        entry = uow.session.exec(select(LedgerEntry).where(LedgerEntry.cause == "close")).one()
        assert (entry.cause_ref, entry.seal, entry.month) == ("2026-03", closed.seal, "2026-04")
