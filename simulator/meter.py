"""A cheap metering chip: a cumulative register in whole Wh and samples that are a little off.

Chips of this class (BL0942, HLW8032) have a factory gain error under 1 % and cannot see currents of
a few milliamperes. The register is what will be billed, so the true ledger counts its steps, not
the physics behind it.
"""

from dataclasses import dataclass
from random import Random

CREEP_W = 0.4
"""Below this the chip shows nothing."""


@dataclass(frozen=True)
class Sample:
    """What the chip shows at one moment."""

    power_w: float
    voltage_v: float
    current_ma: int


class Meter:
    """One channel of the chip behind one outlet."""

    def __init__(
        self, register_id: str, start_wh: int, gain: float, rollover_wh: int | None = None
    ):
        self.register_id = register_id
        self.total_wh = start_wh
        self.gain = gain
        self.rollover_wh = rollover_wh
        self.fraction_wh = 0.0

    def count(self, true_wh: float) -> int:
        """Let so much true energy through; returns the whole Wh the register moved by."""
        self.fraction_wh += true_wh * self.gain
        steps = int(self.fraction_wh)
        if steps:
            self.fraction_wh -= steps
            self.total_wh += steps
            if self.rollover_wh is not None:
                self.total_wh %= self.rollover_wh
        return steps

    def true_wh_until(self, steps: int) -> float:
        """True energy needed until the register has moved by `steps` from its present value."""
        return max(0.0, (steps - self.fraction_wh) / self.gain)

    def lose_fraction(self) -> None:
        """A power cut forgets what had not yet become a whole Wh."""
        self.fraction_wh = 0.0

    def replace_register(self, register_id: str, total_wh: int = 0) -> None:
        """The chip, its storage or its calibration changed: a new epoch begins."""
        self.register_id, self.total_wh, self.fraction_wh = register_id, total_wh, 0.0

    def sample(self, power_w: float, power_factor: float, rng: Random) -> Sample:
        """Power (0.1 W), voltage (0.1 V) and current (mA), with gain error and a little noise."""
        voltage = round(rng.gauss(229.0, 1.2), 1)
        seen = power_w * self.gain * (1 + rng.gauss(0, 0.002))
        if seen < CREEP_W:
            return Sample(0.0, voltage, 0)
        return Sample(round(seen, 1), voltage, round(seen / (voltage * power_factor) * 1000))


def factory_gain(rng: Random) -> float:
    """The gain of one chip as it left the factory: sd 0.4 %, never beyond 1 %."""
    return min(1.01, max(0.99, rng.gauss(1.0, 0.004)))
