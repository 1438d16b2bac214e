"""What everybody may see at the front: free outlets, the price now, and when it changes."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.billing.actions import tariff_versions
from service.billing.tariff import TariffVersion
from service.billing.timeline import coming
from service.flow.house import Work
from service.pages import look
from service.pages.gate_view import WallView, wall_view
from service.pages.price_view import PriceView, price_view
from service.pages.say_time import full_day
from service.words import Sentence

FRONT = "front"
"""The variant of the wall's topic that the front page listens to."""


@dataclass(frozen=True, slots=True)
class NextPrice:
    """A published price that is still to come."""

    day: Sentence
    least_e4: int
    most_e4: int

    @property
    def is_flat(self) -> bool:
        """One price round the clock."""
        return self.least_e4 == self.most_e4


@dataclass(frozen=True, slots=True)
class Front:
    """The front page. No person and no door is in it."""

    wall: WallView
    free: int
    outlets: int
    price: PriceView | None
    next_price: NextPrice | None


def free_now(work: Work) -> WallView:
    """Which outlets are free, entrance by entrance."""
    return wall_view(look.glances(work), {}, work.now, work.house.settings.zone)


def front_now(work: Work) -> Front:
    """The front page at this moment."""
    settings = work.house.settings
    wall = free_now(work)
    tariff = work.house.tariff(work.uow, None, work.now)
    following = coming(tariff_versions(work.uow), work.now)
    return Front(
        wall=wall,
        free=sum(entrance.free for entrance in wall.entrances),
        outlets=sum(count for _, _, count in wall.counts),
        price=price_view(tariff, work.now, settings.zone, settings.session_energy_wh),
        next_price=next_price(following[0], settings.zone) if following else None,
    )


def next_price(version: TariffVersion, zone: tzinfo) -> NextPrice:
    """A price to come, both parts together."""
    together = [band.electricity_e4 + band.service_e4 for band in version.bands]
    starts: datetime = version.starts_at
    return NextPrice(full_day(starts, zone), min(together), max(together))
