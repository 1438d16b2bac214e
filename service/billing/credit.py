"""A credit note: what a session was charged too much, and what that rests on.

Credit = what is still charged for the session minus what its right energy costs by the same tariff
version and the one pricing function, electricity and service fee each by itself, and never below
zero: a credit note only ever takes away. What is printed of the right energy is sealed with it.
"""

from dataclasses import dataclass
from typing import NamedTuple

from service.billing.ledger import digest
from service.billing.pricing import Priced

FORMAT = "beimen-credit-1"


class Charged(NamedTuple):
    """The two parts of a price, in fen."""

    electricity_fen: int
    service_fen: int

    @property
    def total_fen(self) -> int:
        """Both together."""
        return self.electricity_fen + self.service_fen


@dataclass(frozen=True, slots=True)
class CreditNote:
    """`ref` names it once for ever ('Q-<question>'). `right` is what should have been billed, from
    `start_wh` to `end_wh` of the register; without registers nothing should have been."""

    ref: str
    session_id: str
    right: Priced
    memo: str
    written_by: str
    register_id: str = ""
    start_wh: int | None = None
    end_wh: int | None = None


def too_much(charged: Charged, right: Priced) -> Charged:
    """What must be given back of what is charged still."""
    return Charged(
        max(0, charged.electricity_fen - right.electricity_fen),
        max(0, charged.service_fen - right.service_fen),
    )


def facts_of(note: CreditNote) -> str:
    """The digest that the entry of a credit note seals: the right energy with its lines, so that
    anyone who has the evidence can work it out again."""
    lines = [
        [
            line.band,
            line.band_name,
            line.component,
            line.energy_wh,
            line.price_e4,
            line.amount_e7,
            line.amount_fen,
            line.remainder_e7,
            line.interpolated,
        ]
        for line in note.right.lines
    ]
    return digest(
        [
            FORMAT,
            note.ref,
            note.session_id,
            note.register_id,
            note.start_wh,
            note.end_wh,
            note.right.version_id,
            note.right.energy_wh,
            lines,
        ]
    )
