"""One pile as maintenance sees it: is it there, how does it feel, what do its outlets do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.clock import from_ms
from service.pages.glance import Glance
from service.pages.pile_life import signal_words
from service.pages.say_time import ago, clock_seconds, span
from service.piles.board import PileNow
from service.words import N_, Sentence

CLOCKS = {
    "none": N_("not set"),
    "rtc": N_("own clock, not checked"),
    "synced": N_("set by the service"),
}


@dataclass(frozen=True, slots=True)
class OutletRow:
    """One outlet with its last sample."""

    glance: Glance
    since: Sentence | None
    power_w: int | None
    current_ma: int | None
    temp_c: str | None
    energy_wh: int | None
    register_id: str | None
    sample_age: Sentence | None


@dataclass(frozen=True, slots=True)
class PileView:
    """Everything the template writes of a pile's state."""

    id: str
    number: int
    entrance: int
    is_silent: bool
    is_blocked: bool
    in_service: bool
    heard: str | None
    heard_age: Sentence | None
    signal: Sentence | None
    temp_c: str | None
    firmware: str | None
    model: str | None
    serial: str | None
    clock: Sentence
    uptime: Sentence | None
    config_rev: int
    outlets: tuple[OutletRow, ...]


def pile_view(pile: PileNow, glances: Sequence[Glance], now: datetime, zone: tzinfo) -> PileView:
    """A pile at this moment."""
    now_ms = round(now.timestamp() * 1000)
    heard_at = from_ms(pile.heard_ms) if pile.heard_ms else None
    return PileView(
        id=pile.id,
        number=pile.number,
        entrance=pile.entrance,
        is_silent=pile.is_silent(now_ms),
        is_blocked=pile.is_blocked(now_ms),
        in_service=pile.in_service,
        heard=clock_seconds(heard_at, zone) if heard_at else None,
        heard_age=ago((now - heard_at).total_seconds()) if heard_at else None,
        signal=signal_words(pile.rssi_dbm),
        temp_c=_degrees(pile.temp_c),
        firmware=pile.fw,
        model=pile.model,
        serial=pile.serial,
        clock=Sentence(CLOCKS.get(pile.clock, CLOCKS["none"])),
        uptime=_uptime(pile, now_ms),
        config_rev=pile.config_rev,
        outlets=tuple(_outlet(pile, glance, now, zone) for glance in glances),
    )


def _outlet(pile: PileNow, glance: Glance, now: datetime, zone: tzinfo) -> OutletRow:
    outlet = pile.outlets[glance.outlet]
    age = (now - from_ms(outlet.sample_ms)).total_seconds() if outlet.sample_ms else None
    return OutletRow(
        glance=glance,
        since=glance.since_sentence(now, zone),
        power_w=None if outlet.power_w is None else round(outlet.power_w),
        current_ma=outlet.current_ma,
        temp_c=_degrees(outlet.temp_c),
        energy_wh=outlet.energy_wh,
        register_id=outlet.register_id,
        sample_age=ago(age) if age is not None else None,
    )


def _uptime(pile: PileNow, now_ms: int) -> Sentence | None:
    """How long it has run without a restart; nobody knows while it is silent."""
    uptime_ms = pile.uptime_at(now_ms)
    if uptime_ms is None or pile.is_silent(now_ms):
        return None
    return span(uptime_ms / 1000)


def _degrees(celsius: float | None) -> str | None:
    return None if celsius is None else f"{celsius:.0f} °C"
