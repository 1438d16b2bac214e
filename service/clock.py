"""The only place that reads the time. Everyone else is handed a Clock, or a `now`.

Times are aware and in UTC; the compound's zone is applied only where a person reads them or where
a tariff band or a month begins.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that moves only when told: for tests and for replaying the past."""

    def __init__(self, at: datetime):
        self.at = at

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.at

    def advance(self, seconds: float) -> datetime:
        """Move forward and return the new moment."""
        self.at += timedelta(seconds=seconds)
        return self.at


class ScaledClock:
    """A clock that starts at `origin` when `started` is now and runs `speed` times as fast.

    Two processes given the same three values agree on the time without talking.
    """

    def __init__(self, started: datetime, origin: datetime, speed: float):
        self.started, self.origin, self.speed = started, origin, speed

    def now(self) -> datetime:
        """The scaled moment, aware, UTC."""
        return self.origin + (datetime.now(UTC) - self.started) * self.speed


def to_ms(at: datetime) -> int:
    """An aware time as whole milliseconds since 1970 UTC."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Milliseconds since 1970 as an aware UTC time."""
    return EPOCH + timedelta(milliseconds=ms)


def monotonic() -> float:
    """Seconds of a clock that never jumps, for measuring spans inside one process."""
    return time.monotonic()
