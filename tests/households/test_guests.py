"""What a guest pass still allows, as laws."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from service.households.guests import GuestNo, Left, Limit, Taken, guest_may_start, left

NOW = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
AMOUNTS = st.none() | st.integers(1, 5_000)
CHARGES = st.lists(st.builds(Taken, st.integers(0, 3_000), st.integers(0, 500), st.booleans()))


@settings(max_examples=80)
@given(AMOUNTS, AMOUNTS, st.none() | st.integers(1, 10), CHARGES)
def test_whoever_may_start_never_takes_more_than_the_pass_has(
    energy_wh: int | None, fen: int | None, charges: int | None, taken: list[Taken]
):
    rest = guest_may_start(Limit(energy_wh, fen, charges, LATER), taken, NOW)
    if isinstance(rest, Left):
        used = sum(one.energy_wh for one in taken)
        assert energy_wh is None or (rest.energy_wh or 0) + used <= energy_wh
        assert fen is None or (rest.fen or 0) + sum(one.fen for one in taken) <= fen
        assert charges is None or len(taken) < charges


@settings(max_examples=80)
@given(AMOUNTS, AMOUNTS, st.none() | st.integers(1, 10), CHARGES)
def test_nothing_is_ever_left_below_zero_and_more_charges_never_leave_more(
    energy_wh: int | None, fen: int | None, charges: int | None, taken: list[Taken]
):
    limit = Limit(energy_wh, fen, charges, LATER)
    before, after = left(limit, taken[1:]), left(limit, taken)
    for less, more in zip(
        (after.energy_wh, after.fen, after.charges),
        (before.energy_wh, before.fen, before.charges),
        strict=True,
    ):
        assert (less is None) is (more is None)
        assert less is None or more is None or 0 <= less <= more


def test_a_pass_that_is_over_used_up_or_spoken_for_says_which():
    limit = Limit(1_000, None, 3, LATER)
    assert guest_may_start(limit, [], LATER) is GuestNo.ENDED
    assert guest_may_start(Limit(1_000, None, 3, None), [], NOW) is GuestNo.ENDED
    assert guest_may_start(limit, [Taken(995, 0, True)], NOW) is GuestNo.USED_UP
    assert guest_may_start(limit, [Taken(1_000, 0, False)], NOW) is GuestNo.WAITS
    assert guest_may_start(limit, [Taken(1, 0, True)] * 3, NOW) is GuestNo.USED_UP
    assert guest_may_start(limit, [Taken(400, 0, True)], NOW) == Left(600, None, 2)
    assert (
        guest_may_start(Limit(None, 100, 3, LATER), [Taken(0, 100, True)], NOW) is GuestNo.USED_UP
    )
