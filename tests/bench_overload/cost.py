"""Part 5: what a full forecast and a full sharing cost, for one compound and for a thousand."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from statistics import median
from time import process_time

from service.feeders.forecast import Charging, forecast
from service.feeders.habits import Habits, learn, left_s
from service.feeders.place import STEP_S, Place
from service.feeders.sharing import Claim, share
from service.feeders.tree import Tree
from tests.bench_overload.evenings import BEGAN, compound, past, simulated_days

OUTLETS, ON_SHARE, WAITING_SHARE = 76, 0.63, 0.12
"""At the top of a full evening 48 of 76 outlets charge, and some wait."""
NOW = BEGAN + timedelta(days=14, hours=19)


def outlets(count: int, rng: Random) -> tuple[list[Charging], list[Claim]]:
    """Sessions at every place of the curve, and who waits, in one compound."""
    charging, claims = [], []
    for number in range(count):
        dice, feeder_id = rng.random(), f"e{rng.randint(1, 4)}"
        if dice > ON_SHARE + WAITING_SHARE:
            continue
        place, is_on = Place(), dice <= ON_SHARE
        here = rng.randint(1, 90)
        knee = rng.randint(10, 70)
        place.take(0, 0.0)
        for step in range(1, here + 1):
            place.take(int(1250 * (1 if step < knee else 0.9 ** (step - knee))), step * STEP_S)
        if is_on:
            charging.append(Charging(feeder_id, place, f"bike {number}", here * STEP_S, 36_000.0))
        claims.append(
            Claim(str(number), number, feeder_id, NOW - timedelta(seconds=here * STEP_S),
                  place.current_ma, 7200.0, NOW + timedelta(hours=rng.randint(1, 12)), is_on)
        )  # fmt: skip
    return charging, claims


def once(tree: Tree, habits: Habits, charging: Sequence[Charging], claims: Sequence[Claim]) -> None:
    """Everything that one decision takes: the forecast, each claim's need, and the sharing."""
    forecast(tree, habits, charging, NOW)
    for one in charging:
        left_s(habits, one.place, one.bike)
    share(tree, {}, claims, NOW)


def measure(compounds: int, rounds: int = 3) -> float:
    """Processor seconds for so many compounds of 76 outlets, the median of some rounds."""
    tree, rng = compound(), Random(76)
    habits = learn(past(simulated_days(1, 14)), BEGAN, 14, ("e1", "e2", "e3", "e4"))
    fleet = [outlets(OUTLETS, rng) for _ in range(min(compounds, 50))]
    took = []
    for _ in range(rounds):
        begin = process_time()
        for number in range(compounds):
            once(tree, habits, *fleet[number % len(fleet)])
        took.append(process_time() - begin)
    return median(took)


def run(compounds: int = 1000) -> dict[str, float]:
    """The figures of the card. The first one is the mean of fifty different evenings."""
    small, large = measure(50, 5) / 50, measure(compounds, 1)
    return {
        "ms_76_outlets": round(small * 1000, 2),
        "s_76000_outlets": round(large * 1000 / compounds, 2),
        "growth_per_outlet": round(large / compounds / small, 3),
    }
