"""What people type: amounts, days, meter readings. A slip of the finger is said, never guessed."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.desk.typed import (
    LONGEST_MEMO,
    MOST_FEN,
    MOST_WH,
    begin_of,
    end_of,
    on_day,
    read_amount,
    read_day,
    read_memo,
    read_register,
)
from service.quantities import show_kwh, show_yuan
from service.words import Sentence
from tests.billing.days import BERLIN, SHANGHAI, local


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("12.60", 1260),
        ("12.6", 1260),
        ("12", 1200),
        (" 1,234.50 ", 123_450),
        ("¥60,000", 6_000_000),
        ("120元", 12_000),
        ("１２．６０", 1260),
        ("12。5", 1250),
        ("0.01", 1),
        ("12.500", 1250),
        ("007", 700),
        ("1000000", MOST_FEN),
    ],
)
def test_an_amount_as_people_write_it(typed: str, fen: int):
    assert read_amount(typed) == fen


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "is not an amount"),
        ("abc", "is not an amount"),
        ("1e3", "is not an amount"),
        ("NaN", "is not an amount"),
        ("1,2", "is not an amount"),
        ("1.2.3", "is not an amount"),
        ("=1+1", "is not an amount"),
        ("0x10", "is not an amount"),
        ("12.345", "more than two decimals"),
        ("0", "more than 0"),
        ("0.00", "more than 0"),
        ("-5", "more than 0"),
        ("1000000.01", "more than one entry may have"),
        ("9" * 400, "more than one entry may have"),
        ("<script>", "is not an amount"),
    ],
)
def test_what_is_no_amount_is_said(typed: str, words: str):
    found = read_amount(typed)
    assert isinstance(found, Sentence)
    assert words in found.in_language("en")
    assert len(found.in_language("en")) < 200


@given(st.integers(1, MOST_FEN))
def test_every_amount_is_read_as_it_is_shown(fen: int):
    assert read_amount(show_yuan(fen)) == fen


@given(st.text(max_size=30))
def test_nothing_typed_breaks_anything(typed: str):
    for read in (read_amount, read_register, read_day):
        assert read(typed) is not None
    assert len(read_memo(typed)) <= LONGEST_MEMO


@given(st.integers(0, MOST_WH))
def test_every_register_is_read_as_it_is_shown(wh: int):
    assert read_register(show_kwh(wh)) == wh


@pytest.mark.parametrize("typed", ["", "-1", "1.2345", "x", "9" * 30, "1,00"])
def test_what_is_no_register_is_said(typed: str):
    assert isinstance(read_register(typed), Sentence)


def test_registers_carry_their_unit_if_one_is_written():
    assert read_register("18250.4 kWh") == read_register("18250.4度") == 18_250_400


def test_days_as_people_write_them():
    for typed in ("2026-03-02", "2026/3/2", "2026.03.02", "2026年3月2日"):
        assert read_day(typed) == date(2026, 3, 2)
    for typed in ("", "2026-02-30", "02.03.2026", "3月2日", "2026-3", "0000-01-01"):
        assert isinstance(read_day(typed), Sentence)


def test_a_day_of_the_compound_begins_and_ends_at_its_own_midnight():
    assert begin_of(date(2026, 3, 2), SHANGHAI) == local("2026-03-02 00:00")
    assert end_of(date(2026, 2, 28), SHANGHAI) == local("2026-03-01 00:00")
    summer = end_of(date(2026, 3, 29), BERLIN) - begin_of(date(2026, 3, 29), BERLIN)
    assert summer.total_seconds() == 23 * 3600


@given(st.dates())
def test_every_day_has_a_beginning_and_an_end(day: date):
    assert begin_of(day, SHANGHAI) <= end_of(day, SHANGHAI)
    assert on_day(day, datetime(2026, 3, 2, tzinfo=UTC), SHANGHAI)


def test_today_is_now_and_another_day_its_noon():
    now = local("2026-03-02 09:30")
    assert on_day(date(2026, 3, 2), now, SHANGHAI) == now
    assert on_day(date(2026, 3, 1), now, SHANGHAI) == local("2026-03-01 12:00")


def test_a_memo_is_one_line_without_invisible_signs():
    assert read_memo("  a\n b\t\u202ec\x07 ") == "a b c"
    assert read_memo("桩 7 换插座") == "桩 7 换插座"
    assert len(read_memo("x" * 1000)) == LONGEST_MEMO
