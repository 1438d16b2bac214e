"""Part 3: does the breaker trip? Evenings with dead meters, silent piles, welded relays, heaters.

The breaker is the quickest one that IEC 60898-1 allows: it trips as soon as it is warmer than 1.13
times its rating for ever would make it. The service sees only what is measured and heard; its own
rules for load, risk, sharing and shedding decide, nothing of them is rewritten here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from math import exp
from random import Random

from service.feeders.load import Draw, Load, MeterReading, measure
from service.feeders.risk import NEVER_TRIPS, FeederState, follow, must_shed
from service.feeders.sharing import Claim, share
from service.feeders.shedding import Running, plan_shedding
from service.feeders.tree import Cable, Tree, build_tree
from tests.bench_overload.evenings import BEGAN
from tests.bench_overload.game import BEGIN_H, QUARTER_S, Player, demand_ma, evening

BIKES = 48
RATING_SHARE = 0.6
UNTIL_S = 8 * 3600
CALM_STEP_S, TENSE_STEP_S, READING_S = 120, 20, 60
LIMIT_MA = 7576
TAU_S = 600


@dataclass
class Outlet:
    """One bike's outlet, as it is and as it is seen."""

    player: Player
    gain: float
    dead_from_s: float
    silent: tuple[tuple[float, float], ...]
    welded: bool
    is_on: bool = False
    on_s: float = 0.0
    switched_at: datetime | None = None
    seen_ma: int | None = None
    seen_at: datetime | None = None

    def draws_ma(self) -> int:
        """What really flows."""
        quarter = int(self.on_s // QUARTER_S)
        if not self.is_on or quarter >= len(self.player.currents_ma):
            return 0
        return self.player.currents_ma[quarter]

    def is_silent(self, at_s: float) -> bool:
        return any(begin <= at_s < end for begin, end in self.silent)

    def is_there(self, at_s: float) -> bool:
        return self.player.comes * QUARTER_S <= at_s < self.player.leaves * QUARTER_S


@dataclass
class Night:
    """One evening of one feeder."""

    outlets: list[Outlet]
    tree: Tree
    heater: tuple[float, float, int]
    meter_dead_from_s: float
    meter: MeterReading | None = None
    state: FeederState = field(default_factory=FeederState)
    warmth: float = 0.0
    highest: float = 0.0
    tripped_s: float | None = None
    served_ma_s: float = 0.0

    @property
    def rating_ma(self) -> int:
        return self.tree.cables["e1"].rating_ma


@lru_cache(maxsize=4)
def _bikes(seed: int, day: int) -> tuple[list[Player], int]:
    players = [one for one in evening(seed, day, BIKES) if one.comes * QUARTER_S < UNTIL_S]
    return players, max(4000, int(demand_ma(players) * RATING_SHARE))


def night(seed: int, day: int) -> Night:
    """An evening with its faults. Each meter is a little off; one outlet's in fifty is dead from
    some time on, the feeder's in one evening of twenty. One pile in six is silent for 10 to 90
    minutes, one relay in 200 is welded, and in one evening of ten somebody's heater, a sixth of the
    rating, hangs on the same cable for half an hour."""
    rng = Random(f"{seed}:{day}:faults")
    players, rating_ma = _bikes(seed, day)
    outlets = []
    for player in players:
        dead_s = rng.uniform(0, UNTIL_S) if rng.random() < 0.02 else float("inf")
        begin_s = rng.uniform(0, UNTIL_S)
        silent = ((begin_s, begin_s + rng.uniform(600, 5400)),) if rng.random() < 0.16 else ()
        outlets.append(Outlet(player, rng.gauss(1, 0.01), dead_s, silent, rng.random() < 0.005))
    heater_s = rng.uniform(0, UNTIL_S) if rng.random() < 0.1 else float("inf")
    return Night(
        outlets, build_tree([Cable("e1", None, "Entrance 1", 1, "L1", rating_ma, TAU_S)]),
        (heater_s, heater_s + 1800, rating_ma // 6),
        rng.uniform(0, UNTIL_S) if rng.random() < 0.05 else float("inf"),
    )  # fmt: skip


def live(one: Night, *, with_feature: bool, metered: bool = True) -> Night:
    """The evening, second by second as far as it matters; it ends when the breaker trips."""
    at_s, step_s = 0.0, CALM_STEP_S
    while at_s < UNTIL_S and one.tripped_s is None:
        now = BEGAN + timedelta(hours=BEGIN_H, seconds=at_s)
        there = [outlet for outlet in one.outlets if outlet.is_there(at_s)]
        for outlet in one.outlets:
            if outlet.is_on and not outlet.is_there(at_s):
                outlet.is_on = False
        if with_feature:
            step_s = _decide(one, there, at_s, now, metered)
        else:
            for outlet in there:
                outlet.is_on = True
        _flow(one, there, at_s, step_s)
        at_s += step_s
    return one


def _carried(one: Night, there: Sequence[Outlet], at_s: float) -> int:
    """What the cable really carries."""
    begin_s, end_s, heater_ma = one.heater
    heater = heater_ma if begin_s <= at_s < end_s else 0
    return heater + sum(outlet.draws_ma() for outlet in there)


def _flow(one: Night, there: Sequence[Outlet], at_s: float, step_s: int) -> None:
    one.served_ma_s += sum(outlet.draws_ma() for outlet in there) * step_s
    load_ma = _carried(one, there, at_s)
    final = (load_ma / one.rating_ma) ** 2
    one.warmth = final + (one.warmth - final) * exp(-step_s / TAU_S)
    one.highest = max(one.highest, load_ma / one.rating_ma)
    if one.warmth >= NEVER_TRIPS**2 or load_ma >= 3 * one.rating_ma:
        one.tripped_s = at_s
    for outlet in there:
        if outlet.is_on:
            outlet.on_s += step_s


def _decide(one: Night, there: Sequence[Outlet], at_s: float, now: datetime, metered: bool) -> int:
    """What the service does at this moment; how many seconds until it looks again."""
    for outlet in there:
        _read(outlet, at_s, now)
    if metered and at_s < one.meter_dead_from_s:
        one.meter = MeterReading((_carried(one, there, at_s), 0, 0), now)
    meters = {} if one.meter is None else {"e1": one.meter}
    load = measure(one.tree, _draws(there, at_s, now), meters, now)["e1"]
    one.state, _ = follow(one.state, one.tree.cables["e1"], load, now)
    if must_shed(one.state, now):
        running = [
            Running(outlet.player.name, "e1", outlet.seen_ma or 0, now,
                    switched_at=outlet.switched_at, is_heard=not outlet.is_silent(at_s))
            for outlet in there if outlet.is_on
        ]  # fmt: skip
        named = {outlet.player.name: outlet for outlet in there}
        for shed in plan_shedding(one.tree, {"e1": load}, running, now, {"e1"}).sheds:
            _switch(named[shed.session.session_id], False, now)
    elif at_s % 120 < TENSE_STEP_S:
        _share(one, there, load, at_s, now)
    return TENSE_STEP_S if one.state.ratio > 1 else CALM_STEP_S


def _read(outlet: Outlet, at_s: float, now: datetime) -> None:
    if outlet.is_silent(at_s):
        return
    age = timedelta(hours=1) if outlet.seen_at is None else now - outlet.seen_at
    if age >= timedelta(seconds=READING_S):
        true_ma = 0 if at_s >= outlet.dead_from_s else outlet.draws_ma()
        outlet.seen_ma, outlet.seen_at = round(true_ma * outlet.gain), now


def _draws(there: Sequence[Outlet], at_s: float, now: datetime) -> list[Draw]:
    draws = []
    for number, outlet in enumerate(there):
        # a start is believed to draw what its bike usually draws until a reading shows it
        shown = outlet.seen_at is not None and outlet.switched_at is not None and (
            outlet.seen_at > outlet.switched_at
        )  # fmt: skip
        just_on = outlet.is_on and not shown
        expected = outlet.player.usual_ma if just_on else 0
        draws.append(
            Draw(f"P{number}", 1, "e1", outlet.seen_ma, None, outlet.seen_at,
                 outlet.is_on or outlet.is_silent(at_s), LIMIT_MA, expected)
        )  # fmt: skip
    return draws


def _share(one: Night, there: Sequence[Outlet], load: Load, at_s: float, now: datetime) -> None:
    claims, counted = [], 0
    for outlet in there:
        heard = not outlet.is_silent(at_s)
        done = outlet.on_s >= len(outlet.player.currents_ma) * QUARTER_S
        if not heard or (done and not outlet.is_on):
            continue
        draws_ma = max(outlet.seen_ma or 0, 0 if outlet.is_on else outlet.player.usual_ma)
        if outlet.is_on:
            counted += draws_ma
        claims.append(
            Claim(
                outlet.player.name, None, "e1", now, draws_ma, max(600.0, 12_000 - outlet.on_s),
                BEGAN + timedelta(hours=BEGIN_H, seconds=outlet.player.leaves * QUARTER_S),
                outlet.is_on, outlet.on_s, outlet.switched_at,
            )
        )  # fmt: skip
    if all(claim.is_on for claim in claims) and load.current_ma <= one.rating_ma:
        return
    others = max(0, load.current_ma - counted)
    named = {outlet.player.name: outlet for outlet in there}
    for decided in share(one.tree, {"e1": (others, 0, 0)}, claims, now):
        if decided.is_switched:
            _switch(named[decided.claim.session_id], decided.is_on, now)


def _switch(outlet: Outlet, on: bool, now: datetime) -> None:
    outlet.switched_at = now
    if on or not outlet.welded:
        outlet.is_on = on


WAYS = {
    "with": {"with_feature": True},
    "with, but no meter at the feeder": {"with_feature": True, "metered": False},
    "without": {"with_feature": False},
}


def run(evenings: int = 10_000, first_seed: int = 3001) -> dict[str, dict[str, float]]:
    """Evenings of compounds of a hundred days each, lived in every way; a fifth of them suffice
    to show what a feeder without a meter of its own risks."""
    trips, above, lived_in = (dict.fromkeys(WAYS, 0) for _ in range(3))
    served = dict.fromkeys(WAYS, 0.0)
    for number in range(evenings):
        for name, way in WAYS.items():
            if "metered" in way and number % 5:
                continue
            lived = live(night(first_seed + number // 100, number % 100), **way)
            lived_in[name] += 1
            trips[name] += lived.tripped_s is not None
            above[name] += lived.highest > NEVER_TRIPS
            served[name] += lived.served_ma_s / 3.6e6
    return {
        name: {
            "evenings": lived_in[name],
            "trips": trips[name],
            "evenings_above_1.13": above[name],
            "ampere_hours_per_evening": round(served[name] / lived_in[name], 1),
        }
        for name in WAYS
    }
