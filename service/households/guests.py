"""What a guest pass still allows: charges, energy and money, all of them billed to the host.

A charge that is not settled yet counts with the most it may take, so two starts at once can never
take more than the pass has, whichever is settled first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MOST_GUESTS = 6
MOST_HELPERS = 6
ENERGIES_WH = (500, 1_000, 2_000, 5_000)
AMOUNTS_FEN = (100, 200, 500, 1_000)
COUNTS = (1, 2, 3, 5, 10)
DAYS = (1, 3, 7, 30)
"""What a host may choose from."""

LEAST_WH = 10
"""With less than this left there is nothing to start: it would stop again at once."""


class GuestNo(StrEnum):
    """Why a guest may not start now."""

    ENDED = "guest_ended"
    USED_UP = "guest_used_up"
    WAITS = "guest_waits"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a host gave; a limit that is None was not set."""

    energy_wh: int | None
    fen: int | None
    charges: int | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What one charge of a guest has taken, or may take while it is not settled."""

    energy_wh: int
    fen: int
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Left:
    """What a pass has left; None where there is no limit. Never below zero."""

    energy_wh: int | None
    fen: int | None
    charges: int | None


def left(limit: Limit, taken: Iterable[Taken]) -> Left:
    """What is left after these charges."""
    every = list(taken)
    return Left(
        _minus(limit.energy_wh, sum(one.energy_wh for one in every)),
        _minus(limit.fen, sum(one.fen for one in every)),
        _minus(limit.charges, len(every)),
    )


def guest_may_start(limit: Limit, taken: Iterable[Taken], now: datetime) -> Left | GuestNo:
    """What the next charge may take at most, or why there is no next charge now."""
    every = list(taken)
    if limit.until is None or limit.until <= now:
        return GuestNo.ENDED
    rest = left(limit, every)
    if rest.charges == 0 or _is_empty(left(limit, (one for one in every if one.is_settled))):
        return GuestNo.USED_UP
    # what is left is spoken for by a charge that runs or is not settled yet
    return GuestNo.WAITS if _is_empty(rest) else rest


def _is_empty(rest: Left) -> bool:
    energy_gone = rest.energy_wh is not None and rest.energy_wh < LEAST_WH
    return energy_gone or rest.fen == 0


def _minus(limit: int | None, taken: int) -> int | None:
    return None if limit is None else max(0, limit - taken)
