"""The figures of a real store, on both databases, against what is known to be true."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from service.alerts.actions import acknowledge, clear, raise_incident
from service.alerts.trouble import Trouble
from service.billing.actions import PaidBy, PaymentReceived, counter_entry, record_payment
from service.billing.records import LedgerEntry
from service.feeders.actions import record_peaks
from service.feeders.peaks import QuarterPart
from service.seed import Plan
from service.sessions.lifecycle import State
from service.sessions.records import Session
from service.store import Store
from service.usage.actions import (
    backlog,
    check_books,
    compare_months,
    figures,
    money_by_month,
    money_now,
)
from service.usage.spans import Span, month_span
from tests.usage.compound import ZONE, a_compound, live_through, local

FEBRUARY = month_span("2026-02", ZONE)
NOW = local("2026-03-10 12:00")


@pytest.fixture
def history(store: Store):
    """February with 240 sessions and ten days of March with 90, all of them posted."""
    a_compound(store, Plan(piles=6, households=12))
    first = live_through(store, FEBRUARY.since, FEBRUARY.until, 240)
    second = live_through(store, FEBRUARY.until, NOW, 90, seed=2, earlier=first)
    return store, first, second


def test_february_in_figures_is_what_was_lived_through(history):
    store, first, _ = history
    with store.reading() as uow:
        found = figures(uow, FEBRUARY, NOW, ZONE)
    assert (found.visits.started, found.visits.ended) == (240, 240)
    assert found.visits.energy_wh == first.energy_wh
    assert sum(one.energy_wh for one in found.by_entrance.values()) == first.energy_wh
    assert sum(day.energy_wh for day in found.by_day) == first.energy_wh
    assert len(found.by_day) == 28
    assert len(found.by_outlet) == 12
    assert 0 < found.utilisation < 1
    assert found.mean_availability == 1.0


def test_this_month_is_compared_with_the_same_days_of_the_last_one(history):
    store, first, second = history
    with store.reading() as uow:
        found = compare_months(uow, NOW, ZONE)
        money = money_by_month(uow, "2026-01", "2026-12")
        now = money_now(uow, NOW, ZONE)
    assert found.this.energy_wh == found.this.billed_wh == second.energy_wh
    assert 0 < found.last.energy_wh < first.energy_wh
    assert [month.month for month in money] == ["2026-02", "2026-03"]
    assert found.this.billed_fen == money[1].billed_fen == now.billed_fen


def test_meters_and_bills_agree_to_the_watt_hour_month_by_month(history):
    store, first, second = history
    with store.reading() as uow:
        february = check_books(uow, FEBRUARY, NOW)
        march = check_books(uow, month_span("2026-03", ZONE), NOW)
    assert february.agrees
    assert february.total.billed_wh == first.energy_wh
    assert february.total.unattributed_wh == first.idle_wh
    assert march.agrees
    assert march.total.billed_wh == second.energy_wh


def test_a_session_missing_from_the_books_shows_as_unbilled_and_a_wrong_one_by_its_outlet(history):
    store, _, _ = history
    with store.writing() as uow:
        row = uow.session.exec(select(Session).order_by(Session.id)).first()
        twin = Session(**row.model_dump())
        twin.id, twin.idempotency_key = "01JNAX3K6ZQ4V8S2T7M9D1C5BH", None
        uow.session.add(twin)
    with store.reading() as uow:
        check = check_books(uow, FEBRUARY, NOW)
    assert not check.agrees
    assert check.total.unbilled_wh == check.total.doubled_wh == twin.energy_wh
    assert list(check.differing) == [(row.pile, row.outlet, "a17")]


def test_held_energy_is_neither_lost_nor_billed(store: Store):
    a_compound(store, Plan(piles=2, households=4))
    live_through(store, FEBRUARY.since, FEBRUARY.until, 8)
    with store.writing() as uow:
        start = max(
            row.end_wh for row in uow.session.exec(select(Session).where(Session.outlet == 1))
            if row.pile == "LB-001"
        )  # fmt: skip
        uow.session.add(
            Session(
                id="01JNAX3K6ZQ4V8S2T7M9D1C5BH", pile="LB-001", outlet=1, source="qr",
                state=State.HELD, max_duration_s=36_000, max_energy_wh=3000, max_power_w=1000,
                requested_at=local("2026-02-28 20:00"), started_at=local("2026-02-28 20:00"),
                ended_at=local("2026-02-28 22:00"), settled_at=local("2026-02-28 22:00"),
                register_id="a17", start_wh=start, end_wh=start + 300, energy_wh=300,
                held_reason="readings_disagree",
            )
        )  # fmt: skip
    with store.reading() as uow:
        check, found = check_books(uow, FEBRUARY, NOW), figures(uow, FEBRUARY, NOW, ZONE)
    assert check.agrees
    assert check.total.held_wh == 300
    assert (found.visits.held, found.visits.held_wh) == (1, 300)


def test_payments_and_what_was_taken_back_are_seen_in_their_month(history):
    store, _, _ = history
    paid = PaymentReceived("r-1", 3, 5000, NOW, PaidBy.BANK, "committee:1")
    wrong = replace(paid, ref="r-2", amount_fen=700)
    with store.writing() as uow:
        for payment in (paid, wrong):
            record_payment(uow, payment, NOW, ZONE)
        entry = uow.session.exec(select(LedgerEntry).where(LedgerEntry.cause_ref == "r-2")).one()
        counter_entry(uow, entry.id, "typed twice", "committee:1", NOW, ZONE)
        (march,) = money_by_month(uow, "2026-03", "2026-03")
    assert march.payments_fen == 5000


def test_an_outage_is_seen_in_availability_and_in_the_time_to_repair(history):
    store, _, _ = history
    begin, end = local("2026-02-10 08:00"), local("2026-02-10 20:00")
    trouble = Trouble("silent", pile="LB-001", entrance=1, at=begin)
    with store.writing() as uow:
        raised = raise_incident(uow, trouble, begin).incident
        acknowledge(uow, raised.id, "maintenance:1", begin + timedelta(hours=1))
        clear(uow, trouble.key, end)
    with store.reading() as uow:
        found = figures(uow, FEBRUARY, NOW, ZONE)
    first, second, third = found.availability[:3]
    assert first.share == second.share == pytest.approx(1 - 12 / (28 * 24))
    assert third.share == 1.0
    assert (found.repairs.mean_seconds, found.repairs.mean_to_answer_seconds) == (43_200, 3_600)


def test_the_peak_of_a_feeder_is_the_highest_quarter_of_the_month(history):
    store, _, _ = history
    evening = local("2026-02-10 20:00")
    with store.writing() as uow:
        for minutes, peak_ma in ((0, 9_000), (15, 14_500), (30, 12_000)):
            part = QuarterPart("entrance-1", evening + timedelta(minutes=minutes), peak_ma, 1, 1)
            record_peaks(uow, [part])
    with store.reading() as uow:
        peak = figures(uow, FEBRUARY, NOW, ZONE).peaks["entrance-1"]
    assert (peak.peak_ma, peak.quarter_at) == (14_500, evening + timedelta(minutes=15))


def test_what_waits_is_counted_with_since_when(store: Store):
    a_compound(store, Plan(piles=2, households=4))
    live_through(store, FEBRUARY.since, FEBRUARY.until, 4)
    with store.writing() as uow:
        row = uow.session.exec(select(Session)).first()
        row.posted_at = None
        uow.session.add(row)
    with store.reading() as uow:
        waits = backlog(uow)
    assert (waits.unposted, waits.unposted_since) == (1, row.settled_at)
    assert (waits.held, waits.last_closed_month) == (0, None)


def test_an_empty_compound_has_empty_figures(store: Store):
    with store.reading() as uow:
        found = figures(uow, FEBRUARY, NOW, ZONE)
        assert check_books(uow, Span(FEBRUARY.since, NOW), NOW).agrees
    assert (found.visits.asked, found.mean_availability, list(found.by_outlet)) == (0, None, [])
