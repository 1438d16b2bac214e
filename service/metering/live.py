"""What a running session has drawn so far, for the page; the bill is made from the settlement.

Minima and maxima: they do not care about the order or the number of their readings.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """The lowest and highest register value that carried this order number, and the power."""

    low_wh: int
    high_wh: int
    at_ms: int
    peak_w: float = 0.0
    power_w: float = 0.0

    def take(self, energy_wh: int, at_ms: int, power_w: float | None) -> None:
        """Take one more reading."""
        self.low_wh = min(self.low_wh, energy_wh)
        self.high_wh = max(self.high_wh, energy_wh)
        if power_w is not None:
            self.peak_w = max(self.peak_w, power_w)
            if at_ms >= self.at_ms:
                self.power_w = power_w
        self.at_ms = max(self.at_ms, at_ms)

    @property
    def energy_wh(self) -> int:
        """Energy since the first reading."""
        return self.high_wh - self.low_wh
