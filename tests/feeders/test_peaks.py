"""How full a feeder was: no spike lost, busy moments not counted twice, parts add up exactly."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.clock import to_ms
from service.feeders.peaks import QUARTER_MS, QuarterPart, Tally, quarter_of, quarters
from tests.feeders.compound import LAW, NOW


def mean_ma(part: QuarterPart) -> float:
    return part.ma_ms / part.watched_ms


def test_the_mean_is_over_time_and_not_over_readings():
    tally = Tally()
    tally.note({"e3": 10_000}, NOW)
    for second in range(540, 601):
        tally.note({"e3": 20_000}, NOW + timedelta(seconds=second))
    (part,) = tally.drain()
    assert part.peak_ma == 20_000
    assert part.watched_ms == 600_000
    assert mean_ma(part) == 11_000


def test_a_spike_between_two_writes_is_kept():
    tally = Tally()
    for second, current_ma in enumerate([5000, 39_000, 5000]):
        tally.note({"e3": current_ma}, NOW + timedelta(seconds=second))
    assert tally.drain()[0].peak_ma == 39_000


def test_a_span_over_a_border_is_split_there():
    tally = Tally()
    tally.note({"e3": 6000}, NOW + timedelta(minutes=12))
    tally.note({"e3": 9000}, NOW + timedelta(minutes=17))
    first, second = tally.drain()
    assert (first.quarter_at, first.watched_ms, first.peak_ma) == (NOW, 180_000, 6000)
    assert (second.watched_ms, second.ma_ms, second.peak_ma) == (120_000, 720_000_000, 9000)
    assert second.quarter_at == NOW + timedelta(minutes=15)


def test_a_drained_tally_goes_on_where_it_was():
    tally = Tally()
    tally.note({"e3": 6000}, NOW)
    tally.drain()
    tally.note({"e3": 8000}, NOW + timedelta(seconds=60))
    (part,) = tally.drain()
    assert (part.watched_ms, part.ma_ms, part.peak_ma) == (60_000, 360_000_000, 8000)
    assert tally.drain() == []


def test_nobody_watched_while_the_service_was_down():
    tally = Tally()
    tally.note({"e3": 6000}, NOW)
    tally.note({"e3": 6000}, NOW + timedelta(hours=2))
    assert sum(part.watched_ms for part in tally.drain()) == 0


def test_a_clock_that_steps_back_counts_nothing_twice():
    tally = Tally()
    tally.note({"e3": 6000}, NOW)
    tally.note({"e3": 6000}, NOW + timedelta(seconds=60))
    tally.note({"e3": 9000}, NOW + timedelta(seconds=30))
    tally.note({"e3": 6000}, NOW + timedelta(seconds=90))
    (part,) = tally.drain()
    assert part.watched_ms == 90_000


@LAW
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 50_000)), min_size=1, max_size=60),
    st.sets(st.integers(0, 60)),
)
def test_however_often_it_is_drained_the_sums_are_the_same(steps, drained_after):
    once, often = Tally(), Tally()
    parts: list[QuarterPart] = []
    now = NOW
    for place, (seconds, current_ma) in enumerate(steps):
        now += timedelta(seconds=seconds)
        once.note({"e3": current_ma}, now)
        often.note({"e3": current_ma}, now)
        if place in drained_after:
            parts += often.drain()
    parts += often.drain()
    whole = once.drain()
    for total in whole:
        mine = [part for part in parts if part.quarter_at == total.quarter_at]
        assert sum(part.ma_ms for part in mine) == total.ma_ms
        assert sum(part.watched_ms for part in mine) == total.watched_ms
        assert max(part.peak_ma for part in mine) == total.peak_ma
    assert sum(part.watched_ms for part in whole) == to_ms(now) - to_ms(NOW) - 1000 * steps[0][0]


@LAW
@given(st.integers(0, 2_000_000_000), st.integers(0, 200_000))
def test_every_moment_lies_in_its_quarter(second: int, span_s: int):
    since = NOW + timedelta(seconds=second)
    begins = quarter_of(since)
    assert begins <= since < begins + timedelta(minutes=15)
    assert to_ms(begins) % QUARTER_MS == 0
    until = since + timedelta(seconds=span_s)
    axis = quarters(since, until)
    assert all(quarter_of(one) == one for one in axis)
    if span_s:
        assert axis[0] == begins
        assert axis[-1] < until <= axis[-1] + timedelta(minutes=15)
