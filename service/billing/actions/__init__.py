"""What the books can do. Every function takes an open unit of work, and `now` where it writes."""

from service.billing.actions.closing import (
    close,
    close_month,
    close_step,
    months_to_close,
    publish,
)
from service.billing.actions.posting import (
    counter_entry,
    entry_of,
    post_session,
    post_sessions,
    post_voucher,
    record_payment,
)
from service.billing.actions.reading import (
    accounts,
    balance,
    balances,
    published_months,
    statement_of,
    statements_of,
)
from service.billing.actions.tariffs import (
    publish_tariff,
    tariff_in_force,
    tariff_version,
    tariff_versions,
)
from service.billing.actions.verifying import verify
from service.billing.outcomes import PaidBy, PaymentReceived, SessionToBill
from service.billing.records.queries import newest_tariff_id

__all__ = [
    "PaidBy",
    "PaymentReceived",
    "SessionToBill",
    "accounts",
    "balance",
    "balances",
    "close",
    "close_month",
    "close_step",
    "counter_entry",
    "entry_of",
    "months_to_close",
    "newest_tariff_id",
    "post_session",
    "post_sessions",
    "post_voucher",
    "publish",
    "publish_tariff",
    "published_months",
    "record_payment",
    "statement_of",
    "statements_of",
    "tariff_in_force",
    "tariff_version",
    "tariff_versions",
    "verify",
]
