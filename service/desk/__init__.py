"""The committee's desk: what people write, receive and answer, before and beside the ledger.

drafts (a tariff that is only proposed) -> written (entries by hand, which a second person approves,
and their vouchers) -> received (payments from a bank's file) -> questions (a line that a household
disputes). Nothing here is money by itself: money is what the books below have posted because of it.
"""
