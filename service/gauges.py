"""Prometheus names, help texts and units, set from outcomes."""
