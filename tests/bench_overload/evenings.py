"""Charges as a meter sees them, in steps of five minutes: simulated ones and the real file's.

Arrivals, stays and needs come from the simulator's residents, or from the file of real sessions of
an apartment compound; the current from the simulator's curves, which are fitted to measured ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

from service.feeders.habits import PastCharge
from service.feeders.place import STEP_S
from service.feeders.tree import Cable, Tree, build_tree
from simulator.apartment import NORWAY, Cast, Stay, read_sessions
from simulator.packs import Pack, catalogue
from simulator.residents import Resident, Visit, made_up_cards, settle_in, visit_of
from simulator.times import DAY

DAY_S, HOUR_S = 86_400, 3_600
FULL_BELOW_W, FULL_HOLD_S, LONGEST_S = 30.0, 3_600.0, 10 * 3_600
VOLTS = 220.0
NOISE = 0.006
BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
"""Midnight of a Monday; simulated days are counted from it, in the compound's own time."""
PHASES = ("L1", "L2", "L3", "L1")


@dataclass(frozen=True)
class Charge:
    """One charge. Seconds since the first midnight; `currents_ma` at every full step of the clock
    from the first one after `began_s` on while it drew."""

    entrance: int
    bike: str
    began_s: int
    ended_s: int
    unplugged: bool
    """It ended because the bike left; otherwise it was full, or its ten hours were over."""
    first_step: int
    currents_ma: tuple[int, ...]
    unplug_s: int

    @property
    def feeder_id(self) -> str:
        return f"e{self.entrance}"


def compound(entrance_ma: int = 40_000, site_ma: int = 100_000) -> Tree:
    """One site cable, four entrances on three phases."""
    cables = [Cable("site", None, "The site", None, "3P", site_ma)]
    for number, phase in enumerate(PHASES, start=1):
        cables.append(Cable(f"e{number}", "site", f"Entrance {number}", number, phase, entrance_ma))
    return build_tree(cables)


def charged(
    pack: Pack, entrance: int, bike: str, began_s: int, unplug_s: int, rng: Random
) -> Charge:
    """What a meter sees of one pack from plug to end."""
    curve = pack.draw()
    full_s = curve.below_for(20.0, FULL_BELOW_W, FULL_HOLD_S)
    ended = min(began_s + LONGEST_S, began_s + full_s)
    unplugged = unplug_s < ended
    ended_s = int(min(ended, unplug_s))
    first = began_s // STEP_S + 1
    volt_amps = VOLTS * pack.power_factor
    currents = tuple(
        round(curve.power_w(step * STEP_S - began_s) / volt_amps * 1000 * rng.gauss(1, NOISE))
        for step in range(first, ended_s // STEP_S + 1)
    )
    return Charge(entrance, bike, began_s, ended_s, unplugged, first, currents, unplug_s)


@cache
def residents_of(seed: int, bikes: int = 110) -> tuple[Resident, ...]:
    """The bikes of one simulated compound."""
    return tuple(settle_in(made_up_cards(), bikes, seed))


def visits_of(seed: int, day: int, bikes: int = 110, busier: float = 1.0) -> list[Visit]:
    """Who comes on one simulated day."""
    made = (visit_of(one, day * DAY, seed, busier) for one in residents_of(seed, bikes))
    return [one for one in made if one is not None]


def simulated_days(
    seed: int, days: int, bikes: int = 110, first_day: int = 0, busier: float = 1.0
) -> list[Charge]:
    """Every charge of so many simulated days of one compound, nobody made to wait."""
    rng = Random(f"{seed}:meter")
    bike_of = {id(one): f"bike {n}" for n, one in enumerate(residents_of(seed, bikes))}
    charges = []
    for day in range(first_day, first_day + days):
        for visit in visits_of(seed, day, bikes, busier):
            who = visit.resident
            charges.append(
                charged(
                    who.pack(visit.needs_wh), who.entrance, bike_of[id(who)],
                    visit.comes_ms // 1000, visit.leaves_ms // 1000, rng,
                )
            )  # fmt: skip
    return sorted(charges, key=lambda one: (one.began_s, one.bike))


REAL_BEGAN = datetime(2018, 12, 17, tzinfo=NORWAY)
"""The Monday before the first session of the file, local midnight."""


@cache
def real_charges() -> tuple[Charge, ...]:
    """The apartment compound's sessions as e-bikes: real arrivals and stays, energy as a twentieth,
    measured curves. Local wall-clock seconds, so that a quarter of an hour is the people's."""
    stays, _ = read_sessions()
    cast = Cast(stays, made_up_cards())
    measured = [kind for kind in catalogue() if kind.name.startswith("lithium")]
    rng = Random("real:meter")
    charges = [_real(stay, cast, measured, rng) for stay in stays]
    return tuple(sorted(charges, key=lambda one: (one.began_s, one.bike)))


def _real(stay: Stay, cast: Cast, measured: Sequence, rng: Random) -> Charge:
    kind = measured[sum(map(ord, stay.user)) % len(measured)]
    began_s = _wall(stay.plugged_in)
    next_morning = (began_s // DAY_S + 1) * DAY_S + 7 * HOUR_S
    unplug_s = next_morning if stay.plugged_out is None else _wall(stay.plugged_out)
    pack = Pack(kind, min(kind.wall_wh, max(20.0, stay.energy_wh / 20)))
    entrance = cast.entrance[stay.garage]
    return charged(pack, entrance, stay.user, began_s, max(unplug_s, began_s + 60), rng)


def _wall(at: datetime) -> int:
    """Seconds of the local wall clock since the first midnight."""
    return int((at.replace(tzinfo=None) - REAL_BEGAN.replace(tzinfo=None)).total_seconds())


def past(charges: Sequence[Charge], began: datetime = BEGAN) -> list[PastCharge]:
    """Charges as the rules learn from them."""
    return [
        PastCharge(one.feeder_id, one.bike, began + timedelta(seconds=one.began_s),
                   one.currents_ma, one.unplugged)
        for one in charges
    ]  # fmt: skip
