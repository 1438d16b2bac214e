"""When to try again, and when a silent connection is given up. No clock is waited for."""

from hypothesis import given
from hypothesis import strategies as st

from service.wire.timing import Backoff, LoopbackWatch


def test_waits_grow_from_half_a_second_to_a_quarter_of_a_minute_and_no_further():
    backoff = Backoff()
    waits = [backoff.wait_s() for _ in range(30)]
    assert 0.5 <= waits[0] <= 1.0
    assert all(0.5 <= wait <= 15.0 for wait in waits)
    assert all(7.5 <= wait <= 15.0 for wait in waits[-10:])


def test_two_who_lose_a_broker_together_do_not_come_back_together():
    assert len({round(Backoff(first_s=1, longest_s=15).wait_s(), 9) for _ in range(1)}) == 1
    one, other = Backoff(), Backoff()
    assert [one.wait_s() for _ in range(6)] != [other.wait_s() for _ in range(6)]


def test_after_a_success_the_waits_begin_small_again():
    backoff = Backoff()
    for _ in range(10):
        backoff.wait_s()
    backoff.reset()
    assert backoff.wait_s() <= 1.0


def test_a_message_to_ourselves_is_due_at_once_and_then_each_quarter_of_a_minute():
    watch = LoopbackWatch(now=100)
    watch.connected(100)
    due = [second for second in range(100, 161) if watch.should_send(second)]
    assert due == [100, 115, 130, 145, 160]


def test_a_link_that_is_silent_for_longer_than_45_seconds_is_dead():
    watch = LoopbackWatch(now=0)
    watch.connected(10)
    watch.returned(12)
    assert not watch.is_dead(57)
    assert watch.is_dead(57.1)
    assert watch.age_s(57) == 45


def test_a_new_connection_gets_its_full_time_but_the_age_tells_the_truth():
    watch = LoopbackWatch(now=0)
    watch.connected(300)
    assert not watch.is_dead(340)
    assert watch.age_s(340) == 340


def test_time_in_which_we_did_not_read_is_not_held_against_the_link():
    watch = LoopbackWatch(now=0)
    watch.connected(0)
    watch.was_deaf(100)
    assert not watch.is_dead(144)
    assert watch.is_dead(146)


@given(st.lists(st.floats(0, 14.9), max_size=60))
def test_a_link_that_answers_is_never_given_up(gaps: list[float]):
    now = 0.0
    watch = LoopbackWatch(now)
    watch.connected(now)
    for gap in gaps:
        now += gap
        assert not watch.is_dead(now)
        if watch.should_send(now):
            watch.returned(now)
