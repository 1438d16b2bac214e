"""Figures as tables: one table that the page, the spreadsheet, the CSV file and the print all draw.

A cell is a sentence, a name, a moment, or a quantity that knows what it counts; so each place can
show it in its own way, and none of them can differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import Enum
from typing import NamedTuple

from service.feeders.risk import amps
from service.pages.say_time import on_day, span
from service.quantities import show_kwh, show_yuan
from service.words import N_, Sentence


def show_share(permille: int) -> str:
    """A share in 1/1000 as percent with one decimal: 987 -> '98.7 %'."""
    return f"{permille // 10}.{permille % 10} %"


def show_hours(seconds: int) -> str:
    """Seconds as hours and minutes for a column: 5_460 -> '1:31'."""
    minutes = seconds // 60
    return f"{minutes // 60}:{minutes % 60:02d}"


def show_change(percent: int) -> str:
    """A change in percent, with its sign: 4 -> '+4 %'."""
    return f"{'+' if percent > 0 else '−' if percent < 0 else ''}{abs(percent)} %"


class Kind(Enum):
    """What a quantity counts: how it is shown, how many make one in a spreadsheet, and its format.

    Shares are in 1/1000, energy in Wh, money in fen, currents in mA, changes in
    percent, spans in seconds.
    """

    COUNT = (str, 1, "#,##0")
    KWH = (show_kwh, 1_000, "#,##0.000")
    YUAN = (show_yuan, 100, "#,##0.00")
    SHARE = (show_share, 1_000, "0.0%")
    AMPS = (amps, 1_000, "0.0")
    CHANGE = (show_change, 100, "+0%;-0%;0%")
    HOURS = (show_hours, 86_400, "[h]:mm")

    def __init__(self, show: Callable[[int], str], scale: int, number_format: str):
        self.show, self.scale, self.number_format = show, scale, number_format


class Quantity(NamedTuple):
    """A whole number of the smallest part of its kind."""

    value: int
    kind: Kind

    @property
    def text(self) -> str:
        """As it is printed."""
        return self.kind.show(self.value)

    @property
    def number(self) -> float:
        """For programs that count."""
        return self.value / self.kind.scale


Cell = Sentence | str | Quantity | datetime | date | None
"""None is what is not known; it is shown as a dash and never as 0."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; `key` is what the rows may be sorted by, where they may."""

    words: Sentence | str
    is_number: bool = True
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a name, and a sentence that says what its figures mean."""

    key: str
    title: Sentence
    means: Sentence
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes cells in one language, by one clock."""

    language: str
    zone: tzinfo

    def say(self, sentence: Sentence) -> str:
        """A sentence in the language."""
        return sentence.in_language(self.language)

    def text(self, cell: Cell) -> str:
        """A cell as people read it."""
        if isinstance(cell, Sentence):
            return self.say(cell)
        if isinstance(cell, Quantity):
            return cell.text
        if isinstance(cell, datetime):
            time = cell.astimezone(self.zone).strftime("%H:%M")
            return self.say(
                Sentence(N_("{day}, {time}"), {"day": on_day(cell, self.zone), "time": time})
            )
        if isinstance(cell, date):
            return self.say(Sentence(N_("{month}/{day}"), {"month": cell.month, "day": cell.day}))
        return "–" if cell is None else cell

    def plain(self, cell: Cell) -> str:
        """A cell for a file that programs read."""
        if isinstance(cell, datetime):
            return cell.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")
        if isinstance(cell, date):
            return cell.isoformat()
        return "" if cell is None else self.text(cell)


def words(message: str, **values: object) -> Column:
    """A column of words."""
    return Column(Sentence(message, values), is_number=False)


def numbers(message: str, key: str | None = None) -> Column:
    """A column of numbers."""
    return Column(Sentence(message), key=key)


def count(value: int | None) -> Quantity | None:
    """How many."""
    return None if value is None else Quantity(value, Kind.COUNT)


def share(value: float | None) -> Quantity | None:
    """A share, cut to 1/1000: it says 100 % only when it is."""
    return None if value is None else Quantity(int(value * 1000), Kind.SHARE)


def lasted(seconds: int | None) -> Sentence | None:
    """How long, in words."""
    return None if seconds is None else span(seconds)
