"""Law 3 of the books: after a close no settled session is unbilled, every held one has a reason."""

from dataclasses import dataclass
from datetime import datetime

from service.sessions.records import Session
from service.store import UnitOfWork
from service.usage.records import left_over as records
from service.usage.spans import Span


@dataclass(frozen=True, slots=True)
class HeldOne:
    """A session that waits for a person. `was_billed`: a doubt came after its bill."""

    session_id: str
    pile: str
    outlet: int
    household_id: int | None
    ended_at: datetime
    reason: str
    energy_wh: int | None
    was_billed: bool


@dataclass(frozen=True, slots=True)
class LeftOver:
    """What a month leaves behind. `unbilled` must be empty once it is closed; `held` is a list."""

    unbilled: tuple[str, ...]
    held: tuple[HeldOne, ...]

    @property
    def keeps_the_law(self) -> bool:
        """Nothing settled is unbilled, and nothing is held without a reason."""
        return not self.unbilled and all(one.reason for one in self.held)


def left_over(uow: UnitOfWork, span: Span, settled_before: datetime | None = None) -> LeftOver:
    """What is left of everything that ended before the end of a span. `settled_before`: when the
    month was closed; what was settled later belongs to a later statement."""
    until = span.until
    unbilled = records.settled_unbilled(uow, until, settled_before or until)
    return LeftOver(tuple(unbilled), tuple(_held(row) for row in records.held_before(uow, until)))


def _held(row: Session) -> HeldOne:
    return HeldOne(
        row.id,
        row.pile,
        row.outlet,
        row.household_id,
        row.ended_at or row.requested_at,
        row.held_reason or "",
        row.energy_wh,
        row.posted_at is not None,
    )
