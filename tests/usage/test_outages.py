"""When outlets could not be used, and how long it took until they could again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.clock import to_ms
from service.usage.outages import (
    Outage,
    availability,
    mean_availability,
    repairs,
    stops_use,
)
from service.usage.spans import Span
from tests.usage.compound import local

DAY = Span(local("2026-03-02 00:00"), local("2026-03-03 00:00"))
PLACES = [("LB-001", 1), ("LB-001", 2), ("LB-002", 1)]


def outage(since: str, until: str | None, code: str = "silent", **changes) -> Outage:
    fields = {
        "code": code, "severity": "warning", "source": "service", "pile": "LB-001", "outlet": None,
        "raised_ms": to_ms(local(f"2026-03-02 {since}")), "answered_ms": None,
        "over_ms": None if until is None else to_ms(local(f"2026-03-02 {until}")),
    }  # fmt: skip
    return Outage(**{**fields, **changes})


def test_a_silent_pile_takes_both_its_outlets_away_and_no_others():
    able = availability([outage("06:00", "12:00")], PLACES, DAY)
    assert [one.share for one in able] == [0.75, 0.75, 1.0]
    assert able[0].unusable_seconds == 6 * 3600
    assert mean_availability(able) == pytest.approx(2.5 / 3)
    assert mean_availability([]) is None


def test_a_fault_of_one_outlet_leaves_the_other_one():
    fault = outage("06:00", "12:00", "relay_welded", outlet=2, source="pile", severity="critical")
    assert [one.share for one in availability([fault], PLACES, DAY)] == [1.0, 0.75, 1.0]


def test_what_happens_twice_at_a_time_counts_once():
    both = [outage("06:00", "12:00"), outage("08:00", "18:00", "over_temp", source="pile")]
    assert availability(both, PLACES, DAY)[0].share == 0.5


def test_what_lasts_counts_up_to_now_and_a_new_pile_from_its_first_day():
    noon = to_ms(local("2026-03-02 12:00"))
    lasts = [outage("18:00", None)]
    assert availability(lasts, PLACES, DAY)[0].share == 0.75
    assert availability(lasts, PLACES, DAY, {"LB-001": noon})[0].share == 0.5


@pytest.mark.parametrize(
    ("code", "source", "severity", "stops"),
    [
        ("silent", "service", "warning", True),
        ("identity_collision", "service", "critical", True),
        ("smoke", "pile", "critical", True),
        ("relay_welded", "service", "critical", True),
        ("fuse", "pile", "warning", True),
        ("session_held", "service", "warning", False),
        ("weak_signal", "pile", "info", False),
        ("not_drawing", "service", "warning", False),
    ],
)
def test_what_keeps_people_from_charging_is_told_from_what_only_needs_a_look(
    code, source, severity, stops
):
    assert stops_use(outage("06:00", None, code, source=source, severity=severity)) is stops


def test_time_to_repair_is_from_the_fault_to_its_end_and_what_is_open_stands_beside_it():
    begun = [
        outage("06:00", "07:00", answered_ms=to_ms(local("2026-03-02 06:10"))),
        outage("06:00", "09:00"),
        outage("20:00", None),
        outage("06:00", "06:05", "weak_signal", severity="info"),
        outage("06:00", "06:05", "feeder_near", pile=None),
    ]
    found = repairs(begun, DAY)
    assert (found.raised, found.mended, found.open) == (3, 2, 1)
    assert (found.mean_seconds, found.median_seconds, found.longest_seconds) == (7200, 7200, 10_800)
    assert found.mean_to_answer_seconds == 600
    assert found.oldest_open_seconds == 4 * 3600


def test_nothing_broken_is_no_time_to_repair():
    found = repairs([], DAY)
    assert (found.raised, found.mean_seconds, found.oldest_open_seconds) == (0, None, None)


@given(
    st.lists(
        st.tuples(st.integers(-20, 40), st.integers(0, 30), st.sampled_from([None, 1, 2])),
        max_size=8,
    )
)
@settings(max_examples=150, deadline=None)
def test_an_outlet_is_away_exactly_in_the_union_of_its_outages(parts):
    hour = 3_600_000
    outages = [
        Outage("silent", "warning", "service", "LB-001", outlet, DAY.since_ms + start * hour, None,
               DAY.since_ms + (start + length) * hour)
        for start, length, outlet in parts
    ]  # fmt: skip
    for one in availability(outages, PLACES, DAY):
        away = {
            at
            for start, length, outlet in parts
            for at in range(start, start + length)
            if one.pile == "LB-001" and outlet in (None, one.outlet) and 0 <= at < 24
        }
        assert one.share == pytest.approx(1 - len(away) / 24)
