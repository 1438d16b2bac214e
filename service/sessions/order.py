"""Order numbers: the id of a session, made by the service and echoed by the pile.

A ULID: 26 characters that sort by time and fit the 16-byte order number of older piles.
"""

from collections.abc import Callable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(now_ms: int, random_bytes: Callable[[int], bytes]) -> str:
    """A new id for this millisecond; `random_bytes(10)` gives its random part."""
    number = (now_ms & (2**48 - 1)) << 80 | int.from_bytes(random_bytes(10), "big")
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
