"""Leaving and joining: a household goes only when nothing of it is charging, and what it owes stays
its own until two people move it.

A session that is being stopped does not keep anybody: its settlement comes later, and lands on the
statement of the household that started it, however long that has been gone.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.billing.actions import balance
from service.billing.outcomes import Refused
from service.desk.actions.written import write
from service.desk.matching import payment_word
from service.desk.records.running import open_sessions, sessions_to_come
from service.desk.written import Hand, Kind, Wish
from service.households.actions import hand_over, household_of, move_out
from service.households.records import Household
from service.sessions.lifecycle import State
from service.store import UnitOfWork
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class Left:
    """A household that has moved out. `balance_fen` as the books stand; `to_come`: sessions that
    will land on its statement yet."""

    household: Household
    balance_fen: int
    to_come: int


@dataclass(frozen=True, slots=True)
class Merged:
    """A household that went into another. `transfer` waits for a second signature; None where
    nothing was owed."""

    left: Left
    into: Household
    cards: int
    transfer: Hand | None


def leave(uow: UnitOfWork, household_id: int, now: datetime) -> Left | Refused:
    """A household moves out; refused while something of it is charging or waits to."""
    household = _who_may_leave(uow, household_id)
    if isinstance(household, Refused):
        return household
    move_out(uow, household_id, now)
    uow.session.flush()
    return Left(household, balance(uow, household_id), len(sessions_to_come(uow, household_id)))


def merge(
    uow: UnitOfWork,
    household_id: int,
    into_id: int,
    form_key: str,
    by: int,
    now: datetime,
    zone: tzinfo,
) -> Merged | Refused:
    """A household goes into another: cards go along, and what it owes (or has paid ahead) is
    written as a transfer for a second signature."""
    own, into = _who_may_leave(uow, household_id), household_of(uow, into_id)
    if isinstance(own, Refused):
        return own
    if into is None or into.moved_out_at is not None or into.id == own.id:
        message = N_("Choose another household that lives here to take this one in.")
        return Refused((Sentence(message),))
    transfer, owed_fen = None, balance(uow, household_id)
    if owed_fen:
        wish = _transfer(household_id, into_id, owed_fen, now)
        written = write(uow, wish, None, form_key, by, now, zone)
        if isinstance(written, Refused):
            return written
        transfer = written.hand
    cards = hand_over(uow, household_id, into, now)
    left = leave(uow, household_id, now)
    return left if isinstance(left, Refused) else Merged(left, into, cards, transfer)


def _who_may_leave(uow: UnitOfWork, household_id: int) -> Household | Refused:
    household = household_of(uow, household_id)
    if household is None:
        return Refused((Sentence(N_("There is no such household.")),))
    if household.moved_out_at is not None:
        return Refused((Sentence(N_("This household has moved out already.")),))
    running = open_sessions(uow, household_id)
    charging = sum(State(one.state) is not State.STOPPING for one in running)
    if charging:
        message = N_("{count} charges of this household are running or waiting. Stop them first.")
        return Refused((Sentence(message, {"count": charging}),))
    return household


def _transfer(from_id: int, into_id: int, balance_fen: int, now: datetime) -> Wish:
    """A debt goes along with its household; a credit does too, which is a debt the other way."""
    giver, taker = (from_id, into_id) if balance_fen > 0 else (into_id, from_id)
    memo = f"{payment_word(from_id)} → {payment_word(into_id)}"
    return Wish(
        Kind.TRANSFER,
        abs(balance_fen),
        now,
        memo,
        household_id=giver,
        other_household_id=taker,
    )
