"""Payments from a bank's file: what would happen, taking in, what belongs to nobody yet."""

from datetime import UTC, datetime, tzinfo

from service.billing.months import after
from service.desk.records.received import count_unmatched
from service.store import UnitOfWork


def unmatched(uow: UnitOfWork, month: str, zone: tzinfo) -> int:
    """How many payments that came up to the end of a month are not in the ledger yet."""
    following = after(month)
    end = datetime(int(following[:4]), int(following[5:]), 1, tzinfo=zone)
    return count_unmatched(uow, end.astimezone(UTC))
