"""What a committee should look at before it closes a month: who pays much more or less than last
month, and whose bill does not look like the others'."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

from service.billing.facts import StatementFigures

MOST_SHOWN = 5
FAR_OUT = 4
"""A bill of more than four times the middle one is shown, from WORTH_A_LOOK_FEN on."""

WORTH_A_LOOK_FEN = 500


@dataclass(frozen=True, slots=True)
class Change:
    """One household's lines of a month and of the month before, in fen."""

    household_id: int
    before_fen: int
    now_fen: int

    @property
    def by_fen(self) -> int:
        """Positive: it pays more."""
        return self.now_fen - self.before_fen


def biggest_changes(
    now: Sequence[StatementFigures], before: Mapping[int, StatementFigures]
) -> tuple[list[Change], list[Change]]:
    """Those who pay most more and those who pay most less than in the month before."""
    own = {one.household_id: one for one in now}
    changes = [
        Change(
            household,
            before[household].lines_fen if household in before else 0,
            own[household].lines_fen if household in own else 0,
        )
        for household in sorted({*own, *before})
    ]
    more = sorted((one for one in changes if one.by_fen > 0), key=lambda one: -one.by_fen)
    less = sorted((one for one in changes if one.by_fen < 0), key=lambda one: one.by_fen)
    return more[:MOST_SHOWN], less[:MOST_SHOWN]


def far_out(now: Sequence[StatementFigures]) -> tuple[int, list[StatementFigures]]:
    """The middle of all bills with a charge, in fen, and the bills that lie far above it."""
    bills = [one for one in now if one.sessions]
    if not bills:
        return 0, []
    middle = median_low(one.lines_fen for one in bills)
    high = [
        one
        for one in bills
        if one.lines_fen > FAR_OUT * middle and one.lines_fen >= WORTH_A_LOOK_FEN
    ]
    return middle, sorted(high, key=lambda one: -one.lines_fen)
