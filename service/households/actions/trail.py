"""The audit trail: who did what."""

from datetime import datetime
from typing import Any

from service.households.outcomes import Actor
from service.households.records import AuditEntry
from service.store import UnitOfWork


def audit(
    uow: UnitOfWork,
    now: datetime,
    actor: Actor,
    action: str,
    subject: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Add a line to the audit trail, in the same transaction as what it tells of."""
    entry = AuditEntry(
        at=now,
        actor_role=actor.role,
        actor_id=actor.id,
        action=action,
        subject=subject,
        detail=detail or {},
        from_address=actor.from_address,
    )
    uow.session.add(entry)
