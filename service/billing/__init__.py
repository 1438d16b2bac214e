"""Tariff versions, priced lines, the double-entry ledger, monthly statements."""
