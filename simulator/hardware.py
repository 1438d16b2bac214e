"""The parts behind one outlet: plug, relay, meter and heat, with no idea of messages.

Everything is lazy: `run_to(now)` counts what flowed since the last look, from the closed form of
the power curve. A welded relay goes on feeding whatever is plugged in; a broken one feeds nothing.
"""

from random import Random

from simulator.curves import Curve
from simulator.meter import Meter, Sample
from simulator.oracle import Oracle
from simulator.packs import Pack
from simulator.times import NEVER


class OutletHardware:
    """One place to plug in. Times in ms UTC."""

    def __init__(self, pile: str, number: int, meter: Meter, oracle: Oracle):
        self.pile, self.number, self.meter, self.oracle = pile, number, meter, oracle
        self.pack: Pack | None = None
        self.relay_closed = False
        self.welded = False
        self.broken = False
        self.mains = True
        self.owner: str | None = None
        self.heat_c: float | None = None
        self._draw: Curve | None = None
        self._since_ms = 0
        self._counted_wh = 0.0

    def run_to(self, now: int) -> None:
        """Count the energy up to `now` for whoever owns the outlet."""
        if self._draw is None:
            return
        drawn = self._draw.energy_wh((now - self._since_ms) / 1000)
        steps = self.meter.count(drawn - self._counted_wh)
        self._counted_wh = drawn
        if steps:
            self.oracle.count(self.pile, self.number, self.owner, steps)

    def belongs_to(self, owner: str | None, now: int) -> None:
        """From `now` on the register counts for another session (None: for nobody)."""
        self.run_to(now)
        self.owner = owner

    def plug(self, pack: Pack, now: int) -> None:
        """A charger goes in."""
        self.run_to(now)
        self.pack = pack
        self._rewire(now)

    def unplug(self, now: int) -> Pack | None:
        """The charger comes out."""
        self.run_to(now)
        pack = self.pack
        self._draw_ends(now)
        self.pack = None
        return pack

    def switch(self, closed: bool, now: int) -> None:
        """Tell the relay; whether it obeys is another matter."""
        self.run_to(now)
        self.relay_closed = closed
        self._rewire(now)

    def set_mains(self, on: bool, now: int) -> None:
        """The supply goes or comes; the relay falls open with it."""
        self.run_to(now)
        self.mains = on
        if not on:
            self.relay_closed = False
            self.meter.lose_fraction()
        self._rewire(now)

    def damage(self, now: int, *, welded: bool | None = None, broken: bool | None = None) -> None:
        """Weld the relay's contacts, or break its coil; False mends it."""
        self.run_to(now)
        self.welded = self.welded if welded is None else welded
        self.broken = self.broken if broken is None else broken
        self._rewire(now)

    def feeds(self) -> bool:
        """The contacts are closed and the mains is there."""
        return self.mains and (self.welded or (self.relay_closed and not self.broken))

    def _rewire(self, now: int) -> None:
        live = self.feeds() and self.pack is not None
        if live and self._draw is None and self.pack is not None:
            self._draw, self._since_ms, self._counted_wh = self.pack.draw(), now, 0.0
        elif not live:
            self._draw_ends(now)

    def _draw_ends(self, now: int) -> None:
        if self._draw is not None and self.pack is not None:
            self.pack.was_on((now - self._since_ms) / 1000)
        self._draw = None

    def power_w(self, now: int) -> float:
        """True watts."""
        return 0.0 if self._draw is None else self._draw.power_w((now - self._since_ms) / 1000)

    def sample(self, now: int, rng: Random) -> Sample:
        """What the chip shows now."""
        factor = self.pack.power_factor if self.pack else 1.0
        return self.meter.sample(self.power_w(now), factor, rng)

    def _seconds(self, now: int) -> float:
        return (now - self._since_ms) / 1000

    def _moment(self, second: float) -> int:
        if second > 1e9:
            return NEVER
        return self._since_ms + int(second * 1000) + 1

    def when_counted(self, steps_wh: int, now: int) -> int:
        """When the register will have moved by `steps_wh` more, if nothing changes."""
        if self._draw is None:
            return NEVER
        self.run_to(now)
        target = self._counted_wh + self.meter.true_wh_until(steps_wh)
        return self._moment(self._draw.when_energy(target))

    def when_above(self, power_w: float, now: int) -> int:
        """When the shown power will first exceed `power_w`."""
        if self._draw is None:
            return NEVER
        level = power_w / self.meter.gain
        return self._moment(self._draw.next_above(self._seconds(now), level))

    def when_below(self, power_w: float, now: int) -> int:
        """When the shown power will first be under `power_w`."""
        if self._draw is None:
            return NEVER
        level = power_w / self.meter.gain
        return self._moment(self._draw.next_below(self._seconds(now), level))

    def when_low_for(self, power_w: float, hold_s: float, since: int) -> int:
        """When the shown power will have been under `power_w` for `hold_s`, from `since` on."""
        if self._draw is None:
            return NEVER
        level = power_w / self.meter.gain
        return self._moment(self._draw.below_for(self._seconds(since), level, hold_s))
