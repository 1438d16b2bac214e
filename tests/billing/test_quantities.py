"""What people type as an amount or a price: exact, or a sentence; no guess and no crash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.quantities import (
    MAX_FEN,
    BadQuantityError,
    parse_fen,
    parse_price_e4,
    show_price,
    show_yuan,
)


@given(st.integers(-MAX_FEN, MAX_FEN))
def test_an_amount_that_is_shown_can_be_typed_again(fen: int):
    assert parse_fen(show_yuan(fen)) == fen


@given(st.integers(0, 100_000))
def test_a_price_that_is_shown_can_be_typed_again(price_e4: int):
    assert parse_price_e4(show_price(price_e4)) == price_e4


@pytest.mark.parametrize(
    ("text", "fen"),
    [("12", 1200), ("12.6", 1260), (" 12.60 ", 1260), ("12.", 1200), (".5", 50), ("+1", 100),
     ("-0.05", -5), ("0012.600000", 1260)],
)  # fmt: skip
def test_an_amount_may_be_typed_in_the_ways_people_do(text: str, fen: int):
    assert parse_fen(text) == fen


@pytest.mark.parametrize(
    "text",
    ["", ".", "-", "12,60", "1e3", "1e999999999", "NaN", "inf", "1_000", "١٢", "12.60 yuan",
     "12.601", "1 2", "0x10", "9" * 5000, "1" + "0" * 13,
     "0.48700000000000000000000000000000000000001"],
)  # fmt: skip
def test_what_is_no_amount_to_the_last_digit_is_refused(text: str):
    with pytest.raises(BadQuantityError):
        parse_fen(text)


@given(st.text(max_size=40))
def test_no_text_at_all_breaks_the_parser(text: str):
    try:
        parse_price_e4(text)
    except BadQuantityError:
        return


def test_a_price_has_at_most_four_decimals():
    assert parse_price_e4("0.4871") == 4871
    with pytest.raises(BadQuantityError, match="at most four decimals"):
        parse_price_e4("0.48711")
