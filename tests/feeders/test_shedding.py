"""Which sessions are paused: tails first, never more than needed, never the same one at once."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.feeders.load import Draw
from service.feeders.shedding import (
    REST_S,
    Running,
    ShedPlan,
    is_in_tail,
    plan_shedding,
    rested_at,
)
from service.feeders.tree import Tree
from tests.feeders.compound import LAW, NOW, bike, loads_of, site


def session(name: str, current_ma: int = 2000, feeder_id: str = "e3", **more: object) -> Running:
    one = Running(name, feeder_id, current_ma, NOW - timedelta(hours=2))
    return replace(one, **more)  # type: ignore[arg-type]


def draws_of(sessions: list[Running]) -> list[Draw]:
    return [bike(n, one.feeder_id, one.current_ma) for n, one in enumerate(sessions)]


def plan(sessions: list[Running], tree: Tree | None = None) -> ShedPlan:
    tree = tree or site()
    return plan_shedding(tree, loads_of(tree, draws_of(sessions)), sessions, NOW)


def shed_names(result: ShedPlan) -> list[str]:
    return [shed.session.session_id for shed in result.sheds]


def test_up_to_113_hundredths_nobody_is_paused():
    assert plan([session(str(n), 2260) for n in range(20)]) == ShedPlan((), {})


def test_above_it_just_enough_are_paused_to_come_below_the_rating():
    result = plan([session(f"{n:02d}", 2300) for n in range(20)])
    assert len(result.sheds) == 3, "46.0 - 3 x 2.3 = 39.1 A"
    assert result.still_over_ma == {}
    assert {shed.feeder_id for shed in result.sheds} == {"e3"}
    assert result.sheds[0].sentence.in_language("en") == (
        "Paused: Entrance 3 carries 46.0 A, its limit is 40.0 A. "
        "Charging goes on by itself when there is room, in turn."
    )


def test_what_is_nearly_full_goes_first_then_the_least_need_then_the_newest():
    sessions = [session(f"bulk {n:02d}", 3000, need_wh=800) for n in range(13)]
    sessions += [
        session("tail", 2000, in_tail=True),
        session("little need", 2000, need_wh=90),
        session("newest", 2000, need_wh=850, started_at=NOW - timedelta(minutes=1)),
        session("nobody knows", 2000),
    ]
    assert shed_names(plan(sessions)) == ["tail", "little need", "newest", "bulk 00"]


def test_one_that_turns_out_not_to_be_needed_is_left_alone():
    """Fourteen at 3 A and two tails: the big tail frees enough, the small one may go on."""
    sessions = [session(f"bulk {n:02d}", 3000) for n in range(14)]
    sessions += [session("a small tail", 300, in_tail=True), session("tail", 6000, in_tail=True)]
    assert shed_names(plan(sessions)) == ["tail", "bulk 00"]


def test_an_outlet_is_not_switched_twice_within_five_minutes():
    just_on = [
        session(f"{n:02d}", 2300, switched_at=NOW - timedelta(seconds=REST_S - 1))
        for n in range(20)
    ]
    assert plan(just_on).sheds == ()
    assert plan(just_on).still_over_ma == {"e3": 6001}
    assert rested_at(NOW) == NOW + timedelta(minutes=5)
    rested = [replace(one, switched_at=NOW - timedelta(seconds=REST_S)) for one in just_on]
    assert len(plan(rested).sheds) == 3


def test_a_pause_on_its_way_is_not_paid_twice():
    sessions = [session(f"{n:02d}", 2300) for n in range(20)]
    on_their_way = [
        replace(one, pausing_since=NOW - timedelta(seconds=20)) if n < 3 else one
        for n, one in enumerate(sessions)
    ]
    assert plan(on_their_way).sheds == ()
    given_up = [
        replace(one, pausing_since=NOW - timedelta(seconds=120)) if n < 3 else one
        for n, one in enumerate(sessions)
    ]
    assert len(plan(given_up).sheds) == 3


def test_a_silent_pile_cannot_be_told_anything():
    sessions = [session(f"{n:02d}", 2300, is_heard=n >= 18) for n in range(20)]
    result = plan(sessions)
    assert sorted(shed_names(result)) == ["18", "19"]
    assert result.still_over_ma == {"e3": 46_000 - 4600 - 39_999}


def test_what_an_entrance_frees_counts_for_the_site():
    tree = site(40_000, 42_000)
    sessions = [session(f"{n:02d}", 2500, "e1") for n in range(20)]
    result = plan(sessions, tree)
    assert {shed.feeder_id for shed in result.sheds} == {"e1"}
    assert len(result.sheds) == 5


def test_the_site_sheds_on_the_phase_that_is_too_full():
    tree = site(40_000, 50_000)
    sessions = [session(f"1-{n:02d}", 2000, "e1") for n in range(20)]
    sessions += [session(f"4-{n:02d}", 2000, "e4") for n in range(15)]
    sessions += [session(f"2-{n:02d}", 2000, "e2") for n in range(20)]
    result = plan(sessions, tree)
    assert {shed.feeder_id for shed in result.sheds} == {"site"}
    assert all(not name.startswith("2") for name in shed_names(result))
    assert len(result.sheds) == 11


def test_only_the_feeders_whose_time_has_come_are_looked_at():
    sessions = [session(f"{n:02d}", 2300) for n in range(20)]
    loads = loads_of(site(), draws_of(sessions))
    assert plan_shedding(site(), loads, sessions, NOW, feeders=set()).sheds == ()
    assert len(plan_shedding(site(), loads, sessions, NOW, feeders={"e3"}).sheds) == 3


def test_a_charge_is_in_its_tail_below_four_fifths_of_its_highest_power():
    assert not is_in_tail(98, 112)
    assert not is_in_tail(0, 0)
    assert is_in_tail(89, 112)


@LAW
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["e1", "e2", "e3", "e4", "site"]),
            st.integers(1, 7000),
            st.booleans(),
            st.none() | st.integers(0, 2000),
        ),
        max_size=40,
    ),
    st.integers(4_000, 60_000),
)
def test_shedding_always_ends_below_the_rating_and_never_sheds_more_than_needed(people, site_ma):
    tree = site(20_000, site_ma)
    sessions = [
        session(str(n), current_ma, feeder_id, in_tail=in_tail, need_wh=need_wh)
        for n, (feeder_id, current_ma, in_tail, need_wh) in enumerate(people)
    ]
    before = loads_of(tree, draws_of(sessions))
    result = plan(sessions, tree)
    gone = set(shed_names(result))
    assert len(gone) == len(result.sheds)
    assert result.still_over_ma == {}, "everything here is a session, so everything can go"
    left = loads_of(tree, draws_of([one for one in sessions if one.session_id not in gone]))
    for level_id, cable in tree.cables.items():
        for phase, load_ma in enumerate(before[level_id].phases_ma):
            if load_ma / cable.rating_ma > 1.13:
                assert left[level_id].phases_ma[phase] < cable.rating_ma
    for spared in gone:
        kept = [one for one in sessions if one.session_id not in gone - {spared}]
        left = loads_of(tree, draws_of(kept))
        assert any(
            left[level_id].phases_ma[phase] >= cable.rating_ma
            for level_id, cable in tree.cables.items()
            for phase, load_ma in enumerate(before[level_id].phases_ma)
            if load_ma / cable.rating_ma > 1.13
        ), "without this pause everything would have come down as well"
