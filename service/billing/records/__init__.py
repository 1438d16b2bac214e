"""The tables of the books, and their only SQL (queries.py)."""

from service.billing.records.tables import (
    BilledSession,
    BillLine,
    LedgerEntry,
    LedgerPosting,
    MonthClose,
    Statement,
    TariffBandRow,
    TariffVersionRow,
)

__all__ = [
    "BillLine",
    "BilledSession",
    "LedgerEntry",
    "LedgerPosting",
    "MonthClose",
    "Statement",
    "TariffBandRow",
    "TariffVersionRow",
]
