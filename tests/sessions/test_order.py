"""Order numbers: unique, sortable by time, and short enough for a pile."""

import secrets

from hypothesis import given
from hypothesis import strategies as st

from service.sessions.order import ALPHABET, ulid


@given(st.integers(0, 2**48 - 2))
def test_a_later_order_sorts_behind_an_earlier_one(ms):
    assert ulid(ms, lambda n: b"\xff" * n) < ulid(ms + 1, lambda n: b"\x00" * n)


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_an_order_number_is_26_characters_that_nobody_confuses(ms, dice):
    order = ulid(ms, lambda _: dice)
    assert len(order) == 26
    assert set(order) <= set(ALPHABET)
    assert not set(order) & set("ILOU")


def test_many_orders_in_one_millisecond_differ():
    assert len({ulid(1, secrets.token_bytes) for _ in range(5000)}) == 5000
