"""A household's month on paper: every figure with the arithmetic that made it.

Screen, print and spreadsheet show the same view. A month that is still open gives a preview, which
has no `published_at`; one that is closed and not yet published has only a `closed_at`.
"""

from dataclasses import dataclass
from datetime import datetime

from service.billing.outcomes import SessionToBill
from service.billing.pricing import Component, Priced, PricedLine
from service.quantities import show_e7, show_kwh, show_price, show_yuan
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class SessionBlock:
    """One session as printed. `late`: it ended in a month that was closed before it arrived."""

    bill: SessionToBill
    priced: Priced
    entry_id: int
    late: bool

    @property
    def total_fen(self) -> int:
        """The sum of its printed lines."""
        return self.priced.total_fen

    @property
    def remainder_e7(self) -> int:
        """What rounding left over on its lines together, in 0.0000001 yuan."""
        return sum(line.remainder_e7 for line in self.priced.lines)

    @property
    def interpolated(self) -> bool:
        """Whether a band's energy was placed between two readings."""
        return any(line.interpolated for line in self.priced.lines)

    @property
    def marks(self) -> tuple[Sentence, ...]:
        """What a reader should know about this block."""
        said = []
        if self.late:
            said.append(Sentence(N_("late: the record arrived after its month was closed")))
        if self.interpolated:
            said.append(
                Sentence(N_("a price border fell between two readings: split by time within them"))
            )
        return tuple(said)


@dataclass(frozen=True, slots=True)
class Movement:
    """A payment (amount as received) or a correction (negative: in the household's favour)."""

    entry_id: int
    happened_at: datetime
    amount_fen: int
    words: Sentence
    memo: str


@dataclass(frozen=True, slots=True)
class StatementView:
    """One household's month. Amounts in fen; a positive balance is owed to the compound."""

    household_id: int
    month: str
    opening_fen: int
    sessions: tuple[SessionBlock, ...]
    payments: tuple[Movement, ...]
    corrections: tuple[Movement, ...]
    published_at: datetime | None
    closed_at: datetime | None = None

    @property
    def lines_fen(self) -> int:
        """The sum of the printed lines: what was charged this month."""
        return sum(block.total_fen for block in self.sessions)

    @property
    def payments_fen(self) -> int:
        """What was paid this month."""
        return sum(movement.amount_fen for movement in self.payments)

    @property
    def corrections_fen(self) -> int:
        """What corrections added; negative when they took away."""
        return sum(movement.amount_fen for movement in self.corrections)

    @property
    def closing_fen(self) -> int:
        """What is owed at the end; negative when more was paid than was owed."""
        return self.opening_fen + self.lines_fen + self.corrections_fen - self.payments_fen

    @property
    def energy_wh(self) -> int:
        """All energy of the month."""
        return sum(block.priced.energy_wh for block in self.sessions)


def arithmetic(line: PricedLine) -> Sentence:
    """A line to follow with a pencil: '0.613 kWh x 0.487 = 0.2985310 -> 0.30 (-0.0014690)', the
    bracket being what rounding left over."""
    return Sentence(
        N_("{energy} kWh × {price} = {exact} → {amount} ({left})"),
        {
            "energy": show_kwh(line.energy_wh),
            "price": show_price(line.price_e4),
            "exact": show_e7(line.amount_e7),
            "amount": show_yuan(line.amount_fen),
            "left": f"{'+' if line.remainder_e7 > 0 else ''}{show_e7(line.remainder_e7)}",
        },
    )


COMPONENT_WORDS = {
    Component.ELECTRICITY: N_("electricity"),
    Component.SERVICE: N_("service fee"),
}


def farewell(bill: SessionToBill, priced: Priced, start: str, end: str, why: Sentence) -> Sentence:
    """What a resident is told at the end of every session, whichever way it is sent.

    Method, energy, both amounts, times and reason, as the price rules ask for (Fujian's list of
    2024: after each session name the method, kWh, electricity amount and service amount; Tianjin
    adds the time). `start` and `end` are clock times of the compound, `why` the stop reason.
    """
    message = N_(
        "{pile}/{outlet}, {start} to {end}: {kwh} kWh by the meter. "
        "Electricity {electricity} yuan, service fee {service} yuan, together {total} yuan. {why}"
    )
    values = {
        "pile": bill.pile,
        "outlet": bill.outlet,
        "start": start,
        "end": end,
        "kwh": show_kwh(priced.energy_wh),
        "electricity": show_yuan(priced.electricity_fen),
        "service": show_yuan(priced.service_fen),
        "total": show_yuan(priced.total_fen),
        "why": why,
    }
    return Sentence(message, values)
