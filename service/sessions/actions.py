"""What the room of sessions can do: open one, move it along its table, store its settlement."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from service.piles.messages import Settlement
from service.sessions.lifecycle import Event, NoSuchStep, State, Step, step
from service.sessions.records import (
    Session,
    SettlementCopy,
    Wish,
    copies_of,
    settlements_of,
    wish_of,
)
from service.sessions.wishes import Turn, Verdict, Waiting
from service.store import UnitOfWork


def open_session(uow: UnitOfWork, session: Session, state: State, now: datetime) -> Session:
    """Write a new session that holds its outlet. The unique index refuses a second one."""
    session.state = state
    session.requested_at = now
    session.commanded_at = now if state is State.STARTING else None
    uow.insert(session)
    return session


def advance(uow: UnitOfWork, row: Session, event: Event, at: datetime) -> Step | NoSuchStep:
    """Move a session by its table; its times are those of the events, not of the messages."""
    taken = step(State(row.state), event)
    if isinstance(taken, NoSuchStep):
        return taken
    row.state = taken.state
    if event is Event.ADMITTED:
        row.commanded_at = at
    elif event is Event.STARTED and row.started_at is None:
        row.started_at = at
    elif event in (Event.OVER, Event.LEFT_QUEUE, Event.GAVE_UP, Event.NOT_STARTED):
        row.ended_at = row.ended_at or (at if taken.state not in (State.CHARGING,) else None)
    uow.session.add(row)
    return taken


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a settlement copy: was it new, and does it contradict an earlier one?"""

    is_new: bool
    conflicts: bool


def keep_settlement(
    uow: UnitOfWork, pile: str, settlement: Settlement, payload: bytes, received_ms: int
) -> Kept:
    """Store a settlement once; copies that differ are all kept.

    Copies of one record share its number, and a session has one record: either way they conflict.
    """
    content = content_of(settlement)
    copies = [
        *copies_of(uow, pile, settlement.settlement_seq),
        *(copy for copy in settlements_of(uow, settlement.session_id) if copy.pile == pile),
    ]
    if any(copy.content == content for copy in copies):
        return Kept(is_new=False, conflicts=len({copy.content for copy in copies}) > 1)
    uow.session.add(
        SettlementCopy(
            pile=pile,
            settlement_seq=settlement.settlement_seq,
            content=content,
            session_id=settlement.session_id,
            verdict="held" if copies else "stored",
            received_ms=received_ms,
            payload=payload.decode(),
        )
    )
    uow.session.flush()
    return Kept(is_new=True, conflicts=bool(copies))


def content_of(settlement: Settlement) -> str:
    """A fingerprint of a settlement without `attempt`, the only field that may differ."""
    fields = settlement.model_dump(exclude={"attempt"})
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def make_wish(
    uow: UnitOfWork,
    household_id: int,
    now: datetime,
    until: datetime,
    *,
    entrance: int | None = None,
    pile: str | None = None,
) -> Wish:
    """A household wants to be told when an outlet is free there; it replaces its earlier wish."""
    row = wish_of(uow, household_id) or Wish(household_id=household_id, asked_at=now, ends_at=until)
    row.entrance, row.pile = entrance, pile
    row.asked_at, row.ends_at = now, until
    row.told_at = row.told_pile = row.told_outlet = None
    uow.session.add(row)
    return row


def drop_wish(uow: UnitOfWork, household_id: int) -> bool:
    """The household does not wait any more; False if it did not."""
    row = wish_of(uow, household_id)
    if row is not None:
        uow.session.delete(row)
        uow.session.flush()
    return row is not None


def waiting(row: Wish) -> Waiting:
    """A wish as the rules see it."""
    return Waiting(row.entrance, row.pile, row.ends_at, row.told_at, row.told_pile, row.told_outlet)


def follow_wish(uow: UnitOfWork, row: Wish, verdict: Verdict, now: datetime) -> bool:
    """Write down what became of a wish; whether anything did."""
    if verdict.turn is Turn.STAYS:
        return False
    if verdict.turn is Turn.OVER:
        uow.session.delete(row)
    elif verdict.spot is not None:
        row.told_at, row.told_pile, row.told_outlet = now, verdict.spot.pile, verdict.spot.outlet
        uow.session.add(row)
    else:
        row.told_pile = row.told_outlet = None
        uow.session.add(row)
    return True
