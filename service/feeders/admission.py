"""May one more bike start? Every cable from its outlet up to the site has to have room for it.

A start that would take any level above its rating is not refused: it waits, and is told where
the room is missing and who shares it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from service.feeders.load import Load, current_of_power_ma
from service.feeders.risk import percent
from service.feeders.tree import PHASES, Tree
from service.words import N_, Sentence

EXPECTED_START_W = 350
"""What a charger is expected to draw when its household's habit is not known: the upper end of
ordinary e-bike chargers, 100 to 350 W at the wall (72 V packs reach 450 W)."""

EXPECTED_START_MA = current_of_power_ma(EXPECTED_START_W)


@dataclass(frozen=True, slots=True)
class Admitted:
    """There is room at every level."""


@dataclass(frozen=True, slots=True)
class Wait:
    """There is no room yet: at which feeder, how much is missing, and the sentence for the page."""

    feeder_id: str
    short_ma: int
    sentence: Sentence


def may_start(
    tree: Tree, loads: Mapping[str, Load], feeder_id: str, expected_ma: int
) -> Admitted | Wait:
    """Admitted when load now + `expected_ma` stays within the rating at this feeder and at every
    feeder above it; otherwise Wait, naming the level that lacks most."""
    worst: tuple[int, str] | None = None
    for level_id in tree.path(feeder_id):
        short_ma = -headroom_ma(tree, loads, level_id, feeder_id) + expected_ma
        if short_ma > 0 and (worst is None or short_ma > worst[0]):
            worst = (short_ma, level_id)
    if worst is None:
        return Admitted()
    short_ma, level_id = worst
    return Wait(level_id, short_ma, why_it_waits(tree, loads[level_id], short_ma))


def headroom_ma(tree: Tree, loads: Mapping[str, Load], level_id: str, feeder_id: str) -> int:
    """What is left in mA at a level for something that hangs on `feeder_id` below it; negative
    when the level is above its rating. Only the phases of that feeder matter."""
    load = loads[level_id].phases_ma
    fullest = max(load[phase] for phase in PHASES[tree.cables[feeder_id].phase])
    return tree.cables[level_id].rating_ma - fullest


def why_it_waits(tree: Tree, load: Load, short_ma: int) -> Sentence:
    """The sentence for the one who waits."""
    cable = tree.cables[load.feeder_id]
    values = {
        "name": cable.name,
        "percent": percent(load.current_ma, cable.rating_ma),
        "bikes": load.drawing,
        "silent": load.silent,
    }
    if load.assumed_ma >= short_ma and load.silent:
        return Sentence(
            N_(
                "{name} keeps room for {silent} outlets that have not been heard from; "
                "with them it is at {percent} % of its limit."
            ),
            values,
        )
    if load.drawing == 0:
        return Sentence(N_("{name} is at {percent} % of its limit."), values)
    if load.drawing == 1:
        return Sentence(
            N_("{name} is at {percent} % of its limit; 1 bike uses what it has."), values
        )
    return Sentence(
        N_("{name} is at {percent} % of its limit; {bikes} bikes share what is left."), values
    )
