"""Sessions in figures: what was asked for, what began, what it drew, how long one waited."""

from hypothesis import given, settings
from hypothesis import strategies as st

from service.clock import to_ms
from service.sessions.lifecycle import State
from service.usage.spans import Span, month_span
from service.usage.visits import Visit, VisitFigures, by_day, by_entrance, figures
from tests.usage.compound import ZONE, local

MARCH = month_span("2026-03", ZONE)


def visit(asked: str = "2026-03-02 19:00", state: str = State.SETTLED, **changes) -> Visit:
    """One that was asked for, began at once and ended two hours later, unless changed."""
    at = to_ms(local(asked))
    fields = {
        "pile": "LB-001", "outlet": 1, "state": state, "requested_ms": at, "commanded_ms": at,
        "started_ms": at + 4_000, "ended_ms": at + 7_200_000, "energy_wh": 600,
        "left_by_wish": False,
    }  # fmt: skip
    return Visit(**{**fields, **changes})


NEVER = {"started_ms": None, "ended_ms": None, "energy_wh": None}
CANCELLED = {"state": State.CANCELLED, **NEVER}


def test_an_evening_in_figures():
    seen = [
        visit(),
        visit(energy_wh=400),
        visit(state=State.HELD, energy_wh=50),
        visit(state=State.CHARGING, ended_ms=None, energy_wh=None),
        visit(**CANCELLED),
        visit(**CANCELLED, left_by_wish=True),
        visit(state=State.QUEUED, commanded_ms=None, **NEVER),
    ]
    assert figures(seen, MARCH) == VisitFigures(
        asked=7, started=4, not_started=1, left_queue=1, under_way=1, ended=3, energy_wh=1000,
        held=1, held_wh=50, queued=0, waits_mean_s=0, waits_longest_s=0,
    )  # fmt: skip
    assert figures(seen, MARCH).success_share == 0.8


def test_a_register_that_jumped_does_not_drown_the_month():
    seen = [visit(), visit(state=State.HELD, energy_wh=10_000_000), visit(state=State.WAIVED)]
    found = figures(seen, MARCH)
    assert (found.ended, found.energy_wh, found.held_wh) == (3, 600, 10_000_000)
    assert sum(day.energy_wh for day in by_day(seen, MARCH, ZONE)) == 600


def test_who_no_longer_wanted_to_wait_is_no_failure_and_nobody_asked_is_no_share():
    assert figures([visit(**CANCELLED, left_by_wish=True)], MARCH).success_share is None
    assert figures([], MARCH).success_share is None


def test_a_session_over_midnight_counts_as_asked_here_and_as_energy_there():
    night = visit("2026-02-28 23:00", ended_ms=to_ms(local("2026-03-01 01:00")))
    february, march = month_span("2026-02", ZONE), MARCH
    assert (figures([night], february).asked, figures([night], february).energy_wh) == (1, 0)
    assert (figures([night], march).asked, figures([night], march).energy_wh) == (0, 600)


def test_waiting_is_from_the_wish_to_the_command_and_only_if_one_waited():
    at = to_ms(local("2026-03-02 19:00"))
    seen = [visit(), visit(commanded_ms=at + 600_000), visit(commanded_ms=at + 1_200_000)]
    found = figures(seen, MARCH)
    assert (found.queued, found.waits_mean_s, found.waits_longest_s) == (2, 900, 1200)


def test_entrances_without_a_session_are_shown_too():
    found = by_entrance([visit()], {"LB-001": 1, "LB-020": 3}, MARCH)
    assert {entrance: one.ended for entrance, one in found.items()} == {1: 1, 3: 0}


def test_every_day_of_a_month_is_there_and_a_session_counts_on_the_day_it_ended():
    late = visit("2026-03-02 23:30")
    days = by_day([visit(), late], MARCH, ZONE)
    assert len(days) == 31
    assert [(day.day.day, day.sessions) for day in days if day.sessions] == [(2, 1), (3, 1)]
    assert by_day([late], Span(MARCH.since, MARCH.since), ZONE) == []


@st.composite
def many(draw) -> list[Visit]:
    times = st.integers(to_ms(MARCH.since) - 10**8, to_ms(MARCH.until) + 10**8)
    lengths = st.integers(0, 36_000_000)
    made = []
    for _ in range(draw(st.integers(0, 12))):
        at, length = draw(times), draw(lengths)
        state = draw(st.sampled_from([State.SETTLED, State.HELD, State.CHARGING]))
        over = None if state is State.CHARGING else at + length
        pile = draw(st.sampled_from(["LB-001", "LB-020"]))
        made.append(
            Visit(pile, 1, state, at, at, at, over, draw(st.integers(0, 3000)), left_by_wish=False)
        )
    return made


@given(many())
@settings(max_examples=150, deadline=None)
def test_parts_always_add_up_to_the_whole(visits: list[Visit]):
    whole = figures(visits, MARCH)
    doors = by_entrance(visits, {"LB-001": 1, "LB-020": 3}, MARCH)
    assert sum(one.energy_wh for one in doors.values()) == whole.energy_wh
    assert sum(one.asked for one in doors.values()) == whole.asked
    days = by_day(visits, MARCH, ZONE)
    assert sum(day.energy_wh for day in days) == whole.energy_wh
    assert sum(day.sessions for day in days) == whole.ended
    assert whole.asked == sum((whole.started, whole.not_started, whole.left_queue, whole.under_way))
