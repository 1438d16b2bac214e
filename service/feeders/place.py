"""Where a charging session is on its curve: constant part, or falling tail and how fast it falls.

A charger holds its current until the battery's voltage is reached (the knee), then the current
falls nearly exponentially. Both are read off the session's own measurements as they come: no fit
is done twice, a reading costs a few additions.
"""

from dataclasses import dataclass
from math import exp, log

STEP_S = 300
"""Forecasts, and the history they learn from, go in steps of five minutes."""

KNEE_AT = 0.93
"""Below this share of its highest current a session has passed its knee: a meter's noise is about
one percent, and a charger's constant part rises slowly rather than falls (+1 to +20 % over a charge
in the public traces of hilo-software/ebike-battery-manager and CycleSteward)."""

BACK_AT = 0.97
RAMP_S = 120
"""What is measured in the first two minutes is the charger's ramp."""

FORGET_S = 2400
"""The tail's slope is fitted to about the last 40 minutes: a real tail bends before it is
exponential (the same four traces)."""

MISFIT = 0.08
"""How far ln(current) lies off a straight line, as a standard deviation: bends, not noise."""

FALL_PER_S, FALL_SPREAD = 1 / 4500, 1 / 5000
"""Before a tail has shown its own slope: time constants of 31, 36, 38 and 63 min were fitted to the
four traces, lead-acid chargers take two hours and more; a wide guess in the middle."""

FASTEST_PER_S = 1 / 300


@dataclass(slots=True)
class Place:
    """What is remembered of one session's curve; fed by `take`, in order of time."""

    began_s: float | None = None
    at_s: float = 0.0
    current_ma: int = 0
    peak_ma: int = 0
    charge_mas: float = 0.0
    """Milliampere-seconds so far."""
    knee_s: float | None = None
    """When the knee was passed; None in the constant part."""
    fall_per_s: float = FALL_PER_S
    fall_spread: float = FALL_SPREAD
    _weight: float = 0.0
    _t: float = 0.0
    _y: float = 0.0
    _tt: float = 0.0
    _ty: float = 0.0

    def take(self, current_ma: int, at_s: float) -> None:
        """One more reading: mA at a second of any steady clock; an older one changes nothing."""
        if self.began_s is None:
            self.began_s = self.at_s = at_s
        if at_s < self.at_s:
            return
        span_s = at_s - self.at_s
        self.charge_mas += span_s * (current_ma + self.current_ma) / 2
        self.at_s, self.current_ma = at_s, current_ma
        if at_s - self.began_s < RAMP_S:
            return
        self.peak_ma = max(self.peak_ma, current_ma)
        if current_ma >= BACK_AT * self.peak_ma:
            self.knee_s = None
        elif self.knee_s is None and current_ma < KNEE_AT * self.peak_ma:
            self.knee_s = at_s
            self._weight = self._t = self._y = self._tt = self._ty = 0.0
        if self.knee_s is not None and current_ma > 0:
            self._fit(at_s - self.knee_s, log(current_ma), span_s)

    def _fit(self, t: float, y: float, span_s: float) -> None:
        """Least squares of ln(current) over time, older readings counting less and less, with the
        wide guess as one more observation of the slope."""
        keep = exp(-span_s / FORGET_S)
        self._weight = self._weight * keep + 1
        self._t = self._t * keep + t
        self._y = self._y * keep + y
        self._tt = self._tt * keep + t * t
        self._ty = self._ty * keep + t * y
        spread_t = self._tt - self._t * self._t / self._weight
        sloped = self._ty - self._t * self._y / self._weight
        known = 1 / FALL_SPREAD**2
        seen = max(0.0, spread_t) / MISFIT**2
        slope = (FALL_PER_S * known - sloped / MISFIT**2) / (known + seen)
        self.fall_per_s = min(FASTEST_PER_S, max(0.0, slope))
        self.fall_spread = (known + seen) ** -0.5

    @property
    def in_tail(self) -> bool:
        """Has it passed its knee?"""
        return self.knee_s is not None

    @property
    def full_steps(self) -> int:
        """How long it has drawn, in steps at its full current: the charge so far over the peak."""
        return int(self.charge_mas / (self.peak_ma * STEP_S)) if self.peak_ma else 0
