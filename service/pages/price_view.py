"""The price as everybody may see it: two parts, when it changes, and what a charge will cost."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.billing.pricing import Piece, estimate, price
from service.billing.tariff import TariffVersion, band_at, next_change, show_slots
from service.pages.say_time import moment
from service.words import Sentence

USUAL_CHARGE_WH = 600
"""What an ordinary charge takes when the household's habit is not known: a 48 V 14 Ah lithium pack
holds 0.67 kWh, a 48 V 12 Ah lead one 0.58 (volts times amp-hours)."""

USUAL_POWER_W = 150
"""Power over which an estimate is laid out in time: 48 V 20 Ah chargers draw 150 to 180 W."""


@dataclass(frozen=True, slots=True)
class BandRow:
    """One band of the day as printed."""

    name: str
    times: str
    electricity_e4: int
    service_e4: int


@dataclass(frozen=True, slots=True)
class PriceView:
    """The price now. `about_fen` is what a usual charge costs, `most_fen` what none can exceed."""

    electricity_e4: int
    service_e4: int
    change: Sentence | None
    change_electricity_e4: int
    change_service_e4: int
    bands: tuple[BandRow, ...]
    about_wh: int
    about_fen: int
    most_wh: int
    most_fen: int

    @property
    def together_e4(self) -> int:
        """Both parts together."""
        return self.electricity_e4 + self.service_e4


def price_view(
    version: TariffVersion | None,
    now: datetime,
    zone: tzinfo,
    most_wh: int,
    usual_wh: int | None = None,
) -> PriceView | None:
    """The price at this moment; None when none is in force. `usual_wh`: the household's habit."""
    if version is None:
        return None
    band = version.bands[band_at(version, now, zone)]
    change_at = next_change(version, now, zone)
    following = version.bands[band_at(version, change_at, zone)] if change_at else band
    about_wh = min(usual_wh or USUAL_CHARGE_WH, most_wh)
    return PriceView(
        electricity_e4=band.electricity_e4,
        service_e4=band.service_e4,
        change=moment(change_at, now, zone) if change_at else None,
        change_electricity_e4=following.electricity_e4,
        change_service_e4=following.service_e4,
        bands=tuple(
            BandRow(b.name, show_slots(b.slots), b.electricity_e4, b.service_e4)
            for b in version.bands
        ),
        about_wh=about_wh,
        about_fen=estimate(version, about_wh, now, zone, USUAL_POWER_W).total_fen,
        most_wh=most_wh,
        most_fen=never_more_fen(version, most_wh),
    )


def never_more_fen(version: TariffVersion, energy_wh: int) -> int:
    """What this energy costs at most, however it falls on the bands and every line rounds up."""
    dearest = max(
        price(version, [Piece(position, energy_wh)]).total_fen
        for position in range(len(version.bands))
    )
    return dearest + (0 if version.is_flat else len(version.bands) * 2 - 2)


def usual_wh(charges_wh: list[int]) -> int | None:
    """The middle one of a household's last charges; None before there are three."""
    drawn = sorted(energy for energy in charges_wh if energy >= 50)
    return drawn[len(drawn) // 2] if len(drawn) >= 3 else None
