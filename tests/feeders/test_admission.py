"""May one more bike start? Never above the rating, at any level, in any order."""

from hypothesis import given
from hypothesis import strategies as st

from service.feeders.admission import EXPECTED_START_MA, Admitted, Wait, headroom_ma, may_start
from tests.feeders.compound import LAW, LIMIT_MA, bike, loads_of, site


def test_there_is_room():
    assert may_start(site(), loads_of(site(), []), "e3", 2652) == Admitted()


def test_exactly_the_rating_is_still_room_and_one_milliamp_more_is_not():
    loads = loads_of(site(), [bike(1, current_ma=30_000)])
    assert isinstance(may_start(site(), loads, "e3", 10_000), Admitted)
    assert may_start(site(), loads, "e3", 10_001).short_ma == 1  # type: ignore[union-attr]


def test_a_full_entrance_says_how_full_and_how_many_share():
    loads = loads_of(site(), [bike(n, current_ma=7360) for n in range(5)])
    wait = may_start(site(), loads, "e3", 4000)
    assert isinstance(wait, Wait)
    assert (wait.feeder_id, wait.short_ma) == ("e3", 800)
    assert wait.sentence.in_language("en") == (
        "Entrance 3 is at 92 % of its limit; 5 bikes share what is left."
    )


def test_a_single_bike_is_not_called_bikes():
    loads = loads_of(site(10_000), [bike(1, current_ma=9000)])
    wait = may_start(site(10_000), loads, "e3", 4000)
    assert isinstance(wait, Wait)
    assert wait.sentence.in_language("en").endswith("1 bike uses what it has.")


def test_a_cable_too_thin_for_any_bike_says_only_how_full_it_is():
    wait = may_start(site(2000), loads_of(site(2000), []), "e3", 2652)
    assert isinstance(wait, Wait)
    assert wait.sentence.in_language("en") == "Entrance 3 is at 0 % of its limit."


def test_the_site_can_be_full_while_the_entrance_has_room():
    tree = site(40_000, 60_000)
    loads = loads_of(tree, [bike(n, "e1", 2000) for n in range(20)] + [bike(40, "e4", 19_000)])
    wait = may_start(tree, loads, "e4", 2652)
    assert isinstance(wait, Wait)
    assert wait.feeder_id == "site"
    assert isinstance(may_start(tree, loads, "e2", 2652), Admitted), "another phase has room"


def test_of_two_full_levels_the_one_that_lacks_more_is_named():
    tree = site(40_000, 42_000)
    loads = loads_of(tree, [bike(n, "e1", 10_000) for n in range(4)] + [bike(9, "e4", 9000)])
    wait = may_start(tree, loads, "e1", 2652)
    assert isinstance(wait, Wait)
    assert wait.feeder_id == "site"


def test_room_is_kept_for_outlets_that_have_not_been_heard_from():
    draws = [bike(n, current_ma=1000) for n in range(20)]
    draws += [bike(n, age_s=600) for n in range(20, 23)]
    wait = may_start(site(), loads_of(site(), draws), "e3", 2652)
    assert isinstance(wait, Wait)
    assert "keeps room for 3 outlets that have not been heard from" in wait.sentence.in_language(
        "en"
    )


def test_headroom_is_negative_above_the_rating():
    loads = loads_of(site(), [bike(1, current_ma=41_000)])
    assert headroom_ma(site(), loads, "e3", "e3") == -1000
    assert headroom_ma(site(), loads, "site", "e1") == 100_000


def test_an_ordinary_charger_is_expected_to_draw_what_350_watts_draw():
    assert EXPECTED_START_MA == 2652


@LAW
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["site", "e1", "e2", "e3", "e4"]),
            st.integers(1, LIMIT_MA),
            st.booleans(),
        ),
        max_size=60,
    ),
    st.integers(5_000, 40_000),
    st.integers(5_000, 60_000),
)
def test_no_row_of_starts_ever_brings_a_level_above_its_rating(wishes, entrance_ma, site_ma):
    """Some of the started are seen in readings, some are still on their way."""
    tree = site(entrance_ma, site_ma)
    draws = []
    for number, (feeder_id, expected_ma, is_seen) in enumerate(wishes):
        answer = may_start(tree, loads_of(tree, draws), feeder_id, expected_ma)
        if isinstance(answer, Admitted):
            started = bike(number, feeder_id, 0, expected_ma=expected_ma)
            seen = bike(number, feeder_id, expected_ma)
            draws.append(seen if is_seen else started)
        for level_id, load in loads_of(tree, draws).items():
            assert load.current_ma <= tree.cables[level_id].rating_ma


@LAW
@given(st.integers(0, 45_000), st.integers(1, 20_000))
def test_it_waits_exactly_when_the_sum_is_above_the_rating(now_ma: int, expected_ma: int):
    loads = loads_of(site(), [bike(1, current_ma=now_ma)])
    answer = may_start(site(), loads, "e3", expected_ma)
    if now_ma + expected_ma > 40_000:
        assert isinstance(answer, Wait)
        assert answer.short_ma == now_ma + expected_ma - 40_000
    else:
        assert isinstance(answer, Admitted)
