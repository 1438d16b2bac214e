"""The sheet of evidence of one session, made from what is stored at this moment."""

from datetime import datetime, tzinfo

from service.store import UnitOfWork
from service.usage.evidence import Sheet, sheet_of
from service.usage.records.evidence import read_evidence


def evidence(uow: UnitOfWork, session_id: str, now: datetime, zone: tzinfo) -> Sheet | None:
    """The sheet of a session, open or over; None if there is no such order number."""
    facts = read_evidence(uow, session_id, now, zone)
    return None if facts is None else sheet_of(facts)
