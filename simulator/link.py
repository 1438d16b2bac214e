"""The pile's side of the connection: birth, welcome, heartbeat, clock, cards, and the flush.

Live messages go out at once; what had to wait follows the welcome in the contract's order, at most
five a second: settlements, then faults and outlet events, then meter rows.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.buffer import Body, encode
from simulator.core import Core, Publish, as_int
from simulator.firmware import Firmware
from simulator.times import NEVER, SECOND, parse_iso

HELLO_AGAIN_S = (5, 10, 30, 60)
FLUSH_EVERY_MS = 200
BACK_OFF_S = (2, 4, 8, 16, 32, 64, 120)
SWIPE_AGAIN_MS = 5 * SECOND
SWIPE_LIVES_MS = 30 * SECOND
SETTLEMENTS_FIRST_MS = 15 * SECOND
"""So long the rest of the buffer waits for the settlements, which have their own jitter of 12 s."""
FEATURES = ["card", "max_power"]
"""No offline starts: the contract has no message that would bring the signed card list."""


@dataclass
class _Swipe:
    body: Body
    outlet: int
    card_uid: str
    again_at: int
    dies_at: int


class Link:
    """One pile's connection as it sees it. `now` is ms UTC of true time."""

    def __init__(self, core: Core, firmware: Firmware, statuses: Callable[[int], list[Body]],
                 listed_faults: Callable[[], list[Body]]):  # fmt: skip
        self.core, self.firmware = core, firmware
        self._statuses, self._faults = statuses, listed_faults
        self.connect_at = NEVER
        self.swipes: list[_Swipe] = []
        self.card_answers: list[tuple[int, str, Body]] = []
        self.never_welcomed_this_boot = True
        self.said_goodbye = False
        """The connection ends as planned: the will is not wanted."""
        self._failures = 0
        self._hello_at = NEVER
        self._hellos = 0
        self._heartbeat_at = NEVER
        self._flush_at = NEVER
        self._settlements_first_until = 0
        self._time_asked_at = NEVER

    # --- coming and going ---

    def boots(self, now: int) -> None:
        """After a boot the radio needs a while."""
        self._failures = 0
        self.never_welcomed_this_boot = True
        self.connect_at = now + 8 * SECOND + self.core.rng.randrange(4 * SECOND)

    def failed(self, now: int) -> None:
        """No connection: back off 2, 4, 8 ... 120 s, give or take 30 %."""
        wait = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
        self._failures += 1
        self.connect_at = now + round(wait * SECOND * self.core.rng.uniform(0.7, 1.3))

    def new_connection_id(self) -> None:
        """Chosen before CONNECT, because the will carries it."""
        self.core.conn_id = self.core.hex8()

    def will(self) -> Publish:
        """What the broker is to say if this connection dies."""
        body = {"state": "lost", "boot_id": self.core.boot_id, "conn_id": self.core.conn_id}
        return Publish(self.core.topic("state"), encode(body), 1, True)

    def connected(self, now: int) -> None:
        """Subscribed: state online, hello, and wait for the welcome."""
        core = self.core
        core.connected, core.welcomed = True, False
        self.connect_at, self.said_goodbye = NEVER, False
        core.flash.buffer.connection_begins()
        body = {"state": "online", "boot_id": core.boot_id, "conn_id": core.conn_id}
        core.say("state", body, retain=True)
        self._hellos = 0
        self._hello(now)

    def lost(self, now: int) -> None:
        """The connection is gone; running charges go on."""
        core = self.core
        if core.connected:
            core.connected = core.welcomed = False
            core.flash.settlements.connection_lost()
            self._hello_at = self._heartbeat_at = self._flush_at = self._time_asked_at = NEVER
            self.failed(now)

    def leave(self, reason: str) -> None:
        """A planned stop says so before it disconnects."""
        core, self.said_goodbye = self.core, True
        body = {
            "state": "offline", "reason": reason,
            "boot_id": core.boot_id, "conn_id": core.conn_id,
        }  # fmt: skip
        core.say("state", body, retain=True)

    def silent(self) -> None:
        """No power: nothing is planned."""
        core = self.core
        core.connected = core.welcomed = False
        core.flash.settlements.connection_lost()
        self.connect_at = self._hello_at = self._heartbeat_at = NEVER
        self._flush_at = self._time_asked_at = NEVER
        self.swipes.clear()

    def _hello(self, now: int) -> None:
        core, flash = self.core, self.core.flash
        uptime = core.uptime(now)
        body: Body = {
            "boot_id": core.boot_id, "boot_count": flash.boot_count, "conn_id": core.conn_id,
            "seq": 0, "uptime_ms": uptime, "contract": "1.0", "mqtt": core.cfg.mqtt,
            "model": core.cfg.model, "hw": core.cfg.hw, "fw": flash.fw, "fw_slot": flash.fw_slot,
            "outlets": len(core.slots), "meter": "BL0942", "serial": core.serial,
            "iccid": core.iccid, "link": "4g", "rssi_dbm": self._rssi(),
            "reset_reason": core.reset_reason, "power_lost_s": core.power_lost_s,
            "clock": core.clock.state(uptime), "time_utc": core.clock.millis(uptime),
            "config_rev": flash.config.rev, "config_sha": flash.config.sha(),
            "settlement_seq": flash.settlements.last_seq,
            "settlements_unacked": len(flash.settlements.records),
            "buffered": flash.buffer.waiting(), "features": FEATURES,
        }  # fmt: skip
        del body["seq"]
        if flash.buffer.dropped:
            body["dropped"] = flash.buffer.dropped
        core.report_other("hello", body)
        wait = HELLO_AGAIN_S[min(self._hellos, len(HELLO_AGAIN_S) - 1)]
        self._hellos += 1
        self._hello_at = now + wait * SECOND

    def _rssi(self) -> int:
        return self.core.rssi_dbm + self.core.rng.randrange(-3, 4)

    # --- being told ---

    def welcomed(self, body: Body, now: int) -> bool:
        """Take a welcome; False when it is for another connection or not a welcome at all."""
        core = self.core
        if body.get("conn_id") != core.conn_id or not core.connected:
            return False
        again, core.welcomed = core.welcomed, True
        self._failures, self._hello_at = 0, NEVER
        if not core.cfg.keeps_own_intervals:
            for key in ("heartbeat_s", "meter_s", "meter_idle_s"):
                value = as_int(body.get(key))
                if value is not None and value >= 5:
                    setattr(core, key, value)
        self._take_time(body, now)
        acked = as_int(body.get("settlement_acked_seq"))
        if acked is not None:
            core.flash.settlements.acknowledged_through(acked)
        if not again:
            self._plan_heartbeat(now)
            core.flash.settlements.connection_welcomed(now, core.rng)
            self._flush_at = now + FLUSH_EVERY_MS
            self._settlements_first_until = now + SETTLEMENTS_FIRST_MS
            self.firmware.welcomed()
        return True

    def told_time(self, body: Body, now: int, *, to_all: bool) -> None:
        """An answer to our question, or the time for everyone (without a question to match)."""
        if to_all or body.get("conn_id") == self.core.conn_id:
            self._take_time(body, now)

    def _take_time(self, body: Body, now: int) -> None:
        uptime = self.core.uptime(now)
        self._time_asked_at = now + (self.core.clock.next_exchange() - uptime)
        try:
            server_ms = parse_iso(str(body.get("server_time_utc")))
        except ValueError:
            return
        idle = self.core.sessions_running() == 0
        echo = as_int(body.get("echo_uptime_ms"))
        self.core.clock.told(server_ms, echo, uptime, may_step=idle)
        self._time_asked_at = now + (self.core.clock.next_exchange() - uptime)

    def committed(self, body: Body) -> None:
        """The service's word that it has what we sent."""
        boot_id, through = body.get("boot_id"), as_int(body.get("through_seq"))
        missing = body.get("missing", [])
        if isinstance(boot_id, str) and through is not None and isinstance(missing, list):
            numbers = [n for n in missing if as_int(n) is not None]
            self.core.flash.buffer.committed(boot_id, through, numbers)

    def wake_flush(self, now: int, after_ms: int = FLUSH_EVERY_MS) -> None:
        """Something waits again: start flushing when online."""
        if self.core.welcomed and self.core.flash.buffer.has_due():
            self._flush_at = min(self._flush_at, now + after_ms)

    # --- cards ---

    def swipe(self, outlet: int, card_uid: str, intent: str, now: int) -> str | None:
        """A card at the reader; the swipe's id, or None when there is no service to ask."""
        core = self.core
        if not core.welcomed:
            return None
        core.flash.swipes += 1
        body: Body = {
            "swipe_id": f"c-{core.flash.swipes}", "outlet": outlet, "card_uid": card_uid,
            "intent": intent,
        }  # fmt: skip
        core.report_other("card", {"uptime_ms": core.uptime(now)} | body)
        self.swipes.append(
            _Swipe(body, outlet, card_uid, now + SWIPE_AGAIN_MS, now + SWIPE_LIVES_MS)
        )
        return str(body["swipe_id"])

    def card_result(self, body: Body, now: int) -> None:
        """The service's answer to a swipe."""
        for swipe in self.swipes:
            if swipe.body["swipe_id"] == body.get("swipe_id"):
                self.swipes.remove(swipe)
                self.card_answers.append((swipe.outlet, swipe.card_uid, body))
                return

    def _swipes_again(self, now: int) -> None:
        for swipe in list(self.swipes):
            if now >= swipe.dies_at:
                self.swipes.remove(swipe)
            elif now >= swipe.again_at:
                swipe.again_at = NEVER
                uptime = self.core.uptime(now)
                self.core.report_other("card", {"uptime_ms": uptime} | swipe.body)

    # --- time passes ---

    def _plan_heartbeat(self, now: int) -> None:
        spread = self.core.rng.uniform(0.9, 1.1)
        self._heartbeat_at = now + round(self.core.heartbeat_s * SECOND * spread)

    def heartbeat(self, now: int) -> None:
        """States, faults and signal; QoS 0, never buffered."""
        core = self.core
        hour = (now / 3_600_000 + 8) % 24
        temp = core.ambient_c + 4 * math.sin((hour - 9) / 24 * 2 * math.pi)
        temp += sum(slot.hw.power_w(now) for slot in core.slots) / 60
        uptime = core.uptime(now)
        core.say("heartbeat", {
            "boot_id": core.boot_id, "last_seq": core.last_seq(), "uptime_ms": uptime,
            "rssi_dbm": self._rssi(), "temp_c": round(temp, 1), "clock": core.clock.state(uptime),
            "buffered": core.flash.buffer.waiting(),
            "settlements_unacked": len(core.flash.settlements.records),
            "outlets": self._statuses(now), "faults": self._faults(),
        }, qos=0)  # fmt: skip

    def next_wake(self) -> int:
        """When something here is due."""
        settlements = self.core.flash.settlements.due_ms if self.core.welcomed else NEVER
        first = min(
            self._hello_at, self._heartbeat_at, self._flush_at, self._time_asked_at, settlements
        )
        if not self.swipes:
            return first
        return min(first, *(min(s.again_at, s.dies_at) for s in self.swipes))

    def tick(self, now: int) -> None:
        """Say what is due."""
        core = self.core
        if now >= self._hello_at and not core.welcomed:
            self._hello(now)
        if core.welcomed:
            record = core.flash.settlements.take_due(now)
            if record is not None:
                core.say("session", record)
        if now >= self._flush_at:
            self._flush(now)
        if now >= self._heartbeat_at:
            self.heartbeat(now)
            self._plan_heartbeat(now)
        if now >= self._time_asked_at:
            self._ask_time(now)
        self._swipes_again(now)

    def _flush(self, now: int) -> None:
        store, buffer = self.core.flash.settlements, self.core.flash.buffer
        if now < self._settlements_first_until and not store.first_copy_is_out():
            self._flush_at = now + SECOND
            return
        self.core.flush_one()
        self._flush_at = now + FLUSH_EVERY_MS if buffer.has_due() else NEVER

    def _ask_time(self, now: int) -> None:
        self._time_asked_at = now + 10 * 60 * SECOND
        uptime = self.core.uptime(now)
        body: dict[str, Any] = {"boot_id": self.core.boot_id, "uptime_ms": uptime}
        text = self.core.clock.millis(uptime)
        if text is not None:
            body["time_utc"] = text
        self.core.say("time", body | {"clock": self.core.clock.state(uptime)}, qos=0)
