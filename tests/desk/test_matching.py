"""A payment finds its household by what was written with it, or it stays with a person."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.desk.matching import Doors, Home, Match, match, payment_word, suggestions, words_in

DAY = date(2026, 3, 5)
NAMES = ["3-201", "3-202", "1-101", "2-101", "3-201B", "10-1203", "A-201", "4-301", "5-0102"]
HOMES = [Home(n, door, date(2026, 3, 1)) for n, door in enumerate(NAMES, start=1)]
DOORS = Doors(HOMES)


def whose(note: str, payer: str = "", day: date = DAY, doors: Doors = DOORS) -> str | None:
    found = match(note, payer, day, doors)
    return None if found.household_id is None else doors.homes[found.household_id].door


def reason(found: Match) -> str:
    return found.reason.in_language("en")


@pytest.mark.parametrize(
    "note",
    [
        "3-201", "3-201电费", "充电费 3-201 三月", "３－２０１", "3—201", "3–201", "3一201",
        "3 - 201",
        "3单元201", "3单元201室", "三单元201", "三单元二零一", "三单元二〇一室", "三单元二百零一室",
        "第3单元第201室", "3单元-201", "3号楼201", "3栋201", "3幢201", "3#201", "3门201",
        "3门洞201",
        "1号楼3单元201室", "北门小区1号楼3单元201", "3单元2楼201", "3单元2层201室", "3 201",
        "3-0201",
        "张三3-201", "3月3-201", "3-201-3月电费", "3-201 12.60元", "转账备注:3-201", "替3-201交的",
    ],
)  # fmt: skip
def test_a_door_is_found_in_the_ways_people_write_it(note: str):
    assert whose(note) == "3-201"
    assert reason(match(note, "", DAY, DOORS)) == "by door 3-201"


@pytest.mark.parametrize(
    ("note", "door"),
    [
        ("3-201b", "3-201B"), ("3单元201B", "3-201B"), ("10单元1203", "10-1203"),
        ("A座201", "A-201"),
        ("十单元1203", "10-1203"), ("5-102", "5-0102"), ("a-201", "A-201"),
    ],
)  # fmt: skip
def test_a_split_door_and_unusual_ones_are_found_too(note: str, door: str):
    assert whose(note) == door


@pytest.mark.parametrize(
    "note",
    [
        "", "电费", "201", "13-201", "3-2011", "2026-03-15", "3.201", "13800003201", "3-201元",
        "9-999",
        "3-20", "三单元", "3单元", "3-201-5", "2单元3-201", "单元201", "谢谢3", "3-2-01",
    ],
)  # fmt: skip
def test_what_is_no_door_of_ours_matches_nobody(note: str):
    assert whose(note) is None


@pytest.mark.parametrize(
    "note",
    ["3-201 3-202", "3-201/3-202", "3-201、202", "3-201和202", "3单元201，2单元101", "3-201&202"],
)
def test_two_doors_in_one_note_are_nobody_s(note: str):
    found = match(note, "", DAY, DOORS)
    assert found.household_id is None
    assert reason(found).startswith("The note names several doors: ")
    assert 1 in found.candidates


def test_a_door_in_the_payer_s_name_counts_where_the_note_names_no_other():
    assert whose("电费", "3-201小李") == "3-201"
    assert whose("3-201", "3-201小李") == "3-201"
    assert whose("3-202", "3-201小李") is None


def test_the_payment_word_of_a_household_finds_it_wherever_its_door_went():
    word = payment_word(2)
    for note in (word, word.lower(), f"电费{word}谢谢", f"{word[:2]} {word[2:]}", f"{word} 3-202"):
        assert whose(note) == "3-202", note
    assert reason(match(word, "", DAY, DOORS)) == f"by its payment word {word}"


def test_a_payment_word_that_contradicts_the_door_or_another_word_is_nobody_s():
    for note in (f"{payment_word(2)} 3-201", f"{payment_word(2)} {payment_word(3)}"):
        found = match(note, "", DAY, DOORS)
        assert found.household_id is None
        assert reason(found).startswith("The note names several households: ")


def test_a_mistyped_payment_word_is_nobody_s_even_beside_a_door():
    found = match("BM2A 3-202", "", DAY, DOORS)
    assert payment_word(2) != "BM2A"
    assert (found.household_id, found.candidates) == (None, (2,))
    assert reason(found) == "The payment word BM2A has a mistake."
    stranger = match(payment_word(999), "", DAY, DOORS)
    assert stranger.household_id is None


@given(st.integers(1, 999_999), st.data())
def test_one_wrong_digit_or_a_swap_in_a_payment_word_is_always_noticed(number: int, data):
    word = payment_word(number)
    assert words_in(f"x {word}") == ([number], [])
    digits = list(word[2:-1])
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[place]]))
    changed = [*digits[:place], other, *digits[place + 1 :]]
    if changed[0] != "0":
        assert words_in("BM" + "".join(changed) + word[-1])[0] == []
    swapped = digits.copy()
    if place + 1 < len(digits) and digits[place] != digits[place + 1]:
        swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
        if swapped[0] != "0":
            assert words_in("BM" + "".join(swapped) + word[-1])[0] == []


# --- a door that changed hands -------------------------------------------------------------------

MOVED = date(2026, 3, 14)
WANGS = Home(1, "3-201", date(2025, 1, 1), MOVED)
LIS = Home(2, "3-201", MOVED)


@pytest.mark.parametrize(
    ("day", "household"),
    [
        (MOVED - timedelta(days=1), 1),
        (MOVED, None),
        (MOVED + timedelta(days=60), None),
        (MOVED + timedelta(days=61), 2),
    ],
)
def test_for_sixty_days_after_a_move_the_door_alone_does_not_tell_who_paid(day, household):
    doors = Doors([LIS, WANGS])
    found = match("3-201", "", day, doors)
    assert found.household_id == household
    if household is None:
        assert set(found.candidates) == {1, 2}
    assert match(payment_word(1), "", day, doors).household_id == 1
    assert match(payment_word(2), "", day, doors).household_id == 2


def test_a_payment_from_before_our_records_belongs_to_the_first_household_we_know():
    assert whose("3-201", day=date(2026, 2, 1)) == "3-201"


def test_behind_an_empty_door_nobody_pays():
    found = match("3-201", "", MOVED + timedelta(days=90), Doors([WANGS]))
    assert reason(found) == "Nobody lived behind door 3-201 on that day."


# --- suggestions ---------------------------------------------------------------------------------


def test_who_owes_exactly_this_amount_is_only_suggested():
    owed = {1: 1260, 2: 500, 3: 1260}
    assert suggestions(1260, (), owed) == (1, 3)
    assert suggestions(1260, (3,), owed) == (3, 1)
    assert suggestions(999, (2,), owed) == (2,)
    many = dict.fromkeys(range(1, 10), 1260)
    assert suggestions(1260, (), many) == (), "where many owe the same, nothing is suggested"


@given(st.text(max_size=40), st.text(max_size=20))
def test_no_words_whatever_break_the_matching(note: str, payer: str):
    found = match(note, payer, DAY, DOORS)
    assert found.household_id is None or found.household_id in DOORS.homes
