"""When a pile reports a meter: by interval, on a change, and at the turning points.

The moment of the next change is computed from the power curve, not found by sampling.
"""

from dataclasses import dataclass

from simulator.buffer import Body
from simulator.core import Core, Slot
from simulator.faults import Faults
from simulator.times import NEVER, SECOND

CHANGE_PART = 0.2
CHANGE_W = 30.0
CHANGE_LEAST_W = 3.0
"""A fifth of a trickle is noise, not news."""
CHANGE_PAUSE_MS = 10 * SECOND


@dataclass
class _Cadence:
    due: int = NEVER
    change: int = NEVER
    last_ms: int = -NEVER
    watch_every_ms: int = 0
    watch_until: int = 0


class Reports:
    """The meter messages of one pile, and the states its heartbeat shows."""

    def __init__(self, core: Core, faults: Faults):
        self.core, self.faults = core, faults
        self.cadence = {slot.number: _Cadence() for slot in core.slots}
        self._next = NEVER

    def state(self, slot: Slot) -> str:
        """The outlet's state in the contract's words."""
        if self.faults.at_outlet(slot.number):
            return "fault"
        for word, holds in (
            ("blocked", slot.blocked),
            ("empty", slot.hw.pack is None and slot.charge is None),
            ("charging", slot.charge is not None and slot.charge.on_since is not None),
            ("starting", slot.charge is not None and slot.in_work is not None),
            ("paused", slot.charge is not None),
        ):
            if holds:
                return word
        return slot.after or "plugged"

    def row(self, slot: Slot, reason: str, now: int, session_id: str | None = None) -> Body:
        """One reading of one outlet; also plans the outlet's next one."""
        slot.hw.run_to(now)
        factor_sample = slot.hw.sample(now, self.core.rng)
        charge = slot.charge
        if charge is not None:
            charge.power_max_w = max(charge.power_max_w, factor_sample.power_w)
        session = session_id or (charge.session_id if charge is not None else None)
        self._plan(slot, factor_sample.power_w, now)
        body: Body = {
            "outlet": slot.number, "register_id": slot.hw.meter.register_id,
            "energy_total_wh": slot.hw.meter.total_wh, "power_w": factor_sample.power_w,
            "voltage_v": factor_sample.voltage_v, "current_ma": factor_sample.current_ma,
        }  # fmt: skip
        body |= self.core.stamped(now) | {"reason": reason}
        if session is not None:
            body["session_id"] = session
        return body

    def report(self, slots: list[Slot], reason: str, now: int) -> None:
        """Read these outlets now."""
        self.core.report_rows([self.row(slot, reason, now) for slot in slots])

    def report_end(self, slot: Slot, session_id: str, now: int) -> None:
        """The last reading of a session that has just ended."""
        self.core.report_rows([self.row(slot, "stop", now, session_id)])

    def watch(self, outlet: int, every_s: int, for_s: int, now: int) -> None:
        """A person is looking: quicker messages for a while."""
        cadence = self.cadence[outlet]
        cadence.watch_every_ms, cadence.watch_until = every_s * SECOND, now + for_s * SECOND
        cadence.due = min(cadence.due, now + every_s * SECOND)
        self._next_again()

    def forget_plans(self) -> None:
        """After a boot nothing is planned."""
        for number in self.cadence:
            self.cadence[number] = _Cadence()
        self._next_again()

    def _next_again(self) -> None:
        self._next = min(min(c.due, c.change) for c in self.cadence.values())

    def _plan(self, slot: Slot, shown_w: float, now: int) -> None:
        cadence = self.cadence[slot.number]
        cadence.last_ms = now
        flowing = slot.hw.feeds() and slot.hw.pack is not None
        wait = self.core.meter_s if flowing or slot.charge is not None else self.core.meter_idle_s
        cadence.due = now + wait * SECOND
        if now < cadence.watch_until:
            cadence.due = min(cadence.due, now + cadence.watch_every_ms)
        cadence.change = NEVER
        if flowing:
            margin = min(CHANGE_W, max(CHANGE_PART * shown_w, CHANGE_LEAST_W))
            turn = min(
                slot.hw.when_above(shown_w + margin, now), slot.hw.when_below(shown_w - margin, now)
            )
            cadence.change = max(turn, now + CHANGE_PAUSE_MS)
        self._next_again()

    def next_wake(self) -> int:
        """When the next reading is due."""
        return self._next

    def tick(self, now: int) -> None:
        """Report what is due, all outlets in one message."""
        if now < self._next:
            return
        rows: list[Body] = []
        for slot in self.core.slots:
            cadence = self.cadence[slot.number]
            if now >= cadence.due:
                rows.append(self.row(slot, "interval", now))
            elif now >= cadence.change:
                rows.append(self.row(slot, "change", now))
        self.core.report_rows(rows)

    def statuses(self, now: int) -> list[Body]:
        """The outlets of a heartbeat."""
        rows: list[Body] = []
        for slot in self.core.slots:
            row: Body = {"outlet": slot.number, "state": self.state(slot)}
            if slot.charge is not None:
                row["session_id"] = slot.charge.session_id
            power_w = slot.hw.power_w(now) * slot.hw.meter.gain
            if slot.charge is not None or power_w >= 0.5:
                row["power_w"] = round(power_w, 1)
            rows.append(row)
        return rows
