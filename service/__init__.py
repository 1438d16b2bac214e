"""Beimen (北门): a residential compound runs its own e-bike charging piles.

A pile says something, and it walks through the rooms in one direction:
pile message -> session -> meter -> bill -> page. `flow.py` is that walk on one page.

The order of the rooms, low to high (enforced by import-linter, see pyproject.toml):
words, clock, settings, quantities < store < households, piles < sessions < metering
< billing | feeders < alerts < usage < flow < gauges | live < jobs < door
< wire | api | pages < build < cli
"""
