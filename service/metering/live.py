"""What a running session has drawn so far, for the page; the bill is made from the settlement.

A minimum and a maximum: they do not care about the order or the number of their readings.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """The lowest and highest register value that carried this order number."""

    low_wh: int
    high_wh: int
    at_ms: int

    def take(self, energy_wh: int, at_ms: int) -> None:
        """Take one more reading."""
        self.low_wh = min(self.low_wh, energy_wh)
        self.high_wh = max(self.high_wh, energy_wh)
        self.at_ms = max(self.at_ms, at_ms)

    @property
    def energy_wh(self) -> int:
        """Energy since the first reading."""
        return self.high_wh - self.low_wh
