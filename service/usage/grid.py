"""The grid's meter against the sum of sessions. The periods of its bills rarely are our months, so
each bill is compared with the sessions of its own period, and the account says which that is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

LOSS_LIMIT_PERCENT = 5
"""More loss than this is flagged: a meter, a cable or somebody's tap needs a look. A choice of this
house; no rule with a figure was found."""


class Used(NamedTuple):
    """A session that drew energy; times in ms. One that is not billed was held or let go."""

    started_ms: int
    ended_ms: int
    energy_wh: int
    is_billed: bool


class Bill(NamedTuple):
    """A bill of the grid: number, its own period (ms), both registers of its meter (Wh), fen."""

    ref: str
    since_ms: int
    until_ms: int
    start_wh: int
    end_wh: int
    amount_fen: int

    @property
    def middle_ms(self) -> int:
        """The middle of its period: the month in which that lies is the month the bill is about."""
        return (self.since_ms + self.until_ms) // 2


@dataclass(frozen=True, slots=True)
class GridLoss:
    """One bill of the grid against the sessions of the bill's own period, in Wh."""

    ref: str
    since_ms: int
    until_ms: int
    meter_wh: int
    billed_wh: int
    unbilled_wh: int
    amount_fen: int

    @property
    def loss_wh(self) -> int:
        """What went through the grid's meter and into no session; negative: the meters disagree."""
        return self.meter_wh - self.billed_wh - self.unbilled_wh

    @property
    def loss_permille(self) -> int | None:
        """The same in thousandths of what the grid's meter says, half up; None where that is 0."""
        if self.meter_wh == 0:
            return None
        return (2000 * self.loss_wh + self.meter_wh) // (2 * self.meter_wh)

    @property
    def is_high(self) -> bool:
        """Whether somebody should look: more than 5 % is lost, or more than 5 % too little."""
        return abs(self.loss_wh) * 100 > LOSS_LIMIT_PERCENT * self.meter_wh


def loss_of(bill: Bill, used: Iterable[Used]) -> GridLoss:
    """A bill of the grid against the sessions of its period.

    A session that lies over a border counts by the part of its time that lies inside, so that two
    bills that follow one another share it without a rest.
    """
    billed = unbilled = 0
    for one in used:
        inside = _up_to(one, bill.until_ms) - _up_to(one, bill.since_ms)
        if one.is_billed:
            billed += inside
        else:
            unbilled += inside
    meter = bill.end_wh - bill.start_wh
    return GridLoss(
        bill.ref, bill.since_ms, bill.until_ms, meter, billed, unbilled, bill.amount_fen
    )


def _up_to(one: Used, at_ms: int) -> int:
    """What a session had drawn at a moment, as if it drew evenly."""
    length = one.ended_ms - one.started_ms
    if at_ms >= one.ended_ms or length <= 0:
        return one.energy_wh if at_ms >= one.ended_ms else 0
    return one.energy_wh * max(0, at_ms - one.started_ms) // length


def is_known(bills: Iterable[Bill], since_ms: int, until_ms: int) -> bool:
    """Whether the grid's meter is known for a month: a bill is its, or they cover half of it."""
    covered = 0
    for bill in bills:
        if since_ms <= bill.middle_ms < until_ms:
            return True
        covered += max(0, min(bill.until_ms, until_ms) - max(bill.since_ms, since_ms))
    return 2 * covered >= until_ms - since_ms
