"""Three phases, and the one pile that an electrician might move."""

from hypothesis import given, settings
from hypothesis import strategies as st

from service.feeders.balance import PileDraw, balance_of

draws = st.lists(
    st.builds(PileDraw, st.text("AB12", min_size=1), st.integers(0, 2), st.integers(0, 9000)),
    max_size=12,
    unique_by=lambda one: one.pile,
)


def test_phases_that_are_loaded_alike_need_no_move():
    balance = balance_of([PileDraw(f"P{n}", n % 3, 3000) for n in range(6)])
    assert balance.phases_ma == (6000, 6000, 6000)
    assert balance.unbalance_percent == 0
    assert balance.suggestion is None


def test_the_pile_is_named_whose_move_lowers_the_fullest_phase_most():
    balance = balance_of([
        PileDraw("P1", 0, 6000), PileDraw("P2", 0, 4000), PileDraw("P3", 0, 1000),
        PileDraw("P4", 1, 5000), PileDraw("P5", 2, 2000),
    ])  # fmt: skip
    assert balance.suggestion is not None
    assert (balance.suggestion.pile, balance.suggestion.after) == ("P2", 2)
    assert balance.suggestion.sentence.in_language("en") == (
        "Pile P2 could be moved from L1 to L3: the fullest phase would carry 7.0 A instead of "
        "11.0 A."
    )


def test_a_move_that_hardly_helps_is_not_suggested():
    few = [PileDraw("P1", 0, 5200), PileDraw("P2", 1, 5000), PileDraw("P3", 2, 5000)]
    assert balance_of(few).suggestion is None


def test_nothing_drawn_is_balanced():
    assert balance_of([]).unbalance_percent == 0
    idle = balance_of([PileDraw("P1", 0, 0), PileDraw("P2", 0, 0)])
    assert (idle.unbalance_percent, idle.suggestion) == (0, None)


@settings(max_examples=50, deadline=None)
@given(draws)
def test_a_suggested_move_really_lowers_the_fullest_phase(some):
    balance = balance_of(some)
    move = balance.suggestion
    if move is not None:
        moved = next(one for one in some if one.pile == move.pile)
        rest = balance_of([one for one in some if one is not moved])
        with_it = list(rest.phases_ma)
        with_it[move.after] += moved.current_ma
        assert moved.phase == move.before
        assert max(with_it) == move.fullest_ma < max(balance.phases_ma)
