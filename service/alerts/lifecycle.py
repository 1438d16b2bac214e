"""The life of an incident: raised, acknowledged, taken, cleared, closed.

Messages come late, twice and out of order, so a raise or a clear is
judged by the time of the event, not by the time it arrived.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from service.words import N_, Sentence

COOLDOWN_S = 900
"""Raised again within this many seconds of clearing, it is the same incident."""


class State(StrEnum):
    """Where an incident stands. Cleared: the cause is gone, nobody has closed it yet."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    TAKEN = "taken"
    CLEARED = "cleared"
    CLOSED = "closed"


class Deed(StrEnum):
    """What a person can do about an incident."""

    ACKNOWLEDGE = "acknowledge"
    TAKE = "take"
    NOTE = "note"
    PHOTO = "photo"
    SNOOZE = "snooze"
    CLOSE = "close"


class OnRaise(StrEnum):
    """What a raise does to the incident of its key."""

    OPEN = "open"
    REFRESH = "refresh"
    REOPEN = "reopen"
    SUCCEED = "succeed"
    """The old one is over: close it and open a new one."""
    STALE = "stale"
    """Late news of something that is known to be over."""


class OnClear(StrEnum):
    """What a clear does to the incident of its key."""

    CLEAR = "clear"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Times:
    """The moments that decide in which state an incident is."""

    last_raised_at: datetime
    acknowledged_at: datetime | None = None
    taken_at: datetime | None = None
    cleared_at: datetime | None = None
    closed_at: datetime | None = None


ALREADY_ACKNOWLEDGED = N_("Somebody has already seen this incident.")
NOT_THERE = N_("There is no such incident.")
IS_CLOSED = N_("This incident is closed.")
SAY_WHY = N_("Say why it is closed although the pile still reports it.")
SAY_WHY_AND_HOW_LONG = N_("Say why, and for how long: at most 24 hours.")

REFUSED: Mapping[tuple[State, Deed], str] = {
    (State.ACKNOWLEDGED, Deed.ACKNOWLEDGE): ALREADY_ACKNOWLEDGED,
    (State.TAKEN, Deed.ACKNOWLEDGE): ALREADY_ACKNOWLEDGED,
    (State.CLOSED, Deed.ACKNOWLEDGE): IS_CLOSED,
    (State.CLOSED, Deed.TAKE): IS_CLOSED,
    (State.CLOSED, Deed.SNOOZE): IS_CLOSED,
    (State.CLOSED, Deed.CLOSE): IS_CLOSED,
}
"""Every pair that is not here may be done; a note or a photo may always be added."""


def state_of(times: Times) -> State:
    """The state that the moments amount to."""
    if times.closed_at is not None:
        return State.CLOSED
    if times.cleared_at is not None:
        return State.CLEARED
    if times.taken_at is not None:
        return State.TAKEN
    return State.RAISED if times.acknowledged_at is None else State.ACKNOWLEDGED


def why_not(times: Times, deed: Deed) -> Sentence | None:
    """Why a person cannot do this now; None when they can."""
    message = REFUSED.get((state_of(times), deed))
    return None if message is None else Sentence(message)


def on_raise(times: Times | None, at: datetime, cooldown_s: int = COOLDOWN_S) -> OnRaise:
    """What a raise that happened `at` means for the newest incident of its key, if there is one."""
    if times is None:
        return OnRaise.OPEN
    state = state_of(times)
    if state not in (State.CLEARED, State.CLOSED):
        return OnRaise.REFRESH
    over_at = times.cleared_at or times.closed_at
    if over_at is not None and at <= over_at:
        return OnRaise.STALE
    quiet_since = times.closed_at if state is State.CLOSED else times.cleared_at
    if quiet_since is not None and at - quiet_since < timedelta(seconds=cooldown_s):
        return OnRaise.REOPEN
    return OnRaise.OPEN if state is State.CLOSED else OnRaise.SUCCEED


def on_clear(times: Times, at: datetime) -> OnClear:
    """What a clear that happened `at` means; one older than the last raise says nothing."""
    if state_of(times) in (State.CLEARED, State.CLOSED) or at < times.last_raised_at:
        return OnClear.STALE
    return OnClear.CLEAR


def heartbeat_clears(times: Times, heartbeat_at: datetime) -> bool:
    """May a heartbeat that does not list the fault clear it? Only one newer than the raise: a
    lost clear is never resent, but a heartbeat may have left before the fault began."""
    return state_of(times) not in (State.CLEARED, State.CLOSED) and (
        heartbeat_at > times.last_raised_at
    )


def closes_by_itself(
    times: Times, is_critical: bool, now: datetime, cooldown_s: int = COOLDOWN_S
) -> bool:
    """An ordinary incident that stayed cleared through its cooldown needs no person to close it;
    a critical one always does."""
    return (
        not is_critical
        and times.closed_at is None
        and times.cleared_at is not None
        and now - times.cleared_at >= timedelta(seconds=cooldown_s)
    )
