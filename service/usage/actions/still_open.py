"""Looks up what is still open of a month, in all rooms that may keep something back."""

from collections import Counter
from datetime import tzinfo

from service.desk.actions.received import unmatched
from service.sessions.lifecycle import State
from service.store import UnitOfWork
from service.usage.actions.account import grid_unknown
from service.usage.records.account import ended_in, waiting_until
from service.usage.spans import month_span
from service.usage.still_open import OpenItem, What


def still_open(uow: UnitOfWork, month: str, zone: tzinfo) -> list[OpenItem]:
    """Everything of a month that a person should look at before it is closed."""
    span = month_span(month, zone)
    held = ended_in(uow, span, State.HELD)
    reasons = Counter(reason for _, reason in held)
    found = [
        OpenItem(What.HELD, len(held), tuple(sorted(reasons.items()))),
        OpenItem(What.UNSETTLED, len(ended_in(uow, span, State.ENDED))),
        OpenItem(What.WAITING, waiting_until(uow, span.until)),
        OpenItem(What.UNMATCHED, unmatched(uow, month, zone)),
        OpenItem(What.GRID_BILL, int(month in grid_unknown(uow, month, zone))),
    ]
    return [item for item in found if item.count]
