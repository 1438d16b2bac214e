"""Households that come, divide and join: who pays changes, what was charged stays where it is.

A household is a door and a time. Whoever comes next behind the same door is another household with
a number of its own, so it never sees or pays what the one before has charged. Whether one may leave
(nothing may be charging) is decided above, where sessions are known: see desk.actions.moving.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.households.actions.homes import add_households
from service.households.actions.passes import CARD, add_pass, id_of, new_code
from service.households.csv_import import HouseholdRow, RowError
from service.households.outcomes import Reason, Refused, refused
from service.households.records import Household, Pass, live_passes, take_residents
from service.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class MovedIn:
    """A new household and its first code, which nobody can read again later."""

    household: Household
    code: str


def move_in(
    uow: UnitOfWork, row: HouseholdRow, now: datetime, key: bytes
) -> MovedIn | Sequence[RowError]:
    """Somebody comes to live behind a door; the errors if somebody lives there or the card is
    taken."""
    added = add_households(uow, [row], now, key)
    if isinstance(added, tuple):
        return added
    code = new_code(uow, id_of(added[0]), now, key)
    if isinstance(code, Refused):
        raise RuntimeError("a household that was just added takes no code")
    return MovedIn(added[0], code)


def branch_off(
    uow: UnitOfWork,
    household: Household,
    row: HouseholdRow,
    pass_ids: Iterable[int],
    now: datetime,
    key: bytes,
) -> MovedIn | Sequence[RowError] | Refused:
    """A part of a household becomes one of its own at another door, with the cards it takes along.
    What is owed stays with the household that was there."""
    wanted = set(pass_ids)
    own = [one for one in live_passes(uow, id_of(household), CARD) if one.id in wanted]
    if len(own) != len(wanted):
        return refused(Reason.CARD_TAKEN)
    moved = move_in(uow, row, now, key)
    if isinstance(moved, MovedIn):
        _give(uow, own, moved.household, now)
        take_residents(uow, id_of(household), row.residents)
    return moved


def hand_over(uow: UnitOfWork, from_id: int, to: Household, now: datetime) -> int:
    """Every card of a household goes to another; how many. Codes, phones and programs do not go
    along: they were given to people, and people sign in anew."""
    cards = live_passes(uow, from_id, CARD)
    _give(uow, cards, to, now)
    return len(cards)


def _give(uow: UnitOfWork, cards: Sequence[Pass], to: Household, now: datetime) -> None:
    # the old row ends and a new one begins, so it can be told later whose card it was when
    for card in cards:
        card.revoked_at = now
    uow.session.flush()
    for card in cards:
        add_pass(uow, CARD, card.digest, now, household=to, label=card.label)
