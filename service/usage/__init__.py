"""Figures the committee looks at. Read-only; the one room that may read across rooms."""
