"""Simulated piles and residents that speak the wire contract and import nothing of the service.

Their own registers are the oracle of the tests: what was metered here is what must be billed there.
"""
