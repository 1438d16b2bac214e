"""The start form: when a charge should stop, and by when it should be ready, as typed by people."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, tzinfo

from service.billing.pricing import energy_for
from service.billing.tariff import TariffVersion
from service.flow.requests import StartRequest
from service.pages.price_view import never_more_fen
from service.quantities import BadQuantityError, parse_fen

AMOUNTS_FEN = (50, 100, 200, 300)
ENERGIES_WH = (500, 1000, 1500, 2000)
HOURS = (1, 2, 3, 4, 6, 8)
READY_AT = ("05:30", "06:00", "06:30", "07:00", "07:30", "08:00", "09:00", "12:00", "18:00")

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen in the form, shown again after a refusal."""

    until: str = "full"
    amount: str = "1.00"
    wh: int = 1000
    hours: int = 2
    ready: str = ""

    @property
    def is_usual(self) -> bool:
        """Nothing was chosen: until full, no hurry."""
        return self.until == "full" and not self.ready


@dataclass(frozen=True, slots=True)
class Reach:
    """A limit to choose: what it costs at most, and the energy at which the pile stops."""

    fen: int
    energy_wh: int


@dataclass(frozen=True, slots=True)
class Offers:
    """Every limit the form offers at the price in force."""

    amounts: tuple[Reach, ...] = ()
    energies: tuple[Reach, ...] = ()
    hours: tuple[int, ...] = HOURS
    ready: tuple[str, ...] = READY_AT


def offers(version: TariffVersion | None, most_wh: int) -> Offers:
    """The limits with their other side: yuan with their kWh, kWh with their yuan. `most_wh`: where
    the pile stops in any case, so nothing above it is offered."""
    if version is None:
        return Offers()
    amounts = (Reach(fen, energy_for(version, fen)) for fen in AMOUNTS_FEN)
    energies = (Reach(never_more_fen(version, wh), wh) for wh in ENERGIES_WH)
    return Offers(_below(amounts, most_wh), _below(energies, most_wh))


def _below(reaches: Iterable[Reach], most_wh: int) -> tuple[Reach, ...]:
    return tuple(one for one in reaches if 0 < one.energy_wh < most_wh)


def limited(wish: StartRequest, choice: Choice, now: datetime, zone: tzinfo) -> StartRequest:
    """The wish with the limits that were chosen. BadQuantityError for what our form never
    sends."""
    if choice.ready:
        wish = replace(wish, ready_by_at=next_time(choice.ready, now, zone))
    if choice.until == "amount":
        return replace(wish, cap_fen=parse_fen(choice.amount))
    if choice.until == "energy":
        if choice.wh <= 0:
            raise BadQuantityError(str(choice.wh))
        return replace(wish, max_energy_wh=choice.wh)
    if choice.until == "time":
        return replace(wish, max_duration_s=choice.hours * 3600)
    return wish


def next_time(text: str, now: datetime, zone: tzinfo) -> datetime:
    """The next moment at which the compound's clock shows '07:00'. BadQuantityError if that is no
    time of day."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise BadQuantityError(text)
    local = now.astimezone(zone)
    at = datetime.combine(local.date(), time(int(found[1]), int(found[2])), zone)
    return at if at > local else at + timedelta(days=1)
