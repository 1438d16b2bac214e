"""Tariffs and moments that the stories of this room share."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from service.billing.tariff import Band, TariffVersion

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
"""A zone with daylight saving: 02:00 to 03:00 is missing in March and doubled in October."""

GOVERNMENT_E4 = 4870
PEAK_SLOTS = frozenset(range(16, 44))
VALLEY_SLOTS = frozenset(range(48)) - PEAK_SLOTS
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

FLAT = TariffVersion(1, LONG_AGO, (Band("flat", 4870, 2000),))
PEAK, VALLEY = 0, 1
TWO_BANDS = TariffVersion(
    2,
    LONG_AGO,
    (Band("peak", 4870, 2000, PEAK_SLOTS), Band("valley", 2860, 1500, VALLEY_SLOTS)),
    datetime(2026, 2, 1, tzinfo=UTC),
    "owners' meeting of 1 February 2026, all households",
)
"""Peak from 08:00 to 22:00, valley from 22:00 to 08:00."""


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """'2026-03-02 21:30' by the clock of the compound, as a UTC moment."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def clocks(moments: list[datetime], zone: ZoneInfo = SHANGHAI) -> list[str]:
    """Moments as people read them: '03-02 22:00'."""
    return [moment.astimezone(zone).strftime("%m-%d %H:%M") for moment in moments]
