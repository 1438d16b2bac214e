"""The arithmetic of waiting, without any HTTP."""

from hypothesis import given
from hypothesis import strategies as st

from service.door.limits import MOST_TALLIES, Flood, Lane, Tries, network_of


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


HOME = [(Lane.PAIR, "203.0.113.5 li"), (Lane.ADDRESS, "203.0.113.5"), (Lane.ACCOUNT, "li")]


@given(st.lists(st.tuples(st.sampled_from(Lane), st.integers(0, 3), st.integers(0, 2_000),
                          st.booleans()), max_size=120))  # fmt: skip
def test_no_wait_is_ever_longer_than_its_lane_allows_and_waiting_it_out_always_helps(
    story: list[tuple[Lane, int, int, bool]],
):
    seconds = Seconds()
    tries = Tries(seconds)
    for lane, who, later, right in story:
        keys = [(lane, str(who))]
        wait = tries.begin(keys)
        assert 0 <= wait <= lane.value.longest_seconds
        if wait:
            seconds.now += wait
            assert tries.begin(keys) == 0
        if right:
            tries.succeeded(keys)
        seconds.now += later


def test_a_hundred_tries_at_the_same_moment_get_no_more_than_one_after_another():
    tries = Tries(Seconds())
    assert [tries.begin(HOME[:1]) for _ in range(100)].count(0) == 5


def test_right_passwords_leave_no_trace_in_the_wide_lanes():
    tries = Tries(Seconds())
    for _ in range(200):
        assert tries.begin(HOME) == 0
        tries.succeeded(HOME)


def test_after_an_hour_of_quiet_all_is_forgotten():
    seconds = Seconds()
    tries = Tries(seconds)
    for _ in range(12):
        seconds.now += tries.begin(HOME)
    seconds.now += 3_601
    assert [tries.begin(HOME[:1]) for _ in range(5)] == [0] * 5


def test_the_memory_for_wrong_tries_is_bounded():
    tries = Tries(Seconds())
    for number in range(MOST_TALLIES + 500):
        tries.begin([(Lane.PAIR, str(number))])
    assert len(tries._tallies) == MOST_TALLIES


def test_succeeding_twice_is_harmless():
    tries = Tries(Seconds())
    tries.begin(HOME)
    tries.succeeded(HOME)
    tries.succeeded(HOME)
    assert tries.begin(HOME) == 0


def test_one_ipv6_line_counts_as_one_address():
    assert network_of("2001:db8:1:2::7") == network_of("2001:db8:1:ff::9")
    assert network_of("2001:db8:1:2::7") != network_of("2001:db8:2::7")
    assert network_of("::ffff:203.0.113.5") == network_of("203.0.113.5") == "203.0.113.5"
    assert network_of("a test") == "a test"


def test_a_flood_of_one_address_leaves_the_others_alone():
    flood = Flood()
    assert [flood.allows(Flood.SIGN_INS, "203.0.113.5") for _ in range(61)].count(True) == 60
    assert flood.allows(Flood.SIGN_INS, "203.0.113.6")
