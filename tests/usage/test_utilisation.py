"""How long outlets are taken, by outlet and by hour of the week, by the clock on the wall."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.clock import from_ms, to_ms
from service.sessions.lifecycle import State
from service.usage.spans import Span, month_span
from service.usage.utilisation import by_hour, by_outlet, hour_slots, mean_share, outlets_of
from service.usage.visits import Visit
from tests.usage.compound import ZONE, local

MARCH = month_span("2026-03", ZONE)
BERLIN = ZoneInfo("Europe/Berlin")


def stay(start: datetime, end: datetime | None, outlet: int = 1, pile: str = "LB-001") -> Visit:
    at, over = to_ms(start), None if end is None else to_ms(end)
    return Visit(pile, outlet, State.SETTLED, at, at, at, over, 500, left_by_wish=False)


def test_an_outlet_that_was_taken_half_of_the_time_says_a_half():
    day = Span(local("2026-03-02 00:00"), local("2026-03-03 00:00"))
    visits = [stay(local("2026-03-02 06:00"), local("2026-03-02 18:00"))]
    one, other = by_outlet(visits, outlets_of({"LB-001": 2}), day)
    assert (one.share, one.taken_seconds, one.sessions, one.energy_wh) == (0.5, 43_200, 1, 500)
    assert (other.share, other.sessions) == (0.0, 0)
    assert mean_share([one, other]) == 0.25


def test_a_session_that_still_runs_takes_its_outlet_up_to_now():
    day = Span(local("2026-03-02 00:00"), local("2026-03-02 12:00"))
    (one,) = by_outlet([stay(local("2026-03-02 09:00"), None)], [("LB-001", 1)], day)
    assert (one.share, one.energy_wh) == (0.25, 0)


def test_monday_evening_shows_on_monday_evening():
    visits = [stay(local("2026-03-02 19:30"), local("2026-03-02 21:15"))]
    week = Span(local("2026-03-02 00:00"), local("2026-03-09 00:00"))
    taken = {(use.weekday, use.hour): use.share for use in by_hour(visits, 1, week, ZONE)}
    assert {key: share for key, share in taken.items() if share} == {
        (0, 19): 0.5, (0, 20): 1.0, (0, 21): 0.25,
    }  # fmt: skip


def test_the_mean_is_over_all_mondays_of_the_month_and_over_all_outlets():
    visits = [stay(local("2026-03-02 20:00"), local("2026-03-02 21:00"))]
    monday_at_eight = by_hour(visits, 4, MARCH, ZONE)[20]
    assert monday_at_eight.share == pytest.approx(1 / (5 * 4))  # March 2026 has five Mondays
    assert monday_at_eight.mean_taken == pytest.approx(1 / 5)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_on_which_the_clock_is_changed_has_its_true_hours(day: str, hours: int):
    midnight = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    span = Span(midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC))
    slots = hour_slots(span, BERLIN)
    assert len(slots) == hours
    assert sum(slot.end_ms - slot.start_ms for slot in slots) == hours * 3_600_000
    all_day = [stay(span.since, span.until)]
    for use in by_hour(all_day, 1, span, BERLIN):
        assert use.share in (None, 1.0)


def test_a_zone_off_the_hour_begins_its_hours_by_its_own_clock():
    kathmandu = ZoneInfo("Asia/Kathmandu")
    span = Span(datetime(2026, 3, 2, 0, 0, tzinfo=UTC), datetime(2026, 3, 2, 3, 0, tzinfo=UTC))
    starts = [from_ms(slot.start_ms).astimezone(kathmandu) for slot in hour_slots(span, kathmandu)]
    assert [(at.hour, at.minute) for at in starts] == [(5, 45), (6, 0), (7, 0), (8, 0)]


STAYS = st.lists(
    st.tuples(
        st.integers(to_ms(MARCH.since) - 10**8, to_ms(MARCH.until) + 10**8),
        st.integers(0, 40_000_000),
        st.integers(1, 2),
    ),
    max_size=10,
)


@given(STAYS, st.sampled_from([ZONE, BERLIN, ZoneInfo("Asia/Kathmandu")]))
@settings(max_examples=100, deadline=None)
def test_hours_and_outlets_count_the_same_time(stays, zone):
    visits = [stay(from_ms(at), from_ms(at + length), outlet) for at, length, outlet in stays]
    lengths = [0] * 168
    for slot in hour_slots(MARCH, zone):
        lengths[slot.weekday * 24 + slot.hour] += slot.end_ms - slot.start_ms
    hours = by_hour(visits, 2, MARCH, zone)
    by_the_hour = sum(use.mean_taken * length for use, length in zip(hours, lengths, strict=True))
    truth = sum(
        max(0, min(at + length, MARCH.until_ms) - max(at, MARCH.since_ms))
        for at, length, _ in stays
    )
    assert by_the_hour == pytest.approx(truth, abs=1)
    outlets = by_outlet(visits, [("LB-001", 1), ("LB-001", 2)], MARCH)
    assert sum(one.taken_seconds for one in outlets) == pytest.approx(truth / 1000, abs=2)
