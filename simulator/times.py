"""Times as the simulator counts them: whole milliseconds since 1970, UTC, always handed in.

Nothing here reads a clock; the two drivers decide what the time is.
"""

from datetime import UTC, datetime, timedelta

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# Asia/Shanghai has had no summer time since 1991 (IANA tz database), so a fixed offset is exact.
COMPOUND_OFFSET_MS = 8 * HOUR
NEVER = 1 << 62
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ms(at: datetime) -> int:
    """An aware time as whole milliseconds since 1970 UTC."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Milliseconds since 1970 as an aware UTC time."""
    return _EPOCH + timedelta(milliseconds=ms)


def parse_iso(text: str) -> int:
    """An ISO time with a zone (`Z`, `+08:00`) as milliseconds; ValueError with a sentence."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time such as 2026-03-02T10:00:00Z") from None
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no zone: add Z or +08:00")
    return to_ms(at)


def iso_seconds(ms: int) -> str:
    """`2026-03-02T12:04:09Z`."""
    return from_ms(ms).isoformat(timespec="seconds")[:19] + "Z"


def iso_millis(ms: int) -> str:
    """`2026-03-02T12:04:09.071Z`."""
    return from_ms(ms).isoformat(timespec="milliseconds")[:23] + "Z"


def local_midnight(ms: int) -> int:
    """The last midnight at the compound, as UTC milliseconds."""
    return ms - (ms + COMPOUND_OFFSET_MS) % DAY
