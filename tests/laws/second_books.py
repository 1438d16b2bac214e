"""A second set of books, kept apart from the first: plain sums in a list, decimals instead of fen.

It shares no line with the product. What a session costs is worked out with decimal numbers and the
schoolbook's half-up; months are cut with an eight-hour shift; balances are added up each time anew.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

FEN = Decimal("0.01")
EIGHT_HOURS = timedelta(hours=8)

Amounts = dict[tuple[str, int | None], int]
"""What an entry moves: (account, household) -> fen, debits positive."""


def cost_fen(energy_wh: int, price_e4: int) -> int:
    """A line as a shopkeeper works it out: so many kWh at so many yuan."""
    exact = Decimal(energy_wh) / 1000 * (Decimal(price_e4) / 10_000)
    return int(exact.quantize(FEN, ROUND_HALF_UP) * 100)


def month_of(at: datetime) -> str:
    """The month in Shanghai, where the clock is eight hours ahead and never changes."""
    return (at + EIGHT_HOURS).strftime("%Y-%m")


def next_month(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year + number // 12}-{number % 12 + 1:02d}"


@dataclass
class Note:
    """One line of the second books; of a session also who charged how much."""

    kind: str
    month: str
    amounts: Amounts
    owner: int | None = None
    energy_wh: int = 0


@dataclass
class SecondBooks:
    """Everything that was written down, and the last month in which nothing lands any more."""

    notes: list[Note] = field(default_factory=list)
    closed: str = ""

    def write(self, kind: str, at: datetime, amounts: Amounts) -> Note:
        """Note something in its own month, or in the first that is still open."""
        month = max(month_of(at), next_month(self.closed)) if self.closed else month_of(at)
        note = Note(kind, month, {key: fen for key, fen in amounts.items() if fen})
        self.notes.append(note)
        return note

    def owed(self) -> dict[int, int]:
        """What every household owes; those who owe nothing are left out."""
        found: dict[int, int] = {}
        for note in self.notes:
            for (_, household), fen in note.amounts.items():
                if household is not None:
                    found[household] = found.get(household, 0) + fen
        return {household: fen for household, fen in found.items() if fen}

    def accounts(self, month: str | None = None) -> dict[str, int]:
        """What each account moved in a month, or ever; those that stand at 0 are left out."""
        found: dict[str, int] = {}
        for note in self.notes:
            for (account, _), fen in note.amounts.items():
                if month is None or note.month == month:
                    found[account] = found.get(account, 0) + fen
        return {account: fen for account, fen in found.items() if fen}

    def statement(self, month: str, household: int) -> tuple[int, ...]:
        """Opening, lines, corrections, payments, closing in fen; Wh; sessions."""
        opening = self._sum(household, lambda note: note.month < month)
        now = [note for note in self.notes if note.month == month]
        lines = self._sum(household, lambda note: note in now and note.kind == "session")
        paid = -self._sum(household, lambda note: note in now and note.kind == "payment")
        closing = self._sum(household, lambda note: note.month <= month)
        other = closing - opening - lines + paid
        charged = [note for note in now if note.owner == household]
        energy = sum(note.energy_wh for note in charged)
        return opening, lines, other, paid, closing, energy, len(charged)

    def _sum(self, household: int, counts: Callable[[Note], bool]) -> int:
        return sum(
            fen
            for note in self.notes
            if counts(note)
            for (_, who), fen in note.amounts.items()
            if who == household
        )
