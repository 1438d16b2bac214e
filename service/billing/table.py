"""A statement as rows of cells: the one table that the CSV file and the workbook both write.

A cell is a text, a moment by the compound's clock, or a figure that knows its unit; so a number
can be shown to the digit in one file and counted with in the other, and never differs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum
from typing import NamedTuple

from service.billing.pricing import PricedLine
from service.billing.statement import COMPONENT_WORDS, Movement, SessionBlock, StatementView
from service.quantities import show_e7, show_kwh, show_price, show_yuan
from service.words import N_, Sentence, say

HEADINGS = (
    N_("what"),
    N_("time"),
    N_("outlet"),
    N_("start"),
    N_("end"),
    N_("register at start, kWh"),
    N_("register at end, kWh"),
    N_("band"),
    N_("part"),
    N_("kWh"),
    N_("yuan per kWh"),
    N_("exact amount, yuan"),
    N_("amount, yuan"),
    N_("left over by rounding, yuan"),
    N_("why it stopped"),
    N_("note"),
)
WHOSE = (N_("door"), N_("statement number"))
"""In front of the headings where a file has more than one household."""


class Unit(Enum):
    """What a figure counts, how it is shown, and how many of it make one of what is shown."""

    YUAN = (show_yuan, 100)
    KWH = (show_kwh, 1_000)
    YUAN_PER_KWH = (show_price, 10_000)
    EXACT_YUAN = (show_e7, 10_000_000)

    def __init__(self, show: Callable[[int], str], scale: int):
        self.show, self.scale = show, scale


class Figure(NamedTuple):
    """A whole number of the smallest part of its unit: fen, Wh, 0.0001 or 0.0000001 yuan."""

    value: int
    unit: Unit

    @property
    def text(self) -> str:
        """To the digit: '0.42'."""
        return self.unit.show(self.value)

    @property
    def number(self) -> float:
        """For programs that count: the double nearest to what is shown."""
        return self.value / self.unit.scale


Cell = str | datetime | Figure
Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Listed:
    """A statement in a file with others: whose it is, and the number printed on it."""

    door: str
    number: str
    view: StatementView


@dataclass(frozen=True, slots=True)
class Table:
    """Writes rows in one language, by one clock; `reasons`: stop reason codes in words."""

    language: str
    zone: tzinfo
    reasons: Mapping[str, Sentence]

    def whole(self, view: StatementView) -> Iterator[Row]:
        """From the opening to the closing balance: every amount before the last adds up to it."""
        yield self._balance(N_("opening balance"), view.opening_fen)
        yield from self.lines(view)
        yield self._balance(N_("closing balance"), view.closing_fen)

    def lines(self, view: StatementView) -> Iterator[Row]:
        """What happened in the month; payments are negative."""
        for block in view.sessions:
            yield from self._session(block)
        for payment in view.payments:
            yield self._movement(payment, -payment.amount_fen)
        for correction in view.corrections:
            yield self._movement(correction, correction.amount_fen)

    def say(self, message: str) -> str:
        """A message in the table's language."""
        return say(self.language, message)

    def _balance(self, words: str, fen: int) -> Row:
        return {"what": self.say(words), "amount, yuan": Figure(fen, Unit.YUAN)}

    def _session(self, block: SessionBlock) -> Iterator[Row]:
        bill = block.bill
        reason = self.reasons.get(bill.stop_reason)
        facts: Row = {
            "what": bill.session_id,
            "time": self._clock(bill.ended_at),
            "outlet": f"{bill.pile}/{bill.outlet}",
            "start": self._clock(bill.started_at),
            "end": self._clock(bill.ended_at),
            "register at start, kWh": Figure(bill.start_wh, Unit.KWH),
            "register at end, kWh": Figure(bill.end_wh, Unit.KWH),
            "why it stopped": reason.in_language(self.language) if reason else bill.stop_reason,
            "note": "; ".join(mark.in_language(self.language) for mark in block.marks),
        }
        if not block.priced.lines:
            nothing = {"kWh": Figure(0, Unit.KWH), "amount, yuan": Figure(0, Unit.YUAN)}
            yield {**facts, **nothing}
        for line in block.priced.lines:
            yield {**facts, **self._line(line)}

    def _line(self, line: PricedLine) -> Row:
        return {
            "band": line.band_name,
            "part": self.say(COMPONENT_WORDS[line.component]),
            "kWh": Figure(line.energy_wh, Unit.KWH),
            "yuan per kWh": Figure(line.price_e4, Unit.YUAN_PER_KWH),
            "exact amount, yuan": Figure(line.amount_e7, Unit.EXACT_YUAN),
            "amount, yuan": Figure(line.amount_fen, Unit.YUAN),
            "left over by rounding, yuan": Figure(line.remainder_e7, Unit.EXACT_YUAN),
        }

    def _movement(self, movement: Movement, amount_fen: int) -> Row:
        return {
            "what": movement.words.in_language(self.language),
            "time": self._clock(movement.happened_at),
            "amount, yuan": Figure(amount_fen, Unit.YUAN),
            "note": movement.memo,
        }

    def _clock(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(second=0, microsecond=0)
