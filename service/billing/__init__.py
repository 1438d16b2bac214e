"""The books: from a watt-hour to a published account.

tariff (what it costs, when) -> pricing (the one function) -> facts and ledger (sealed entries)
-> statement and spreadsheet (what a household reads). What the room can do is in `actions`.
"""
