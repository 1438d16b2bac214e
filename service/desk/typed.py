"""What a person types into a form: an amount, a day, a meter's register, a few words.

Read strictly, because a slip of a finger here is money; each no says what to write instead. Wide
digits and signs of a Chinese keyboard are the same as narrow ones.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from service.words import N_, Sentence

LONGEST_MEMO = 200

MOST_FEN = 100_000_000
"""1,000,000 yuan: the whole investment of the compound is 60,000."""

MOST_WH = 10**12
"""A million MWh: no register of a meter in a house has so many digits."""

_GROUPED = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
_AMOUNT = re.compile(rf"(-?)({_GROUPED})(?:\.(\d*))?")
_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")

_NOT_AN_AMOUNT = N_("'{text}' is not an amount. Write yuan and fen like 12.60.")
_TOO_FINE = N_("'{text}' has more than two decimals. The smallest amount is 0.01 yuan.")
_NOTHING = N_("The amount must be more than 0. To take an entry back, make a counter-entry of it.")
_TOO_MUCH = N_("{text} yuan is more than one entry may have. Look at the digits again.")
_NO_DAY = N_("'{text}' is not a day. Write it like 2026-03-02.")
_NO_REGISTER = N_("'{text}' is not a meter reading. Write kWh as on the meter, like 18250.4.")


def read_amount(text: str) -> int | Sentence:
    """Yuan as fen: more than 0, at most two decimals, not more than MOST_FEN."""
    plain = _plain(text).removeprefix("¥").removesuffix("元").replace(" ", "")
    found = _AMOUNT.fullmatch(plain)
    values = {"text": _quoted(text)}
    if found is None:
        return Sentence(_NOT_AN_AMOUNT, values)
    sign, whole, part = found[1], found[2].replace(",", ""), (found[3] or "").rstrip("0")
    if len(part) > 2:
        return Sentence(_TOO_FINE, values)
    if len(whole.lstrip("0")) > len(str(MOST_FEN)):
        return Sentence(_TOO_MUCH, values)
    fen = int(whole) * 100 + int(part.ljust(2, "0"))
    if sign or fen == 0:
        return Sentence(_NOTHING)
    return Sentence(_TOO_MUCH, values) if fen > MOST_FEN else fen


def read_register(text: str) -> int | Sentence:
    """A cumulative register in kWh, with at most three decimals, as Wh."""
    found = _AMOUNT.fullmatch(
        _plain(text).casefold().removesuffix("kwh").removesuffix("度").strip()
    )
    part = (found[3] or "") if found else ""
    if found is None or found[1] or len(part) > 3 or len(found[2]) > len(str(MOST_WH)):
        return Sentence(_NO_REGISTER, {"text": _quoted(text)})
    wh = int(found[2].replace(",", "")) * 1000 + int(part.ljust(3, "0"))
    return wh if wh <= MOST_WH else Sentence(_NO_REGISTER, {"text": _quoted(text)})


def read_day(text: str) -> date | Sentence:
    """A day of the calendar."""
    found = _DAY.fullmatch(_plain(text).translate(str.maketrans("年月", "--")).removesuffix("日"))
    if found is not None:
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:  # 30 February
            pass
    return Sentence(_NO_DAY, {"text": _quoted(text)})


def read_memo(text: str) -> str:
    """Words on one line, without what no keyboard types, cut at LONGEST_MEMO."""
    line = " ".join(text.split())
    return "".join(c for c in line if unicodedata.category(c)[0] != "C")[:LONGEST_MEMO]


def begin_of(day: date, zone: tzinfo) -> datetime:
    """Midnight at which a day of the compound begins, in UTC. A day of year 1 begins there too."""
    if day <= date(1, 1, 2):
        return datetime(1, 1, 2, tzinfo=UTC)
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of(day: date, zone: tzinfo) -> datetime:
    """Midnight at which a day of the compound ends, in UTC."""
    return begin_of(min(day, date(9999, 12, 30)) + timedelta(days=1), zone)


def on_day(day: date, now: datetime, zone: tzinfo) -> datetime:
    """The moment that stands for something of that day: noon, or now if it is today."""
    if day == now.astimezone(zone).date():
        return now
    return begin_of(day, zone) + timedelta(hours=12)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().replace("。", ".")


def _quoted(text: str) -> str:
    return read_memo(text)[:30]
