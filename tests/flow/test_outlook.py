"""The next three hours, from live readings: places on curves, habits of four weeks, gauges."""

from datetime import timedelta
from math import exp

import pytest
from sqlmodel import select

from service.flow import House, outlook, ticks
from service.gauges.looks import Look
from service.sessions.records import Session
from tests.flow.looking import charging, settle

MINUTE = 60


def goes_on(house, pile, clock, session_id, currents_ma) -> None:
    """One reading a minute, and the service's ticks."""
    for number, current_ma in enumerate(currents_ma):
        clock.advance(MINUTE)
        pile.meter(pile.reading(wh=1000 + number, current_ma=current_ma, session_id=session_id))
        ticks.tick(house)


def leaf(house) -> str:
    return house.board.piles["LB-001"].feeder_id


@pytest.fixture
def learned(house: House, pile) -> House:
    ticks.tick_slowly(house)
    return house


def test_a_running_session_is_in_the_outlook_of_its_feeder_within_the_next_tick(
    learned, pile, wish, clock
):
    session_id = charging(learned, pile, wish())
    goes_on(learned, pile, clock, session_id, [880] * 5)
    one = learned.outlooks[leaf(learned)]
    assert one.expected_ma[0] > 600
    assert one.high95_ma[0] >= one.expected_ma[0] >= one.low95_ma[0]


def test_a_tail_is_followed_and_expected_to_fall_on(learned, pile, wish, clock):
    session_id = charging(learned, pile, wish())
    tail = [int(880 * exp(-minute / 40)) for minute in range(60)]
    goes_on(learned, pile, clock, session_id, [880] * 20 + tail)
    place = learned.places[session_id]
    assert place.in_tail
    one = learned.outlooks[leaf(learned)]
    assert one.expected_ma[11] < place.current_ma * 0.4


def test_after_a_restart_the_place_on_the_curve_is_known_again(learned, pile, wish, clock, store):
    session_id = charging(learned, pile, wish())
    goes_on(learned, pile, clock, session_id, [880] * 10 + [700, 600, 500, 400])
    before = learned.places[session_id]
    again = House(store, clock, learned.settings, learned.random_bytes, learned.key)
    with again.look():
        pass
    after = again.places[session_id]
    assert (after.peak_ma, after.in_tail) == (before.peak_ma, True)


def test_an_ended_session_is_forgotten(learned, pile, wish, clock):
    session_id = charging(learned, pile, wish())
    goes_on(learned, pile, clock, session_id, [880] * 3)
    settle(pile, session_id, 1000, 1002)
    clock.advance(2)
    ticks.tick(learned)
    assert session_id not in learned.places


def test_habits_are_learned_once_a_day(house, pile, clock):
    with house.look():
        pass
    assert outlook.learn_daily(house)
    assert not outlook.learn_daily(house)
    clock.advance(86_400)
    assert outlook.learn_daily(house)


def test_yesterdays_arrival_is_expected_today(learned, pile, wish, clock, store):
    session_id = charging(learned, pile, wish())
    goes_on(learned, pile, clock, session_id, [880] * 40)
    settle(pile, session_id, 1000, 1040)
    with store.reading() as uow:
        began_at = uow.session.exec(select(Session)).one().started_at
    clock.advance((began_at + timedelta(days=1) - clock.now()).total_seconds())
    pile.heartbeat()
    assert outlook.learn_daily(learned)
    ticks.tick(learned)
    rates = learned.habits.arrivals.per_step[leaf(learned)]
    assert sum(map(sum, rates)) > 0
    assert max(learned.outlooks[leaf(learned)].coming_ma) > 0


def test_what_is_expected_in_an_hour_is_a_gauge(learned, pile, wish, clock):
    session_id = charging(learned, pile, wish())
    goes_on(learned, pile, clock, session_id, [880] * 3)
    told = {metric.name: metric for metric in Look(learned, None).collect()}
    (sample,) = (
        one for one in told["beimen_feeder_expected_amperes"].samples
        if one.labels["feeder"] == leaf(learned)
    )  # fmt: skip
    assert 0 < sample.value < 1
