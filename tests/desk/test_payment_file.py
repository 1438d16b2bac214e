"""What real exports look like, and what happened to them on the way: every row is told about."""

import gzip
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.desk.intake import layout_from, layout_kept, remembered
from service.desk.payment_cells import (
    direction,
    plain,
    read_amount,
    read_moment,
    read_ref,
    why_not_money,
)
from service.desk.payment_file import (
    MOST_BYTES,
    MOST_ROWS,
    Found,
    Layout,
    PassedOver,
    decode,
    guess,
    read_payments,
    read_table,
    widest,
)
from service.words import Sentence
from tests.desk.exports import alipay, alipay_row, bank, csv_text, wechat, wechat_row

SHANGHAI = ZoneInfo("Asia/Shanghai")


def read(data: bytes, layout: Layout | None = None) -> list[Found | PassedOver]:
    text = decode(data)
    assert isinstance(text, str), text
    lines = read_table(text)
    assert not isinstance(lines, Sentence), lines
    layout = layout or guess(lines)
    assert layout is not None, "no headings were recognised"
    return list(read_payments(lines, layout, SHANGHAI, lambda said: f"{hash(said):x}" * 4))


def english(sentence: object) -> str:
    assert isinstance(sentence, Sentence), sentence
    return sentence.in_language("en")


def told(row: object) -> str:
    assert isinstance(row, PassedOver), row
    return row.sentence.in_language("en")


def local(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


# --- files as they come --------------------------------------------------------------------------


def test_a_wechat_export_is_read_below_its_preamble():
    (row,) = read(wechat(wechat_row()))
    assert isinstance(row, Found)
    assert row.row == 18
    assert row.ref == "4200002345202603021234567801"
    assert (row.amount_fen, row.payer, row.note) == (1260, "冬天的树", "转账备注:3-201")
    assert local(row.received_at) == "2026-03-02 19:05:11"


def test_an_alipay_export_in_gbk_is_read():
    rows = read(alipay(alipay_row("20260305220014", "3单元201充电"), alipay_row("2", "x", "0.01")))
    assert [row.ref for row in rows if isinstance(row, Found)] == ["20260305220014", "20260305-2"]


def test_rare_characters_that_only_gb18030_has_are_read():
    data = alipay(alipay_row("20260305220014", "3-201")).decode("gbk").replace("李四", "李𠮷")
    (row,) = read(data.encode("gb18030"))
    assert isinstance(row, Found)
    assert row.payer == "李𠮷"


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig", "gbk"]
)
def test_a_bank_s_list_with_two_columns_and_tabs_is_read_in_any_encoding(encoding: str):
    rows = read(
        bank(
            ("1", "20260302", "190511", "1,234.00", "", "9,000.00", "王五", "3-201 电费",
            "000000018812"),
            ("2", "20260303", "080000", "0.00", "35.00", "8,965.00", "电力公司", "电费",
            "000000018813"),
            ("3", "20260304", "", "25.00", "", "8,990.00", "赵六", "", "17"),
            encoding=encoding,
        )
    )  # fmt: skip
    first, second, third, totals = rows
    assert isinstance(first, Found)
    assert (first.amount_fen, local(first.received_at)) == (123400, "2026-03-02 19:05:11")
    assert told(second) == "money that went out"
    assert isinstance(third, Found)
    assert (third.ref, local(third.received_at)) == ("20260304-17", "2026-03-04 00:00:00")
    assert told(totals) == "a line of totals, not a payment"


def test_a_semicolon_table_with_english_headings_and_signed_amounts_is_read():
    text = "Date;Amount;Counterparty;Memo;Reference\n2026/3/2 7:05;+12.60;Li;3-201;ABC000000001\n"
    income, expense = read((text + "2026/3/3;-5;Shop;;ABC000000002\n").encode())
    assert isinstance(income, Found)
    assert local(income.received_at) == "2026-03-02 07:05:00"
    assert told(expense) == "5.00 yuan went out or was taken back"


def test_a_file_without_known_headings_waits_for_a_person_and_the_next_one_does_not():
    text = decode("何时,多少,谁,附注\n2026-03-02,12.60,李,3-201\n".encode())
    assert isinstance(text, str)
    lines = read_table(text)
    assert not isinstance(lines, Sentence)
    assert guess(lines) is None
    assert widest(lines) == 1
    said = Layout(1, {"date": (0,), "amount": (1,), "payer": (2,), "note": (3,)})
    (row,) = read_payments(lines, said, SHANGHAI, lambda _: "0" * 40)
    assert isinstance(row, Found)
    kept = layout_kept(said, lines)
    assert layout_from(kept) == said
    later = read_table("余额 100\n何时,多少,谁,附注\n2026-04-02,1.00,李,3-201\n")
    assert not isinstance(later, Sentence)
    again = remembered(later, [{**kept, "headings": ["x"]}, kept])
    assert again == Layout(2, said.columns)
    assert layout_from({}) is None


# --- files that are none -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty."),
        (b" \r\n\n", "The file is empty."),
        (b"x" * (MOST_BYTES + 1), "The file is larger than 2 MB."),
        (b"PK\x03\x04 a workbook", "This is a workbook of a spreadsheet program."),
        (b"\xd0\xcf\x11\xe0 an old one", "This is a workbook of a spreadsheet program."),
        (b"%PDF-1.7 a statement", "This is not a text table."),
        (b"\x89PNG\r\n\x1a\n", "This is not a text table."),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "This is not a text table."),
        (bytes(range(256)) * 8, "This is not a text table."),
        (b"\xff\xfe\x00", "This is not a text table."),
    ],
)  # fmt: skip
def test_what_is_no_table_gets_a_sentence(data: bytes, sentence: str):
    assert english(decode(data)).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("just words\nand more\n", "This is not a table: no line has two columns."),
        (
            '日期,金额,摘要\n2026-03-02,1.00,"3-201\n2026-03-03,2.00,x\n',
            "A quotation mark is not closed in line 2, so the rest cannot be read.",
        ),
        ("a,b\n" + "1,2\n" * MOST_ROWS, "The file has more than 5000 rows."),
    ],
)
def test_a_broken_table_gets_a_sentence(text: str, sentence: str):
    assert english(read_table(text)) == sentence


# --- rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (wechat_row(state="已全额退款"), "it was paid back in full"),
        (wechat_row(state="对方已退还"), "it was paid back in full"),
        (wechat_row(way="支出", state="支付成功"), "money that went out"),
        (wechat_row(way="/", state="提现已到账"), "neither income nor expense"),
        (wechat_row(state="交易关闭"), "it was not carried out: 交易关闭"),
        (wechat_row(amount="¥-3.00"), "3.00 yuan went out or was taken back"),
        (wechat_row(amount="¥0.00"), "no amount"),
    ],
)
def test_a_row_that_is_no_payment_is_passed_over_with_its_reason(row, why: str):
    (only,) = read(wechat(row))
    assert told(only) == why
    assert isinstance(only, PassedOver)
    assert not only.is_wrong


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (wechat_row(state="已退款(￥5.00)"),
        "a part of it was paid back: write what is left by hand"),
        (wechat_row(ref="4.2E+27"), "'4.2E+27' was shortened by a spreadsheet program"),
        (wechat_row(ref="4200002345202600000000000000"), "has lost its last digits"),
        (wechat_row(ref="9" * 91), "The serial number is longer than 90."),
        (wechat_row(amount="¥12.605"), "'¥12.605' has more than two decimals"),
        (wechat_row(amount="1.2E+3"), "'1.2E+3' was shortened by a spreadsheet program"),
        (wechat_row(amount="1.234,50"), "'1.234,50' is not an amount in yuan like 12.60."),
        (wechat_row(amount="12,60"), "'12,60' is not an amount in yuan like 12.60."),
        (wechat_row(amount="twelve"), "'twelve' is not an amount in yuan like 12.60."),
        (wechat_row(amount="99999999999999999"), "is more money than there can be."),
        (wechat_row(amount="99999999999"), "is more money than there can be."),
        (wechat_row(amount=""), "no amount"),
        (wechat_row(at="46083.795"), "The date became the number 46083.795"),
        (wechat_row(at="03/04/2026"), "'03/04/2026' is not a date with its year in front"),
        (wechat_row(at="2026-02-30 10:00"), "There is no such day: '2026-02-30 10:00'."),
        (wechat_row(at="2026-03-02 25:00"), "'25:00' is not a time of day like 19:05."),
        (wechat_row(at=""), "The date is missing."),
        ((*wechat_row(), "one", "more"), "This row has more cells than there are headings"),
        (("2026-03-02 19:05:11", "转账"), "This row ends before its date or amount"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_wrong_and_says_why(row, why: str):
    good, bad = read(wechat(wechat_row("1000000000000000000000000001"), row))
    assert isinstance(good, Found), "the others are read all the same"
    assert why in told(bad)
    assert isinstance(bad, PassedOver)
    assert bad.is_wrong


def test_the_same_number_twice_counts_once_and_with_two_amounts_not_at_all():
    a, again = read(wechat(wechat_row(), wechat_row()))
    assert isinstance(a, Found)
    assert told(again) == "the same payment as in row 18; it counts once"
    other = wechat_row(payer="somebody else with the same shortened number")
    assert all(
        isinstance(row, PassedOver) and row.is_wrong for row in read(wechat(wechat_row(), other))
    )
    x, y = read(wechat(wechat_row(), wechat_row(amount="¥99.00")))
    assert told(x).endswith("stands in row 19 too, for another payment.")
    assert told(y).endswith("stands in row 18 too, for another payment.")


def test_payments_without_a_number_are_told_apart_by_what_they_say_and_how_often():
    def refs(*rows: tuple[str, str, str]) -> list[str]:
        text = csv_text([("日期", "金额", "摘要"), *rows])
        return [row.ref for row in read(text.encode()) if isinstance(row, Found)]

    one, two = ("2026-03-02", "5.00", "3-201"), ("2026-03-02", "5.00", "3-202")
    first = refs(one, two, one)
    assert len(set(first)) == 3, "the same twice is two payments"
    assert set(refs(two, one, one)) == set(first), "in any order they have the same numbers"
    assert refs(one) == first[:1], "and in any file"


# --- cells ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "fen"),
    [
        ("12.60", 1260), ("￥12.60", 1260), ("¥ 12.6", 1260), ("12.60元", 1260),
        ("１２．６０", 1260),
        ("1,234.50", 123450), ("1,234,567", 123456700), ("+3", 300), ("-0.05", -5),
        ("(5.00)", -500),
        ("\t12.60 ", 1260), ('="12.60"', 1260), ("'12.60", 1260), ("CNY12.60", 1260),
        ("7.500", 750),
        ("", None), ("-", None), ("/", None), ("¥", None), ("−2.00", -200),
    ],
)  # fmt: skip
def test_amounts_as_people_and_banks_write_them(cell: str, fen: int | None):
    assert read_amount(cell) == fen


@given(st.integers(0, 10**9), st.booleans())
def test_every_amount_that_a_bank_writes_is_read_to_the_fen(fen: int, grouped: bool):
    text = f"{fen / 100:,.2f}" if grouped else f"{fen / 100:.2f}"
    assert read_amount(text) == fen


@given(st.text(max_size=20))
def test_no_cell_whatever_breaks_the_reading(text: str):
    assert isinstance(plain(text), str)
    amount, ref = read_amount(text), read_ref(text)
    assert amount is None or isinstance(amount, int | Sentence)
    assert isinstance(ref, str | Sentence)
    assert isinstance(read_moment(text, text, SHANGHAI), datetime | Sentence)
    assert direction(text) in (None, -1, 0, 1)
    why_not_money(text)


@given(st.binary(max_size=300))
def test_no_bytes_whatever_break_the_reading(data: bytes):
    text = decode(data)
    if isinstance(text, str):
        lines = read_table(text)
        if not isinstance(lines, Sentence):
            layout = guess(lines) or Layout(widest(lines), {"date": (0,), "amount": (1,)})
            read_payments(lines, layout, SHANGHAI, lambda _: "0" * 40)


@pytest.mark.parametrize(
    ("date", "time", "at"),
    [
        ("2026-03-02", "", "2026-03-02 00:00:00"),
        ("2026/3/2", "9:05", "2026-03-02 09:05:00"),
        ("2026.03.02 19:05", "", "2026-03-02 19:05:00"),
        ("2026年3月2日 19时05分11秒", "", "2026-03-02 19:05:11"),
        ("20260302", "190511", "2026-03-02 19:05:11"),
        ("20260302190511", "", "2026-03-02 19:05:11"),
        ("2026-03-02T19:05:11.250", "", "2026-03-02 19:05:11"),
        ("20260302", "2026-03-02 19:05:11", "2026-03-02 19:05:11"),
    ],
)
def test_dates_as_banks_write_them(date: str, time: str, at: str):
    found = read_moment(date, time, SHANGHAI)
    assert isinstance(found, datetime), found
    assert local(found) == at
