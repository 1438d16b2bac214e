"""Batteries that do not behave, read off the curve of a charge: graded warnings with evidence.

A healthy charge holds its current, passes a knee, and falls. Each rule here is one way of not doing
that. Nothing is ever switched off for a weak signal: a warning is told, and a person looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log
from statistics import fmean, pstdev

from service.feeders.place import STEP_S
from service.words import N_, Sentence

PER_HOUR = 3600 // STEP_S


class Odd(StrEnum):
    """What is odd about a charge."""

    NO_TAPER = "no_taper"
    PLATEAU = "plateau"
    STEP = "step"
    ENERGY = "energy"
    HEAT = "heat"


class Grade(StrEnum):
    """`look`: maintenance has a look when it can. `warn`: the resident is told as well."""

    LOOK = "look"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Oddity:
    """One warning. `since`, `until`: the steps of the curve that show it; `values` of the sentence
    are the figures it rests on."""

    kind: Odd
    grade: Grade
    since: int
    until: int
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class ChargeSeen:
    """A charge so far, one value per step of five minutes: watts, and the outlet's temperature in
    degrees Celsius where it has a sensor. `energies_wh`: what earlier whole charges of the same
    bike took, `full_hours`: how long those were at full power; oldest first."""

    watts: Sequence[float]
    degrees: Sequence[float] = ()
    energies_wh: Sequence[float] = ()
    full_hours: Sequence[float] = ()


STARTS = 3
"""The first quarter of an hour is the charger's own affair."""

KNEE = 0.93
FULL_FOR_LOOK, FULL_FOR_WARN = 7.0, 8.5
"""Hours at full power. From empty to the knee the slowest ordinary pack takes about seven: 48 V
14 Ah lithium at 105 W; the 8 to 10 hours of lead include the tail."""

LONGER, LONGER_FROM = 2.0, 4.0
"""Twice as long as this bike's longest before, and four hours at least."""

FLAT_STEPS, FLAT, FLAT_ABOVE = PER_HOUR, 0.06, 0.15
"""A tail that falls by less than 6 % in an hour, at more than 15 % of full power. The slowest
healthy one falls by 30 %: a time constant of about two and a half hours."""

STEP_UP, STEP_DOWN, QUIET = 0.07, 0.13, 0.25
"""Up by 7 %, or down by 13 %, of full power from one five minutes to the next, while it moves by
less than a quarter of that before and after: cells that drop out or come back. A knee bends."""

KNOWN_CHARGES, FAR, LEAST_SPREAD, TIMES_LARGEST = 8, 3.0, 0.25, 1.5
"""Three standard deviations of the logarithm above this bike's own mean, and 1.5 times its largest
charge: batteries hold what they hold."""

WARM_UP, SLOPE_STEPS, HEAT_PER_HOUR, HEAT_RISE, HOT = 12, 9, 6.0, 10.0, 60.0
"""After the first hour an outlet is as warm as its current makes it; 6 K per hour more over 45
minutes, and 10 K above what it was then, is a contact that gets worse. 60 degrees is warned of; at
80 the pile switches off by itself."""


def watch(seen: ChargeSeen) -> list[Oddity]:
    """Everything odd about this charge so far; empty for one that behaves."""
    if len(seen.watts) <= STARTS:
        return []
    found = (_no_taper(seen), _plateau(seen), _step(seen), _energy(seen), _heat(seen))
    return [one for one in found if one is not None]


def _peak_and_knee(watts: Sequence[float]) -> tuple[float, int | None]:
    """Full power, and the step after which it was never full again."""
    peak = max(watts[STARTS:])
    last_full = max(n for n, value in enumerate(watts) if value >= KNEE * peak)
    return peak, None if last_full == len(watts) - 1 else last_full + 1


def _no_taper(seen: ChargeSeen) -> Oddity | None:
    peak, _ = _peak_and_knee(seen.watts)
    hours = hours_at_full(seen.watts)
    if hours < FULL_FOR_LOOK and not _longer_than_ever(hours, seen.full_hours):
        return None
    return Oddity(
        Odd.NO_TAPER, Grade.WARN if hours >= FULL_FOR_WARN else Grade.LOOK, 0, len(seen.watts) - 1,
        Sentence(N_(
            "This battery has drawn its full {watts} W for {hours} h and does not taper; an aged "
            "battery may never become full."
        ), {"watts": round(peak), "hours": f"{hours:.1f}"}),
    )  # fmt: skip


def hours_at_full(watts: Sequence[float]) -> float:
    """How long a charge was at full power so far, in hours."""
    peak = max(watts[STARTS:], default=0.0)
    return sum(value >= KNEE * peak for value in watts) / PER_HOUR


def _longer_than_ever(hours: float, before: Sequence[float]) -> bool:
    if len(before) < KNOWN_CHARGES or hours < LONGER_FROM:
        return False
    return hours > LONGER * max(before)


def _plateau(seen: ChargeSeen) -> Oddity | None:
    peak, knee = _peak_and_knee(seen.watts)
    if knee is None:
        return None
    longest, since = 0, knee
    for begin in range(knee, len(seen.watts) - FLAT_STEPS):
        level = seen.watts[begin]
        if level < FLAT_ABOVE * peak:
            break
        end = begin
        while end + 1 < len(seen.watts) and abs(seen.watts[end + 1] - level) <= FLAT * level:
            end += 1
        if end - begin > longest:
            longest, since = end - begin, begin
    if longest < FLAT_STEPS:
        return None
    return Oddity(
        Odd.PLATEAU, Grade.WARN if longest >= 2 * FLAT_STEPS else Grade.LOOK, since,
        since + longest,
        Sentence(N_(
            "Power stopped falling at {watts} W ({percent} % of full) for {minutes} min; a healthy "
            "battery goes on falling."
        ), {"watts": round(seen.watts[since]), "percent": round(100 * seen.watts[since] / peak),
            "minutes": longest * STEP_S // 60}),
    )  # fmt: skip


def _step(seen: ChargeSeen) -> Oddity | None:
    watts = seen.watts
    peak, _ = _peak_and_knee(watts)
    for at in range(STARTS + 1, len(watts) - 2):
        jump = watts[at] - watts[at - 1]
        if jump < STEP_UP * peak and jump > -STEP_DOWN * peak:
            continue
        around = (watts[at - 1] - watts[at - 2], watts[at + 1] - watts[at],
                  watts[at + 2] - watts[at + 1])  # fmt: skip
        if max(map(abs, around)) <= QUIET * abs(jump) and watts[at] > STEP_UP * peak:
            return Oddity(
                Odd.STEP, Grade.WARN if jump > 0 else Grade.LOOK, at - 1, at,
                Sentence(N_(
                    "Power went from {before} W to {after} W in mid-charge, after {minutes} min, "
                    "and stayed there: cells may drop out."
                ), {"before": round(watts[at - 1]), "after": round(watts[at]),
                    "minutes": at * STEP_S // 60}),
            )  # fmt: skip
    return None


def _energy(seen: ChargeSeen) -> Oddity | None:
    if len(seen.energies_wh) < KNOWN_CHARGES:
        return None
    energy_wh = sum(seen.watts) / PER_HOUR
    logs = [log(max(1.0, energy)) for energy in seen.energies_wh]
    spread = max(LEAST_SPREAD, pstdev(logs))
    largest = max(seen.energies_wh)
    usual = fmean(logs)
    if energy_wh <= TIMES_LARGEST * largest or log(max(1.0, energy_wh)) - usual < FAR * spread:
        return None
    return Oddity(
        Odd.ENERGY, Grade.WARN if energy_wh > 2 * largest else Grade.LOOK, 0, len(seen.watts) - 1,
        Sentence(N_(
            "{energy} Wh so far; this bike usually takes {usual} Wh, and never took more than "
            "{largest} Wh."
        ), {"energy": round(energy_wh), "usual": round(exp(usual)), "largest": round(largest)}),
    )  # fmt: skip


def _heat(seen: ChargeSeen) -> Oddity | None:
    degrees = seen.degrees
    if len(degrees) < WARM_UP + SLOPE_STEPS + 1:
        return None
    begin = len(degrees) - SLOPE_STEPS - 1
    window = degrees[begin:]
    mean_n, mean = SLOPE_STEPS / 2, fmean(window)
    slope = sum((n - mean_n) * (value - mean) for n, value in enumerate(window)) / sum(
        (n - mean_n) ** 2 for n in range(len(window))
    )
    per_hour, settled = slope * PER_HOUR, fmean(degrees[WARM_UP - 2 : WARM_UP + 1])
    if per_hour < HEAT_PER_HOUR or window[-1] - settled < HEAT_RISE:
        return None
    return Oddity(
        Odd.HEAT, Grade.WARN if window[-1] >= HOT else Grade.LOOK, begin, len(degrees) - 1,
        Sentence(N_(
            "The outlet is {degrees} degrees warm and rises by {slope} degrees per hour while the "
            "power does not: its contacts may be bad."
        ), {"degrees": round(window[-1]), "slope": round(per_hour)}),
    )  # fmt: skip
