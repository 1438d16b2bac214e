"""Topic names and filters: which are allowed, and which filter hears which topic."""

LONGEST = 512
"""Bytes of a topic. MQTT allows 65,535; the contract needs 48."""


def is_topic(name: str) -> bool:
    """Whether one may publish on it."""
    return bool(name) and len(name.encode()) <= LONGEST and not {"+", "#"} & set(name)


def is_filter(text: str) -> bool:
    """Whether one may subscribe to it: `+` stands for a whole level, `#` only at the end."""
    if not text or len(text.encode()) > LONGEST:
        return False
    *before, last = text.split("/")
    return all(part == "+" or not {"+", "#"} & set(part) for part in before) and (
        last in ("+", "#") or not {"+", "#"} & set(last)
    )


def matches(levels: list[str], topic: list[str]) -> bool:
    """Whether a filter hears a topic, both split at the slashes.

    A wildcard at the beginning does not hear topics that begin with `$`.
    """
    if topic[0].startswith("$") and levels[0] in ("+", "#"):
        return False
    for place, level in enumerate(levels):
        if level == "#":
            return True
        if place >= len(topic) or level not in ("+", topic[place]):
            return False
    return len(levels) == len(topic)
