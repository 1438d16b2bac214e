"""What earlier charges teach: how long the constant part lasts and what follows it, when bikes are
taken away, when they come, and what one that comes will draw.

Counting, and nothing else: shares of earlier charges of bikes that behave alike, with a pull
towards the average where few were seen. Times are the compound's wall clock.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from service.feeders.place import STEP_S, Place

STEPS = 36
"""Three hours in steps of five minutes."""

LONGEST = 144
"""Constant parts are told apart up to twelve hours."""

KINDS = 4
FEWEST_CHARGES = 3
"""A bike's own habit counts from its third charge on; before that it is one of all."""

QUARTER_S = 900
STAY_S = 1800
PULL_LEAVING, PULL_WEEKDAY = 150.0, 3.0
"""How many observations the average counts for beside the narrower class."""

FLATTEST_PER_S = 1 / 14_400
PATIENCE = 0.7

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PastCharge:
    """An earlier charge: currents in mA at steps of five minutes while it drew. `began_at` is the
    wall clock; `unplugged`: it ended because somebody took the bike away, so nobody knows how long
    it would have drawn."""

    feeder_id: str
    bike: str | None
    began_at: datetime
    currents_ma: Sequence[int]
    unplugged: bool


@dataclass(frozen=True, slots=True)
class KindOfBike:
    """Bikes whose constant part usually lasts about as long. `share[j][k]`: the expected part of
    its full current that a charge draws k steps from now if its constant part has lasted j steps;
    `square[j][k]` the mean of its square; `left[j]`: for how many steps at full
    current it is expected to draw still."""

    share: tuple[Row, ...]
    square: tuple[Row, ...]
    left: Row


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Bikes that come: by feeder, 7 days of 96 quarters of an hour, expected number per step; what
    those of a quarter of an hour draw n steps after it began (mean, and mean of squares, mA); and
    how far whole days differ (`sameness`: infinite if the number of a day says nothing about its
    rest)."""

    per_step: Mapping[str, tuple[Row, ...]]
    draws_ma: Row
    squares: Row
    sameness: float


@dataclass(frozen=True, slots=True)
class Habits:
    """Everything learned; made by `learn`, used by the forecast."""

    kinds: tuple[KindOfBike, ...]
    kind_of_bike: Mapping[str, int]
    fall_of_bike: Mapping[str, float]
    leaving: tuple[Row, ...]
    """By hour of the wall clock and half hours since plugging in: the chance to be taken away
    within a step."""
    arrivals: Arrivals

    def kind(self, bike: str | None) -> KindOfBike:
        """The kind of a bike; of all bikes together when little is known of it."""
        return self.kinds[self.kind_of_bike.get(bike, KINDS) if bike is not None else KINDS]


def left_s(habits: Habits, place: Place, bike: str | None) -> float:
    """For how many seconds at full current a session is expected to draw still: what its need is
    counted in. In the tail what is left under its exponential."""
    if place.in_tail:
        return place.current_ma / max(1, place.peak_ma) / max(place.fall_per_s, FLATTEST_PER_S)
    left = habits.kind(bike).left
    return left[min(place.full_steps, len(left) - 1)] * STEP_S


def probably_leaves_in_s(habits: Habits, now: datetime, here_s: float) -> float:
    """When a bike whose resident did not say will probably be taken away: seconds from now until
    earlier bikes, after as long a stay and at such an hour, were still there with `PATIENCE`."""
    minute, here = now.hour * 60 + now.minute, int(here_s // STEP_S)
    longest, still = len(habits.leaving[0]) - 1, 1.0
    for step in range(LONGEST):
        stay = min(longest, (here + step) * STEP_S // STAY_S)
        still *= 1 - habits.leaving[(minute + step * 5) // 60 % 24][stay]
        if still < PATIENCE:
            return step * STEP_S
    return LONGEST * STEP_S


@dataclass(slots=True)
class _Traced:
    """One past charge with its knee found."""

    charge: PastCharge
    full_steps: int
    knee: int | None
    """Index of the first current behind the knee."""
    peak_ma: int
    fall_per_s: float


@dataclass(slots=True)
class _Counted:
    """Charges of a kind: knees and survivors by steps, and sums of what came after the knee."""

    knees: list[float] = field(default_factory=lambda: [0.0] * (LONGEST + 1))
    seen: list[float] = field(default_factory=lambda: [0.0] * (LONGEST + 1))
    after: list[list[float]] = field(default_factory=lambda: [[0.0] * 3 for _ in range(STEPS + 1)])


def learn(
    charges: Sequence[PastCharge], first_day: datetime, days: int, feeders: Iterable[str]
) -> Habits:
    """Habits from the charges of so many whole days, the first one beginning at `first_day`."""
    traced = [_trace(charge) for charge in charges if len(charge.currents_ma) > 1]
    kind_of_bike, falls = _bikes(traced)
    counted = [_Counted() for _ in range(KINDS + 1)]
    for one in traced:
        for kind in {KINDS, kind_of_bike.get(one.charge.bike or "", KINDS)}:
            _count(counted[kind], one)
    return Habits(
        kinds=tuple(_kind(own, counted[KINDS]) for own in counted),
        kind_of_bike=kind_of_bike,
        fall_of_bike=falls,
        leaving=_leaving(charges),
        arrivals=_arrivals(charges, first_day, days, feeders),
    )


def _trace(charge: PastCharge) -> _Traced:
    place, knee, full_steps = Place(), None, 0
    place.take(0, 0.0)
    for number, current_ma in enumerate(charge.currents_ma, start=1):
        place.take(current_ma, number * STEP_S)
        if place.knee_s is None:
            knee = None
        elif knee is None:
            knee, full_steps = number - 1, place.full_steps
    if knee is None:
        full_steps = place.full_steps
    return _Traced(charge, min(full_steps, LONGEST), knee, max(1, place.peak_ma), place.fall_per_s)


def _bikes(traced: Sequence[_Traced]) -> tuple[dict[str, int], dict[str, float]]:
    """Bikes in classes of the same size by how long their constant part usually lasts, and the
    slope of their tails."""
    lengths: dict[str, list[int]] = defaultdict(list)
    falls: dict[str, list[float]] = defaultdict(list)
    for one in traced:
        if one.charge.bike is not None and one.knee is not None:
            lengths[one.charge.bike].append(one.full_steps)
            falls[one.charge.bike].append(one.fall_per_s)
    known = {bike: median(of) for bike, of in lengths.items() if len(of) >= FEWEST_CHARGES}
    ordered = sorted(known.values())
    edges = [ordered[len(ordered) * part // KINDS] for part in range(1, KINDS)] if ordered else []
    return (
        {bike: bisect_right(edges, length) for bike, length in known.items()},
        {bike: median(of) for bike, of in falls.items() if len(of) >= FEWEST_CHARGES},
    )


def _count(into: _Counted, one: _Traced) -> None:
    for step in range(one.full_steps + 1):
        into.seen[step] += 1
    if one.knee is None:
        return
    into.knees[one.full_steps] += 1
    tail = one.charge.currents_ma[one.knee :]
    for step in range(STEPS + 1):
        if step >= len(tail) and one.charge.unplugged:
            break
        share = tail[step] / one.peak_ma if step < len(tail) else 0.0
        sums = into.after[step]
        sums[0] += 1
        sums[1] += share
        sums[2] += share * share


def _kind(own: _Counted, everyone: _Counted) -> KindOfBike:
    """The tables of a kind, by going back from the longest constant part to the shortest."""
    ends = [_pulled(own.knees, own.seen, everyone, step) for step in range(LONGEST + 1)]
    after, squares = _after(own, everyone, 1), _after(own, everyone, 2)
    share, square = [(1.0,) * (STEPS + 1)], [(1.0,) * (STEPS + 1)]
    for step in range(LONGEST - 1, -1, -1):
        goes_on = 1 - ends[step]
        for rows, tail in ((share, after), (square, squares)):
            later = rows[-1]
            rows.append(
                (1.0, *(ends[step] * tail[k - 1] + goes_on * later[k - 1]
                        for k in range(1, STEPS + 1)))
            )  # fmt: skip
    left = [sum(after)]
    for step in range(LONGEST - 1, -1, -1):
        left.append(ends[step] * sum(after) + (1 - ends[step]) * (1 + left[-1]))
    return KindOfBike(_from_shortest(share), _from_shortest(square), tuple(reversed(left)))


def _from_shortest(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Rows by the length of the constant part, without the present step."""
    return tuple(row[1:] for row in reversed(rows))


def _pulled(knees: Sequence[float], seen: Sequence[float], everyone: _Counted, step: int) -> float:
    """The chance to pass the knee in a step, over half an hour, pulled to everyone's."""
    low, high = max(0, step - 3), min(LONGEST, step + 3) + 1
    all_seen = sum(everyone.seen[low:high])
    common = sum(everyone.knees[low:high]) / all_seen if all_seen else 0.05
    return (sum(knees[low:high]) + common * 20) / (sum(seen[low:high]) + 20)


def _after(own: _Counted, everyone: _Counted, what: int) -> Row:
    rows = []
    for mine, common in zip(own.after, everyone.after, strict=True):
        usual = common[what] / common[0] if common[0] else 0.5
        rows.append((mine[what] + usual * 5) / (mine[0] + 5))
    return tuple(rows)


def _leaving(charges: Iterable[PastCharge]) -> tuple[Row, ...]:
    stays = 24
    taken = [[0.0] * stays for _ in range(24)]
    there = [[0.0] * stays for _ in range(24)]
    for one in charges:
        minutes = one.began_at.hour * 60 + one.began_at.minute
        for step in range(len(one.currents_ma) + 1):
            hour = (minutes + step * 5) // 60 % 24
            stay = min(stays - 1, step * STEP_S // STAY_S)
            there[hour][stay] += 1
            if step == len(one.currents_ma) and one.unplugged:
                taken[hour][stay] += 1
    table = []
    for hour in range(24):
        usual = (sum(taken[hour]) + 0.5) / (sum(there[hour]) + 100)
        table.append(
            tuple(
                (taken[hour][stay] + usual * PULL_LEAVING) / (there[hour][stay] + PULL_LEAVING)
                for stay in range(stays)
            )
        )
    return tuple(table)


def _arrivals(
    charges: Sequence[PastCharge], first_day: datetime, days: int, feeders: Iterable[str]
) -> Arrivals:
    draws, squares = [0.0] * (STEPS + 1), [0.0] * (STEPS + 1)
    came: dict[str, list[list[float]]] = {
        feeder: [[0.0] * 96 for _ in range(7)] for feeder in feeders
    }
    of_day = [0] * days
    for one in charges:
        since = one.began_at - first_day
        if not 0 <= since.days < days:
            continue
        of_day[since.days] += 1
        quarter = (one.began_at.hour * 60 + one.began_at.minute) // 15
        came[one.feeder_id][one.began_at.weekday()][quarter] += 1
        for step, current_ma in enumerate(one.currents_ma[: STEPS + 1]):
            draws[step] += current_ma
            squares[step] += current_ma * current_ma
    number = max(1, sum(of_day))
    seen = [len(range((first - first_day.weekday()) % 7, days, 7)) for first in range(7)]
    return Arrivals(
        {feeder: _rates(table, seen) for feeder, table in came.items()},
        _of_a_quarter(draws, number),
        _of_a_quarter(squares, number),
        _sameness(of_day),
    )


def _of_a_quarter(sums: Sequence[float], number: int) -> Row:
    """What one arrival per step of a quarter of an hour amounts to, n steps after it began."""
    together = QUARTER_S // STEP_S
    return tuple(sum(sums[max(0, n - together + 1) : n + 1]) / number for n in range(STEPS + 1))


def _rates(table: Sequence[Sequence[float]], seen: Sequence[int]) -> tuple[Row, ...]:
    """Expected arrivals per step: neighbours of up to 45 minutes count, nearer ones more, and a
    weekday is pulled towards all days."""
    smooth = [[_near(row, quarter) for quarter in range(96)] for row in table]
    days = max(1, sum(seen))
    usual = [sum(row[quarter] for row in smooth) / days for quarter in range(96)]
    in_quarter = QUARTER_S / STEP_S
    return tuple(
        tuple(
            (smooth[day][quarter] + usual[quarter] * PULL_WEEKDAY)
            / (seen[day] + PULL_WEEKDAY)
            / in_quarter
            for quarter in range(96)
        )
        for day in range(7)
    )


def _near(row: Sequence[float], quarter: int) -> float:
    weights = (1, 2, 3, 4, 3, 2, 1)
    near = (row[(quarter + offset) % 96] for offset in range(-3, 4))
    return sum(weight * value for weight, value in zip(weights, near, strict=True)) / 16


def _sameness(of_day: Sequence[int]) -> float:
    """How many arrivals' worth of evidence the usual number is, from how far whole days differ:
    the mean squared over the part of the variance that chance does not explain."""
    mean = sum(of_day) / max(1, len(of_day))
    spread = sum((number - mean) ** 2 for number in of_day) / max(1, len(of_day) - 1)
    return mean * mean / (spread - mean) if spread > mean > 0 else float("inf")
