"""How full each feeder was, quarter of an hour by quarter of an hour.

The load changes with every reading but is written once a minute: the tally keeps the highest
current and the integral in between, so no spike is lost and busy moments do not count twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from service.clock import from_ms, to_ms

QUARTER_MS = 15 * 60 * 1000
LONGEST_GAP_MS = 10 * 60 * 1000
"""Silence longer than this is not watched: the service was down, or nobody looked."""


@dataclass(frozen=True, slots=True)
class QuarterPart:
    """A part of a quarter of an hour that was watched: peak in mA, integral in mA times ms."""

    feeder_id: str
    quarter_at: datetime
    peak_ma: int
    ma_ms: int
    watched_ms: int


@dataclass(slots=True)
class Tally:
    """Collects currents between two writes. One per service, used by one thread."""

    _last: dict[str, tuple[int, int]] = field(default_factory=dict)
    _parts: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    def note(self, currents_ma: Mapping[str, int], now: datetime) -> None:
        """These feeders carry these currents from now on."""
        now_ms = to_ms(now)
        for feeder_id, current_ma in currents_ma.items():
            last_ms, last_ma = self._last.get(feeder_id, (now_ms, current_ma))
            if now_ms < last_ms:
                continue
            self._spread(feeder_id, last_ms, now_ms, last_ma)
            part = self._part(feeder_id, now_ms)
            part[0] = max(part[0], current_ma)
            self._last[feeder_id] = (now_ms, current_ma)

    def drain(self) -> list[QuarterPart]:
        """What was collected since the last drain; the tally begins anew."""
        parts = [
            QuarterPart(feeder_id, from_ms(quarter_ms), peak, integral, watched)
            for (feeder_id, quarter_ms), (peak, integral, watched) in sorted(self._parts.items())
        ]
        self._parts = {}
        return parts

    def _spread(self, feeder_id: str, since_ms: int, until_ms: int, current_ma: int) -> None:
        if until_ms - since_ms > LONGEST_GAP_MS:
            return
        while since_ms < until_ms:
            border_ms = min(until_ms, (since_ms // QUARTER_MS + 1) * QUARTER_MS)
            part = self._part(feeder_id, since_ms)
            part[0] = max(part[0], current_ma)
            part[1] += current_ma * (border_ms - since_ms)
            part[2] += border_ms - since_ms
            since_ms = border_ms

    def _part(self, feeder_id: str, at_ms: int) -> list[int]:
        key = (feeder_id, at_ms - at_ms % QUARTER_MS)
        return self._parts.setdefault(key, [0, 0, 0])


def quarter_of(at: datetime) -> datetime:
    """The beginning of the quarter of an hour that `at` lies in."""
    at_ms = to_ms(at)
    return from_ms(at_ms - at_ms % QUARTER_MS)


def quarters(since: datetime, until: datetime) -> list[datetime]:
    """The beginnings of all quarters in [since, until), for the axis of a heat map."""
    first = quarter_of(since)
    step = timedelta(milliseconds=QUARTER_MS)
    return [first + step * n for n in range(-((first - until) // step))]
