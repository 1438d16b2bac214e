"""Closing a month: once, in order, to the fen, and the same however often it was interrupted."""

from dataclasses import replace

import pytest
from sqlmodel import select

from service.billing import actions
from service.billing.actions import closing
from service.billing.actions.closing import UnfitAccountError, left_open_of
from service.billing.facts import MonthParts
from service.billing.outcomes import Closed, LeftOpen, Refused, StillClosing
from service.billing.records import LedgerEntry, MonthClose, Statement
from service.billing.records.closing import account_text
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
    assert lis["written_at"] == local("2026-04-01 00:05")
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


STEPS = ("write_statements", "written_figures", "_check_fits", "append", "_closed")


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

    def close_at(now: str) -> Closed | Refused:
        if commits == "all at once":
            with store.writing() as uow:
                return actions.close_month(uow, "2026-03", local(now), SHANGHAI)
        step = StillClosing("2026-03", "")
        while isinstance(step, StillClosing) and step.state != "written":
            with store.writing() as uow:
                step = actions.close_step(uow, "2026-03", local(now), SHANGHAI)
        with store.writing() as uow:
            return actions.publish(uow, "2026-03", {}, local(now), SHANGHAI)

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
    """The time of the first step is that of the close; only publishing has a time of its own."""
    with store.writing() as uow:
        a_month(uow)
        with uow.session.begin_nested() as undone:
            whole = close(uow)
            sealed = sealed_parts(uow)
            undone.rollback()
        uow.session.expire_all()
    for _ in range(kept):
        with store.writing() as uow:
            actions.close_step(uow, "2026-03", local("2026-04-01 00:05"), SHANGHAI)
    with store.writing() as uow:
        later = close(uow, now="2026-04-02 17:00")
        assert sealed_parts(uow) == sealed
    assert later.published_at == local("2026-04-02 17:00")
    assert replace(later, published_at=whole.published_at, seal=whole.seal) == whole


def sealed_parts(uow) -> tuple[str, str]:
    """The digests of what March published; the salts of its proof are drawn anew each time."""
    memo = uow.session.exec(select(LedgerEntry.memo).where(LedgerEntry.cause == "close")).one()
    parts = MonthParts.from_memo(memo)
    return parts.statements, parts.account


# --- two deeds: close, then publish --------------------------------------------------------------


def test_between_close_and_publish_a_statement_is_closed_but_not_final(store: Store):
    with store.writing() as uow:
        a_month(uow)
        assert actions.statement_of(uow, THE_LIS, "2026-03").closed_at is None
        now = local("2026-04-01 00:05")
        assert actions.close(uow, "2026-03", now, SHANGHAI) == StillClosing("2026-03", "written")
        view = actions.statement_of(uow, THE_LIS, "2026-03")
        assert (view.closed_at, view.published_at) == (now, None)
        assert actions.published_months(uow, THE_LIS) == []
        published = local("2026-04-04 15:00")
        actions.publish(uow, "2026-03", {}, published, SHANGHAI)
        view = actions.statement_of(uow, THE_LIS, "2026-03")
        assert (view.closed_at, view.published_at) == (now, published)
        assert actions.published_months(uow, THE_LIS) == ["2026-03"]
    assert not misfits(store)


def test_who_comes_second_is_told_that_it_was_done_and_by_whom(store: Store):
    with store.writing() as uow:
        a_month(uow)
        now = local("2026-04-01 00:05")
        actions.close(uow, "2026-03", now, SHANGHAI, [], "committee:1")
        second = actions.close(uow, "2026-03", local("2026-04-02"), SHANGHAI, [], "committee:2")
        assert second == StillClosing("2026-03", "written", moved=False)
        assert uow.session.get(MonthClose, "2026-03").closed_by == "committee:1"
        first = actions.publish(uow, "2026-03", {"note": "one"}, now, SHANGHAI, "committee:2")
        later = local("2026-04-03")
        again = actions.publish(uow, "2026-03", {"note": "two"}, later, SHANGHAI, "committee:1")
        assert again == first
        assert uow.session.get(MonthClose, "2026-03").published_by == "committee:2"
        assert account_text(uow, "2026-03") == '{"note":"one"}'
        assert actions.close(uow, "2026-03", later, SHANGHAI) == first


def test_what_was_left_open_is_kept_with_its_reason_and_only_from_who_closed_it(store: Store):
    missing = LeftOpen("grid_bill", 1, "the grid's office is closed until the 8th")
    with store.writing() as uow:
        a_month(uow)
        now = local("2026-04-01 00:05")
        actions.close_step(uow, "2026-03", now, SHANGHAI, [missing], "committee:1")
        actions.close(uow, "2026-03", now, SHANGHAI, [LeftOpen("held", 3, "x")], "committee:2")
        assert left_open_of(uow.session.get(MonthClose, "2026-03")) == [missing]


def test_a_month_is_not_published_before_it_is_closed(store: Store):
    with store.writing() as uow:
        a_month(uow)
        now = local("2026-04-01 00:05")
        early = actions.publish(uow, "2026-03", {}, now, SHANGHAI)
        assert words(early) == "2026-03 is not closed yet; close it first, then publish it."
        actions.close_step(uow, "2026-03", now, SHANGHAI)
        assert "not closed yet" in words(actions.publish(uow, "2026-03", {}, now, SHANGHAI))
        assert "not closed yet" in words(actions.publish(uow, "march", {}, now, SHANGHAI))


def test_the_next_month_waits_until_this_one_is_published(store: Store):
    with store.writing() as uow:
        a_month(uow)
        now = local("2026-05-01 00:05")
        actions.close(uow, "2026-03", now, SHANGHAI)
        april = actions.close(uow, "2026-04", now, SHANGHAI)
        assert words(april) == "2026-03 must be closed and published before 2026-04."


def test_an_account_that_contradicts_the_statements_is_not_published(store: Store):
    with store.writing() as uow:
        a_month(uow)
        now = local("2026-04-01 00:05")
        actions.close(uow, "2026-03", now, SHANGHAI)
        with pytest.raises(UnfitAccountError, match="lines_fen 127, the statements 128"):
            actions.publish(uow, "2026-03", {"lines_fen": 127}, now, SHANGHAI)
        with pytest.raises(ValueError, match="whole numbers"):
            actions.publish(uow, "2026-03", {"loss": [{"percent": 1.5}]}, now, SHANGHAI)
        fits = {"lines_fen": 128, "energy_wh": 1863, "sessions": 3, "statements": 2}
        assert isinstance(actions.publish(uow, "2026-03", fits, now, SHANGHAI), Closed)


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
        assert words(skipped) == "2026-03 must be closed and published before 2026-04."
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
