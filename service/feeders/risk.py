"""How close a feeder is to its rating, how warm it is, and when its breaker would trip.

Three levels with hysteresis, each with the sentence that explains it: calm, near, over.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import exp, log

from service.feeders.load import Load
from service.feeders.tree import Cable
from service.words import N_, Sentence

NEVER_TRIPS = 1.13
TRIPS_WITHIN_THE_HOUR = 1.45
"""The band of IEC 60898-1 at 30 C: a breaker must not trip at 1.13 times its rating and must trip
within one hour at 1.45 times (quoted in Schneider Electric's FAQ FA369327)."""

MAY_TRIP_AT_ONCE = 3.0
"""Lower edge of the instantaneous band of a type B breaker, 3 to 5 times the rating (same place).
Types C and D begin at 5 and 10; the careful value serves them all."""

CONVENTIONAL_TIME_S = 3600


class Level(StrEnum):
    """How close a feeder is to its rating."""

    CALM = "calm"
    NEAR = "near"
    OVER = "over"


SEVERITY = {Level.CALM: 0, Level.NEAR: 1, Level.OVER: 2}


@dataclass(frozen=True, slots=True)
class RiskRules:
    """Where the levels begin and end, as multiples of the rating. 0.8 is a custom of the trade,
    not a norm; 1.0 is the rating itself."""

    near: float = 0.8
    near_ends: float = 0.75
    over: float = 1.0
    over_ends: float = 0.95
    hold_s: int = 60
    shed_hold_s: int = 20


@dataclass(frozen=True, slots=True)
class Latch:
    """One threshold with hysteresis: set at once, released after `hold_s` below its lower edge."""

    held: bool = False
    below_since: datetime | None = None

    def follow(self, is_above: bool, is_below: bool, now: datetime, hold_s: int) -> "Latch":
        """The latch after one more look; between the two edges nothing changes."""
        if is_above:
            return Latch(held=True)
        if not self.held:
            return self
        if not is_below:
            return Latch(held=True)
        since = self.below_since or now
        if now - since >= timedelta(seconds=hold_s):
            return Latch()
        return Latch(held=True, below_since=since)


@dataclass(frozen=True, slots=True)
class FeederState:
    """What is remembered of a feeder between two looks.

    `warmth` follows the square of (current / rating) with the feeder's time constant: 1.0 is the
    final temperature rise at the rating. `since` is when the present level began, `may_trip_since`
    when the current went above what the breaker must bear for ever.
    """

    level: Level = Level.CALM
    since: datetime | None = None
    near: Latch = field(default_factory=Latch)
    over: Latch = field(default_factory=Latch)
    warmth: float = 0.0
    ratio: float = 0.0
    looked_at: datetime | None = None
    may_trip_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A feeder went from one level to another; the sentence says why."""

    feeder_id: str
    before: Level
    after: Level
    sentence: Sentence

    @property
    def is_worse(self) -> bool:
        """Did it go up?"""
        return SEVERITY[self.after] > SEVERITY[self.before]


def follow(
    state: FeederState, cable: Cable, load: Load, now: datetime, rules: RiskRules | None = None
) -> tuple[FeederState, Changed | None]:
    """The state after one more look at the load, and the change of level if there was one."""
    rules = rules or RiskRules()
    ratio = load.current_ma / cable.rating_ma
    near = state.near.follow(ratio >= rules.near, ratio < rules.near_ends, now, rules.hold_s)
    over = state.over.follow(ratio > rules.over, ratio < rules.over_ends, now, rules.hold_s)
    level = Level.OVER if over.held else Level.NEAR if near.held else Level.CALM
    after = replace(
        state,
        level=level,
        since=now if level is not state.level or state.since is None else state.since,
        near=near,
        over=over,
        warmth=warmth_at(state, cable, now),
        ratio=ratio,
        looked_at=now,
        may_trip_since=(state.may_trip_since or now) if ratio > NEVER_TRIPS else None,
    )
    if level is state.level:
        return after, None
    return after, Changed(cable.id, state.level, level, explain(after, cable, load))


def must_shed(state: FeederState, now: datetime, rules: RiskRules | None = None) -> bool:
    """Is it time to pause sessions? Above 1.13 times the rating for 20 s, so that one odd sample
    costs nobody a charge; at 1.45 times at once."""
    if state.may_trip_since is None:
        return False
    hold = timedelta(seconds=(rules or RiskRules()).shed_hold_s)
    return state.ratio >= TRIPS_WITHIN_THE_HOUR or now - state.may_trip_since >= hold


def warmth_at(state: FeederState, cable: Cable, now: datetime) -> float:
    """The thermal state now, if the current stayed what it was at the last look.

    First order: d(warmth)/dt = (ratio^2 - warmth) / time constant.
    """
    if state.looked_at is None:
        return state.warmth
    seconds = max(0.0, (now - state.looked_at).total_seconds())
    final = state.ratio**2
    return final + (state.warmth - final) * exp(-seconds / cable.time_constant_s)


def time_to_trip_s(ratio: float, warmth: float, time_constant_s: int) -> int | None:
    """Seconds until the quickest breaker allowed by IEC 60898-1 could trip at this current.

    None when it must not trip (up to 1.13 times the rating). The quickest one is one that trips as
    soon as it is warmer than 1.13 times the rating for ever would make it; it is never given more
    than the standard's hour from 1.45 times on.
    """
    if ratio <= NEVER_TRIPS:
        return None
    limit = NEVER_TRIPS**2
    if ratio >= MAY_TRIP_AT_ONCE or warmth >= limit:
        return 0
    seconds = int(time_constant_s * log((ratio**2 - warmth) / (ratio**2 - limit)))
    return min(seconds, CONVENTIONAL_TIME_S) if ratio >= TRIPS_WITHIN_THE_HOUR else seconds


def explain(state: FeederState, cable: Cable, load: Load) -> Sentence:
    """The sentence under the level: how full, of what, what is assumed, when it could trip."""
    values: dict[str, object] = {
        "name": cable.name,
        "percent": percent(load.current_ma, cable.rating_ma),
        "amps": amps(load.current_ma),
        "rating": amps(cable.rating_ma),
        "silent": load.silent,
    }
    seconds = time_to_trip_s(state.ratio, state.warmth, cable.time_constant_s)
    if seconds is not None:
        values["minutes"] = seconds // 60
        return Sentence(
            N_(
                "{name} carries {amps} of {rating} A ({percent} %); "
                "the breaker may trip in {minutes} min."
            ),
            values,
        )
    if load.silent:
        return Sentence(
            N_(
                "{name} carries {amps} of {rating} A ({percent} %); "
                "{silent} silent outlets are counted at their limit."
            ),
            values,
        )
    return Sentence(N_("{name} carries {amps} of {rating} A ({percent} %)."), values)


def percent(current_ma: int, rating_ma: int) -> int:
    """Load in whole percent of the rating, rounded half up."""
    return (200 * current_ma + rating_ma) // (2 * rating_ma)


def amps(current_ma: int) -> str:
    """Milliamps as amps with one decimal: 36_840 -> '36.8'."""
    tenths = (current_ma + 50) // 100
    return f"{tenths // 10}.{tenths % 10}"
