"""Times of a band as people type them, and as they are shown again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.billing.tariff import WHOLE_DAY, show_slots
from service.desk.slots import BadTimesError, parse_slots
from tests.billing.days import PEAK_SLOTS, VALLEY_SLOTS


def said(text: str) -> str:
    with pytest.raises(BadTimesError) as refusal:
        parse_slots(text)
    return refusal.value.sentence.in_language("en")


@pytest.mark.parametrize(
    "text",
    ["08:00-22:00", " 8:00 - 22:00 ", "8-22", "08：00－22：00", "8:00—22:00", "8:00～22:00",
     "8点至22点", "8:00到22:00", "8.00-22.00", "8-12,12-22", "8-12、12:00-22:00", "8-12；12-22"],
)  # fmt: skip
def test_a_span_may_be_written_in_the_ways_people_do(text: str):
    assert parse_slots(text) == PEAK_SLOTS


def test_a_span_may_cross_midnight_and_24_00_is_the_end_of_the_day():
    assert parse_slots("22:00-08:00") == VALLEY_SLOTS
    assert parse_slots("22:00-24:00, 00:00-08:00") == VALLEY_SLOTS
    assert parse_slots("24:00-08:00") == frozenset(range(16))
    assert parse_slots("00:00-24:00") == WHOLE_DAY


@settings(max_examples=40, deadline=None)
@given(st.frozensets(st.integers(0, 47), min_size=1))
def test_times_that_are_shown_can_be_typed_again(slots: frozenset[int]):
    assert parse_slots(show_slots(slots)) == slots


def test_what_cannot_be_read_is_said_with_an_example():
    assert said("") == "Write from when to when it holds, like 22:00-08:00."
    assert said("all day") == (
        "“allday” cannot be read as times. Write them like 22:00-08:00, several with commas."
    )
    assert "cannot be read" in said("08:00")
    assert "cannot be read" in said("8-12-14")
    assert "cannot be read" in said("8-12," * 100)


def test_times_that_do_not_exist_or_are_no_half_hours_are_named():
    assert said("8-25") == "There is no time 25:00."
    assert said("22:00-24:30") == "There is no time 24:30."
    assert said("08:75-09:00") == "There is no time 08:75."
    assert said("08:15-09:00") == "Prices change at full or half hours only, not at 08:15."
    assert said("08:00-08:00") == (
        "From 08:00 to 08:00 is no time at all; the whole day is 00:00-24:00."
    )


def test_a_half_hour_named_twice_in_a_band_is_a_slip():
    assert said("08:00-12:00, 11:30-14:00") == "11:30-12:00 is named twice here."


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str):
    try:
        slots = parse_slots(text)
    except BadTimesError:
        return
    assert slots <= WHOLE_DAY


def test_a_band_of_every_other_half_hour_reads_back_too():
    """Its 24 spans were once longer than what could be typed."""
    every_other = frozenset(range(0, 48, 2))
    assert parse_slots(show_slots(every_other)) == every_other
