"""Which cable hangs on which: the site, the entrances below it, the piles below those.

Every level has a rating and every level must hold. A three-phase cable is as loaded as its most
loaded phase, so loads are kept per phase; what hangs directly on a three-phase cable, and whose
phase nobody knows, is counted on all three.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.words import N_, Sentence

DEFAULT_TIME_CONSTANT_S = 600
"""How slowly a cable and its breaker warm up. No figure for low-voltage cables was found in public
sources; 5 to 30 minutes is common knowledge for 4 to 35 mm2, so each feeder has its own."""

PHASES: Mapping[str, tuple[int, ...]] = {"L1": (0,), "L2": (1,), "L3": (2,), "3P": (0, 1, 2)}
"""Which of the three conductors a feeder of this phase loads."""


@dataclass(frozen=True, slots=True)
class Cable:
    """One feeder: a supply cable with the breaker that protects it. Ratings are per phase."""

    id: str
    parent_id: str | None
    name: str
    entrance: int | None
    phase: str
    rating_ma: int
    time_constant_s: int = DEFAULT_TIME_CONSTANT_S


class BadTreeError(ValueError):
    """A set of feeders that cannot be; `sentence` says what to mend."""

    def __init__(self, sentence: Sentence):
        super().__init__(sentence.message.format(**sentence.values))
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Tree:
    """All feeders of the compound; made by `build_tree`, so it is sound."""

    cables: Mapping[str, Cable]
    paths: Mapping[str, tuple[str, ...]]
    children: Mapping[str, tuple[str, ...]]
    leaves_first: tuple[str, ...]

    def path(self, feeder_id: str) -> tuple[str, ...]:
        """The feeder itself, then every feeder above it up to the root."""
        return self.paths[feeder_id]

    def ancestors(self, feeder_id: str) -> tuple[str, ...]:
        """Every feeder above this one, nearest first."""
        return self.paths[feeder_id][1:]


def build_tree(cables: Iterable[Cable]) -> Tree:
    """A sound tree. Raises BadTreeError for a circle, a parent that is not there, a rating of
    nothing, an unknown phase, a phase that the cable above does not have, or an id given twice."""
    known: dict[str, Cable] = {}
    for cable in cables:
        _check_alone(cable, known)
        known[cable.id] = cable
    paths = {cable_id: _path(cable_id, known) for cable_id in known}
    for cable in known.values():
        _check_phase(cable, known)
    below: dict[str, list[str]] = {cable_id: [] for cable_id in known}
    for cable in known.values():
        if cable.parent_id is not None:
            below[cable.parent_id].append(cable.id)
    return Tree(
        cables=known,
        paths=paths,
        children={cable_id: tuple(ids) for cable_id, ids in below.items()},
        leaves_first=tuple(sorted(known, key=lambda cable_id: -len(paths[cable_id]))),
    )


def check_piles(tree: Tree, feeder_of: Mapping[str, str]) -> None:
    """Raises BadTreeError when a pile hangs on a feeder that is not there."""
    for pile, feeder_id in sorted(feeder_of.items()):
        if feeder_id not in tree.cables:
            raise BadTreeError(
                Sentence(
                    N_("Pile {pile} hangs on feeder {feeder}, which does not exist."),
                    {"pile": pile, "feeder": feeder_id},
                )
            )


def _check_alone(cable: Cable, known: Mapping[str, Cable]) -> None:
    if cable.id in known:
        raise BadTreeError(Sentence(N_("Feeder {feeder} is there twice."), {"feeder": cable.id}))
    if cable.phase not in PHASES:
        raise BadTreeError(
            Sentence(
                N_("Feeder {feeder} has the phase '{phase}'; it must be L1, L2, L3 or 3P."),
                {"feeder": cable.id, "phase": cable.phase},
            )
        )
    if cable.rating_ma <= 0 or cable.time_constant_s <= 0:
        raise BadTreeError(
            Sentence(
                N_("Feeder {feeder} needs a rating and a time constant above zero."),
                {"feeder": cable.id},
            )
        )


def _path(cable_id: str, known: Mapping[str, Cable]) -> tuple[str, ...]:
    path = [cable_id]
    while (parent := known[path[-1]].parent_id) is not None:
        if parent not in known:
            raise BadTreeError(
                Sentence(
                    N_("Feeder {feeder} hangs on {parent}, which does not exist."),
                    {"feeder": path[-1], "parent": parent},
                )
            )
        if parent in path:
            raise BadTreeError(
                Sentence(
                    N_("Feeders {circle} hang on each other in a circle."),
                    {"circle": " -> ".join([*path[path.index(parent) :], parent])},
                )
            )
        path.append(parent)
    return tuple(path)


def _check_phase(cable: Cable, known: Mapping[str, Cable]) -> None:
    if cable.parent_id is None:
        return
    above = known[cable.parent_id]
    if not set(PHASES[cable.phase]) <= set(PHASES[above.phase]):
        raise BadTreeError(
            Sentence(
                N_("Feeder {feeder} is on {phase}, but {parent} above it has only {above}."),
                {
                    "feeder": cable.id,
                    "phase": cable.phase,
                    "parent": above.id,
                    "above": above.phase,
                },
            )
        )
