"""Households from a spreadsheet, with everything that spreadsheets do to them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.households.csv_import import MOST_BYTES, MOST_ROWS, HouseholdRow, read_households

HEADER = "door,entrance,residents,label,card_uid\n"


def errors_of(text: str) -> list[tuple[int, str]]:
    return [(e.row, e.sentence.in_language("en")) for e in read_households(text.encode()).errors]


def test_a_plain_file_is_read_in_order():
    found = read_households((HEADER + "3-201,3,4,,\n\n1-101,1,,王,04A2B7119C5A80\n").encode())
    assert found.errors == ()
    assert found.rows == (
        HouseholdRow(2, "3-201", 3, 4),
        HouseholdRow(4, "1-101", 1, 0, "王", "04A2B7119C5A80"),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_chinese_columns_and_labels_survive_what_the_spreadsheet_program_saves(encoding: str):
    data = "门号,单元,人数,称呼,卡号\n3单元201,3,2,张家,04A2B711\n".encode(encoding)
    found = read_households(data)
    assert found.errors == ()
    assert found.rows == (HouseholdRow(2, "3单元201", 3, 2, "张家", "04A2B711"),)
    assert found.encoding == ("gb18030" if encoding.startswith("gb") else "utf-8-sig")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_part_the_columns(delimiter: str):
    text = (HEADER + "3-201,3,4,,\n").replace(",", delimiter)
    assert read_households(text.encode()).rows == (HouseholdRow(2, "3-201", 3, 4),)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (",3,,,", "The door is missing."),
        ("3月20日,3,,,", "'3月20日' was turned into a date."),
        ("20-Mar,3,,,", "'20-MAR' was turned into a date."),
        ("2026-03-20,3,,,", "'2026-03-20' was turned into a date."),
        ("3/201,3,,,", "'3/201' is not a door like 3-201"),
        ("=cmd|' /C calc'!A0,3,,,", "is not a door like 3-201"),
        ("3-201,,,,", "'' is no entrance: a whole number from 1 to 99."),
        ("3-201,100,,,", "'100' is no entrance"),
        ("3-201,-3,,,", "'-3' is no entrance"),
        ("3-201,3,many,,", "'many' is no residents: a whole number from 0 to 20."),
        ("3-201,3,21,,", "'21' is no residents"),
        ("3-201,3,1," + "x" * 41 + ",", "The label is longer than 40 characters."),
        ("3-201,3,1,,4.2E+13", "The card number 4.2E+13 was shortened."),
        ("3-201,3,1,,12345", "'12345' is not a card number"),
    ],
)
def test_each_slip_gets_its_row_and_a_sentence(line: str, said: str):
    ((row, sentence),) = errors_of(HEADER + line + "\n")
    assert row == 2
    assert said in sentence


def test_all_slips_of_all_rows_are_told_at_once():
    text = HEADER + "3-201,3,,,\n,x,y,,z\n3-201,3,,,\n3-202,3,,,04A2B711\n3-203,3,,,04a2b711\n"
    assert errors_of(text)[0] == (3, "The door is missing.")
    assert len([row for row, _ in errors_of(text) if row == 3]) == 4
    assert errors_of(text)[-2:] == [
        (4, "Door 3-201 is already in row 2."),
        (6, "This card is already in row 5."),
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The first row must name the columns"),
        (b"name,phone\n1,2\n", "The first row must name the columns"),
        ("门号,单元\n".encode("utf-16"), "neither UTF-8 nor GBK"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "neither UTF-8 nor GBK"),
        (b"PK\x03\x04\x14\0\x06\0\x08\0", "neither UTF-8 nor GBK"),
        (b"x" * (MOST_BYTES + 1), "larger than 1024 KiB"),
        (b'door,entrance\n"' + b"x" * 200_000 + b'",1\n', "not a CSV table"),
        (b"door,entrance\n" + b"1-1,1\n" * MOST_ROWS, "more than 20000 rows"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_as_a_whole(data: bytes, said: str):
    found = read_households(data)
    assert found.rows == ()
    assert found.errors[0].row == 0
    assert said in found.errors[0].sentence.in_language("en")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=39))
def test_a_label_that_looks_like_a_formula_stays_the_text_it_is(text: str):
    for label in (text, "=" + text, "@" + text):
        out = io.StringIO()
        csv.writer(out).writerows([("door", "entrance", "label"), ("3-201", "3", label)])
        (row,) = read_households(out.getvalue().encode()).rows
        assert row.label == label.strip()


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: (HEADER + t).encode()))
def test_no_file_breaks_the_reading(data: bytes):
    found = read_households(data)
    assert all(1 <= row.entrance <= 99 and 0 < len(row.door) <= 16 for row in found.rows)
    assert {e.row for e in found.errors} <= set(range(400))
    for error in found.errors:
        assert error.sentence.in_language("en")
