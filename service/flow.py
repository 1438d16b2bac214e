"""The conductor: a pile message, a request, a tick, walked through the rooms in plain calls."""
