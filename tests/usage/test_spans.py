"""Months by the compound's clock, and the same part of the month before."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.billing.months import after
from service.clock import from_ms
from service.usage.spans import (
    Span,
    before,
    last_days,
    month_so_far,
    month_span,
    months_before,
    same_part_of_last_month,
)
from tests.usage.compound import ZONE, local

MONTHS = st.builds("{:04d}-{:02d}".format, st.integers(2020, 2090), st.integers(1, 12))


@given(MONTHS)
@settings(max_examples=200)
def test_months_follow_one_another_without_gap_or_overlap(month: str):
    assert month_span(month, ZONE).until == month_span(after(month), ZONE).since
    assert before(after(month)) == month
    assert 28 <= month_span(month, ZONE).seconds / 86_400 <= 31


def test_a_month_begins_at_midnight_of_the_compound_not_of_greenwich():
    assert month_span("2026-03", ZONE).since == datetime(2026, 2, 28, 16, 0, tzinfo=UTC)


def test_twelve_months_are_the_last_year():
    assert months_before("2026-03", 11) == "2025-04"


@pytest.mark.parametrize(
    ("now", "since", "until"),
    [
        ("2026-03-20 12:00", "2026-02-01 00:00", "2026-02-20 12:00"),
        ("2026-03-30 12:00", "2026-02-01 00:00", "2026-03-01 00:00"),
        ("2026-03-01 00:00", "2026-02-01 00:00", "2026-02-01 00:00"),
        ("2026-01-05 08:30", "2025-12-01 00:00", "2025-12-05 08:30"),
    ],
)
def test_last_month_is_compared_up_to_the_same_day_and_time(now, since, until):
    assert same_part_of_last_month(local(now), ZONE) == Span(local(since), local(until))


@given(st.integers(1_704_067_200_000, 1_893_456_000_000))  # 2024 to 2029
@settings(max_examples=200)
def test_the_part_of_last_month_lies_in_last_month(now_ms: int):
    now = from_ms(now_ms)
    part, this = same_part_of_last_month(now, ZONE), month_so_far(now, ZONE)
    last = month_span(before(now.astimezone(ZONE).strftime("%Y-%m")), ZONE)
    assert part.since == last.since <= part.until <= last.until == this.since <= this.until


def test_only_what_is_over_counts():
    span = month_span("2026-03", ZONE)
    now = local("2026-03-10 00:00")
    assert span.up_to(now) == Span(span.since, now)
    assert span.up_to(local("2027-01-01 00:00")) == span
    assert span.up_to(local("2026-01-01 00:00")).seconds == 0


def test_days_are_twenty_four_hours_also_when_a_clock_is_changed():
    now = datetime(2026, 3, 30, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert last_days(now, 2).seconds == timedelta(days=2).total_seconds()
