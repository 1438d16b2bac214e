"""Tell me when one is free: when a household that waits for an outlet is told, and when no more.

Telling is no reservation: whoever plugs in first charges. A wish lives for one evening and ends
with the household's own start, so that nobody is called for something they forgot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum

ENDS_AT = time(6, 0)
"""Evenings end at six in the morning: who still waits then has found another way."""

AGAIN_AFTER = timedelta(minutes=5)
"""An outlet that comes and goes does not ring a phone at every turn."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A free outlet."""

    pile: str
    outlet: int
    entrance: int
    pile_number: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A wish as the rules see it: at an entrance, or at one pile; what was told last and when."""

    entrance: int | None
    pile: str | None
    ends_at: datetime
    told_at: datetime | None = None
    told_pile: str | None = None
    told_outlet: int | None = None


class Turn(StrEnum):
    """What becomes of a wish now."""

    STAYS = "stays"
    TOLD = "told"
    TAKEN = "taken"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The turn; with the outlet where it is TOLD."""

    turn: Turn
    spot: Spot | None = None


def ends_at(asked_at: datetime, zone: tzinfo) -> datetime:
    """The end of the evening in which a wish was made: the next six o'clock in the morning."""
    local = asked_at.astimezone(zone)
    end = datetime.combine(local.date(), ENDS_AT, zone)
    return end if end > local else end + timedelta(days=1)


def judge(waiting: Waiting, free: Sequence[Spot], now: datetime, *, started: bool) -> Verdict:
    """What becomes of a wish. `started`: the household began a charge since it asked."""
    if started or now >= waiting.ends_at:
        return Verdict(Turn.OVER)
    fitting = [spot for spot in free if fits(waiting, spot)]
    told = waiting.told_pile is not None
    if told and any(
        (s.pile, s.outlet) == (waiting.told_pile, waiting.told_outlet) for s in fitting
    ):
        return Verdict(Turn.STAYS)
    rested = waiting.told_at is None or now - waiting.told_at >= AGAIN_AFTER
    if fitting and rested:
        return Verdict(Turn.TOLD, min(fitting, key=lambda s: (s.pile_number, s.pile, s.outlet)))
    return Verdict(Turn.TAKEN if told else Turn.STAYS)


def fits(waiting: Waiting, spot: Spot) -> bool:
    """Is this outlet where the household wants one?"""
    if waiting.pile is not None:
        return spot.pile == waiting.pile
    return spot.entrance == waiting.entrance
