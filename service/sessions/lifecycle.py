"""The life of a session as one table: (state, event) -> (state, effects).

A pair that is not in the table is refused by name. Evidence from the pile may come in any order,
late or twice: a later truth is never undone by an older message.
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a session is. The first four hold the outlet."""

    QUEUED = "queued"  # waits for room on its feeder
    STARTING = "starting"  # the pile has been told, nothing confirmed
    CHARGING = "charging"  # the pile confirmed that the bike draws
    STOPPING = "stopping"  # the pile has been told to stop
    ENDED = "ended"  # it is over, the settlement is still with the pile
    SETTLED = "settled"  # the settlement is stored and believed
    HELD = "held"  # a person must look before it is billed
    WAIVED = "waived"  # a person has looked: nothing is billed
    CANCELLED = "cancelled"  # it never began


class Event(StrEnum):
    """What can happen to a session."""

    ADMITTED = "admitted"
    LEFT_QUEUE = "left_queue"
    STARTED = "started"
    NOT_STARTED = "not_started"
    GAVE_UP = "gave_up"
    STOP_ASKED = "stop_asked"
    OVER = "over"
    SETTLED = "settled"
    DOUBTED = "doubted"
    STRANDED = "stranded"
    FOUND = "found"
    DECIDED = "decided"
    LET_GO = "let_go"


class Effect(StrEnum):
    """What must be done about it."""

    SWITCH_ON = "switch_on"
    SWITCH_OFF = "switch_off"
    ALERT_WITHOUT_ORDER = "charging_without_order"
    CONTINUE_LATER = "continue_later"


@dataclass(frozen=True, slots=True)
class Step:
    """Where an event leads, and what to do on the way."""

    state: State
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class NoSuchStep:
    """The event makes no sense in this state."""

    state: State
    event: Event


OPEN = frozenset({State.QUEUED, State.STARTING, State.CHARGING, State.STOPPING})
"""An outlet has at most one session in these states."""

UNSETTLED = OPEN | {State.ENDED}
"""The settlement of such a session is still to come."""

S, E = State, Event
TABLE: dict[tuple[State, Event], Step] = {
    (S.QUEUED, E.ADMITTED): Step(S.STARTING, (Effect.SWITCH_ON,)),
    (S.QUEUED, E.LEFT_QUEUE): Step(S.CANCELLED),
    (S.QUEUED, E.STOP_ASKED): Step(S.CANCELLED),
    (S.QUEUED, E.OVER): Step(S.CANCELLED),
    (S.STARTING, E.STARTED): Step(S.CHARGING),
    (S.STARTING, E.NOT_STARTED): Step(S.CANCELLED),
    (S.STARTING, E.GAVE_UP): Step(S.CANCELLED),
    (S.STARTING, E.STOP_ASKED): Step(S.STOPPING, (Effect.SWITCH_OFF,)),
    (S.STARTING, E.OVER): Step(S.ENDED),
    (S.STARTING, E.SETTLED): Step(S.SETTLED),
    (S.STARTING, E.DOUBTED): Step(S.HELD),
    (S.CHARGING, E.STARTED): Step(S.CHARGING),
    (S.CHARGING, E.NOT_STARTED): Step(S.CHARGING),
    (S.CHARGING, E.STOP_ASKED): Step(S.STOPPING, (Effect.SWITCH_OFF,)),
    (S.CHARGING, E.OVER): Step(S.ENDED),
    (S.CHARGING, E.SETTLED): Step(S.SETTLED),
    (S.CHARGING, E.DOUBTED): Step(S.HELD),
    (S.STOPPING, E.STARTED): Step(S.STOPPING),
    (S.STOPPING, E.NOT_STARTED): Step(S.ENDED),
    (S.STOPPING, E.STOP_ASKED): Step(S.STOPPING),
    (S.STOPPING, E.OVER): Step(S.ENDED),
    (S.STOPPING, E.SETTLED): Step(S.SETTLED),
    (S.STOPPING, E.DOUBTED): Step(S.HELD),
    (S.ENDED, E.STARTED): Step(S.ENDED),
    (S.ENDED, E.NOT_STARTED): Step(S.ENDED),
    (S.ENDED, E.STOP_ASKED): Step(S.ENDED),
    (S.ENDED, E.OVER): Step(S.ENDED),
    (S.ENDED, E.SETTLED): Step(S.SETTLED),
    (S.ENDED, E.DOUBTED): Step(S.HELD),
    (S.ENDED, E.STRANDED): Step(S.HELD),
    (S.SETTLED, E.STARTED): Step(S.SETTLED),
    (S.SETTLED, E.NOT_STARTED): Step(S.SETTLED),
    (S.SETTLED, E.STOP_ASKED): Step(S.SETTLED),
    (S.SETTLED, E.OVER): Step(S.SETTLED),
    (S.SETTLED, E.SETTLED): Step(S.SETTLED),
    (S.SETTLED, E.DOUBTED): Step(S.HELD),
    (S.HELD, E.STARTED): Step(S.HELD),
    (S.HELD, E.NOT_STARTED): Step(S.HELD),
    (S.HELD, E.STOP_ASKED): Step(S.HELD),
    (S.HELD, E.OVER): Step(S.HELD),
    (S.HELD, E.SETTLED): Step(S.HELD),
    (S.HELD, E.DOUBTED): Step(S.HELD),
    (S.HELD, E.FOUND): Step(S.SETTLED),
    (S.HELD, E.DECIDED): Step(S.SETTLED),
    (S.HELD, E.LET_GO): Step(S.WAIVED),
    (S.WAIVED, E.STARTED): Step(S.WAIVED),
    (S.WAIVED, E.NOT_STARTED): Step(S.WAIVED),
    (S.WAIVED, E.STOP_ASKED): Step(S.WAIVED),
    (S.WAIVED, E.OVER): Step(S.WAIVED),
    (S.WAIVED, E.SETTLED): Step(S.WAIVED),
    (S.WAIVED, E.DOUBTED): Step(S.WAIVED),
    (S.CANCELLED, E.NOT_STARTED): Step(S.CANCELLED),
    (S.CANCELLED, E.STOP_ASKED): Step(S.CANCELLED),
    (S.CANCELLED, E.OVER): Step(S.CANCELLED),
    (S.CANCELLED, E.STARTED): Step(
        S.CANCELLED, (Effect.SWITCH_OFF, Effect.ALERT_WITHOUT_ORDER)
    ),
    (S.CANCELLED, E.SETTLED): Step(S.SETTLED),
    (S.CANCELLED, E.DOUBTED): Step(S.HELD),
}  # fmt: skip


def step(state: State, event: Event) -> Step | NoSuchStep:
    """What an event does to a session in a state."""
    return TABLE.get((state, event)) or NoSuchStep(state, event)
