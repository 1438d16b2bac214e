"""The close of a month walked through the rooms: by two people at once, interrupted, finished."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from service.billing.actions.closing import left_open_of
from service.billing.outcomes import Closed, LeftOpen, Refused, StillClosing
from service.billing.records import MonthClose
from service.billing.records.closing import account_text, close_of
from service.flow import House, books
from service.usage.account import AccountFigures
from service.usage.still_open import What
from tests.billing.books import THE_WANGS, a_payment, a_session, misfits, pay, post, words
from tests.support.compound import at

MARCH = "2026-03"
WHY = {What.GRID_BILL.value: "the bill comes by post"}
LEFT = LeftOpen("grid_bill", 1, "the bill comes by post")
SECOND_OF_APRIL = at("2026-04-02 15:00")


@pytest.fixture
def over(house: House, clock) -> House:
    """March is over: three charges and a payment; the grid's bill is missing."""
    with house.store.writing() as uow:
        post(
            uow,
            a_session("lis 1"),
            a_session("lis 2", ended="2026-03-31 23:59", wh=1000),
            a_session("wangs", THE_WANGS, ended="2026-03-15 07:00", wh=250),
        )
        pay(uow, a_payment(fen=50))
    clock.at = SECOND_OF_APRIL
    return house


def march(house: House) -> MonthClose:
    with house.store.reading() as uow:
        row = close_of(uow, MARCH)
    assert row is not None
    return row


def account(house: House) -> AccountFigures:
    with house.store.reading() as uow:
        figures = AccountFigures.from_text(account_text(uow, MARCH) or "{}")
    assert figures is not None
    return figures


def test_a_month_is_not_closed_while_something_is_open_without_a_reason(over: House):
    outcome = books.close(over, MARCH, "committee:1", {})
    assert isinstance(outcome, books.NotReady)
    assert [(item.what, item.count) for item in outcome.items] == [(What.GRID_BILL, 1)]
    blank = books.close(over, MARCH, "committee:1", {What.GRID_BILL.value: "  "})
    assert isinstance(blank, books.NotReady)
    with over.store.reading() as uow:
        assert close_of(uow, MARCH) is None


def test_with_a_reason_it_is_closed_and_the_reason_is_published(over: House):
    assert books.close(over, MARCH, "committee:1", WHY) == StillClosing(MARCH, "written")
    assert left_open_of(march(over)) == [LEFT]
    closed = books.publish_month(over, MARCH, "committee:2")
    assert isinstance(closed, Closed)
    assert (closed.statements, closed.lines_fen) == (2, 128)
    row = march(over)
    assert (row.closed_by, row.published_by) == ("committee:1", "committee:2")
    assert account(over).left_open == (LEFT,)
    assert not misfits(over.store)


def test_what_is_done_is_answered_as_done_whoever_asks_again(over: House):
    books.close(over, MARCH, "committee:1", WHY)
    again = books.close(over, MARCH, "committee:2", {})
    assert again == StillClosing(MARCH, "written", moved=False)
    closed = books.publish_month(over, MARCH, "committee:1")
    assert books.publish_month(over, MARCH, "committee:2") == closed
    assert books.close(over, MARCH, "committee:2", {}) == closed
    assert books.end_month(over, MARCH) == closed


def test_publishing_what_is_not_closed_is_refused(over: House):
    for month in (MARCH, "2026-02", "march"):
        assert "not closed yet" in words(books.publish_month(over, month, "committee:1"))
    assert "not a month" in words(books.close(over, "march", "committee:1", {}))
    assert "not over yet" in words(books.close(over, "2026-04", "committee:1", {}))


def test_two_members_who_press_the_button_at_once_close_it_once(over: House):
    answers: list[object] = []
    at_once(
        lambda: answers.append(books.close(over, MARCH, "committee:1", WHY)),
        lambda: answers.append(books.close(over, MARCH, "committee:2", WHY)),
    )
    assert all(isinstance(one, StillClosing) and one.state == "written" for one in answers)
    first = march(over).closed_by
    assert first in ("committee:1", "committee:2")
    published: list[Closed | Refused] = []
    at_once(
        lambda: published.append(books.publish_month(over, MARCH, "committee:1")),
        lambda: published.append(books.publish_month(over, MARCH, "committee:2")),
    )
    assert published[0] == published[1]
    assert isinstance(published[0], Closed)
    assert not misfits(over.store)


def at_once(*works: Callable[[], None]) -> None:
    """All of them at the same moment; an error in any is an error here."""
    start, errors = threading.Barrier(len(works)), []

    def run(work: Callable[[], None]) -> None:
        start.wait()
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


class PowerCutError(RuntimeError):
    """The machine went dark."""


@pytest.mark.parametrize(
    ("step", "after"),
    [("close_step", 0), ("close_step", 1), ("account_of", 0), ("publish", 0)],
)
def test_interrupted_at_any_step_and_called_again_it_arrives_at_the_same(
    over: House, clock, monkeypatch, step, after
):
    whole, calls = getattr(books, step), []

    def go_dark(*given: object) -> object:
        calls.append(given)
        if len(calls) > after:
            raise PowerCutError
        return whole(*given)

    with monkeypatch.context() as patched:
        patched.setattr(books, step, go_dark)
        with pytest.raises(PowerCutError):
            books.end_month(over, MARCH)
    clock.at += timedelta(hours=1)
    closed = books.end_month(over, MARCH)
    assert isinstance(closed, Closed)
    assert (closed.statements, closed.sessions, closed.lines_fen) == (2, 3, 128)
    begun = SECOND_OF_APRIL if (step, after) != ("close_step", 0) else clock.at
    assert closed.closed_at == begun
    assert account(over).lines_fen == 128
    assert not misfits(over.store)


def test_posting_and_the_first_step_of_a_close_are_one_deed(over: House, monkeypatch):
    """Nothing that settles in between can slip into the month after: there is no in between."""
    posted, begun = [], []
    monkeypatch.setattr(
        books.ticks, "post_some", lambda work, wait: posted.append((work.uow, wait)) or 0
    )
    first_step = books.close_step

    def step(uow, *given):
        begun.append(uow)
        return first_step(uow, *given)

    monkeypatch.setattr(books, "close_step", step)
    books.close(over, MARCH, "committee:1", WHY)
    assert posted == [(begun[0], timedelta(0))]


def test_a_close_that_was_interrupted_half_way_can_be_published_by_the_button(over: House):
    """Only its first step is stored: the button that publishes finishes the rest."""
    with over.store.writing() as uow:
        books.close_step(uow, MARCH, SECOND_OF_APRIL, over.settings.zone, [LEFT], "committee:1")
    assert march(over).state == "closing"
    closed = books.publish_month(over, MARCH, "committee:2")
    assert isinstance(closed, Closed)
    assert (closed.statements, closed.lines_fen) == (2, 128)
    assert account(over).left_open == (LEFT,)


def test_what_arrives_between_close_and_publish_lands_in_the_next_month(over: House):
    books.close(over, MARCH, "committee:1", WHY)
    with over.store.writing() as uow:
        (late,) = post(uow, a_session("late", ended="2026-03-31 23:58"), now="2026-04-02 16:00")
        paid = pay(
            uow, a_payment("R-2", fen=70, received="2026-04-02 15:30"), now="2026-04-02 16:00"
        )
    assert (late.month, late.late, paid.month) == ("2026-04", True, "2026-04")
    books.publish_month(over, MARCH, "committee:1")
    assert (account(over).sessions, account(over).payments_fen) == (3, 50)
    assert not misfits(over.store)
