"""What a month's charges would have cost by other prices, household by household.

Each billed session is priced again by the one pricing function. Its energy is laid into the bands
of the draft in the surest way there is:

1. from its bill, where each old band lies within one new band: exact, and for an unchanged tariff
   the very same lines;
2. from the meter readings, where an old band is divided anew: measured as for a bill;
3. evenly over its time, where the readings are gone: said so, because it is an estimate.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum

from service.billing.pricing import Component, Piece, Priced, price
from service.billing.statement import SessionBlock
from service.billing.tariff import TariffVersion, band_at, borders
from service.clock import from_ms, to_ms
from service.metering.energy import Claim, Point, meter_session


class How(StrEnum):
    """Where the energy per band was taken from."""

    BILL = "bill"
    READINGS = "readings"
    EVENLY = "evenly"


@dataclass(frozen=True, slots=True)
class Again:
    """A billed session, priced again."""

    block: SessionBlock
    priced: Priced
    how: How


@dataclass(frozen=True, slots=True)
class Amounts:
    """Electricity and service fee as billed and as they would have been, in fen."""

    sessions: int
    energy_wh: int
    old_electricity_fen: int
    old_service_fen: int
    new_electricity_fen: int
    new_service_fen: int
    estimated: int

    @property
    def old_fen(self) -> int:
        """What was billed."""
        return self.old_electricity_fen + self.old_service_fen

    @property
    def new_fen(self) -> int:
        """What it would have been."""
        return self.new_electricity_fen + self.new_service_fen

    @property
    def change_fen(self) -> int:
        """How much more; negative: less."""
        return self.new_fen - self.old_fen


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A month under other prices: the amounts of each household that charged, by its id."""

    month: str
    households: Mapping[int, Amounts]
    total: Amounts

    @property
    def more(self) -> int:
        """How many households would have paid more."""
        return sum(one.change_fen > 0 for one in self.households.values())

    @property
    def less(self) -> int:
        """How many would have paid less."""
        return sum(one.change_fen < 0 for one in self.households.values())

    @property
    def same(self) -> int:
        """How many would have paid the same."""
        return len(self.households) - self.more - self.less

    def average_fen(self, total_fen: int) -> int:
        """A total shared by the households that charged, to the nearest fen; 0 for none."""
        count = len(self.households)
        return (2 * total_fen + count) // (2 * count) if count else 0


@dataclass(frozen=True, slots=True)
class PayBack:
    """After how many months the service fee has brought in what the piles cost.

    `months` is None when it never does. `tenths` is the quotient in tenths of a month, to be
    written beside its arithmetic.
    """

    investment_fen: int
    income_fen: int
    months: int | None
    tenths: int | None

    @property
    def years(self) -> int | None:
        """The same in years, to the nearest one."""
        return None if self.months is None else (self.months + 6) // 12


def pay_back(investment_fen: int, income_fen: int) -> PayBack:
    """How long a service fee of so much a month takes; repairs and other costs come on top."""
    if income_fen <= 0:
        return PayBack(investment_fen, income_fen, None, None)
    tenths = (20 * investment_fen + income_fen) // (2 * income_fen)
    return PayBack(investment_fen, income_fen, -(-investment_fen // income_fen), tenths)


def again_from_bill(
    block: SessionBlock, old: TariffVersion, new: TariffVersion, zone: tzinfo
) -> Again | None:
    """Price a session again from its own bill; None where an old band must be divided anew."""
    home = _homes(block, old, new, zone)
    pieces = []
    for line in block.priced.lines:
        if line.component is Component.ELECTRICITY:
            into = home[line.band]
            if len(into) != 1:
                return None
            pieces.append(Piece(min(into), line.energy_wh, line.interpolated))
    return Again(block, price(new, pieces), How.BILL)


def _homes(
    block: SessionBlock, old: TariffVersion, new: TariffVersion, zone: tzinfo
) -> list[set[int]]:
    """For each old band, the new bands into which its energy of this session may fall."""
    overlap = [
        {place for place, into in enumerate(new.bands) if into.slots & band.slots}
        for band in old.bands
    ]
    if all(len(into) == 1 for into in overlap):
        return overlap
    start, end = block.bill.started_at, block.bill.ended_at
    passed: list[set[int]] = [set() for _ in old.bands]
    for begin in [start, *borders(old, start, end, zone), *borders(new, start, end, zone)]:
        passed[band_at(old, begin, zone)].add(band_at(new, begin, zone))
    return [hit or may for hit, may in zip(passed, overlap, strict=True)]


def again_from_readings(
    block: SessionBlock, new: TariffVersion, readings: Sequence[Point], zone: tzinfo
) -> Again:
    """Price a session again with its energy measured anew, as a bill would be; evenly over its
    time where no reading lies within it."""
    bill, energy_wh = block.bill, block.priced.energy_wh
    start_ms, end_ms = to_ms(bill.started_at), to_ms(bill.ended_at)
    within = [point for point in readings if start_ms < point.at_ms < end_ms]
    is_whole = bill.end_wh - bill.start_wh == energy_wh
    claim = Claim(
        register_id=bill.register_id,
        start_ms=start_ms,
        end_ms=end_ms,
        start_wh=bill.start_wh if is_whole else 0,
        end_wh=bill.end_wh if is_whole else energy_wh,
        energy_wh=None,
        limit_w=0,
    )
    cuts = [to_ms(at) for at in borders(new, bill.started_at, bill.ended_at, zone)]
    metered = meter_session(claim, within if is_whole else (), cuts)
    pieces = [
        Piece(band_at(new, from_ms(part.start_ms), zone), part.energy_wh, part.interpolated)
        for part in metered.slices
    ]
    how = How.READINGS if within and is_whole else How.EVENLY
    return Again(block, price(new, pieces), how)


def sum_up(month: str, sessions: Iterable[Again]) -> WhatIf:
    """The amounts of each household and of all."""
    of_household: dict[int, list[Again]] = {}
    for again in sessions:
        of_household.setdefault(again.block.bill.household_id, []).append(again)
    households = {household: _amounts(found) for household, found in of_household.items()}
    every = [again for found in of_household.values() for again in found]
    return WhatIf(month, households, _amounts(every))


def _amounts(sessions: Sequence[Again]) -> Amounts:
    return Amounts(
        sessions=len(sessions),
        energy_wh=sum(one.priced.energy_wh for one in sessions),
        old_electricity_fen=sum(one.block.priced.electricity_fen for one in sessions),
        old_service_fen=sum(one.block.priced.service_fen for one in sessions),
        new_electricity_fen=sum(one.priced.electricity_fen for one in sessions),
        new_service_fen=sum(one.priced.service_fen for one in sessions),
        estimated=sum(one.how is How.EVENLY for one in sessions),
    )
