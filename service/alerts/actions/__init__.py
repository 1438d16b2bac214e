"""What the alerts room can do: incidents opened, cleared, answered by people, told to people.

Everything takes an open unit of work and `now`; nothing here sends anything.
"""

from service.alerts.actions.answering import (
    Done,
    Refused,
    acknowledge,
    add_photo,
    close,
    note,
    notes_of,
    snooze,
    take,
)
from service.alerts.actions.raising import (
    Cleared,
    RaiseResult,
    clear,
    close_what_is_over,
    open_incidents,
    raise_incident,
    recheck,
)
from service.alerts.actions.telling import due_notifications, mark_failed, mark_sent

__all__ = [
    "Cleared",
    "Done",
    "RaiseResult",
    "Refused",
    "acknowledge",
    "add_photo",
    "clear",
    "close",
    "close_what_is_over",
    "due_notifications",
    "mark_failed",
    "mark_sent",
    "note",
    "notes_of",
    "open_incidents",
    "raise_incident",
    "recheck",
    "snooze",
    "take",
]
