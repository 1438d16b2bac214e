"""Outcomes handed to open pages by server-sent events, bounded."""
