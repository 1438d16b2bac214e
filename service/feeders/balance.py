"""Are the three phases loaded alike, and which pile would one move to which phase?

A three-phase cable is as full as its fullest phase, and what the phases differ by flows in the
neutral. Moving a pile needs an electrician, so one move is suggested, and only if it is worth it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from service.feeders.risk import amps
from service.words import N_, Sentence

PHASE_NAMES = ("L1", "L2", "L3")
WORTH_IT = 0.1
"""The fullest phase has to become a tenth lower."""


@dataclass(frozen=True, slots=True)
class PileDraw:
    """What a pile draws on its phase (0 for L1 to 2 for L3) in the full hours, in mA."""

    pile: str
    phase: int
    current_ma: int


@dataclass(frozen=True, slots=True)
class Move:
    """One pile to another phase; the fullest phase after it, in mA."""

    pile: str
    before: int
    after: int
    fullest_ma: int
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Balance:
    """The phases of one entrance or of the site. `unbalance_percent`: how far the fullest phase is
    above the mean of the three, in percent of the mean."""

    phases_ma: tuple[int, int, int]
    unbalance_percent: int
    suggestion: Move | None


def balance_of(draws: Sequence[PileDraw]) -> Balance:
    """How the piles load the three phases, and the one move that lowers the fullest phase most."""
    loads = [sum(one.current_ma for one in draws if one.phase == phase) for phase in range(3)]
    mean = fmean(loads)
    unbalance = round(100 * (max(loads) - mean) / mean) if mean else 0
    return Balance((loads[0], loads[1], loads[2]), unbalance, _best_move(draws, loads))


def _best_move(draws: Sequence[PileDraw], loads: Sequence[int]) -> Move | None:
    moves = []
    for one in draws:
        for phase in range(3):
            if phase != one.phase:
                after = list(loads)
                after[one.phase] -= one.current_ma
                after[phase] += one.current_ma
                moves.append((max(after), one.current_ma, one.pile, phase, one))
    if not moves or max(loads) == 0:
        return None
    fullest_ma, _, _, phase, one = min(moves, key=lambda move: move[:4])
    if fullest_ma > (1 - WORTH_IT) * max(loads):
        return None
    values = {
        "pile": one.pile,
        "before": PHASE_NAMES[one.phase],
        "after": PHASE_NAMES[phase],
        "was": amps(max(loads)),
        "becomes": amps(fullest_ma),
    }
    return Move(one.pile, one.phase, phase, fullest_ma, Sentence(N_(
        "Pile {pile} could be moved from {before} to {after}: the fullest phase would carry "
        "{becomes} A instead of {was} A."
    ), values))  # fmt: skip
