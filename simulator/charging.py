"""From a start to the settlement: relay and current, local limits, plug-out, power cuts.

A running charge is safe alone: every limit is met here with no network. What will end it first is
computed once from the power curve and looked at again only when something changes.
"""

from typing import NamedTuple

from simulator.buffer import Body
from simulator.core import Charge, Core, Slot, as_int
from simulator.faults import Fault, Faults
from simulator.oracle import TrueSession
from simulator.packs import Pack
from simulator.reports import Reports
from simulator.times import MINUTE, NEVER, SECOND

LOAD_W = 10.0
LOAD_WITHIN_MS = 10 * SECOND
"""Under 10 W within 10 s is no load (a make's published rule)."""
STEADY_MS = 1500
"""A charger's ramp is over before its power is told."""
LOOK_AGAIN_MS = 300
OVER_SAMPLES_MS = 2 * SECOND
"""Three samples a second apart must agree before too much power opens the relay."""
RESUME_WITHIN_MS = 60 * MINUTE
BOOT_MS = 8 * SECOND
STOP_WORDS = frozenset({
    "full", "max_time", "set_energy", "unplugged", "user", "operator", "card", "overload",
    "over_current", "over_temp_outlet", "over_temp_ambient", "low_power", "power_loss", "smoke",
    "water", "leakage", "relay", "meter", "offline_limit", "other",
})  # fmt: skip


class Outcome(NamedTuple):
    """What became of a start or stop in work; code None means done."""

    command_id: str
    outlet: int
    session_id: str
    code: str | None


class _Look(NamedTuple):
    """A second look after the relay moved: has the current really come, or gone?"""

    at: int
    gives_up_at: int
    command_id: str | None
    session_id: str


class Charging:
    """Sessions of one pile. `now` is ms UTC of true time."""

    def __init__(self, core: Core, faults: Faults, reports: Reports):
        self.core, self.faults, self.reports = core, faults, reports
        self.outcomes: list[Outcome] = []
        self._starting: dict[int, _Look] = {}
        self._stopping: dict[int, _Look] = {}
        self._ends: dict[int, tuple[int, str]] = {}
        self._resume_at = NEVER

    # --- starting and stopping ---

    def start(self, slot: Slot, command: Body, source: str, card_uid: str | None, now: int) -> None:
        """Close the relay for a checked start command; the current decides what becomes of it."""
        config, full = self.core.flash.config, command.get("full_stop")
        full = full if isinstance(full, dict) else {}
        most_w, below_w, hold_s = (
            config.get("max_power_w"), as_int(full.get("below_w")), as_int(full.get("hold_s")),
        )  # fmt: skip
        slot.hw.run_to(now)
        charge = slot.charge = Charge(
            session_id=command["session_id"], source=source, card_uid=card_uid,
            register_id=slot.hw.meter.register_id, start_wh=slot.hw.meter.total_wh,
            started_ms=now, start_moment=self.core.moment(now),
            max_duration_s=command.get("max_duration_s") or config.get("max_duration_s"),
            max_energy_wh=command.get("max_energy_wh") or config.get("max_energy_wh"),
            max_power_w=min(command.get("max_power_w") or most_w, most_w),
            below_w=config.get("full_stop_below_w") if below_w is None else below_w,
            hold_s=config.get("full_stop_hold_s") if hold_s is None else hold_s,
        )  # fmt: skip
        self.core.oracle.began(TrueSession(
            self.core.cfg.name, slot.number, charge.session_id, source, card_uid,
            charge.register_id, now, charge.start_wh,
        ))  # fmt: skip
        slot.hw.belongs_to(charge.session_id, now)
        slot.in_work, slot.after = command["command_id"], None
        slot.hw.switch(True, now)
        seen = slot.hw.when_above(LOAD_W, now)
        gives_up = now + LOAD_WITHIN_MS
        self._starting[slot.number] = _Look(
            seen + STEADY_MS if seen <= gives_up else NEVER,
            gives_up if seen > gives_up else NEVER,
            command["command_id"],
            charge.session_id,
        )

    def _start_looks(self, slot: Slot, look: _Look, now: int) -> None:
        charge = slot.charge
        if charge is None or now < min(look.at, look.gives_up_at):
            return
        del self._starting[slot.number]
        slot.in_work = None
        if now >= look.at:
            charge.on_since = charge.started_ms
            self.reports.report([slot], "start", now)
            self.plan(slot, now)
            self._outcome(look, slot, None)
        else:
            self._give_up(slot, look, "relay_open" if slot.hw.broken else "no_load", now)

    def _give_up(self, slot: Slot, look: _Look, code: str, now: int) -> None:
        slot.hw.belongs_to(None, now)
        slot.hw.switch(False, now)
        slot.charge, slot.in_work = None, None
        self.core.oracle.never_began(look.session_id)
        self._outcome(look, slot, code)

    def _outcome(self, look: _Look, slot: Slot, code: str | None) -> None:
        if look.command_id is not None:
            self.outcomes.append(Outcome(look.command_id, slot.number, look.session_id, code))

    def stop(
        self, slot: Slot, reason: str, now: int, *, detail: str | None = None,
        command_id: str | None = None,
    ) -> None:  # fmt: skip
        """End the session: settle, open the relay, and look again whether the current is gone."""
        look = self._starting.pop(slot.number, None)
        if look is not None:
            self._give_up(slot, look, "already_stopped" if command_id else reason, now)
            if command_id is not None:
                self.outcomes.append(Outcome(command_id, slot.number, look.session_id, None))
            return
        charge = slot.charge
        if charge is None:
            return
        self.settle(slot, charge, reason, now, detail)
        slot.hw.switch(False, now)
        slot.after = "full" if reason == "full" else "finished_not_removed"
        if reason == "full":
            self.event(slot, "full_detected", now, charge.session_id)
        self.reports.report_end(slot, charge.session_id, now)
        slot.in_work = command_id
        self._stopping[slot.number] = _Look(
            now + LOOK_AGAIN_MS, NEVER, command_id, charge.session_id
        )

    def _stop_looks(self, slot: Slot, look: _Look, now: int) -> None:
        if now < look.at:
            return
        del self._stopping[slot.number]
        if look.command_id is not None:
            slot.in_work = None
        welded = slot.charge is None and slot.hw.power_w(now) > LOAD_W
        if welded:
            self.faults.raise_(Fault("", "relay_welded", slot.number, "outlet_off"), now)
        self._outcome(look, slot, "relay_welded" if welded else None)

    def look_for_current(self, slot: Slot, now: int) -> None:
        """Something was plugged or broke: in some seconds see whether current flows unasked."""
        if slot.charge is None and slot.number not in self._stopping:
            self._stopping[slot.number] = _Look(now + LOAD_WITHIN_MS, NEVER, None, "")

    def settle(
        self, slot: Slot, charge: Charge, reason: str, now: int, detail: str | None = None
    ) -> None:
        """Write the settlement to flash, before the relay opens; the outlet is nobody's again."""
        slot.hw.belongs_to(None, now)
        meter = slot.hw.meter
        self._off(charge, now)
        energy = meter.total_wh - charge.start_wh
        if energy < 0 and meter.rollover_wh is not None:
            energy += meter.rollover_wh
        body: Body = {
            "session_id": charge.session_id, "outlet": slot.number, "start_source": charge.source,
            "register_id": charge.register_id, "energy_start_wh": charge.start_wh,
            "energy_end_wh": meter.total_wh, "energy_wh": max(0, energy),
            "duration_s": (now - charge.started_ms) // SECOND,
            "charging_s": charge.on_ms // SECOND, "power_max_w": charge.power_max_w,
            "stop_reason": reason, "stop_detail": detail, "start": charge.start_moment,
            "end": self.core.moment(now), "power_cuts": charge.power_cuts,
            "card_uid": charge.card_uid,
        }  # fmt: skip
        self.core.flash.settlements.write(body, now, online=self.core.welcomed)
        if self.core.flash.settlements.full():
            self.faults.raise_(Fault("", "storage_full", None, "limited"), now)
        self.core.oracle.ended(charge.session_id, now, meter.total_wh, reason)
        slot.charge = None
        self._ends.pop(slot.number, None)

    @staticmethod
    def _off(charge: Charge, now: int) -> None:
        if charge.on_since is not None:
            charge.on_ms += now - charge.on_since
            charge.on_since = None

    # --- limits ---

    def plan(self, slot: Slot, now: int) -> None:
        """Work out which limit will end this charge first."""
        charge = slot.charge
        if charge is None or charge.on_since is None:
            self._ends.pop(slot.number, None)
            return
        slot.hw.run_to(now)
        left_wh = charge.max_energy_wh - (slot.hw.meter.total_wh - charge.start_wh)
        over = slot.hw.when_above(charge.max_power_w, now)
        self._ends[slot.number] = min(
            (charge.started_ms + charge.max_duration_s * SECOND, "max_time"),
            (slot.hw.when_counted(left_wh, now) if left_wh > 0 else now, "set_energy"),
            (slot.hw.when_low_for(charge.below_w, charge.hold_s, charge.on_since), "full"),
            (min(NEVER, over + OVER_SAMPLES_MS), "overload"),
            (self._offline_cap(slot, now), "offline_limit"),
        )

    def _offline_cap(self, slot: Slot, now: int) -> int:
        """Without the service an outlet may not take more than its safe share."""
        if self.core.welcomed:
            return NEVER
        over = slot.hw.when_above(self.core.flash.config.get("offline_max_power_w"), now)
        return min(NEVER, over + OVER_SAMPLES_MS)

    def link_changed(self, now: int) -> None:
        """The service came or went: other limits may hold."""
        for slot in self.core.slots:
            self.plan(slot, now)

    def extend(self, slot: Slot, max_duration_s: int, max_energy_wh: int, now: int) -> None:
        """Replace the limits of the running session."""
        if slot.charge is not None:
            slot.charge.max_duration_s, slot.charge.max_energy_wh = max_duration_s, max_energy_wh
            self.plan(slot, now)

    # --- plugs ---

    def event(self, slot: Slot, event: str, now: int, session_id: str | None = None) -> None:
        """Report an outlet event with the register at this moment."""
        body: Body = self.core.stamped(now) | {
            "outlet": slot.number, "event": event, "state": self.reports.state(slot),
            "energy_total_wh": slot.hw.meter.total_wh, "register_id": slot.hw.meter.register_id,
        }  # fmt: skip
        if session_id is not None:
            body["session_id"] = session_id
        self.core.report_event("outlet", body)

    def plug(self, slot: Slot, pack: Pack, now: int) -> None:
        """A charger goes in."""
        slot.hw.plug(pack, now)
        slot.after = None
        if self.core.powered:
            self.event(slot, "plugged", now)
            self.look_for_current(slot, now)

    def unplug(self, slot: Slot, now: int) -> Pack | None:
        """A charger comes out; its session ends at once."""
        if not self.core.powered:
            slot.pulled_in_the_dark = True
            return slot.hw.unplug(now)
        charge, look = slot.charge, self._starting.pop(slot.number, None)
        if look is not None:
            self._give_up(slot, look, "not_plugged", now)
            charge = None
        if charge is not None:
            self.settle(slot, charge, "unplugged", now)
        pack = slot.hw.unplug(now)
        slot.hw.switch(False, now)
        slot.after = None
        self.event(slot, "unplugged", now, charge.session_id if charge else None)
        if charge is not None:
            self.reports.report_end(slot, charge.session_id, now)
        return pack

    # --- power cuts and reboots ---

    def power_fails(self, now: int, *, cut: bool) -> None:
        """All relays fall open; sessions stay open in flash. Without `cut` it is a reboot."""
        for slot in self.core.slots:
            look = self._starting.pop(slot.number, None)
            if look is not None:
                self._give_up(slot, look, "relay_open", now)
            slot.in_work = None
            if cut:
                slot.hw.set_mains(False, now)
            else:
                slot.hw.switch(False, now)
            if slot.charge is not None:
                self._off(slot.charge, now)
                slot.charge.power_cuts += cut
        self._stopping.clear()
        self._ends.clear()
        self.outcomes.clear()
        self.core.flash.power_lost_at = now

    def boots(self, now: int) -> None:
        """The mains is there; sessions are resumed or settled once the firmware is up."""
        for slot in self.core.slots:
            slot.hw.set_mains(True, now)
        self._resume_at = now + BOOT_MS if self.core.sessions_running() else NEVER

    def _resume(self, now: int) -> None:
        self._resume_at = NEVER
        lost_at = self.core.flash.power_lost_at or now
        for slot in self.core.slots:
            charge, pulled = slot.charge, slot.pulled_in_the_dark
            slot.pulled_in_the_dark = False
            if charge is None:
                continue
            gone = slot.hw.pack is None or pulled or now - lost_at > RESUME_WITHIN_MS
            if gone or self.faults.at_outlet(slot.number):
                self.settle(slot, charge, "power_loss", now)
                self.reports.report_end(slot, charge.session_id, now)
                slot.after = "finished_not_removed" if slot.hw.pack is not None else None
                continue
            slot.hw.switch(True, now)
            charge.on_since = now
            self.event(slot, "resumed", now, charge.session_id)
            self.plan(slot, now)

    # --- time passes ---

    def next_wake(self) -> int:
        """The next moment something here has to be looked at."""
        if not (self._starting or self._stopping or self._ends):
            return self._resume_at
        looks = [min(k.at, k.gives_up_at) for k in self._starting.values()]
        looks += [k.at for k in self._stopping.values()]
        return min([self._resume_at, *looks, *(at for at, _ in self._ends.values())])

    def tick(self, now: int) -> None:
        """Look at what is due."""
        if now < self.next_wake():
            return
        if now >= self._resume_at:
            self._resume(now)
        for slot in self.core.slots:
            starting, stopping = (
                self._starting.get(slot.number), self._stopping.get(slot.number),
            )  # fmt: skip
            if starting is not None:
                self._start_looks(slot, starting, now)
            if stopping is not None:
                self._stop_looks(slot, stopping, now)
            at, reason = self._ends.get(slot.number, (NEVER, ""))
            if now >= at:
                self.stop(slot, reason, now)
