"""As few notifications as possible, and none too late."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.alerts.digest import Concern, DigestRules, body, is_due, plan, retry_at, title
from service.alerts.subject import measured, where
from service.piles.faults import Severity

T0 = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RULES = DigestRules()


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def concern(number: int = 1, code: str = "fuse", **more: object) -> Concern:
    """An ordinary incident at one pile of entrance 3, shown since T0."""
    one = Concern(
        incident_id=number,
        code=code,
        severity=Severity.WARNING,
        entrance=3,
        place=where(f"BM-{number:03d}", None, None),
        detail=None,
        show_at=T0,
        is_active=True,
        is_answered=False,
    )
    return replace(one, **more)  # type: ignore[arg-type]


def smoke(number: int = 1, **more: object) -> Concern:
    return concern(number, "smoke", severity=Severity.CRITICAL, **more)


def test_what_is_critical_goes_at_once():
    digest = plan([smoke()], T0, RULES, last_ordinary_at=T0)
    assert digest is not None
    assert digest.urgent


def test_what_is_ordinary_collects_for_a_minute():
    assert plan([concern()], at(59), RULES, None) is None
    digest = plan([concern()], at(60), RULES, None)
    assert digest is not None
    assert not digest.urgent


def test_ordinary_ones_keep_five_minutes_distance():
    assert plan([concern()], at(200), RULES, last_ordinary_at=at(-99)) is None
    assert plan([concern()], at(201), RULES, last_ordinary_at=at(-99)) is not None


def test_with_something_critical_everything_due_goes_along():
    digest = plan([concern(1), smoke(2), concern(3)], at(1), RULES, None)
    assert digest is not None
    assert [one.incident_id for one in digest.concerns] == [2, 1, 3]


@pytest.mark.parametrize(
    ("one", "now_s", "due"),
    [
        (concern(), 0, True),
        (concern(show_at=at(180)), 179, False),
        (concern(severity=Severity.INFO), 9999, False),
        (concern(is_active=False), 0, False),
        (smoke(is_active=False), 0, True),
        (concern(snoozed_until=at(100)), 99, False),
        (concern(snoozed_until=at(100)), 100, True),
        (concern(notified_at=T0), 99_999, False),
        (concern(notified_at=T0, reopened_at=at(300)), 899, False),
        (concern(notified_at=T0, reopened_at=at(300)), 900, True),
        (concern(notified_at=at(400), reopened_at=at(300)), 9999, False),
        (concern(notified_at=T0, reopened_at=at(300), is_answered=True), 9999, False),
        (smoke(notified_at=T0), 1799, False),
        (smoke(notified_at=T0), 1800, True),
        (smoke(notified_at=T0, is_answered=True), 9999, False),
        (smoke(notified_at=T0, is_active=False), 9999, False),
    ],
)
def test_when_people_should_be_told(one: Concern, now_s: float, due: bool):
    assert is_due(one, at(now_s), RULES) is due


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 4000), st.booleans()), max_size=8),
    st.integers(2, 10),
)
def test_a_key_is_told_at_most_once_per_cooldown_and_critical_ones_within_ten_seconds(
    incidents, tick_s: int
):
    """Incidents begin, end and come back; the digest is asked every `tick_s` seconds."""
    told: dict[int, list[int]] = {}
    notified: dict[int, datetime] = {}
    last_ordinary: datetime | None = None
    for second in range(0, 5000, tick_s):
        open_now = []
        for number, (begins, lasts, is_critical) in enumerate(incidents):
            if begins <= second:
                severity = Severity.CRITICAL if is_critical else Severity.WARNING
                open_now.append(
                    concern(
                        number,
                        severity=severity,
                        show_at=at(begins),
                        is_active=second < begins + lasts,
                        notified_at=notified.get(number),
                        reopened_at=at(begins + 1),
                    )
                )
        digest = plan(open_now, at(second), RULES, last_ordinary)
        if digest is None:
            continue
        last_ordinary = last_ordinary if digest.urgent else at(second)
        for one in digest.concerns:
            told.setdefault(one.incident_id, []).append(second)
            notified[one.incident_id] = at(second)
    for number, (begins, _, is_critical) in enumerate(incidents):
        times = told.get(number, [])
        assert all(b - a >= 900 for a, b in pairwise(times))
        if is_critical and begins < 4900:
            assert times[0] - begins <= 10


@settings(deadline=None)
@given(st.integers(1, 50))
def test_a_failed_one_is_tried_again_ever_less_often(attempts: int):
    after = retry_at(attempts, T0, RULES)
    assert timedelta(seconds=30) <= after - T0 <= timedelta(minutes=30)
    assert retry_at(attempts + 1, T0, RULES) >= after


# --- words -------------------------------------------------------------------------------------


def test_one_incident_is_told_with_its_place_and_its_detail():
    detail = measured(82.5, 80, "c")
    hot = concern(
        17,
        "over_temp_outlet",
        severity=Severity.CRITICAL,
        place=where("BM-017", 2, None),
        detail=detail,
    )
    digest = plan([hot], T0, RULES, None)
    assert digest is not None
    assert title(digest, "en") == "URGENT: Outlet too hot, pile BM-017 outlet 2"
    assert body(digest, "en") == (
        "Entrance 3\n- Outlet too hot: pile BM-017 outlet 2. Measured 82.5 °C, limit 80 °C."
    )


def test_the_same_trouble_at_many_piles_is_one_line_and_entrances_are_apart():
    many = [concern(n, "silent", entrance=1 + n % 2) for n in range(1, 31)]
    feeder = concern(99, "feeder_near", entrance=None, place=where(None, None, "e3"))
    digest = plan([*many, feeder], at(60), RULES, None)
    assert digest is not None
    assert title(digest, "en") == "Feeder is near its rating, feeder e3, and 30 more"
    lines = body(digest, "en").splitlines()
    assert lines[0] == "- Feeder is near its rating: feeder e3"
    assert lines[1] == "Entrance 1"
    assert lines[2].startswith("- Pile is silent: pile BM-002, pile BM-004")
    assert lines[2].endswith("and 7 more")
    assert lines[3] == "Entrance 2"
    assert len(lines) == 5


def test_a_very_long_list_is_cut_with_a_count():
    many = [concern(n, f"vendor_{n:02d}") for n in range(40)]
    digest = plan(many, at(60), RULES, None)
    assert digest is not None
    lines = body(digest, "en").splitlines()
    assert len(lines) == 21
    assert lines[-1] == "... and 21 more lines"
    assert "Another fault (vendor_00)" in lines[1]


def test_one_ordinary_incident_and_several_critical_ones_have_their_titles():
    one = plan([concern(7)], at(60), RULES, None)
    several = plan([smoke(7), smoke(8)], T0, RULES, None)
    assert one is not None
    assert several is not None
    assert title(one, "en") == "Fuse blown, pile BM-007"
    assert title(several, "en") == "URGENT: Smoke, pile BM-007, and 1 more"
