"""The tables of the desk, one file per subject, each with its SQL."""

from service.desk.records.drafts import TariffDraft
from service.desk.records.questions import Question
from service.desk.records.received import PaymentFile, PaymentRow
from service.desk.records.written import GridBill, HandEntry, Voucher

__all__ = [
    "GridBill",
    "HandEntry",
    "PaymentFile",
    "PaymentRow",
    "Question",
    "TariffDraft",
    "Voucher",
]
