"""Tell me when one is free: told once, told again when it was taken, over with the evening."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.sessions.wishes import AGAIN_AFTER, Spot, Turn, Waiting, ends_at, fits, judge

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
ONE, TWO, ELSEWHERE = Spot("LB-001", 1, 1, 1), Spot("LB-002", 1, 1, 2), Spot("LB-009", 1, 2, 9)
AT_ENTRANCE_1 = Waiting(entrance=1, pile=None, ends_at=NOW + timedelta(hours=8))
AT_PILE_2 = Waiting(entrance=None, pile="LB-002", ends_at=NOW + timedelta(hours=8))


def told(waiting: Waiting, spot: Spot, at: datetime = NOW) -> Waiting:
    return replace(waiting, told_at=at, told_pile=spot.pile, told_outlet=spot.outlet)


def turn(waiting: Waiting, *free: Spot, later: timedelta = timedelta(0), started: bool = False):
    return judge(waiting, free, NOW + later, started=started)


def test_while_nothing_is_free_there_nothing_is_told():
    assert turn(AT_ENTRANCE_1).turn is Turn.STAYS
    assert turn(AT_ENTRANCE_1, ELSEWHERE).turn is Turn.STAYS
    assert turn(AT_PILE_2, ONE).turn is Turn.STAYS


def test_the_lowest_number_that_is_free_is_told():
    verdict = turn(AT_ENTRANCE_1, TWO, ELSEWHERE, ONE)
    assert (verdict.turn, verdict.spot) == (Turn.TOLD, ONE)
    assert turn(AT_PILE_2, ONE, TWO).spot == TWO


def test_what_was_told_is_not_told_again_while_it_is_free():
    assert turn(told(AT_ENTRANCE_1, TWO), ONE, TWO).turn is Turn.STAYS


def test_when_it_was_taken_the_next_one_is_told_but_not_at_every_turn():
    waiting = told(AT_ENTRANCE_1, ONE)
    assert turn(waiting).turn is Turn.TAKEN
    assert turn(waiting, TWO, later=timedelta(minutes=1)).turn is Turn.TAKEN
    assert turn(waiting, TWO, later=AGAIN_AFTER).spot == TWO


def test_ones_own_start_or_the_morning_ends_it():
    assert turn(AT_ENTRANCE_1, ONE, started=True).turn is Turn.OVER
    assert turn(AT_ENTRANCE_1, ONE, later=timedelta(hours=8)).turn is Turn.OVER


@pytest.mark.parametrize(
    ("asked", "end"),
    [("19:00", "03 06:00"), ("23:59", "03 06:00"), ("00:10", "02 06:00"), ("06:00", "03 06:00")],
)
def test_an_evening_ends_at_six_in_the_morning(asked: str, end: str):
    local = datetime.fromisoformat(f"2026-03-02 {asked}").replace(tzinfo=ZONE)
    assert ends_at(local, ZONE) == datetime.fromisoformat(f"2026-03-{end}").replace(tzinfo=ZONE)


SPOTS = st.lists(
    st.builds(
        Spot,
        pile=st.sampled_from(["LB-001", "LB-002", "LB-009"]),
        outlet=st.integers(1, 2),
        entrance=st.integers(1, 2),
    ),
    max_size=5,
)


@given(st.lists(SPOTS, min_size=1, max_size=30), st.sampled_from([AT_ENTRANCE_1, AT_PILE_2]))
def test_however_outlets_come_and_go_a_phone_rings_only_for_what_is_free_and_never_in_a_row(
    minutes: list[list[Spot]], waiting: Waiting
):
    rang: list[int] = []
    for minute, free in enumerate(minutes):
        at = NOW + timedelta(minutes=minute)
        verdict = judge(waiting, free, at, started=False)
        if verdict.turn is Turn.TOLD:
            assert verdict.spot in free
            assert verdict.spot is not None
            assert fits(waiting, verdict.spot)
            rang.append(minute)
            waiting = told(waiting, verdict.spot, at)
        elif verdict.turn is Turn.TAKEN:
            assert all(spot.pile != waiting.told_pile or spot.outlet != waiting.told_outlet
                       or not fits(waiting, spot) for spot in free)  # fmt: skip
            waiting = replace(waiting, told_pile=None, told_outlet=None)
    assert all(b - a >= 5 for a, b in pairwise(rang))
