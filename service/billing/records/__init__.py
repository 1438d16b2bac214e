"""The tables of the books, and their only SQL."""

from service.billing.records.publishing import MonthAccount, ProofLeaf, ProofRoot
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
    "MonthAccount",
    "MonthClose",
    "ProofLeaf",
    "ProofRoot",
    "Statement",
    "TariffBandRow",
    "TariffVersionRow",
]
