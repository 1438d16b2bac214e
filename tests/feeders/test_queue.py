"""Who starts next: by arrival, a second bike behind others' first ones, nobody for ever."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from service.feeders.admission import Admitted, Wait
from service.feeders.queue import Waiting, ask, expected_start, in_turn, may_go, turns
from service.feeders.shedding import Running
from tests.feeders.compound import LAW, NOW, bike, loads_of, site

FULL = [bike(n, current_ma=2000) for n in range(20)]
"""Twenty bikes at 2 A each: entrance 3 is at its 40 A."""


def waits(
    name: str, household: int | None, minutes: float, feeder_id: str = "e3", **more: object
) -> Waiting:
    """Somebody who has waited for so many minutes."""
    asked_at = NOW - timedelta(minutes=minutes)
    return replace(Waiting(name, household, asked_at, False, feeder_id, 2000), **more)  # type: ignore[arg-type]


def names(order: list[Waiting]) -> list[str]:
    return [one.session_id for one in order]


def test_who_came_first_goes_first():
    order = in_turn([waits("late", 1, 5), waits("early", 2, 20), waits("middle", 3, 10)], NOW)
    assert names(order) == ["early", "middle", "late"]


def test_a_households_second_bike_waits_behind_other_households_first():
    second = waits("wang 2", 1, 30, is_second=True)
    order = in_turn([second, waits("li 1", 2, 5)], NOW)
    assert names(order) == ["li 1", "wang 2"]


def test_two_waiting_bikes_of_one_household_are_a_first_and_a_second():
    order = in_turn([waits("wang 1", 1, 30), waits("wang 2", 1, 29), waits("li 1", 2, 5)], NOW)
    assert names(order) == ["wang 1", "li 1", "wang 2"]


def test_guests_without_a_household_do_not_stand_in_each_others_way():
    order = in_turn([waits("guest a", None, 30), waits("guest b", None, 29)], NOW)
    assert names(order) == ["guest a", "guest b"]


def test_after_an_hour_a_second_bike_has_waited_enough():
    second = waits("wang 2", 1, 60, is_second=True)
    assert names(in_turn([second, waits("li 1", 2, 59)], NOW)) == ["wang 2", "li 1"]
    assert names(in_turn([second, waits("li 1", 2, 61)], NOW)) == ["li 1", "wang 2"]


@LAW
@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.integers(0, 200), st.booleans()), max_size=25, unique=True
    )
)
def test_whoever_has_waited_an_hour_is_passed_only_by_earlier_arrivals(people):
    waiting = [
        waits(f"{n:02d}", household, minutes, is_second=second)
        for n, (household, minutes, second) in enumerate(people)
    ]
    order = in_turn(waiting, NOW)
    assert sorted(names(order)) == sorted(names(waiting))
    for place, one in enumerate(order):
        if NOW - one.asked_at >= timedelta(hours=1):
            assert all(before.asked_at <= one.asked_at for before in order[:place])


@LAW
@given(st.permutations([waits(str(n), n % 3, 7 * n % 13, is_second=n % 4 == 0) for n in range(8)]))
def test_the_order_does_not_depend_on_how_it_was_read(waiting: list[Waiting]):
    assert in_turn(waiting, NOW) == in_turn(sorted(waiting, key=lambda w: w.session_id), NOW)


# --- who may go ------------------------------------------------------------------------------


def test_as_many_go_as_there_is_room_for():
    order = [waits(str(n), n, 30 - n) for n in range(10)]
    loads = loads_of(site(), FULL[:17])
    assert names(may_go(site(), loads, order, NOW)) == ["0", "1", "2"]


def test_a_small_bike_does_not_overtake_a_big_one_at_the_same_cable():
    big, small = waits("big", 1, 30, expected_ma=5000), waits("small", 2, 10, expected_ma=500)
    loads = loads_of(site(), FULL[:18])
    assert may_go(site(), loads, [big, small], NOW) == []


def test_a_full_entrance_does_not_hold_up_another_one():
    order = [waits("at 3", 1, 30), waits("at 1", 2, 10, "e1")]
    assert names(may_go(site(), loads_of(site(), FULL), order, NOW)) == ["at 1"]


def test_a_paused_bike_rests_before_it_goes_on():
    resting = waits("paused", 1, 90, not_before=NOW + timedelta(minutes=4))
    order = [resting, waits("next", 2, 10)]
    assert names(may_go(site(), loads_of(site(), []), order, NOW)) == ["next"]
    later = NOW + timedelta(minutes=4)
    assert names(may_go(site(), loads_of(site(), []), order, later)) == ["paused", "next"]


@LAW
@given(
    st.lists(
        st.tuples(st.sampled_from(["site", "e1", "e2", "e3", "e4"]), st.integers(1, 9000)),
        max_size=30,
    ),
    st.integers(0, 20),
)
def test_all_who_go_together_stay_within_every_rating(wishes, running: int):
    tree = site(40_000, 60_000)
    draws = FULL[:running]
    order = [
        waits(str(n), n, 0, feeder_id, expected_ma=expected_ma)
        for n, (feeder_id, expected_ma) in enumerate(wishes)
    ]
    going = may_go(tree, loads_of(tree, draws), order, NOW)
    after = [bike(100 + n, one.feeder_id, one.expected_ma) for n, one in enumerate(going)]
    for level_id, load in loads_of(tree, [*draws, *after]).items():
        assert load.current_ma <= tree.cables[level_id].rating_ma


def test_a_newcomer_does_not_take_the_room_of_those_who_wait():
    tree, loads = site(), loads_of(site(), FULL[:19])
    newcomer = waits("new", 9, 0)
    assert ask(tree, loads, [], newcomer, NOW) == Admitted()
    answer = ask(tree, loads, [waits("front", 1, 10)], newcomer, NOW)
    assert isinstance(answer, Wait)
    assert "Entrance 3 is at 95 % of its limit" in answer.sentence.in_language("en")
    assert isinstance(ask(tree, loads, [waits("front", 1, 10, "e1")], newcomer, NOW), Admitted)


def test_a_first_bike_goes_before_a_second_one_that_waits():
    loads = loads_of(site(), FULL[:19])
    second = waits("wang 2", 1, 10, is_second=True)
    assert isinstance(ask(site(), loads, [second], waits("li", 2, 0), NOW), Admitted)


def test_a_newcomer_at_a_full_cable_is_told_where_the_room_is_missing():
    answer = ask(site(), loads_of(site(), FULL), [], waits("new", 9, 0), NOW)
    assert isinstance(answer, Wait)
    assert (answer.feeder_id, answer.short_ma) == ("e3", 2000)


# --- what they are told ------------------------------------------------------------------------


def running(count: int, in_tail: int, current_ma: int = 2000, **more: object) -> list[Running]:
    return [
        replace(
            Running(f"r{n}", "e3", current_ma, NOW - timedelta(hours=3), in_tail=n < in_tail),
            **more,  # type: ignore[arg-type]
        )
        for n in range(count)
    ]


def test_everyone_is_told_a_place_a_reason_and_a_range():
    order = [waits("a", 1, 30), waits("b", 2, 20), waits("c", 3, 10, "e1", expected_ma=50_000)]
    told = turns(site(), loads_of(site(), FULL), order, running(20, in_tail=4), NOW)
    assert [(told[name].place, told[name].feeder_id) for name in "abc"] == [
        (1, "e3"),
        (2, "e3"),
        (1, "e1"),
    ]
    assert told["a"].sentence.in_language("en") == (
        "Entrance 3 is at 100 % of its limit; 20 bikes share what is left."
    )
    first, second = told["a"].expected, told["b"].expected
    assert first is not None
    assert second is not None
    assert first.latest is not None
    assert NOW < first.earliest < first.latest
    assert second.earliest > first.earliest
    assert told["c"].expected is None


def test_one_who_waits_although_there_is_room_is_told_how_full_it_is():
    told = turns(site(), loads_of(site(), FULL[:10]), [waits("a", 1, 1)], [], NOW)
    assert "50 %" in told["a"].sentence.in_language("en")
    assert told["a"].expected is not None
    assert told["a"].expected.earliest == NOW


def test_four_tails_free_one_bikes_room_in_10_to_25_minutes():
    """4 x 2 A falling with 31 or 63 minutes: a quarter is gone after 9 or 18 minutes."""
    expected = expected_start(
        site(),
        loads_of(site(), FULL),
        waits("a", 1, 1),
        {"e3": 2000, "site": 2000},
        running(20, in_tail=4),
        NOW,
    )
    assert expected is not None
    assert expected.earliest == NOW + timedelta(minutes=10)
    assert expected.latest == NOW + timedelta(minutes=20)


def test_full_current_without_an_end_promises_nothing():
    told = turns(site(), loads_of(site(), FULL), [waits("a", 1, 1)], running(20, in_tail=0), NOW)
    assert told["a"].expected is None


def test_a_session_with_a_limit_is_over_at_its_limit():
    ends = running(20, in_tail=0, ends_at=NOW + timedelta(minutes=42))
    told = turns(site(), loads_of(site(), FULL), [waits("a", 1, 1)], ends, NOW)
    expected = told["a"].expected
    assert expected is not None
    assert expected.earliest == expected.latest == NOW + timedelta(minutes=45)


def test_an_end_that_only_a_quick_tail_reaches_has_no_latest():
    """All but a milliamp of 20 A: five hours of a quick tail, more than ten of a slow one."""
    one = [Running("r", "e3", 20_000, NOW, in_tail=True)]
    full = loads_of(site(), FULL)
    expected = expected_start(site(), full, waits("a", 1, 1), {"e3": 19_999, "site": 0}, one, NOW)
    assert expected is not None
    assert expected.earliest == NOW + timedelta(minutes=310)
    assert expected.latest is None


@LAW
@given(st.integers(0, 20), st.integers(1, 6))
def test_further_back_never_means_earlier(in_tail: int, people: int):
    order = [waits(str(n), n, 60 - n) for n in range(people)]
    told = turns(site(), loads_of(site(), FULL), order, running(20, in_tail), NOW)
    ranges = [told[str(n)].expected for n in range(people)]
    for before, after in pairwise(ranges):
        assert not (before is None and after is not None)
        if before is not None and after is not None:
            assert after.earliest >= before.earliest
            if after.latest is not None:
                assert before.latest is not None
                assert after.latest >= after.earliest
