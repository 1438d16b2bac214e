"""The pile's own clock: none after a power cut, synced for 24 hours after an exchange.

Money never depends on it; it is sent as evidence only. A step is allowed only when no session runs,
otherwise the difference is slewed away.
"""

from simulator.times import DAY, HOUR, NEVER, iso_millis, iso_seconds

EXCHANGE_EVERY_MS = 12 * HOUR
SLEW_PPM = 500


class PileClock:
    """UTC as an offset from uptime, with how far it may be trusted: none, rtc or synced."""

    def __init__(self) -> None:
        self.known = False
        self.synced_uptime: int | None = None
        self._offset = 0
        self._slew_ms = 0
        self._slew_from = 0

    def state(self, uptime: int) -> str:
        """The word the pile reports."""
        if not self.known:
            return "none"
        recent = self.synced_uptime is not None and uptime - self.synced_uptime <= DAY
        return "synced" if recent else "rtc"

    def utc_ms(self, uptime: int) -> int | None:
        """What the clock shows, or None before it was ever set."""
        if not self.known:
            return None
        return self._offset + uptime + self._slewed(uptime)

    def _slewed(self, uptime: int) -> int:
        most = (uptime - self._slew_from) * SLEW_PPM // 1_000_000
        return max(-most, min(most, self._slew_ms))

    def seconds(self, uptime: int) -> str | None:
        """ISO with whole seconds, or None."""
        utc = self.utc_ms(uptime)
        return None if utc is None else iso_seconds(utc)

    def millis(self, uptime: int) -> str | None:
        """ISO with milliseconds, or None."""
        utc = self.utc_ms(uptime)
        return None if utc is None else iso_millis(utc)

    def told(self, server_ms: int, echo_uptime: int | None, uptime: int, *, may_step: bool) -> None:
        """Take the service's time, plus half the round trip when the request is known."""
        half_trip = 0 if echo_uptime is None else max(0, uptime - echo_uptime) // 2
        right = server_ms + half_trip - uptime
        if may_step or not self.known:
            self._offset, self._slew_ms = right, 0
        else:
            self._offset += self._slewed(uptime)
            self._slew_ms = right - self._offset
        self._slew_from = uptime
        self.known, self.synced_uptime = True, uptime

    def shift(self, by_ms: int, uptime: int) -> None:
        """A mishap: the clock jumps (and still believes itself)."""
        self._offset += by_ms
        self._slew_ms = 0
        self.known = True
        self.synced_uptime = uptime

    def next_exchange(self) -> int:
        """The uptime at which the pile asks again."""
        return NEVER if self.synced_uptime is None else self.synced_uptime + EXCHANGE_EVERY_MS
