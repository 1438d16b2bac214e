"""How long a charge will still take: a range where something is known, and an honest 'not yet'.

At full current nobody knows how empty the battery was. Past the knee the power falls by itself,
with the time constants measured on real chargers (`feeders.queue`), down to where the pile calls
the battery full. A limit that was set is known at any time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log

from service.feeders.queue import TAIL_QUICK_S, TAIL_SLOW_S
from service.feeders.shedding import is_in_tail
from service.pages.say_time import span
from service.words import N_, Sentence

FULL_BELOW_W = 30
"""Below this the pile counts the battery as full (contract: `full_stop_below_w`, default 30)."""

ROUND_TO_MIN = 5


@dataclass(frozen=True, slots=True)
class Left:
    """Minutes from now, earliest and latest, to the full battery or to the limit that was set."""

    earliest_min: int
    latest_min: int
    by_limit: bool = False

    @property
    def sentence(self) -> Sentence:
        """The range in words."""
        if self.by_limit:
            return Sentence(
                N_("at most {span} more, then your limit is reached"),
                {"span": span(self.latest_min * 60)},
            )
        if self.latest_min <= ROUND_TO_MIN:
            return Sentence(N_("full in a few minutes"))
        return Sentence(
            N_("full in about {earliest} to {latest} minutes"),
            {"earliest": self.earliest_min, "latest": self.latest_min},
        )


NOT_KNOWN_YET = Sentence(
    N_("Not known yet: the time can be told once the battery is nearly full and draws less.")
)


def minutes_left(power_w: float, peak_w: float, limit_in: timedelta | None = None) -> Left | None:
    """The range; None while nothing is known. `limit_in`: until a limit that was set is reached."""
    limit_min = max(1, round(limit_in.total_seconds() / 60)) if limit_in is not None else None
    left: Left | None = None
    if power_w > 0 and is_in_tail(power_w, peak_w):
        decades = log(max(power_w, FULL_BELOW_W) / FULL_BELOW_W)
        quick, slow = (_rounded(s * decades / 60) for s in (TAIL_QUICK_S, TAIL_SLOW_S))
        left = Left(quick, max(slow, quick))
    if limit_min is None:
        return left
    if left is None or limit_min < left.earliest_min:
        return Left(0, limit_min, by_limit=True)
    return Left(left.earliest_min, min(left.latest_min, limit_min))


def time_to_limit(
    now: datetime, ends_at: datetime | None, energy_left_wh: int | None, power_w: float
) -> timedelta | None:
    """How long until a time or an energy limit is reached at the present power."""
    spans = []
    if ends_at is not None:
        spans.append(max(timedelta(0), ends_at - now))
    if energy_left_wh is not None and power_w > 1:
        spans.append(timedelta(hours=max(0, energy_left_wh) / power_w))
    return min(spans, default=None)


def _rounded(minutes: float) -> int:
    return max(ROUND_TO_MIN, ROUND_TO_MIN * round(minutes / ROUND_TO_MIN))
