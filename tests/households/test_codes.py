"""Codes that a person of 75 types from paper, and the digests that are kept instead of them."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.households import codes

made_codes = st.lists(
    st.integers(0, len(codes.ALPHABET) - 1), min_size=codes.LENGTH - 1, max_size=codes.LENGTH - 1
).map(lambda drawn: codes.make_code(lambda _: drawn.pop()))


def test_the_alphabet_is_prime_in_size_and_has_nothing_that_looks_alike_to_0_or_1():
    assert len(codes.ALPHABET) == len(set(codes.ALPHABET)) == 31
    assert not set("01ILO") & set(codes.ALPHABET)


@given(made_codes)
def test_a_printed_code_is_read_back(code: str):
    assert codes.read_code(codes.show_code(code)) == code
    assert len(codes.show_code(code)) == 9


@given(made_codes, st.sampled_from(["{}-{}", "{} {}", " {}  {} ", "{}–{}", "{}—{}", "{}.{}"]))
def test_small_letters_spaces_any_hyphen_and_full_width_letters_are_fine(code: str, form: str):
    typed = form.format(code[:4].lower(), code[4:])
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in typed)
    assert codes.read_code(typed) == codes.read_code(wide) == code


@given(made_codes, st.integers(0, 7), st.sampled_from(codes.ALPHABET))
def test_every_single_wrong_character_is_noticed(code: str, place: int, other: str):
    typed = code[:place] + other + code[place + 1 :]
    assert codes.read_code(typed) == (code if typed == code else None)


@given(made_codes, st.integers(0, 7), st.integers(0, 7))
def test_every_swapped_pair_is_noticed(code: str, one: int, other: int):
    letters = list(code)
    letters[one], letters[other] = letters[other], letters[one]
    typed = "".join(letters)
    assert codes.read_code(typed) == (code if typed == code else None)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading(typed: str):
    for read in (codes.read_code(typed), codes.read_card_uid(typed)):
        assert read is None or read.isalnum()


def test_codes_do_not_repeat_and_use_the_whole_alphabet():
    made = {codes.make_code(secrets.randbelow) for _ in range(2_000)}
    assert len(made) == 2_000
    assert set("".join(made)) == set(codes.ALPHABET)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("04a2b7119c5a80", "04A2B7119C5A80"),
        ("04:A2:B7:11", "04A2B711"),
        ("04 A2 B7 11 9C 5A 80 00 11 22", "04A2B7119C5A80001122"),
        ("04A2B7119C", None),
        ("04A2B71G", None),
        ("", None),
    ],
)
def test_a_card_number_has_4_7_or_10_bytes(typed: str, read: str | None):
    assert codes.read_card_uid(typed) == read


def test_a_missing_or_short_key_is_refused_with_what_to_do():
    with pytest.raises(ValueError, match="BEIMEN_SECRET_KEY must have at least 16"):
        codes.key_of("short")
    assert codes.key_of("x" * 16) == b"x" * 16


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_digest_serves_one_purpose_under_one_key(first: str, second: str):
    key = b"k" * 16
    assert codes.digest(key, "code", first) != codes.digest(key, "card", first)
    assert codes.digest(key, "code", first) != codes.digest(b"l" * 16, "code", first)
    same = codes.digest(key, "code", first) == codes.digest(key, "code", second)
    assert same is (first == second)
