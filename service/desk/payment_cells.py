"""What stands in the cells of a bank's export: dates, amounts and numbers, as they really come.

Banks and payment services write the same thing in many ways, and a spreadsheet program that has had
the file open in between has often damaged it: a serial number of 28 digits became 4.2E+27, a date
became 46083. What is damaged is refused with a sentence that says how to get it whole; what can be
read in two ways is refused too, because money is never put down by guess.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, tzinfo

from service.quantities import MAX_FEN
from service.words import N_, Sentence

LONGEST_REF = 90
SHORT_REF = 12
"""Some banks number from 1 each day: a number shorter than this counts together with its day."""

_WRAPPED = re.compile(r'^="(.*)"$')
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d+)?E[+-]?\d+", re.IGNORECASE)
_AMOUNT = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?")
_DATE = re.compile(
    r"(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})日?(?:[T\s]*(\d.*))?", re.DOTALL
)
_DIGITS_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})\s*(\d{6})?")
_TIME = re.compile(r"(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})秒?)?(?:\.\d+)?分?")
_DIGITS_TIME = re.compile(r"(\d{2})(\d{2})(\d{2})")
_LOST_DIGITS = re.compile(r"\d{15}0{3,}")
"""A spreadsheet program keeps fifteen digits of a number and writes zeros for the rest."""

INCOMING = frozenset(
    {"收入", "收", "贷", "贷方", "进", "转入", "入账", "in", "credit", "c", "cr", "+"}
)
OUTGOING = frozenset(
    {"支出", "支", "借", "借方", "出", "转出", "出账", "out", "debit", "d", "dr", "-"}
)

Refusal = Sentence


def plain(cell: str) -> str:
    """A cell without what only serves spreadsheet programs: tabs, ="...", a leading apostrophe."""
    text = unicodedata.normalize("NFKC", cell).strip(" \t\r\n\ufeff\u00a0")
    wrapped = _WRAPPED.match(text)
    if wrapped:
        text = wrapped[1].strip()
    return text.lstrip("'`").strip()


def read_amount(cell: str) -> int | Refusal | None:
    """An amount in fen, negative if it is written so; None where nothing stands.

    >>> read_amount("￥1,234.50")
    123450
    """
    text = plain(cell)
    bare = text.strip("¥￥元 ").removeprefix("CNY").removeprefix("RMB").strip().replace(" ", "")
    negative = bare.startswith("(") and bare.endswith(")")
    bare = bare.strip("()").replace("¥", "").replace("−", "-")
    if bare in ("", "-", "--", "/"):
        return None
    if _SCIENTIFIC.fullmatch(bare):
        return _shortened(text)
    found = _AMOUNT.fullmatch(bare)
    if found is None:
        message = N_("'{text}' is not an amount in yuan like 12.60.")
        return Sentence(message, {"text": text[:40]})
    sign, whole, cents = found[1], found[2].replace(",", ""), found[3] or ""
    if len(cents.rstrip("0")) > 2:
        message = N_("'{text}' has more than two decimals: there is no smaller coin than 0.01.")
        return Sentence(message, {"text": text[:40]})
    fen = int(whole) * 100 + int(cents.rstrip("0").ljust(2, "0")[:2] or 0) if len(whole) < 15 else 0
    if len(whole) >= 15 or fen > MAX_FEN:
        return Sentence(N_("'{text}' is more money than there can be."), {"text": text[:40]})
    return -fen if negative or sign == "-" else fen


def read_ref(cell: str) -> str | Refusal:
    """A serial number as text; '' where none stands."""
    text = plain(cell)
    if text in ("", "/", "-"):
        return ""
    if _SCIENTIFIC.fullmatch(text):
        return _shortened(text)
    if _LOST_DIGITS.fullmatch(text):
        message = N_(
            "The number {text} has lost its last digits in a spreadsheet program. Send in the file "
            "as the bank gave it, without opening and saving it before."
        )
        return Sentence(message, {"text": text[:40]})
    if len(text) > LONGEST_REF:
        return Sentence(N_("The serial number is longer than {limit}."), {"limit": LONGEST_REF})
    return text


def _shortened(text: str) -> Refusal:
    message = N_(
        "'{text}' was shortened by a spreadsheet program, its digits are lost. Send in the file as "
        "the bank gave it, without opening and saving it before."
    )
    return Sentence(message, {"text": text[:40]})


def read_moment(date_cell: str, time_cell: str, zone: tzinfo) -> datetime | Refusal:
    """When money came, UTC; by the compound's clock, midnight where only a day is written.

    The year comes first or the date is refused: 03/04/2026 is two different days.
    """
    text = plain(date_cell)
    if not text:
        return Sentence(N_("The date is missing."))
    found = _DATE.fullmatch(text) or _DIGITS_DATE.fullmatch(text)
    if found is None:
        return _no_date(text)
    clock = plain(time_cell) or (found[4] or "").strip()
    both = _DATE.fullmatch(clock)
    hours = _read_time((both[4] or "").strip() if both else clock)
    if hours is None:
        message = N_("'{text}' is not a time of day like 19:05.")
        return Sentence(message, {"text": clock[:40]})
    try:
        day = datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=zone)
    except ValueError:
        return Sentence(N_("There is no such day: '{text}'."), {"text": text[:40]})
    return datetime.combine(day.date(), hours, zone).astimezone(UTC)


def _no_date(text: str) -> Refusal:
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        message = N_(
            "The date became the number {text} in a spreadsheet program. Send in the file as the "
            "bank gave it, without opening and saving it before."
        )
        return Sentence(message, {"text": text[:40]})
    message = N_("'{text}' is not a date with its year in front, like 2026-03-02.")
    return Sentence(message, {"text": text[:40]})


def _read_time(text: str) -> time | None:
    if not text:
        return time()
    found = _TIME.fullmatch(text) or _DIGITS_TIME.fullmatch(text)
    if found is None:
        return None
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError:
        return None


def direction(cell: str) -> int | None:
    """+1 for money that came in, -1 for money that went out, 0 for neither, None if not said."""
    text = plain(cell).casefold()
    if not text:
        return None
    if text in INCOMING:
        return 1
    return -1 if text in OUTGOING else 0


_WHOLLY_BACK = re.compile(r"全额退款|退款成功|已退还")
_PARTLY_BACK = re.compile(r"已退款")
_NEVER_CAME = re.compile(r"关闭|失败|撤销|冲正|已取消|未支付|待")


def is_partly_paid_back(status_cell: str) -> bool:
    """Whether a state says that some of the money went back: what is left, a person must say."""
    text = plain(status_cell)
    return bool(_PARTLY_BACK.search(text)) and not _WHOLLY_BACK.search(text)


def why_not_money(status_cell: str) -> Sentence | None:
    """What a row's state says against its being money that came and stayed; None for nothing."""
    text = plain(status_cell)
    if _WHOLLY_BACK.search(text):
        return Sentence(N_("it was paid back in full"))
    if _PARTLY_BACK.search(text):
        return Sentence(N_("a part of it was paid back: write what is left by hand"))
    if _NEVER_CAME.search(text):
        return Sentence(N_("it was not carried out: {status}"), {"status": text[:40]})
    return None


def made_ref(parts: Sequence[str], times_before: int, digest: Callable[[str], str]) -> str:
    """A number for a payment to which the bank gave none: from everything that the row says.

    Two rows that say the very same are two payments, told apart by their count; so the same rows in
    any file and order get the same numbers. `digest` keeps what people wrote out of the number.
    """
    return f"~{digest('|'.join([*parts, str(times_before)]))[:32]}"
