"""What an entry rests on, as one digest that its seal covers.

Each digest is taken (see `ledger.digest`) over a JSON array of plain values in the order given
here, times in milliseconds since 1970 UTC; so anyone can compute it again from the printed figures.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from service.billing.ledger import digest
from service.billing.outcomes import SessionToBill
from service.billing.pricing import Priced
from service.billing.tariff import SLOTS_A_DAY, TariffVersion
from service.clock import to_ms


class StatementFigures(NamedTuple):
    """The figures of one household's month, in the order in which they are digested."""

    household_id: int
    opening_fen: int
    lines_fen: int
    corrections_fen: int
    payments_fen: int
    closing_fen: int
    energy_wh: int
    sessions: int


class HandFigures(NamedTuple):
    """What two people signed, in the order in which it is digested. Times in milliseconds.

    `grid` is the period of a grid bill: since, until, the register in Wh at both, and whether the
    meter was changed before it. People are numbers of the staff list.
    """

    hand_id: int
    kind: str
    amount_fen: int
    happened_ms: int
    paid_by: str
    household_id: int | None
    other_household_id: int | None
    counter_of: int | None
    memo: str
    voucher_sha256: str | None
    written_by: int
    approved_by: int
    grid: tuple[int, int, int, int, bool] | None


def of_hand_entry(figures: HandFigures) -> str:
    """The digest of an entry by hand: its figures, its paper, and who signed it."""
    return digest(figures)


def of_session(bill: SessionToBill, priced: Priced) -> str:
    """The digest of a session's printed lines: everything on them, remainders too."""
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
        for line in priced.lines
    ]
    return digest(
        [
            bill.session_id,
            bill.household_id,
            bill.pile,
            bill.outlet,
            to_ms(bill.started_at),
            to_ms(bill.ended_at),
            bill.register_id,
            bill.start_wh,
            bill.end_wh,
            bill.stop_reason,
            priced.version_id,
            priced.energy_wh,
            lines,
        ]
    )


def of_tariff(version: TariffVersion) -> str:
    """The digest of a tariff version's prices, times and consent."""
    consent = None if version.consent_at is None else to_ms(version.consent_at)
    bands = [
        [band.name, band.electricity_e4, band.service_e4, slots_text(band.slots)]
        for band in version.bands
    ]
    return digest([version.id, to_ms(version.starts_at), bands, consent, version.consent_scope])


def slots_text(slots: Iterable[int]) -> str:
    """Half-hours as 48 characters, '1' where the band holds: readable in any database tool."""
    held = set(slots)
    return "".join("1" if slot in held else "0" for slot in range(SLOTS_A_DAY))


def slots_from(text: str) -> frozenset[int]:
    """The half-hours of such a text."""
    return frozenset(slot for slot, mark in enumerate(text) if mark == "1")


def of_month(month: str, statements: Sequence[StatementFigures]) -> str:
    """The digest of a month's statements, in the order of their households."""
    return digest([month, [list(figures) for figures in sorted(statements)]])
