"""The one pricing function: estimate, live figure, final bill, proposal and replay all use it.

Energy is summed per band first. Then each band has one line for electricity and one for the service
fee, each rounded once, half up to the fen; the total is the sum of those rounded lines and is
never rounded again. Nothing is charged per hour, per start, or as a minimum: 0 Wh costs 0.00.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from service.billing.tariff import TariffVersion, band_at, borders
from service.quantities import E7_PER_FEN, round_line

MOST_WH = 1_000_000
"""What `energy_for` answers when nothing costs anything: 1,000 kWh, far beyond any battery."""
HALF_A_FEN_E7 = E7_PER_FEN // 2


class Component(StrEnum):
    """The two parts of a price, always shown apart."""

    ELECTRICITY = "electricity"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Piece:
    """Energy measured inside one band. `interpolated`: a border fell between two readings."""

    band: int
    energy_wh: int
    interpolated: bool = False


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One printed amount. energy_wh x price_e4 = amount_e7 = amount_fen x 100,000 + remainder."""

    band: int
    band_name: str
    component: Component
    energy_wh: int
    price_e4: int
    amount_e7: int
    amount_fen: int
    remainder_e7: int
    interpolated: bool = False


@dataclass(frozen=True, slots=True)
class Priced:
    """What some energy costs by one tariff version. A band without energy has no lines."""

    version_id: int
    energy_wh: int
    lines: tuple[PricedLine, ...]

    @property
    def electricity_fen(self) -> int:
        """The sum of the electricity lines."""
        return sum(x.amount_fen for x in self.lines if x.component is Component.ELECTRICITY)

    @property
    def service_fen(self) -> int:
        """The sum of the service fee lines."""
        return sum(x.amount_fen for x in self.lines if x.component is Component.SERVICE)

    @property
    def total_fen(self) -> int:
        """The sum of the printed lines."""
        return sum(line.amount_fen for line in self.lines)


def price(version: TariffVersion, pieces: Sequence[Piece]) -> Priced:
    """What these pieces cost. ValueError for negative energy or a band that does not exist."""
    energy_wh = [0] * len(version.bands)
    interpolated = [False] * len(version.bands)
    for piece in pieces:
        if piece.energy_wh < 0:
            raise ValueError(f"energy cannot be negative: {piece.energy_wh} Wh")
        if not 0 <= piece.band < len(version.bands):
            raise ValueError(f"tariff version {version.id} has no band {piece.band}")
        energy_wh[piece.band] += piece.energy_wh
        interpolated[piece.band] |= piece.interpolated
    lines = tuple(
        _line(version, position, component, energy_wh[position], interpolated[position])
        for position in range(len(version.bands))
        if energy_wh[position]
        for component in Component
    )
    return Priced(version.id, sum(energy_wh), lines)


def _line(
    version: TariffVersion, position: int, component: Component, energy_wh: int, interpolated: bool
) -> PricedLine:
    band = version.bands[position]
    electricity = component is Component.ELECTRICITY
    price_e4 = band.electricity_e4 if electricity else band.service_e4
    amount_e7 = energy_wh * price_e4
    rounded = round_line(amount_e7)
    return PricedLine(
        position,
        band.name,
        component,
        energy_wh,
        price_e4,
        amount_e7,
        rounded.fen,
        rounded.remainder_e7,
        interpolated,
    )


def estimate(
    version: TariffVersion,
    energy_wh: int,
    at: datetime,
    zone: tzinfo,
    power_w: int | None = None,
) -> Priced:
    """What a charge of this energy that starts now will cost.

    With an expected power the energy is laid over the bands it will run through; without one it
    is all priced at the band of the start.
    """
    pieces = [Piece(band_at(version, at, zone), energy_wh)]
    if power_w and not version.is_flat:
        pieces = _at_constant_power(version, energy_wh, at, zone, power_w)
    return price(version, pieces)


def _at_constant_power(
    version: TariffVersion, energy_wh: int, at: datetime, zone: tzinfo, power_w: int
) -> list[Piece]:
    end = at + timedelta(hours=energy_wh / power_w)
    starts = [at, *borders(version, at, end, zone)]
    done = [min(energy_wh, power_w * (x - at) // timedelta(hours=1)) for x in starts] + [energy_wh]
    return [
        Piece(band_at(version, start, zone), done[i + 1] - done[i])
        for i, start in enumerate(starts)
    ]


def energy_for(version: TariffVersion, cap_fen: int, band: int | None = None) -> int:
    """The most energy in Wh that costs never more than a spending cap; 0 if nothing fits.

    Within one band (or a flat tariff) it is the largest such energy, exactly. With `band=None` and
    several bands it holds however the energy falls on them, even where every line rounds up:
    a pile that cannot be reached at a border still stops in time.
    """
    if cap_fen < 0:
        return 0
    if band is None and not version.is_flat:
        spare_e7 = cap_fen * E7_PER_FEN - HALF_A_FEN_E7 * len(Component) * len(version.bands)
        most = spare_e7 // version.dearest_e4 if version.dearest_e4 else MOST_WH
        return max(0, min(most, MOST_WH))
    low, high = 0, MOST_WH
    while low < high:
        middle = (low + high + 1) // 2
        if price(version, [Piece(band or 0, middle)]).total_fen <= cap_fen:
            low = middle
        else:
            high = middle - 1
    return low
