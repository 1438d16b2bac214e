"""The file of a bank or a payment service as a table, whatever it looks like. Pure: bytes to rows.

WeChat Pay and Alipay put a preamble before their line of headings, pad numbers with tabs and write
refunds into a state; banks have an amount with a direction, or two columns. Known headings are
found by themselves, for others a person says once which column is what. Nothing is ever guessed: a
row either is a payment that came in, or a sentence says why it is none.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from service.desk.payment_cells import (
    SHORT_REF,
    direction,
    is_partly_paid_back,
    made_ref,
    plain,
    read_amount,
    read_moment,
    read_ref,
    why_not_money,
)
from service.quantities import show_yuan
from service.words import N_, Sentence

MOST_BYTES = 2 << 20
MOST_ROWS = 5_000
MOST_COLUMNS = 60
LOOK_FOR_HEADINGS = 60
LONGEST_WORDS = 200

FIELDS = (
    "date", "time", "amount", "credit", "debit", "direction", "status", "ref", "payer", "note",
)  # fmt: skip
"""What a column can be. `note` may be several columns; a date and an amount or credit must be."""

HEADINGS = {
    "date": "交易时间 交易日期 记账日期 入账日期 入账时间 日期 交易日 过账日期 到账时间 date",
    "time": "时间 交易时刻 time",
    "amount": "金额 交易金额 发生额 入账金额 到账金额 amount",
    "credit": "收入 收入金额 贷方金额 贷方发生额 转入金额 存入金额 存入 贷方 credit",
    "debit": "支出 支出金额 借方金额 借方发生额 转出金额 支取金额 支取 借方 debit",
    "direction": "收/支 收支 借贷标志 借贷方向 收支类型 借/贷 收付标志 借贷 direction",
    "status": "当前状态 交易状态 状态 status",
    "ref": "交易单号 交易流水号 流水号 交易订单号 交易号 交易序号 核心流水号 业务流水号 "
    "交易参考号 reference serial",
    "payer": "交易对方 对方户名 对方名称 对方账户名称 对方账户名 付款人 付款人名称 付款方 "
    "counterparty",
    "note": "摘要 附言 备注 商品 用途 交易摘要 商品说明 留言 交易附言 付款留言 remark memo note",
}
_KNOWN = {word: field for field, words in HEADINGS.items() for word in words.split()}

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_NOT_TABLES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_TOTALS = re.compile(r"合计|总计|共\d*笔|小计|total", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table; `row` is its number in a spreadsheet program."""

    row: int
    cells: tuple[str, ...]

    def raw(self, columns: Sequence[int]) -> str:
        """The cells of some columns, joined as they are; columns that the row lacks are empty."""
        return " ".join(self.cells[c] for c in columns if c < len(self.cells))

    def at(self, columns: Sequence[int]) -> str:
        """The same without padding; WeChat and Alipay write '/' where there is nothing."""
        found = [plain(self.cells[c]) for c in columns if c < len(self.cells)]
        return " ".join(text for text in found if text and text != "/")


@dataclass(frozen=True, slots=True)
class Layout:
    """Which line has the headings, and which columns are what."""

    heading_row: int
    columns: Mapping[str, tuple[int, ...]]

    @property
    def is_enough(self) -> bool:
        """Whether rows can be read with it."""
        return bool(self.columns.get("date")) and bool(
            self.columns.get("amount") or self.columns.get("credit")
        )


@dataclass(frozen=True, slots=True)
class Found:
    """Money that came in. `ref` names it for ever."""

    row: int
    ref: str
    received_at: datetime
    amount_fen: int
    payer: str
    note: str


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A row that is no payment, and why; `is_wrong` when a person has to look at it."""

    row: int
    sentence: Sentence
    is_wrong: bool = False


Row = Found | PassedOver


def decode(data: bytes) -> str | Sentence:
    """The text of a file: UTF-8, UTF-16 or GB18030 (which is GBK and more), else a sentence."""
    if len(data) > MOST_BYTES:
        return Sentence(N_("The file is larger than {limit} MB."), {"limit": MOST_BYTES >> 20})
    if not data.strip():
        return Sentence(N_("The file is empty."))
    if data.startswith(_WORKBOOKS):
        message = N_("This is a workbook of a spreadsheet program. Save it as 'CSV UTF-8'.")
        return Sentence(message)
    if not data.startswith(_NOT_TABLES):
        for encoding in _encodings(data):
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            if not _CONTROL.search(text):
                return text.removeprefix("\ufeff")
    return Sentence(N_("This is not a text table. Export the payments as CSV and send that in."))


def _encodings(data: bytes) -> tuple[str, ...]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ("utf-16",)
    if b"\0" in data:  # the digits and commas of a table leave every other byte empty
        even, odd = data[::2].count(0), data[1::2].count(0)
        return ("utf-16-le",) if odd > even else ("utf-16-be",)
    return ("utf-8-sig", "gb18030")


def read_table(text: str) -> tuple[Line, ...] | Sentence:
    """The rows of a table, its empty ones left out; a sentence if it is none."""
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[Line] = []
    row, begins = 0, 1
    try:
        for row, cells in enumerate(reader, start=1):
            begins = reader.line_num + 1
            if any(cell.strip() for cell in cells):
                lines.append(Line(row, tuple(cells)))
    except csv.Error:
        message = N_("A quotation mark is not closed in line {line}, so the rest cannot be read.")
        return Sentence(message, {"line": begins})
    if len(lines) > MOST_ROWS:
        return Sentence(N_("The file has more than {limit} rows."), {"limit": MOST_ROWS})
    if max((len(line.cells) for line in lines), default=0) < 2:
        return Sentence(N_("This is not a table: no line has two columns."))
    return tuple(lines)


def _delimiter(text: str) -> str:
    lines = text.splitlines()[: 2 * LOOK_FOR_HEADINGS]

    def merit(mark: str) -> tuple[int, int]:
        rows = [[heading(cell) for cell in line.split(mark)] for line in lines]
        known = max((sum(cell in _KNOWN for cell in row) for row in rows), default=0)
        return known, sum(len(row) > 1 for row in rows)

    return max(",\t;", key=merit)


def heading(cell: str) -> str:
    """A heading without its unit, spaces and the width of its brackets."""
    text = re.sub(r"\s+", "", plain(cell)).strip('"').casefold()
    return re.sub(r"\((?:元|人民币|人民币元|cny|rmb|yuan|收入|支取|支出)\)$", "", text)


def guess(lines: Sequence[Line]) -> Layout | None:
    """The layout by known headings, or None where a person must say it."""
    for line in lines[:LOOK_FOR_HEADINGS]:
        layout = Layout(line.row, _columns(line.cells))
        if layout.is_enough:
            return layout
    return None


def _columns(cells: Sequence[str]) -> dict[str, tuple[int, ...]]:
    names = [heading(cell) for cell in cells[:MOST_COLUMNS]]
    found: dict[str, tuple[int, ...]] = {}
    for field, words in HEADINGS.items():
        order = words.split()
        places = [place for place, name in enumerate(names) if name in order]
        if places and field != "note":
            places = [min(places, key=lambda place: order.index(names[place]))]
        if places:
            found[field] = tuple(places)
    # '交易时间' alone is a moment; beside '交易日期' it is the time of day
    if "交易日期" in names and "交易时间" in names:
        found |= {"date": (names.index("交易日期"),), "time": (names.index("交易时间"),)}
    return found


def widest(lines: Sequence[Line]) -> int:
    """The row that most looks like headings: the first of those with the most cells filled."""
    looked = lines[:LOOK_FOR_HEADINGS]
    best = max(looked, key=lambda line: sum(bool(cell.strip()) for cell in line.cells))
    return best.row


def read_payments(
    lines: Sequence[Line], layout: Layout, zone: tzinfo, digest: Callable[[str], str]
) -> tuple[Row, ...]:
    """Every row behind the headings: a payment, or why it is none."""
    width = next((len(line.cells) for line in lines if line.row == layout.heading_row), 0)
    twins: Counter[tuple[str, ...]] = Counter()
    rows: list[Row] = []
    for line in lines:
        if line.row > layout.heading_row:
            rows.append(_read(line, layout, width, zone, digest, twins))
    return tuple(_repeats(rows))


def _read(
    line: Line,
    layout: Layout,
    width: int,
    zone: tzinfo,
    digest: Callable[[str], str],
    twins: Counter[tuple[str, ...]],
) -> Row:
    columns = layout.columns
    no = _no_payment(line, columns, width)
    if no is not None:
        return no
    amount = _amount(line, columns)
    if not isinstance(amount, int):
        return amount
    at = read_moment(line.at(columns["date"]), line.at(columns.get("time", ())), zone)
    ref = read_ref(line.at(columns.get("ref", ())))
    for refused in (at, ref):
        if isinstance(refused, Sentence):
            return PassedOver(line.row, refused, is_wrong=True)
    if isinstance(at, Sentence) or isinstance(ref, Sentence):
        raise AssertionError("both were looked at above")
    payer, note = line.at(columns.get("payer", ())), line.at(columns.get("note", ()))
    if not ref:
        said = (at.isoformat(), str(amount), payer, note)
        ref = made_ref(said, twins[said], digest)
        twins[said] += 1
    elif len(ref) < SHORT_REF:
        ref = f"{at.astimezone(zone):%Y%m%d}-{ref}"
    return Found(line.row, ref, at, amount, payer[:LONGEST_WORDS], note[:LONGEST_WORDS])


def _no_payment(
    line: Line, columns: Mapping[str, tuple[int, ...]], width: int
) -> PassedOver | None:
    if any(cell.strip() for cell in line.cells[width:]):
        message = N_("This row has more cells than there are headings: is a comma inside a text?")
        return PassedOver(line.row, Sentence(message), is_wrong=True)
    if not line.at(columns["date"]) and _TOTALS.search("".join(line.cells)):
        return PassedOver(line.row, Sentence(N_("a line of totals, not a payment")))
    needed = max(*columns["date"], *(columns.get("credit") or columns["amount"]))
    if len(line.cells) <= needed:
        message = N_("This row ends before its date or amount: is it broken in two?")
        return PassedOver(line.row, Sentence(message), is_wrong=True)
    way = direction(line.raw(columns.get("direction", ())))
    if way == -1:
        return PassedOver(line.row, Sentence(N_("money that went out")))
    status = line.raw(columns.get("status", ()))
    against = why_not_money(status)
    if against is None and way == 0:
        against = Sentence(N_("neither income nor expense"))
    if against is None:
        return None
    return PassedOver(line.row, against, is_wrong=is_partly_paid_back(status))


def _amount(line: Line, columns: Mapping[str, tuple[int, ...]]) -> int | PassedOver:
    """What came in, in fen; else why this row is none."""
    cell = line.at(columns.get("credit") or columns["amount"])
    amount = read_amount(cell)
    if isinstance(amount, Sentence):
        return PassedOver(line.row, amount, is_wrong=True)
    debit = read_amount(line.at(columns.get("debit", ())))
    if not amount and isinstance(debit, int) and debit:
        return PassedOver(line.row, Sentence(N_("money that went out")))
    if not amount:
        return PassedOver(line.row, Sentence(N_("no amount")), is_wrong=amount is None)
    if amount < 0:
        values = {"amount": show_yuan(-amount)}
        return PassedOver(
            line.row, Sentence(N_("{amount} yuan went out or was taken back"), values)
        )
    return amount


def _repeats(rows: Sequence[Row]) -> Iterator[Row]:
    """The same number twice: the same payment once, or two that contradict each other."""
    copies: dict[str, list[Found]] = {}
    for row in rows:
        if isinstance(row, Found):
            copies.setdefault(row.ref, []).append(row)
    for row in rows:
        if not isinstance(row, Found):
            yield row
            continue
        same = copies[row.ref]
        other = next((one for one in same if replace(one, row=row.row) != row), None)
        if other is not None:
            message = N_("The number {ref} stands in row {row} too, for another payment.")
            values = {"ref": row.ref, "row": other.row}
            yield PassedOver(row.row, Sentence(message, values), is_wrong=True)
        elif same[0] is not row:
            message = N_("the same payment as in row {row}; it counts once")
            yield PassedOver(row.row, Sentence(message, {"row": same[0].row}))
        else:
            yield row
