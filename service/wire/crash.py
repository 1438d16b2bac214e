"""Named places where a test can make the process die as if its power were cut.

Nothing happens unless the environment says BEIMEN_CRASH_POINTS=on. Then BEIMEN_CRASH_AT names one
point, or `point:n` for the n-th time it is passed. What survives shows what was really durable.
"""

import os
from typing import Literal

Point = Literal["received", "committed", "acknowledged", "published"]

_at, _, _count = os.environ.get("BEIMEN_CRASH_AT", "").partition(":")
_armed = os.environ.get("BEIMEN_CRASH_POINTS") == "on"
_left = int(_count or 1) if _armed else 0


def crash_point(name: Point) -> None:
    """Die here with 137, as a killed process does, if the environment asks for it."""
    global _left  # noqa: PLW0603 - the count is the process's, as the crash is
    if not _armed or name != _at:
        return
    _left -= 1
    if _left <= 0:
        os._exit(137)
