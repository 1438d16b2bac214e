"""Part 4: the charge-curve watch on seeded faults, healthy charges, and the measured traces.

A charge is looked at every half hour while it lasts, and at its end; it is flagged if any look
finds something. Healthy charges are simulated ones without the aged batteries; a fault is
put into one of them. A fault counts as missed even where the bike left before it could show.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from random import Random

from service.feeders.curve_watch import ChargeSeen, Odd, hours_at_full, watch
from service.feeders.place import STEP_S
from simulator.calibration import read_traces
from simulator.packs import PackKind, catalogue
from simulator.residents import Resident, visit_of
from simulator.times import DAY
from tests.bench_overload.evenings import VOLTS, charged, residents_of

LOOK_EVERY = 6
Fault = Callable[[ChargeSeen, Random], ChargeSeen]


def charge_of(who: Resident, day: int, seed: int, rng: Random) -> list[float] | None:
    """The watts of one bike's charge on a day, or None if it stayed away or barely plugged in."""
    visit = visit_of(who, day * DAY, seed)
    if visit is None:
        return None
    pack = who.pack(visit.needs_wh)
    one = charged(pack, 1, "", visit.comes_ms // 1000, visit.leaves_ms // 1000, rng)
    watts = [ma / 1000 * VOLTS * pack.power_factor for ma in one.currents_ma]
    return watts if len(watts) > 6 else None


def temperatures(watts: Sequence[float], rng: Random) -> list[float]:
    """An outlet's sensor: the room cools slowly, the contact warms with the square of the current,
    and the sensor is half a degree off now and then."""
    warm, room, cooling = 0.0, rng.uniform(5, 28), rng.uniform(-0.08, 0.02)
    degrees = []
    for number, power in enumerate(watts):
        final = 9.0 * (power / 250) ** 2
        warm += (final - warm) * 0.25
        degrees.append(room + cooling * number + warm + rng.gauss(0, 0.4))
    return degrees


def healthy(count: int, seed: int) -> list[ChargeSeen]:
    """So many charges of healthy batteries, each with what its bike took before."""
    seen: list[ChargeSeen] = []
    taken: dict[int, list[tuple[float, float]]] = defaultdict(list)
    rng, day = Random(f"{seed}:watch"), 0
    riders = [one for one in residents_of(seed) if not one.kind.name.startswith("aged")]
    while len(seen) < count:
        for number, who in enumerate(riders):
            watts = charge_of(who, day, seed, rng)
            if watts is not None:
                energies, hours = (
                    zip(*taken[number][-20:], strict=True) if taken[number] else ((), ())
                )
                seen.append(ChargeSeen(watts, temperatures(watts, rng), energies, hours))
                taken[number].append((sum(watts) * STEP_S / 3600, hours_at_full(watts)))
        day += 1
    return seen[:count]


@cache
def _aged() -> PackKind:
    return next(kind for kind in catalogue() if kind.name.startswith("aged"))


def no_taper(one: ChargeSeen, rng: Random) -> ChargeSeen:
    """An aged battery: full power until somebody comes, five to ten hours later."""
    peak = max(one.watts)
    steps = rng.randint(60, 120)
    watts = [peak * rng.gauss(1, 0.006) for _ in range(steps)]
    return replace(one, watts=watts, degrees=temperatures(watts, rng))


def plateau(one: ChargeSeen, rng: Random) -> ChargeSeen:
    """A shorted cell: the tail stops at 20 to 60 % of full power for one to five hours."""
    peak = max(one.watts)
    level = peak * rng.uniform(0.2, 0.6)
    begins = next((n for n, w in enumerate(one.watts) if n > 6 and w < level), len(one.watts))
    watts = [*one.watts[:begins], *(level * rng.gauss(1, 0.006)
                                    for _ in range(rng.randint(12, 60)))]  # fmt: skip
    return replace(one, watts=watts, degrees=temperatures(watts, rng))


def step(one: ChargeSeen, rng: Random) -> ChargeSeen:
    """Cells drop out or come back: power jumps by 10 to 35 % up or 20 to 50 % down in the constant
    part and stays there."""
    peak = max(one.watts)
    full = sum(value > 0.95 * peak for value in one.watts)
    at = rng.randint(4, max(5, full))
    factor = rng.uniform(1.1, 1.35) if rng.random() < 0.6 else rng.uniform(0.5, 0.8)
    watts = [value * (factor if n >= at else 1) for n, value in enumerate(one.watts)]
    return replace(one, watts=watts, degrees=temperatures(watts, rng))


def energy(one: ChargeSeen, rng: Random) -> ChargeSeen:
    """A battery that turns current into heat: the same shape, one and a half to three times as much
    as the most it ever took."""
    wanted = rng.uniform(1.5, 3) * max([*one.energies_wh, 300.0])
    full = next((n for n, w in enumerate(one.watts) if w < 0.93 * max(one.watts) and n > 3),
                len(one.watts))  # fmt: skip
    had = sum(one.watts) * STEP_S / 3600
    more = round(max(0.0, wanted - had) / (max(one.watts) * STEP_S / 3600))
    watts = [*one.watts[:full], *([max(one.watts)] * more), *one.watts[full:]][:120]
    return replace(one, watts=watts, degrees=temperatures(watts, rng))


def heat(one: ChargeSeen, rng: Random) -> ChargeSeen:
    """A contact that gets worse: 5 to 30 degrees per hour from some time on."""
    at, slope = rng.randint(3, max(4, len(one.watts) // 2)), rng.uniform(5, 30) / 12
    degrees = [value + max(0, n - at) * slope for n, value in enumerate(one.degrees)]
    return replace(one, degrees=degrees)


FAULTS: dict[Odd, Fault] = {
    Odd.NO_TAPER: no_taper, Odd.PLATEAU: plateau, Odd.STEP: step, Odd.ENERGY: energy,
    Odd.HEAT: heat,
}  # fmt: skip


def found(one: ChargeSeen) -> set[Odd]:
    """What the looks of a charge's life find."""
    kinds: set[Odd] = set()
    looks = [*range(LOOK_EVERY, len(one.watts), LOOK_EVERY), len(one.watts)]
    for steps in looks:
        seen = replace(one, watts=one.watts[:steps], degrees=one.degrees[:steps])
        kinds |= {odd.kind for odd in watch(seen)}
    return kinds


def measured() -> dict[str, ChargeSeen]:
    """The four measured traces, on five-minute steps."""
    seen = {}
    for name, trace in read_traces().items():
        watts, at = [], 0
        for second in range(0, int(trace.seconds[-1]), STEP_S):
            while trace.seconds[at + 1] < second:
                at += 1
            span = trace.seconds[at + 1] - trace.seconds[at]
            part = (second - trace.seconds[at]) / span
            watts.append(trace.watts[at] * (1 - part) + trace.watts[at + 1] * part)
        seen[name] = ChargeSeen(watts)
    return seen


def run(
    count: int = 10_000, faults: int = 300, seed: int = 4001, known: int = 1500
) -> dict[str, object]:
    """The card's figures."""
    rng = Random(f"{seed}:faults")
    false: dict[Odd, int] = defaultdict(int)
    flagged = 0
    for one in healthy(count, seed):
        kinds = found(one)
        flagged += bool(kinds)
        for kind in kinds:
            false[kind] += 1
    late = [one for one in healthy(known, seed + 1) if len(one.energies_wh) >= 8]
    rows: dict[str, dict[str, float]] = {}
    hits, named = 0, 0
    for kind, put in FAULTS.items():
        seen = [found(put(rng.choice(late), rng)) for _ in range(faults)]
        right = sum(kind in kinds for kinds in seen)
        any_kind = sum(bool(kinds) for kinds in seen)
        hits, named = hits + any_kind, named + right
        rows[kind.value] = {
            "seeded": faults, "recall": round(any_kind / faults, 4),
            "recall_by_its_name": round(right / faults, 4),
            "false_per_1000_healthy": round(1000 * false[kind] / count, 2),
        }  # fmt: skip
    # precision as it would be if one charge in a hundred had a fault
    rate, recall = flagged / count, hits / (faults * len(FAULTS))
    return {
        "precision": round(0.01 * recall / (0.01 * recall + 0.99 * rate), 4) if hits else 0.0,
        "recall": round(recall, 4),
        "false_per_1000_healthy": round(1000 * rate, 2),
        "measured_traces_flagged": sum(bool(found(one)) for one in measured().values()),
        **rows,
    }
