"""Months of the books, by the compound's clock."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.billing.months import after, books_month, is_month, month_of, span
from tests.billing.days import BERLIN, SHANGHAI, local


@pytest.mark.parametrize(
    ("clock", "month"),
    [
        ("2026-10-31 23:59:59", "2026-10"),
        ("2026-11-01 00:00", "2026-11"),
        ("2028-02-29 23:59", "2028-02"),
        ("2026-12-31 23:59", "2026-12"),
    ],
)
def test_a_month_ends_at_midnight_of_the_compound_not_of_greenwich(clock, month):
    assert month_of(local(clock), SHANGHAI) == month


def test_the_same_moment_is_in_october_here_and_still_in_september_elsewhere():
    midnight = local("2026-10-01 00:00")
    assert (month_of(midnight, SHANGHAI), month_of(midnight, BERLIN)) == ("2026-10", "2026-09")


def test_a_midnight_that_the_clock_skips_still_begins_a_month():
    """Cuba put its clocks forward at midnight of Sunday 1 April 2012."""
    havana = ZoneInfo("America/Havana")
    assert month_of(local("2012-03-31 23:59", havana), havana) == "2012-03"
    assert month_of(local("2012-04-01 01:00", havana), havana) == "2012-04"


def test_months_follow_each_other_over_the_year():
    assert span("2026-11", "2027-02") == ["2026-11", "2026-12", "2027-01", "2027-02"]
    assert span("2026-11", "2026-10") == []
    assert span("2026-11", "2026-11") == ["2026-11"]


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "202610", "2026-1", "october", "2026-10-01"]
)
def test_what_is_not_a_month_is_not_taken_for_one(text):
    assert not is_month(text)
    assert is_month("2026-10")


def test_rule_12_a_fact_lands_in_its_own_month_or_in_the_first_still_open():
    late = local("2026-10-31 23:00")
    assert books_month(late, SHANGHAI, None) == "2026-10"
    assert books_month(late, SHANGHAI, "2026-09") == "2026-10"
    assert books_month(late, SHANGHAI, "2026-10") == "2026-11"
    assert books_month(late, SHANGHAI, "2026-12") == "2027-01"


@given(st.integers(2000, 9998), st.integers(1, 12))
def test_as_texts_months_sort_as_they_follow(year, number):
    month = f"{year:04d}-{number:02d}"
    assert is_month(month)
    assert month < after(month)
    assert is_month(after(month))
