"""One pile as a pure state machine: told things with a time, it answers with messages.

Sans-I/O: no socket, no clock, no thread. The drivers (in process, live over MQTT, history over a
pipe) all turn the same handle: `next_wake`, `tick`, `receive`, and what people do at the wall.
"""

import json

from simulator.buffer import Body
from simulator.charging import Charging
from simulator.commands import Commands
from simulator.core import Core, PileConfig, Publish, Slot
from simulator.faults import Faults
from simulator.firmware import Firmware
from simulator.link import Link
from simulator.oracle import Oracle
from simulator.packs import Pack
from simulator.reports import Reports
from simulator.safety import Safety
from simulator.times import NEVER, SECOND

BOOT_ROW_WAIT_MS = 60 * SECOND
REBOOT_MS = 6 * SECOND


class Pile:
    """A pile with its outlets. Times are ms UTC of true time; returned messages are in order."""

    def __init__(self, config: PileConfig, seed: int, oracle: Oracle | None = None):
        self.core = Core(config, seed, oracle or Oracle())
        self.faults = Faults(self.core)
        self.reports = Reports(self.core, self.faults)
        self.charging = Charging(self.core, self.faults, self.reports)
        self.firmware = Firmware(self.core)
        self.commands = Commands(self.core, self.faults, self.reports, self.charging, self.firmware)
        self.commands.rebirth = self._report_what
        self.link = Link(self.core, self.firmware, self.reports.statuses, self.faults.listed)
        self.safety = Safety(self.core, self.faults, self.charging)
        self.ignored = 0
        """Messages that were not for us: retained under down/, not JSON, of another connection."""
        self.voice: list[str] = []
        """What the pile said aloud, newest last."""
        self._boot_row_until = NEVER
        self._power_at = NEVER
        self._reboot_reason = "power_on"
        self._used_conn_id = ""

    @property
    def name(self) -> str:
        """The pile's id, which is also its login."""
        return self.core.cfg.name

    @property
    def connect_at(self) -> int:
        """When it wants to connect; NEVER while it is connected or without power."""
        return NEVER if self.firmware.cannot_talk() else self.link.connect_at

    # --- power and connection ---

    def power_back(self, now: int, reason: str = "power_on") -> list[Publish]:
        """Boot: the first time, after a power cut, or after a reboot."""
        core, flash = self.core, self.core.flash
        if core.powered:
            return []
        core.power_lost_s = None
        if reason == "power_on" and flash.power_lost_at is not None:
            core.power_lost_s = (now - flash.power_lost_at) // SECOND
        core.boots(now, reason)
        self._power_at = NEVER
        self.reports.forget_plans()
        self.charging.boots(now)
        self.faults.again_after_boot(now)
        self.firmware.booted(now, core.rng)
        self.link.boots(now)
        self._boot_row_until = now + BOOT_ROW_WAIT_MS
        return core.collected()

    def power_cut(self, now: int) -> list[Publish]:
        """The mains fails; messages of this moment may still be stored, none is sent."""
        core = self.core
        if not core.powered:
            return []
        core.connected = False
        if core.cfg.power_loss_row:
            self.reports.report(core.slots, "power_loss", now)
        self.charging.power_fails(now, cut=True)
        self._dark()
        return core.collected()

    def _dark(self) -> None:
        self.core.powered = False
        self.commands.forget_work()
        self.firmware.reboot_wanted = NEVER
        self._boot_row_until = NEVER
        self.link.silent()

    def reboot(self, now: int, reason: str, *, planned: bool = True) -> list[Publish]:
        """Restart the firmware: relays open, sessions are resumed after the boot."""
        if not self.core.powered:
            return []
        if planned:
            self.link.leave("firmware" if reason == "firmware" else "reboot")
        self.charging.power_fails(now, cut=False)
        self._dark()
        self._power_at = now + REBOOT_MS
        self._reboot_reason = reason
        return self.core.collected()

    def prepare_connection(self) -> Publish:
        """Choose this connection's id; returns the will for CONNECT."""
        self.link.new_connection_id()
        return self.link.will()

    def will(self) -> Publish:
        """The will of the present connection."""
        return self.link.will()

    def connect(self, now: int) -> list[Publish]:
        """Connected and subscribed. Without `prepare_connection`, a new id is chosen here."""
        if not self.core.powered:
            return []
        if self.core.connected or self._used_conn_id == self.core.conn_id:
            self.link.new_connection_id()
        self._used_conn_id = self.core.conn_id
        self.link.connected(now)
        return self._after(now)

    def connect_failed(self, now: int) -> None:
        """The broker could not be reached: back off."""
        self.link.failed(now)

    def connection_lost(self, now: int) -> None:
        """The socket died."""
        self.link.lost(now)
        self.charging.link_changed(now)

    def not_delivered(self, boot_id: str, seq: int, now: int) -> None:
        """PUBACK 0x10: the broker had nobody to give this uplink to; try again in 30 s."""
        self.core.flash.buffer.was_not_delivered(boot_id, seq)
        self.link.wake_flush(now, 30 * SECOND)

    # --- being told ---

    def receive(self, topic: str, payload: bytes, retained: bool, now: int) -> list[Publish]:
        """A message from the service. Retained ones under down/ are a mistake and are ignored."""
        parts = topic.split("/")
        mine = len(parts) == 5 and parts[:2] == ["pile", "1"] and parts[3] == "down"
        body = _decode(payload)
        if retained or not mine or parts[2] not in (self.name, "_all") or body is None:
            self.ignored += 1
            return []
        if not self.core.powered or not self.core.connected:
            return []
        said = self.tick(now)
        if parts[2] == "_all":
            self._told_with_all(parts[4], body, now)
        else:
            self._told(parts[4], body, now)
        return said + self._after(now)

    def _told_with_all(self, tail: str, body: Body, now: int) -> None:
        if tail == "time":
            self.link.told_time(body, now, to_all=True)
        elif tail == "report_now":
            self.commands.report_later(body, now)

    def _told(self, tail: str, body: Body, now: int) -> None:
        if tail == "welcome":
            self._welcome(body, now)
        elif tail == "cmd":
            self.commands.take(body, now)
        elif tail == "session_ack":
            acked = body.get("acked")
            self.core.flash.settlements.acknowledged(acked if isinstance(acked, list) else [], now)
            if not self.core.flash.settlements.full():
                self.faults.clear("storage_full", None, now)
        elif tail == "committed":
            self.link.committed(body)
            self.link.wake_flush(now)
        elif tail == "card_result":
            self.link.card_result(body, now)
            self._hear_card_results(now)
        elif tail == "time":
            self.link.told_time(body, now, to_all=False)

    def _welcome(self, body: Body, now: int) -> None:
        first = self.link.never_welcomed_this_boot
        if not self.link.welcomed(body, now):
            self.ignored += 1
            return
        self.link.never_welcomed_this_boot = False
        self.charging.link_changed(now)
        if body.get("rebirth") is True:
            self._report_what(["config", "outlets", "faults", "meter"], now)
        elif first:
            self.commands.say_config()

    def _hear_card_results(self, now: int) -> None:
        for outlet, card_uid, body in self.link.card_answers:
            if body.get("result") == "ok":
                self.commands.cards_ok[outlet] = (now, card_uid)
            self.voice.append(str(body.get("voice", body.get("result"))))
        self.link.card_answers.clear()

    def _report_what(self, what: list[object], now: int) -> None:
        if "config" in what:
            self.commands.say_config()
        if "outlets" in what or "faults" in what:
            self.link.heartbeat(now)
        if "faults" in what:
            for fault in self.faults.active:
                self.faults.say(fault, now)
        if "meter" in what:
            self.reports.report(self.core.slots, "request", now)

    # --- people at the wall ---

    def slot(self, outlet: int) -> Slot:
        """The outlet with that number; ValueError with a sentence if there is none."""
        found = self.core.slot(outlet)
        if found is None:
            raise ValueError(f"{self.name} has no outlet {outlet}")
        return found

    def plug(self, outlet: int, pack: Pack, now: int) -> list[Publish]:
        """A charger goes in."""
        said = self.tick(now)
        slot = self.slot(outlet)
        if slot.hw.pack is not None:
            raise ValueError(f"{self.name} outlet {outlet} is taken")
        self.charging.plug(slot, pack, now)
        return said + self._after(now)

    def unplug(self, outlet: int, now: int) -> list[Publish]:
        """A charger comes out."""
        said = self.tick(now)
        slot = self.slot(outlet)
        if slot.hw.pack is None:
            raise ValueError(f"nothing is plugged in at {self.name} outlet {outlet}")
        self.charging.unplug(slot, now)
        return said + self._after(now)

    def swipe(self, outlet: int, card_uid: str, now: int) -> list[Publish]:
        """A card at the reader: asks to stop a running charge, otherwise to start one."""
        said = self.tick(now)
        slot = self.slot(outlet)
        if self.core.powered:
            intent = "stop" if slot.charge is not None else "start"
            if self.link.swipe(outlet, card_uid, intent, now) is None:
                self.voice.append("no_network")
        return said + self._after(now)

    # --- time passes ---

    def next_wake(self, now: int) -> int:
        """The next moment `tick` has something to do (connecting is the driver's: `connect_at`)."""
        if not self.core.powered:
            return self._power_at
        return max(now, min(
            self.reports.next_wake(), self.charging.next_wake(), self.commands.next_wake(),
            self.firmware.next_wake(), self.link.next_wake(), self.safety.next_wake(),
            self._boot_row_until if not self.core.connected else NEVER,
        ))  # fmt: skip

    def tick(self, now: int) -> list[Publish]:
        """Do what is due by `now`."""
        if not self.core.powered:
            return self.power_back(now, self._reboot_reason) if now >= self._power_at else []
        self.safety.tick(now)
        self.charging.tick(now)
        self.reports.tick(now)
        self.link.tick(now)
        self.firmware.tick(now)
        said = self._after(now)
        if now >= min(self.commands.reboot_wanted, self.firmware.reboot_wanted):
            by_firmware = now >= self.firmware.reboot_wanted
            said += self.reboot(now, "firmware" if by_firmware else "command")
        return said

    def _after(self, now: int) -> list[Publish]:
        self.commands.tick(now)
        if self._boot_row_until < NEVER and (self.core.connected or now >= self._boot_row_until):
            self._boot_row_until = NEVER
            self.reports.report(self.core.slots, "boot", now)
        return self.core.collected()


def _decode(payload: bytes) -> Body | None:
    try:
        body = json.loads(payload)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
