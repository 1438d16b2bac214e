"""Faults and risks become incidents; incidents become notifications."""
