"""Which messages of a boot are stored: the same answer in whatever order they came."""

from hypothesis import given
from hypothesis import strategies as st

from service.piles.received import MOST_MISSING, MOST_RANGES, Received

seqs = st.lists(st.integers(1, 60), max_size=80)


def taken(numbers: list[int]) -> Received:
    received = Received()
    for seq in numbers:
        received.add(seq)
    return received


@given(seqs)
def test_a_seq_is_new_exactly_once(numbers):
    received, seen = Received(), set()
    for seq in numbers:
        assert received.add(seq) == (seq not in seen)
        seen.add(seq)
        assert all(received.has(other) for other in seen)
        assert not received.has(61)


@given(seqs, st.randoms())
def test_the_order_of_arrival_changes_nothing(numbers, dice):
    shuffled = [*numbers, *numbers]
    dice.shuffle(shuffled)
    assert taken(numbers) == taken(shuffled)


@given(seqs)
def test_all_up_to_the_mark_is_stored_except_what_is_named_missing(numbers):
    received = taken(numbers)
    stored = set(numbers)
    gaps = [n for n in range(1, max(stored, default=0)) if n not in stored]
    assert received.missing() == gaps[:MOST_MISSING]
    assert received.highest() == max(stored, default=0)
    assert set(range(1, received.through + 1)) <= stored


@given(seqs)
def test_it_survives_the_database(numbers):
    assert Received.from_text(taken(numbers).as_text()) == taken(numbers)


def test_a_pile_whose_numbers_jump_without_end_is_refused_not_remembered_for_ever():
    received = taken(list(range(2, 2 * MOST_RANGES + 2, 2)))
    assert len(received.above) == MOST_RANGES
    assert not received.has_room_for(5_000)
    assert received.has_room_for(1)
    assert received.has_room_for(4)
