"""What time brings, called without waiting: notifications, months, the night's housekeeping."""

from datetime import timedelta

import pytest
from sqlmodel import select

from service.alerts.records import Notification, open_rows
from service.billing.actions import months_to_close
from service.billing.actions.closing import left_open_of
from service.billing.outcomes import LeftOpen, StillClosing
from service.billing.records import MonthClose
from service.billing.records.closing import account_text
from service.flow import books, ticks
from service.flow.requests import StartRequest, start
from service.households.actions import find_household
from service.jobs import (
    channel_addresses,
    close_months,
    compare_books,
    keep_house,
    send_notifications,
)
from service.sessions.records import Session, session_row
from service.store.job_runs import last_finished, runs_of
from tests.support.compound import at


def charged(house, pile, clock, key="a wish", wh=613) -> str:
    """A session from start to settlement."""
    with house.store.reading() as uow:
        household = find_household(uow, "1-101")
    started = start(house, StartRequest("LB-001", 1, household.id, "qr", "resident", key))
    (command,) = pile.commands()
    pile.result(command["command_id"], "done", session_id=started.session_id, outlet=1)
    pile.meter(pile.reading(wh=1000, session_id=started.session_id, reason="start"))
    clock.advance(3600)
    pile.say("session", pile.settlement(started.session_id, 1000, 1000 + wh))
    pile.meter(pile.reading(wh=1000 + wh, power_w=0.0, current_ma=0, reason="stop"))
    return started.session_id


# --- notifications -------------------------------------------------------------


def test_smoke_is_told_to_every_address_at_once_and_only_once(house, pile, messenger):
    pile.fault("smoke")
    assert send_notifications(house, messenger) == 2
    assert [url.partition(":")[0] for url, _, _ in messenger.sent] == ["mailto", "json"]
    assert all("烟雾报警" in title + body for _, title, body in messenger.sent)
    assert send_notifications(house, messenger) == 0


def test_an_address_that_fails_is_tried_again_later_and_the_error_is_kept(
    house, pile, clock, messenger
):
    pile.fault("smoke")
    messenger.broken = "mailto: not taken"
    assert send_notifications(house, messenger) == 0
    messenger.broken = None
    assert send_notifications(house, messenger) == 0, "not at once"
    clock.advance(31)
    assert send_notifications(house, messenger) == 2
    with house.store.reading() as uow:
        rows = uow.session.exec(select(Notification)).all()
    assert [(row.attempts, row.last_error) for row in rows] == [(2, None), (2, None)]


def test_no_unit_of_work_is_open_while_a_slow_address_is_told(house, pile, messenger, clock):
    pile.fault("smoke")
    seen = []

    class Slow:
        def send(self, urls, title, body):
            pile.heartbeat()
            with house.store.writing():
                seen.append(title)

    assert send_notifications(house, Slow()) == 2
    assert len(seen) == 2


def test_the_database_never_learns_an_address(house, pile, messenger):
    pile.fault("smoke")
    send_notifications(house, messenger)
    with house.store.reading() as uow:
        names = {row.channel for row in uow.session.exec(select(Notification))}
    assert names == set(channel_addresses(house)) == {"mailto-1", "json-2"}


def test_without_an_address_nothing_is_marked_as_told(house, pile, messenger):
    pile.fault("smoke")
    house.settings = house.settings.model_copy(update={"notify_urls": []})
    assert send_notifications(house, messenger) == 0
    with house.store.reading() as uow:
        assert [row.notified_at for row in open_rows(uow)] == [None]


# --- the month -----------------------------------------------------------------


def at_once(house) -> None:
    """This committee closes no month by hand: the timetable does it after midnight."""
    house.settings = house.settings.model_copy(update={"close_after_days": 0})


def test_the_committee_has_five_days_before_a_month_closes_by_itself(house, pile, clock):
    charged(house, pile, clock)
    clock.at = at("2026-04-06 00:04")
    assert close_months(house) == []
    with house.store.reading() as uow:
        assert months_to_close(uow, clock.now(), house.settings.zone) == ["2026-03"]
    clock.at = at("2026-04-06 00:05")
    assert close_months(house) == ["2026-03"]
    assert close_months(house) == []


def test_what_belongs_to_a_month_is_decided_at_midnight_however_late_it_closes(house, pile, clock):
    charged(house, pile, clock, "in March")
    clock.at = at("2026-04-02 19:00")
    pile.heartbeat()
    charged(house, pile, clock, "in April", wh=500)
    clock.at = at("2026-04-06 00:05")
    close_months(house)
    with house.store.reading() as uow:
        closed = uow.session.get(MonthClose, "2026-03")
    assert (closed.sessions, closed.energy_wh) == (1, 613)
    assert (closed.closed_by, closed.published_by) == ("timetable", "timetable")


def test_a_month_that_was_closed_by_hand_and_forgotten_is_published_by_itself(house, pile, clock):
    charged(house, pile, clock)
    clock.at = at("2026-04-02 15:00")
    why = {"grid_bill": "the bill comes by post"}
    assert isinstance(books.close(house, "2026-03", "committee:1", why), StillClosing)
    assert close_months(house) == []
    clock.at = at("2026-04-06 00:05")
    assert close_months(house) == ["2026-03"]
    with house.store.reading() as uow:
        row = uow.session.get(MonthClose, "2026-03")
        text = account_text(uow, "2026-03")
    assert (row.state, row.closed_by, row.published_by) == (
        "published", "committee:1", "timetable",
    )  # fmt: skip
    assert left_open_of(row) == [LeftOpen("grid_bill", 1, "the bill comes by post")]
    assert "the bill comes by post" in text


def test_a_month_is_closed_five_minutes_into_the_next_one_if_nobody_wants_days(house, pile, clock):
    at_once(house)
    charged(house, pile, clock)
    clock.at = at("2026-04-01 00:04")
    assert close_months(house) == []
    clock.at = at("2026-04-01 00:05")
    assert close_months(house) == ["2026-03"]
    assert close_months(house) == []
    with house.store.reading() as uow:
        (run,) = runs_of(uow, "close_month")
        closed = uow.session.get(MonthClose, "2026-03")
    assert (run.period, run.attempts) == ("2026-03", 1)
    assert run.finished_at is not None
    assert (closed.state, closed.sessions, closed.energy_wh) == ("published", 1, 613)


def test_what_was_settled_a_minute_ago_is_billed_before_its_month_closes(house, pile, clock):
    at_once(house)
    clock.at = at("2026-03-31 22:50")
    pile.heartbeat()
    session = charged(house, pile, clock)
    clock.at = at("2026-04-01 00:05")
    close_months(house)
    with house.store.reading() as uow:
        assert session_row(uow, session).posted_at is not None
        assert uow.session.get(MonthClose, "2026-03").sessions == 1


def test_months_missed_while_the_service_was_down_are_closed_in_their_order(house, pile, clock):
    charged(house, pile, clock)
    clock.at = at("2026-06-14 10:00")
    assert close_months(house) == ["2026-03", "2026-04", "2026-05"]
    with house.store.reading() as uow:
        assert months_to_close(uow, clock.now(), house.settings.zone) == []
        assert [run.period for run in runs_of(uow, "close_month")] == [
            "2026-05", "2026-04", "2026-03",
        ]  # fmt: skip


def test_a_close_that_broke_half_way_goes_on_where_it_was(house, pile, clock, monkeypatch):
    at_once(house)
    charged(house, pile, clock)
    clock.at = at("2026-04-01 00:05")
    whole = books.end_month

    def breaks(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(books, "end_month", breaks)
    with pytest.raises(OSError, match="disk"):
        close_months(house)
    monkeypatch.setattr(books, "end_month", whole)
    assert close_months(house) == ["2026-03"]
    with house.store.reading() as uow:
        (run,) = runs_of(uow, "close_month")
    assert run.attempts == 2


# --- the night -----------------------------------------------------------------


def test_housekeeping_is_done_once_a_day_after_four_in_the_morning(house, pile, clock, gauges):
    clock.at = at("2026-03-03 03:59")
    assert keep_house(house, gauges), "the evening before was never done"
    assert not keep_house(house, gauges)
    clock.at = at("2026-03-03 04:00")
    assert keep_house(house, gauges)
    assert not keep_house(house, gauges)
    with house.store.reading() as uow:
        assert last_finished(uow, "housekeeping") == clock.now()


def test_books_that_agree_are_said_to_agree(house, pile, clock, gauges):
    charged(house, pile, clock)
    clock.advance(700)
    ticks.tick_slowly(house)
    clock.at = at("2026-03-03 04:01")
    check = compare_books(house)
    assert check.agrees
    assert check.total.billed_wh == 613
    keep_house(house, gauges)
    assert b"beimen_books_difference_joules 0.0" in gauges.text()


def test_energy_sold_twice_is_an_incident_until_it_is_put_right(house, pile, clock):
    session = charged(house, pile, clock)
    with house.store.writing() as uow:
        twin = Session(**session_row(uow, session).model_dump())
        twin.id, twin.idempotency_key = "01JNAX3K6ZQ4V8S2T7M9D1C5BH", None
        uow.session.add(twin)
    clock.advance(60)
    assert not compare_books(house).agrees
    with house.store.reading() as uow:
        (row,) = [row for row in open_rows(uow) if row.code == "energy_mismatch"]
    assert row.subject["values"] == {"wh": 613, "pile": "LB-001", "outlet": 1}
    with house.store.writing() as uow:
        uow.session.delete(session_row(uow, twin.id))
    clock.advance(60)
    assert compare_books(house).agrees
    with house.store.reading() as uow:
        assert all(row.cleared_at for row in open_rows(uow) if row.code == "energy_mismatch")


def test_on_the_first_day_the_old_month_is_looked_at_too(house, pile, clock):
    charged(house, pile, clock)
    clock.at = at("2026-04-01 04:00")
    assert compare_books(house).span.since < at("2026-03-10 00:00")
    clock.at += timedelta(days=3)
    assert compare_books(house).span.since == at("2026-04-01 00:00")
