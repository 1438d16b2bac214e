"""Do meters and bills agree? Billed + held + let go + not yet billed + unattributed = movement.

Movement is what the readings say, the rest is what the books say, so each checks the other. What no
session claims is unattributed (an outlet that draws a little by itself); what two sessions claim is
doubled, and that must never be. The difference is 0, or it is shown with the outlet where it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

Register = tuple[str, int, str]
"""Pile, outlet and register_id: within one register the value never falls (wire contract, 6)."""


class Kind(StrEnum):
    """What became of a session's energy."""

    BILLED = "billed"
    HELD = "held"
    WAIVED = "waived"
    UNBILLED = "unbilled"


class Seen(NamedTuple):
    """The lowest and highest value of a register that one life of a pile reported, and when."""

    register: Register
    low_wh: int
    high_wh: int
    since_ms: int
    until_ms: int


class Claim(NamedTuple):
    """One session: where its register stood at its start and end, and the energy in the books."""

    register: Register
    kind: str
    start_wh: int
    end_wh: int
    energy_wh: int
    ended_ms: int


@dataclass(frozen=True, slots=True)
class Balance:
    """One register, or all together, in Wh."""

    moved_wh: int = 0
    billed_wh: int = 0
    held_wh: int = 0
    waived_wh: int = 0
    unbilled_wh: int = 0
    unattributed_wh: int = 0
    doubled_wh: int = 0

    @property
    def difference_wh(self) -> int:
        """Movement minus everything that accounts for it: 0 when meters and bills agree."""
        sold = self.billed_wh + self.held_wh + self.waived_wh + self.unbilled_wh
        return self.moved_wh - sold - self.unattributed_wh

    @property
    def agrees(self) -> bool:
        """Nothing is left over, and nothing was sold twice."""
        return self.difference_wh == 0 and self.doubled_wh == 0

    def __add__(self, other: "Balance") -> "Balance":
        return Balance(
            self.moved_wh + other.moved_wh,
            self.billed_wh + other.billed_wh,
            self.held_wh + other.held_wh,
            self.waived_wh + other.waived_wh,
            self.unbilled_wh + other.unbilled_wh,
            self.unattributed_wh + other.unattributed_wh,
            self.doubled_wh + other.doubled_wh,
        )


@dataclass(slots=True)
class _Epoch:
    """A stretch in which a register only rose."""

    low_wh: int
    high_wh: int
    since_ms: int
    until_ms: int
    claims: list[Claim] = field(default_factory=list)


def balances(seen: Iterable[Seen], claims: Iterable[Claim]) -> dict[Register, Balance]:
    """Every register that was read or claimed. `seen` in the order of the piles' lives."""
    epochs = _epochs(seen)
    for claim in claims:
        _epoch_of(epochs[claim.register], claim).claims.append(claim)
    return {
        register: sum((_balance(epoch) for epoch in parts), Balance())
        for register, parts in sorted(epochs.items())
    }


def total(by_register: Iterable[Balance]) -> Balance:
    """All of them together."""
    return sum(by_register, Balance())


def _epochs(seen: Iterable[Seen]) -> dict[Register, list[_Epoch]]:
    """Lives of a pile follow on from one another; a value below the last one is a new epoch."""
    epochs: dict[Register, list[_Epoch]] = defaultdict(list)
    for register, low, high, since, until in seen:
        known = epochs[register]
        if known and low >= known[-1].high_wh:
            known[-1].high_wh, known[-1].until_ms = high, until
        else:
            known.append(_Epoch(low, high, since, until))
    return epochs


def _epoch_of(epochs: list[_Epoch], claim: Claim) -> _Epoch:
    """The stretch a session belongs to: of those whose values it touches the nearest in time."""
    touched = [
        one for one in epochs if claim.start_wh <= one.high_wh and claim.end_wh >= one.low_wh
    ]
    if not touched and len(epochs) == 1:
        touched = epochs  # its readings were lost, yet the register is the same
    if not touched:
        fresh = _Epoch(claim.start_wh, claim.end_wh, claim.ended_ms, claim.ended_ms)
        epochs.append(fresh)
        return fresh
    return min(touched, key=lambda one: _away_ms(one, claim.ended_ms))


def _away_ms(epoch: _Epoch, at_ms: int) -> int:
    return max(epoch.since_ms - at_ms, at_ms - epoch.until_ms, 0)


def _balance(epoch: _Epoch) -> Balance:
    low = min([epoch.low_wh, *(claim.start_wh for claim in epoch.claims)])
    high = max([epoch.high_wh, *(claim.end_wh for claim in epoch.claims)])
    books = dict.fromkeys(Kind, 0)
    for claim in epoch.claims:
        books[Kind(claim.kind)] += claim.energy_wh
    covered = _covered(epoch.claims)
    return Balance(
        moved_wh=high - low,
        billed_wh=books[Kind.BILLED],
        held_wh=books[Kind.HELD],
        waived_wh=books[Kind.WAIVED],
        unbilled_wh=books[Kind.UNBILLED],
        unattributed_wh=high - low - covered,
        doubled_wh=sum(claim.end_wh - claim.start_wh for claim in epoch.claims) - covered,
    )


def _covered(claims: Sequence[Claim]) -> int:
    """How many Wh at least one session claims."""
    ranges = sorted((claim.start_wh, claim.end_wh) for claim in claims)
    covered = sum(end - start for start, end in ranges)
    reach = ranges[0][1] if ranges else 0
    for _, (start, end) in pairwise(ranges):
        covered -= max(0, min(reach, end) - start)
        reach = max(reach, end)
    return covered
