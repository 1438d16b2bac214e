"""Who charges when a cable cannot carry all: who has least time to spare, and nobody for ever."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from service.feeders.sharing import Claim, Decided, share
from service.feeders.tree import PHASES
from tests.feeders.compound import NOW, site

LAW = settings(max_examples=40, deadline=None)
HOUR = timedelta(hours=1)


def claim(name: str, hours_left: float = 2, ready_in_h: float = 6, **more: object) -> Claim:
    """A bike that asked half an hour ago and draws 2 A at entrance 3."""
    one = Claim(
        name, None, "e3", NOW - timedelta(minutes=30), 2000, hours_left * 3600,
        NOW + timedelta(hours=ready_in_h), is_on=False,
    )  # fmt: skip
    return replace(one, **more)  # type: ignore[arg-type]


def on(decided: list[Decided]) -> set[str]:
    return {one.claim.session_id for one in decided if one.is_on}


def room_for(bikes: float, *claims: Claim) -> list[Decided]:
    """Entrance 3 has room for so many bikes of 2 A."""
    taken = 40_000 - int(bikes * 2000)
    return share(site(), {"e3": (0, 0, taken), "site": (0, 0, taken)}, claims, NOW)


def said(decided: list[Decided], name: str) -> str:
    one = next(one for one in decided if one.claim.session_id == name)
    return one.sentence.in_language("en")


def test_everybody_charges_while_there_is_room():
    assert on(room_for(3, claim("a"), claim("b"), claim("c"))) == {"a", "b", "c"}


def test_who_has_least_time_to_spare_comes_first():
    needs_much = claim("much", hours_left=5, ready_in_h=6)
    leaves_soon = claim("soon", hours_left=1, ready_in_h=2.5)
    has_all_night = claim("night", hours_left=2, ready_in_h=11)
    decided = room_for(2, has_all_night, leaves_soon, needs_much)
    assert on(decided) == {"much", "soon"}
    assert "Entrance 3 is at" in said(decided, "night")


def test_who_charges_gives_way_only_to_one_much_more_pressed():
    charging = claim("on", ready_in_h=6, is_on=True, switched_at=NOW - HOUR)
    assert on(room_for(1, charging, claim("a little", ready_in_h=5.5))) == {"on"}
    decided = room_for(1, charging, claim("much", ready_in_h=2.2))
    assert on(decided) == {"much"}
    assert "Charging goes on by itself" in said(decided, "on")


def test_nobody_is_switched_twice_within_five_minutes():
    just = NOW - timedelta(seconds=200)
    charging = claim("on", ready_in_h=12, is_on=True, switched_at=just)
    paused = claim("off", ready_in_h=2, switched_at=just)
    decided = room_for(1, charging, paused)
    assert on(decided) == {"on"}
    assert "rests for five minutes" in said(decided, "off")


def test_a_pile_that_cannot_be_told_stays_as_it_is_and_its_current_is_counted():
    silent = claim("silent", ready_in_h=12, is_on=True, is_heard=False)
    assert on(room_for(1, silent, claim("pressed", ready_in_h=2))) == {"silent"}


def test_after_an_hour_nobody_waits_for_another_households_second_bike():
    family = {
        "household_id": 7,
        "is_on": True,
        "switched_at": NOW - HOUR,
        "asked_at": NOW - 3 * HOUR,
    }
    first = claim("first", ready_in_h=2.1, **family)
    second = claim("second", ready_in_h=2.1, **family | {"asked_at": NOW - 2 * HOUR})
    lonely = claim("lonely", ready_in_h=10, household_id=8)
    assert on(room_for(2, first, second, lonely)) == {"first", "second"}
    patient = replace(lonely, asked_at=NOW - HOUR)
    assert on(room_for(2, first, second, patient)) == {"first", "lonely"}


def test_a_smaller_bike_may_use_what_is_left_beside_a_bigger_one():
    big, small = claim("big", ready_in_h=2.5), claim("small", ready_in_h=9, current_ma=900)
    assert on(room_for(0.5, big, small)) == {"small"}


def test_who_said_when_waits_for_the_cheap_hours_if_that_costs_no_deadline():
    cheap = {"says_when": True, "cheap_at": NOW + 3 * HOUR}
    easy = claim("easy", hours_left=3, ready_in_h=10, **cheap)
    tight = claim("tight", hours_left=3, ready_in_h=6.5, **cheap)
    decided = room_for(5, easy, tight)
    assert on(decided) == {"tight"}
    assert "cheaper hours" in said(decided, "easy")
    later = replace(easy, cheap_at=NOW)
    assert on(room_for(5, later)) == {"easy"}


def test_the_sentence_of_a_pressed_one_says_why_it_goes_first():
    decided = room_for(1, claim("soon", hours_left=2, ready_in_h=2.2, says_when=True))
    assert said(decided, "soon") == "Charging first: it has to be ready soon."


# --- laws ----------------------------------------------------------------------------------------

claims = st.lists(
    st.builds(
        claim,
        st.uuids().map(str),
        st.floats(0.1, 8),
        st.floats(-1, 14),
        household_id=st.none() | st.integers(1, 4),
        feeder_id=st.sampled_from(["e1", "e2", "e3", "e4"]),
        current_ma=st.integers(100, 20_000),
        is_on=st.booleans(),
        asked_at=st.integers(0, 300).map(lambda minutes: NOW - timedelta(minutes=minutes)),
        switched_at=st.none() | st.integers(0, 600).map(lambda s: NOW - timedelta(seconds=s)),
        is_heard=st.booleans(),
    ),
    max_size=12,
)


@LAW
@given(claims)
def test_nobody_is_switched_on_above_a_rating(some):
    tree = site()
    decided = share(tree, {}, some, NOW)
    for feeder_id, cable in tree.cables.items():
        for phase in PHASES[cable.phase]:
            below = [
                one for one in decided
                if one.is_on and feeder_id in tree.path(one.claim.feeder_id)
                and phase in PHASES[tree.cables[one.claim.feeder_id].phase]
            ]  # fmt: skip
            load = sum(one.claim.current_ma for one in below)
            stuck = sum(one.claim.current_ma for one in below if not may_be_switched(one.claim))
            assert load <= max(cable.rating_ma, stuck)


def may_be_switched(one: Claim) -> bool:
    rested = one.switched_at is None or NOW - one.switched_at >= timedelta(minutes=5)
    return one.is_heard and rested


@LAW
@given(claims)
def test_every_claim_is_decided_once_with_a_reason_and_rests_when_it_must(some):
    decided = share(site(), {}, some, NOW)
    assert Counter(one.claim.session_id for one in decided) == Counter(
        one.session_id for one in some
    )
    for one in decided:
        assert one.sentence.in_language("en")
        assert may_be_switched(one.claim) or not one.is_switched


@LAW
@given(claims, st.randoms(use_true_random=False))
def test_the_order_in_which_claims_are_told_does_not_matter(some, rng):
    shuffled = list(some)
    rng.shuffle(shuffled)
    assert on(share(site(), {}, shuffled, NOW)) == on(share(site(), {}, some, NOW))


@LAW
@given(claims)
def test_nobody_waits_beside_room_that_would_do(some):
    tree = site()
    decided = share(tree, {}, some, NOW)
    taken = dict.fromkeys(tree.cables, 0)
    for feeder_id in ("e1", "e2", "e3", "e4"):
        taken[feeder_id] = sum(
            one.claim.current_ma
            for one in decided
            if one.is_on and one.claim.feeder_id == feeder_id
        )
    for one in decided:
        if not one.is_on and may_be_switched(one.claim):
            entrance = one.claim.feeder_id
            on_phase = taken[entrance] + (taken["e1"] + taken["e4"] - taken[entrance]
                                          if entrance in ("e1", "e4") else 0)  # fmt: skip
            fits = taken[entrance] + one.claim.current_ma <= 40_000
            assert not (fits and on_phase + one.claim.current_ma <= 100_000)
