"""Heat, smoke and a register that was replaced: what makes a pile switch itself off."""

from simulator.charging import Charging
from simulator.core import Core, Slot
from simulator.faults import Fault, Faults
from simulator.times import NEVER, SECOND

HEAT_HOLD_MS = 30 * SECOND
HEAT_CLEARS_C = 10.0
METER_CLEARS_MS = 600 * SECOND


class Safety:
    """The pile's own protection, which needs no network."""

    def __init__(self, core: Core, faults: Faults, charging: Charging):
        self.core, self.faults, self.charging = core, faults, charging
        self._hot_at: dict[int, int] = {}
        self._clear_at: dict[int, int] = {}

    def temperature(self, slot: Slot, temp_c: float, now: int) -> None:
        """The outlet has this temperature now (degrees C)."""
        limit = self.core.flash.config.get("over_temp_outlet_c")
        slot.hw.heat_c = temp_c
        if temp_c >= limit:
            self._hot_at.setdefault(slot.number, now + HEAT_HOLD_MS)
        else:
            self._hot_at.pop(slot.number, None)
            if temp_c <= limit - HEAT_CLEARS_C:
                self.faults.clear("over_temp_outlet", slot.number, now, round(temp_c, 1))

    def alarm(self, code: str, active: bool, now: int) -> None:
        """Smoke, water or leakage at the pile: everything off, or the end of it."""
        if not active:
            self.faults.clear(code, None, now)
            return
        self.faults.raise_(Fault("", code, None, "all_off"), now)
        for slot in self.core.slots:
            self.charging.stop(slot, code, now)

    def register_replaced(self, slot: Slot, now: int, *, noticed: bool) -> None:
        """The chip forgot its count. Noticed: a new register id and a stopped session."""
        meter = slot.hw.meter
        if not noticed:
            slot.hw.run_to(now)
            meter.replace_register(meter.register_id, 0)
            return
        self.charging.stop(slot, "meter", now)
        slot.hw.run_to(now)
        letter = chr(ord("a") + (ord(meter.register_id[0]) - ord("a") + 1) % 26)
        meter.replace_register(letter + meter.register_id[1:], 0)
        if self.core.powered:
            self.faults.raise_(Fault("", "meter_suspect", slot.number, "none"), now)
            self._clear_at[slot.number] = now + METER_CLEARS_MS
            self.charging.reports.report([slot], "change", now)

    def relay_mended(self, slot: Slot, now: int) -> None:
        """Somebody changed the relay."""
        slot.hw.damage(now, welded=False, broken=False)
        self.faults.clear("relay_welded", slot.number, now)

    def next_wake(self) -> int:
        """When something here is due."""
        if not (self._hot_at or self._clear_at):
            return NEVER
        return min([*self._hot_at.values(), *self._clear_at.values()])

    def tick(self, now: int) -> None:
        """Switch off what has been too hot for 30 s."""
        if now < self.next_wake():
            return
        limit = self.core.flash.config.get("over_temp_outlet_c")
        for slot in self.core.slots:
            number, heat_c = slot.number, slot.hw.heat_c or 0.0
            if now >= self._hot_at.get(number, NEVER):
                del self._hot_at[number]
                fault = Fault(
                    "", "over_temp_outlet", number, "outlet_off", round(heat_c, 1), limit, "c"
                )
                self.faults.raise_(fault, now)
                self.charging.stop(slot, "over_temp_outlet", now)
            if now >= self._clear_at.get(number, NEVER):
                del self._clear_at[number]
                self.faults.clear("meter_suspect", number, now)
