"""A month beside the one before it, the cables by day, and the time that was lost."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.alerts.records import Incident
from service.clock import to_ms
from service.feeders.records import FeederPeak
from service.households.actions import audit
from service.households.outcomes import Actor
from service.store import Store
from service.usage.actions import figures
from service.usage.actions.month import cables, months_known, two_months
from service.usage.outages import Closing, Outage, Wish, availability, closings, longest
from service.usage.peaks import Quarter, by_day, highest
from service.usage.spans import Span, month_span
from service.usage.utilisation import HourUse, profile
from tests.usage.compound import ZONE, a_compound, live_through, local
from tests.usage.test_outages import DAY, PLACES, outage

NOW = local("2026-03-11 19:00")
SITE = "site"


@pytest.fixture
def two(store: Store) -> Store:
    """A February of 200 charges and a March, up to the 11th, of 100."""
    a_compound(store)
    earlier = live_through(store, local("2026-02-01 00:00"), local("2026-03-01 00:00"), 200)
    live_through(store, local("2026-03-01 00:00"), NOW, 100, seed=2, earlier=earlier)
    return store


def test_a_running_month_is_laid_beside_the_same_part_of_the_one_before(two: Store):
    with two.reading() as uow:
        months = two_months(uow, "2026-03", NOW, ZONE)
        assert months_known(uow, NOW, ZONE) == ["2026-03", "2026-02"]
    assert not months.is_over
    assert months.this.visits.ended == 100
    assert months.last.span == Span(local("2026-02-01 00:00"), local("2026-02-11 19:00"))
    assert 0 < months.last.visits.ended < 200
    assert 0 < months.this.households <= 100
    assert months.this.billed_fen > 0
    # and once it is over, both are whole
    with two.reading() as uow:
        months = two_months(uow, "2026-02", NOW, ZONE)
    assert months.is_over
    assert months.this.visits.ended == 200
    assert months.last.span == month_span("2026-01", ZONE)
    assert months.last.visits.ended == 0


def test_the_cables_are_told_by_day_and_by_quarter(store: Store):
    a_compound(store)
    with store.writing() as uow:
        for at, peak in (("03-01 20:00", 30_000), ("03-01 20:15", 31_000), ("03-02 00:00", 9_000)):
            uow.session.add(
                FeederPeak(feeder_id=SITE, quarter_at=local(f"2026-{at}"), peak_ma=peak,
                           ma_ms=peak * 1000, watched_ms=1000)
            )  # fmt: skip
        uow.session.add(an_incident("feeder_over", "03-01 20:15", feeder_id=SITE))
    with store.reading() as uow:
        day = Span(local("2026-03-01 00:00"), local("2026-03-02 00:00"))
        found = cables(uow, month_span("2026-03", ZONE), day, ZONE)
        months = two_months(uow, "2026-03", NOW, ZONE)
    assert {day: {k: p.peak_ma for k, p in of.items()} for day, of in found.days.items()} == {
        date(2026, 3, 1): {SITE: 31_000},
        date(2026, 3, 2): {SITE: 9_000},
    }
    assert [one.peak_ma for one in found.today] == [30_000, 31_000]
    assert months.this.peaks[SITE].peak_ma == 31_000
    assert (months.this.over, months.last.over) == (1, 0)


def an_incident(code: str, at: str, **more: object) -> Incident:
    when = local(f"2026-{at}")
    times = dict.fromkeys(("raised_at", "last_raised_at", "seen_at", "show_at"), when)
    fixed = {"key": f"{code}{at}", "code": code, "severity": "warning", "source": "service"}
    return Incident(**fixed, **times, **more)


def test_a_pile_taken_out_of_service_is_time_lost(store: Store):
    a_compound(store)
    with store.writing() as uow:
        for at, wanted in (("03-01 00:00", "out"), ("03-06 00:00", "in")):
            who = Actor("maintenance", 1, "")
            detail = {"wanted": wanted, "reason": "new door"}
            audit(uow, local(f"2026-{at}"), who, "pile.manage", "LB-001", detail)
    with store.reading() as uow:
        ten_days = Span(local("2026-03-01 00:00"), local("2026-03-11 00:00"))
        found = figures(uow, ten_days, NOW, ZONE)
    lost = {(o.pile, o.outlet): o for o in found.availability if o.unusable_seconds}
    assert set(lost) == {("LB-001", 1), ("LB-001", 2)}
    assert lost["LB-001", 1].share == 0.5
    assert lost["LB-001", 1].closed_seconds == 5 * 86_400


def test_what_people_wanted_twice_counts_once_and_what_lasts_is_open():
    wishes = [Wish("A", 1, "out"), Wish("A", 2, "out"), Wish("B", 3, "in"), Wish("A", 5, "in"),
              Wish("A", 8, "out"), Wish("C", 9, "moved")]  # fmt: skip
    assert closings(wishes) == [Closing("A", 1, 5), Closing("A", 8, None)]


def test_lost_time_is_told_by_its_reason_and_each_second_once():
    at = lambda text: to_ms(local(f"2026-03-02 {text}"))  # noqa: E731
    lost = availability(
        [outage("06:00", "12:00"), outage("10:00", "14:00", "relay_welded", source="pile")],
        PLACES,
        DAY,
        closed=[Closing("LB-001", at("04:00"), at("07:00"))],
    )[0]
    hours = [lost.closed_seconds, lost.silent_seconds, lost.broken_seconds, lost.unusable_seconds]
    assert [seconds / 3600 for seconds in hours] == [3, 5, 2, 10]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 23), st.integers(1, 9), st.sampled_from(["silent", "smoke"]))
    ),
    st.lists(st.tuples(st.integers(0, 23), st.integers(1, 9))),
)
def test_no_second_is_lost_twice_whatever_happens(broken, closed):
    start = DAY.since_ms
    outages = [
        Outage(code, "critical", "pile", "LB-001", 1, start + h * 3_600_000, None,
               start + (h + length) * 3_600_000)
        for h, length, code in broken
    ]  # fmt: skip
    shut = [
        Closing("LB-001", start + h * 3_600_000, start + (h + n) * 3_600_000) for h, n in closed
    ]
    one = availability(outages, PLACES, DAY, closed=shut)[0]
    hours = {x for h, n, *_ in (*broken, *closed) for x in range(h, min(24, h + n))}
    assert one.unusable_seconds == 3600 * len(hours)
    parts = (one.closed_seconds, one.silent_seconds, one.broken_seconds)
    assert min(parts) >= 0
    assert sum(parts) == one.unusable_seconds
    assert one.share == pytest.approx(1 - len(hours) / 24)


def test_what_lasted_longest_stands_first_and_what_lasts_counts_up_to_now():
    rows = [outage("20:00", None), outage("06:00", "07:00"), outage("08:00", "18:00")]
    assert [seconds // 3600 for _, seconds in longest(rows, DAY, 2)] == [10, 4]


def test_a_day_of_the_cables_keeps_the_first_of_two_equal_peaks():
    at = [to_ms(local(f"2026-03-02 {time}")) for time in ("18:00", "18:15")]
    days = by_day([Quarter("a", at[0], 5, 4), Quarter("a", at[1], 5, 4)], ZONE)
    assert days[date(2026, 3, 2)]["a"].at_ms == at[0]
    assert highest(days)["a"].peak_ma == 5
    assert highest({}) == {}


def test_a_usual_day_tells_workdays_from_weekends_and_unknown_from_nothing():
    hours = [HourUse(day, 20, 0.5, 10.0 if day < 5 else 4.0) for day in range(6)]
    found = profile(hours)[20]
    assert (found.workdays, found.weekend) == (10.0, 4.0)
    assert (profile(hours)[3].workdays, profile([])[0].weekend) == (None, None)
