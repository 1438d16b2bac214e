"""What a kilowatt-hour costs, and when: dated versions with one to five bands a day.

A band is a set of half-hours of the compound's clock (48 a day, slot 0 is 00:00 to 00:30) with two
prices that are always shown apart: electricity, passed through and never above the government's
price, and the service fee, which the committee decides (National Development and Reform
Commission notice 2024/537). More than one band needs the owners' recorded consent (the same
notice as put into force in Shanxi: Shanxi Evening News, 2024-09-04). Five bands a day are in use
elsewhere in China, so five must be possible.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

from service.clock import EPOCH
from service.quantities import show_price
from service.words import N_, Sentence

SLOTS_A_DAY = 48
MOST_BANDS = 5
WHOLE_DAY = frozenset(range(SLOTS_A_DAY))
HIGHEST_PRICE_E4 = 100_000
"""10 yuan per kWh: some twenty times the price of electricity; more is a typing mistake."""

STEP = timedelta(minutes=15)
"""Every zone in use today keeps whole quarter-hours from UTC, so no slot begins between steps."""
LONGEST_DAY = timedelta(hours=26)
"""A day on which the clock is put back is longer than 24 hours."""


@dataclass(frozen=True, slots=True)
class Band:
    """Half-hours of the day that share their prices, in 0.0001 yuan per kWh."""

    name: str
    electricity_e4: int
    service_e4: int
    slots: frozenset[int] = WHOLE_DAY


@dataclass(frozen=True, slots=True)
class TariffVersion:
    """A dated issue of the prices. Once published it never changes; the next one has a later start.

    `id` is 0 for a draft. `consent_at` and `consent_scope` record the owners' consent to bands.
    """

    id: int
    starts_at: datetime
    bands: tuple[Band, ...]
    consent_at: datetime | None = None
    consent_scope: str = ""

    @classmethod
    def flat(
        cls, starts_at: datetime, electricity_e4: int, service_e4: int, name: str = "flat"
    ) -> Self:
        """A draft with one price round the clock."""
        return cls(0, starts_at, (Band(name, electricity_e4, service_e4),))

    @property
    def is_flat(self) -> bool:
        """One price round the clock: it needs nobody's consent."""
        return len(self.bands) == 1

    @property
    def dearest_e4(self) -> int:
        """Electricity and service fee together, in the band where they are highest."""
        return max(band.electricity_e4 + band.service_e4 for band in self.bands)


def check(version: TariffVersion, government_price_e4: int) -> list[Sentence]:
    """Every reason why this version may not be published; empty when it may."""
    refusals = _number_of_bands(version)
    for band in version.bands:
        refusals += electricity_doubts(band.name, band.electricity_e4, government_price_e4)
        refusals += service_doubts(band.name, band.service_e4)
    names = [band.name for band in version.bands]
    if "" in (name.strip() for name in names) or len(set(names)) != len(names):
        refusals.append(Sentence(N_("Every band needs a name of its own.")))
    refusals += _slots(version.bands)
    if not version.is_flat and (version.consent_at is None or not version.consent_scope.strip()):
        refusals.append(
            Sentence(
                N_(
                    "Prices that change during the day need the owners' consent: "
                    "record its date and scope first."
                )
            )
        )
    return refusals


def _number_of_bands(version: TariffVersion) -> list[Sentence]:
    count = len(version.bands)
    if 1 <= count <= MOST_BANDS:
        return []
    message = N_("A tariff has 1 to {most} bands a day, not {count}.")
    return [Sentence(message, {"most": MOST_BANDS, "count": count})]


def electricity_doubts(
    band: str | Sentence, price_e4: int, government_price_e4: int
) -> list[Sentence]:
    """Why this electricity price may not be published; it is passed through, never marked up."""
    if price_e4 < 0:
        return [Sentence(N_("Band {band}: a price cannot be negative."), {"band": band})]
    if price_e4 <= government_price_e4:
        return []
    message = N_(
        "Band {band}: electricity at {price} yuan/kWh is above the government price of "
        "{ceiling}; it is passed through, never marked up."
    )
    ceiling = show_price(government_price_e4)
    return [Sentence(message, {"band": band, "price": show_price(price_e4), "ceiling": ceiling})]


def service_doubts(band: str | Sentence, price_e4: int) -> list[Sentence]:
    """Why this service fee may not be published; how high it is, is the committee's decision."""
    if price_e4 < 0:
        return [Sentence(N_("Band {band}: a price cannot be negative."), {"band": band})]
    if price_e4 <= HIGHEST_PRICE_E4:
        return []
    message = N_("Band {band}: {price} yuan/kWh looks like a typing mistake.")
    return [Sentence(message, {"band": band, "price": show_price(price_e4)})]


def _slots(bands: Sequence[Band]) -> list[Sentence]:
    times = [0] * SLOTS_A_DAY
    for slot in (slot for band in bands for slot in band.slots):
        if slot not in WHOLE_DAY:
            message = N_("There is no half-hour number {slot} in a day.")
            return [Sentence(message, {"slot": slot})]
        times[slot] += 1
    refusals = []
    for slot, count in enumerate(times):
        if count == 0:
            message = N_("No band covers the half-hour from {time}.")
            refusals.append(Sentence(message, {"time": show_slot(slot)}))
        elif count > 1:
            message = N_("More than one band covers the half-hour from {time}.")
            refusals.append(Sentence(message, {"time": show_slot(slot)}))
    return refusals


def show_slot(slot: int) -> str:
    """The time at which a half-hour begins: 44 -> '22:00'; 48 -> '24:00'."""
    return f"{slot // 2:02d}:{slot % 2 * 30:02d}"


def show_slots(slots: Iterable[int]) -> str:
    """A band's times as people say them: '08:00-22:00'; across midnight: '22:00-08:00'."""
    left = sorted(slots)
    if len(left) == SLOTS_A_DAY:
        return "00:00-24:00"
    runs: list[list[int]] = []
    for slot in left:
        if runs and runs[-1][1] == slot:
            runs[-1][1] = slot + 1
        else:
            runs.append([slot, slot + 1])
    if len(runs) > 1 and runs[0][0] == 0 and runs[-1][1] == SLOTS_A_DAY:
        runs[-1][1] = runs.pop(0)[1]
    return ", ".join(f"{show_slot(start)}-{show_slot(end)}" for start, end in runs)


def in_force(versions: Iterable[TariffVersion], at: datetime) -> TariffVersion | None:
    """The version that prices a session started at this moment; None before the first.

    Of two with the same start the one published later counts: a version is replaced before it
    takes effect, never changed.
    """
    begun = [version for version in versions if version.starts_at <= at]
    return max(begun, key=lambda version: (version.starts_at, version.id), default=None)


def band_at(version: TariffVersion, at: datetime, zone: tzinfo) -> int:
    """The position of the band that holds at this moment by the compound's clock."""
    local = at.astimezone(zone)
    slot = local.hour * 2 + local.minute // 30
    for position, band in enumerate(version.bands):
        if slot in band.slots:
            return position
    raise ValueError(f"tariff version {version.id} has no band for {show_slot(slot)}")


def borders(version: TariffVersion, start: datetime, end: datetime, zone: tzinfo) -> list[datetime]:
    """The UTC instants strictly between start and end at which another band begins.

    Real instants are walked through, not wall-clock times, so an hour that the clock skips or
    repeats is seen exactly as it passed.
    """
    return [] if version.is_flat else list(_changes(version, start, end, zone))


def next_change(version: TariffVersion, at: datetime, zone: tzinfo) -> datetime | None:
    """When the price changes next by this version; None if it never does."""
    if version.is_flat:
        return None
    return next(_changes(version, at, at + LONGEST_DAY, zone), None)


def _changes(
    version: TariffVersion, start: datetime, end: datetime, zone: tzinfo
) -> Iterator[datetime]:
    now = start.astimezone(UTC)
    band = band_at(version, now, zone)
    step = EPOCH + ((now - EPOCH) // STEP + 1) * STEP
    while step < end:
        following = band_at(version, step, zone)
        if following != band:
            yield step
        band = following
        step += STEP
