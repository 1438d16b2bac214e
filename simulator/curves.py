"""Power over time in a few pieces whose energy and crossings have closed forms.

A charger's evening is bulk, knee, tail and trickle. Written as straight and exponential pieces, the
energy up to any moment and the moment a limit is met need no stepping through the seconds, and that
is what makes a day of 76 outlets cheap.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

INFINITY = math.inf


@dataclass(frozen=True, slots=True)
class Piece:
    """`seconds` of power going from `from_w` to `to_w`: straight, or towards it with `tau_s`."""

    seconds: float
    from_w: float
    to_w: float
    tau_s: float = 0.0

    def power_w(self, t: float) -> float:
        """Watts `t` seconds into the piece."""
        if self.tau_s:
            return self.to_w + (self.from_w - self.to_w) * math.exp(-t / self.tau_s)
        if self.seconds == INFINITY:
            return self.from_w
        return self.from_w + (self.to_w - self.from_w) * t / self.seconds

    def energy_ws(self, t: float) -> float:
        """Watt-seconds of the first `t` seconds."""
        if self.tau_s:
            swing = (self.from_w - self.to_w) * self.tau_s * -math.expm1(-t / self.tau_s)
            return self.to_w * t + swing
        return t * (self.from_w + self.power_w(t)) / 2

    def reaches(self, level_w: float) -> float:
        """Seconds into the piece at which its power equals `level_w`; infinity if it never does."""
        if self.from_w == self.to_w or (self.seconds == INFINITY and not self.tau_s):
            return INFINITY
        part = (level_w - self.from_w) / (self.to_w - self.from_w)
        if not 0 <= part <= 1 or (self.tau_s and part == 1):
            return INFINITY
        t = -self.tau_s * math.log1p(-part) if self.tau_s else part * self.seconds
        return t if t <= self.seconds else INFINITY


class Curve:
    """Pieces one after the other; the last one lasts for ever."""

    def __init__(self, pieces: list[Piece]):
        last = pieces[-1]
        self.pieces = [p for p in pieces[:-1] if p.seconds > 0]
        self.pieces.append(Piece(INFINITY, last.from_w, last.to_w, last.tau_s))
        self.starts: list[float] = []
        self.energies: list[float] = []
        at = energy = 0.0
        for piece in self.pieces:
            self.starts.append(at)
            self.energies.append(energy)
            if piece.seconds < INFINITY:
                at += piece.seconds
                energy += piece.energy_ws(piece.seconds)

    def _piece(self, t: float) -> int:
        return max(0, bisect_right(self.starts, t) - 1)

    def power_w(self, t: float) -> float:
        """Watts at `t` seconds."""
        i = self._piece(t)
        return self.pieces[i].power_w(t - self.starts[i])

    def energy_wh(self, t: float) -> float:
        """Watt-hours of the first `t` seconds."""
        i = self._piece(t)
        return (self.energies[i] + self.pieces[i].energy_ws(t - self.starts[i])) / 3600

    def when_energy(self, wh: float) -> float:
        """The second at which `wh` have been drawn; infinity if it takes more than 60 days."""
        low, high = 0.0, 3600.0
        while self.energy_wh(high) < wh:
            high *= 2
            if high > 60 * 86400:
                return INFINITY
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if self.energy_wh(middle) < wh else (low, middle)
        return high

    def _crossings(self, t: float, level_w: float) -> Iterator[float]:
        for i in range(self._piece(t), len(self.pieces)):
            start, piece = self.starts[i], self.pieces[i]
            if start > t:
                yield start
            within = start + piece.reaches(level_w)
            if t < within < INFINITY:
                yield within

    def next_below(self, t: float, level_w: float) -> float:
        """The first second from `t` on with less than `level_w`."""
        return self._first(t, level_w, below=True)

    def next_above(self, t: float, level_w: float) -> float:
        """The first second from `t` on with more than `level_w`."""
        return self._first(t, level_w, below=False)

    def _first(self, t: float, level_w: float, *, below: bool) -> float:
        def holds(at: float) -> bool:
            power = self.power_w(at + 1e-3)
            return power < level_w if below else power > level_w

        if holds(t):
            return t
        return next((at for at in self._crossings(t, level_w) if holds(at)), INFINITY)

    def below_for(self, t: float, level_w: float, hold_s: float) -> float:
        """The second at which power has stayed under `level_w` for `hold_s`, counting from `t`."""
        while t < INFINITY:
            fell = self.next_below(t, level_w)
            if fell == INFINITY:
                return INFINITY
            t = self.next_above(fell, level_w)
            if t - fell >= hold_s:
                return fell + hold_s
        return INFINITY

    def from_second(self, t: float, lead: list[Piece]) -> "Curve":
        """The rest of this curve from `t` on, with `lead` put in front of it."""
        i = self._piece(t)
        piece, into = self.pieces[i], t - self.starts[i]
        rest = Piece(piece.seconds - into, piece.power_w(into), piece.to_w, piece.tau_s)
        return Curve([*lead, rest, *self.pieces[i + 1 :]])
