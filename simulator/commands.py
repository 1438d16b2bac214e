"""What a pile does when it is told something: the contract's six rules, then the deed.

Nothing stale moves a relay: a command names the present connection and ends at a value of the
pile's own uptime. The same id again repeats the stored answer and does nothing.
"""

from collections.abc import Callable
from typing import Any

from simulator.buffer import Body
from simulator.charging import STOP_WORDS, Charging
from simulator.core import Core, Slot, as_int
from simulator.faults import Faults
from simulator.firmware import Firmware
from simulator.reports import Reports
from simulator.times import NEVER, SECOND

KEPT_RESULTS = 32
CARD_START_MS = 60 * SECOND
"""A start that follows an accepted swipe within this time counts as a start by card."""


class Commands:
    """The command desk of one pile."""

    def __init__(
        self, core: Core, faults: Faults, reports: Reports, charging: Charging, firmware: Firmware
    ):
        self.core, self.faults, self.reports = core, faults, reports
        self.charging, self.firmware = charging, firmware
        self.cards_ok: dict[int, tuple[int, str]] = {}
        """Outlet -> (when, card) of the last swipe the service said ok to."""
        self.reboot_wanted = NEVER
        self._reboot_when_idle = False
        self._report_at = NEVER
        self._report_what: list[Any] = []
        self.rebirth: Callable[[list[Any], int], None] = lambda what, now: None
        self._deeds: dict[str, Callable[[Body, Slot | None, int], None]] = {
            "start": self._start, "stop": self._stop, "extend": self._extend,
            "config_get": self._config_get, "config_set": self._config_set,
            "firmware": self._firmware, "reboot": self._reboot, "report_now": self._report_now,
            "watch": self._watch, "locate": self._locate,
        }  # fmt: skip

    def take(self, command: Body, now: int) -> None:
        """One command, decoded."""
        command_id, kind = command.get("command_id"), command.get("cmd")
        if not isinstance(command_id, str) or not command_id:
            return
        known = self.core.flash.results.get(command_id)
        if known is not None:
            self._say(known, now)
            return
        until = as_int(command.get("valid_until_uptime_ms"))
        fresh = command.get("conn_id") == self.core.conn_id and until is not None
        if not fresh or self.core.uptime(now) > (until or 0):
            self._answer(command, "expired", now, code="expired")
            return
        deed = self._deeds.get(kind) if isinstance(kind, str) else None
        if deed is None:
            self._answer(command, "rejected", now, code="unsupported")
            return
        slot = self.core.slot(command.get("outlet"))
        if slot is None and kind in ("start", "stop", "extend", "watch", "locate"):
            self._answer(command, "rejected", now, code="outlet_unknown")
            return
        deed(command, slot, now)

    def _answer(self, command: Body, status: str, now: int, **more: Any) -> None:
        outlet = as_int(command.get("outlet"))
        body: Body = {"command_id": command["command_id"], "status": status}
        if "code" in more:
            body["code"] = more.pop("code")
        if outlet is not None and 1 <= outlet <= 64 and status != "accepted":
            body["outlet"] = outlet
        self._store(body | more, now)

    def _store(self, body: Body, now: int) -> None:
        results = self.core.flash.results
        results.pop(body["command_id"], None)
        results[body["command_id"]] = body
        while len(results) > KEPT_RESULTS:
            del results[next(iter(results))]
        self._say(body, now)

    def _say(self, body: Body, now: int) -> None:
        self.core.report_other("result", {"uptime_ms": self.core.uptime(now)} | body)

    def _done(self, command: Body, now: int) -> None:
        self._answer(command, "accepted", now)
        self._answer(command, "done", now)

    # --- start, stop, extend ---

    def _start(self, command: Body, slot: Slot | None, now: int) -> None:
        if slot is None:
            return
        code = self._start_refusal(command, slot, now)
        if code is not None:
            self._answer(command, "rejected", now, code=code)
            return
        self._answer(command, "accepted", now)
        at, card_uid = self.cards_ok.pop(slot.number, (-NEVER, ""))
        by_card = now - at <= CARD_START_MS
        self.charging.start(
            slot, command, "card" if by_card else "command", card_uid if by_card else None, now
        )

    def _start_refusal(self, command: Body, slot: Slot, now: int) -> str | None:
        session_id = command.get("session_id")
        limits = [command.get(k, 1) for k in ("max_duration_s", "max_energy_wh", "max_power_w")]
        good = isinstance(session_id, str) and session_id not in ("", "any")
        good = good and all((as_int(limit) or 0) > 0 for limit in limits)
        running = self.core.sessions_running()
        load_w = sum(s.hw.power_w(now) for s in self.core.slots)
        for code, holds in (
            ("not_welcome", not self.core.welcomed),
            ("bad_request", not good),
            ("busy", slot.in_work is not None),
            (self.faults.refusal(slot.number) or "", self.faults.at_outlet(slot.number)),
            ("outlet_blocked", slot.blocked),
            ("already_charging", slot.charge is not None),
            ("not_plugged", slot.hw.pack is None),
            ("storage_fault", self.core.flash.settlements.full(running)),
            ("over_total_power", load_w > self.core.cfg.total_power_w),
        ):
            if holds:
                return code
        return None

    def _stop(self, command: Body, slot: Slot | None, now: int) -> None:
        if slot is None:
            return
        charge, asked = slot.charge, command.get("session_id")
        code = None
        if slot.in_work is not None:
            code = "busy"
        elif charge is None:
            code = "already_stopped"
        elif asked not in (charge.session_id, "any"):
            code = "session_mismatch"
        if code is not None:
            self._answer(command, "rejected", now, code=code)
            return
        reason = command.get("reason")
        word = reason if isinstance(reason, str) and reason in STOP_WORDS else "other"
        detail = reason[:60] if word == "other" and isinstance(reason, str) and reason else None
        self._answer(command, "accepted", now)
        self.charging.stop(slot, word, now, detail=detail, command_id=command["command_id"])

    def _extend(self, command: Body, slot: Slot | None, now: int) -> None:
        if slot is None:
            return
        seconds, wh = as_int(command.get("max_duration_s")), as_int(command.get("max_energy_wh"))
        if slot.charge is None:
            self._answer(command, "rejected", now, code="already_stopped")
        elif slot.charge.session_id != command.get("session_id"):
            self._answer(command, "rejected", now, code="session_mismatch")
        elif not seconds or not wh or seconds < 0 or wh < 0:
            self._answer(command, "rejected", now, code="bad_request")
        else:
            self.charging.extend(slot, seconds, wh, now)
            self._done(command, now)

    def _take_outcomes(self, now: int) -> None:
        for outcome in self.charging.outcomes:
            slot = self.core.slots[outcome.outlet - 1]
            slot.hw.run_to(now)
            body: Body = {"command_id": outcome.command_id}
            body["status"] = "done" if outcome.code is None else "failed"
            if outcome.code is not None:
                body["code"] = outcome.code
            power_w = round(slot.hw.power_w(now) * slot.hw.meter.gain, 1)
            self._store(body | {
                "outlet": outcome.outlet, "outlet_state": self.reports.state(slot),
                "session_id": outcome.session_id, "energy_total_wh": slot.hw.meter.total_wh,
                "power_w": power_w,
            }, now)  # fmt: skip
        self.charging.outcomes.clear()

    # --- the rest ---

    def _config_get(self, command: Body, slot: Slot | None, now: int) -> None:
        self._answer(command, "accepted", now)
        self.say_config()
        self._answer(command, "done", now)

    def say_config(self) -> None:
        """The settings in force, retained."""
        config = self.core.flash.config
        body = {
            "boot_id": self.core.boot_id, "rev": config.rev, "sha": config.sha(),
            "config": dict(config.values),
        }  # fmt: skip
        self.core.say("config", body, retain=True)

    def _config_set(self, command: Body, slot: Slot | None, now: int) -> None:
        config = self.core.flash.config
        why = config.set(command.get("if_rev"), command.get("rev"), command.get("config"))
        if why is not None:
            self._answer(command, "rejected", now, code="bad_request", detail=why[:200])
            return
        self._answer(command, "accepted", now)
        for key in ("meter_s", "meter_idle_s", "heartbeat_s"):
            if key in config.values and key in command["config"]:
                setattr(self.core, key, config.values[key])
        self.say_config()
        self._answer(command, "done", now)

    def _firmware(self, command: Body, slot: Slot | None, now: int) -> None:
        if not self.firmware.acceptable(command):
            self._answer(command, "rejected", now, code="bad_request")
        elif self.core.flash.fw_update is not None:
            self._answer(command, "rejected", now, code="busy")
        else:
            self._answer(command, "accepted", now)
            self.firmware.begin(command, now)

    def _reboot(self, command: Body, slot: Slot | None, now: int) -> None:
        self._done(command, now)
        if command.get("when") == "idle" and self.core.sessions_running():
            self._reboot_when_idle = True
        else:
            self.reboot_wanted = now + SECOND

    def _report_now(self, command: Body, slot: Slot | None, now: int) -> None:
        self._answer(command, "accepted", now)
        self.rebirth(_list(command.get("what")), now)
        self._answer(command, "done", now)

    def report_later(self, body: Body, now: int) -> None:
        """`report_now` to all: wait a random part of the spread."""
        spread = as_int(body.get("spread_s")) or 0
        self._report_at = now + self.core.rng.randrange(max(1, min(600, spread) * SECOND))
        self._report_what = _list(body.get("what"))

    def _watch(self, command: Body, slot: Slot | None, now: int) -> None:
        every, span = as_int(command.get("every_s")) or 0, as_int(command.get("for_s")) or 0
        if slot is None or every < 5 or not 1 <= span <= 300:
            self._answer(command, "rejected", now, code="bad_request")
            return
        self.reports.watch(slot.number, every, span, now)
        self._done(command, now)

    def _locate(self, command: Body, slot: Slot | None, now: int) -> None:
        self._done(command, now)

    def forget_work(self) -> None:
        """A reboot forgets what was asked of this boot."""
        self.reboot_wanted, self._report_at, self._reboot_when_idle = NEVER, NEVER, False
        self.cards_ok.clear()

    def next_wake(self) -> int:
        """The next moment something here is due."""
        return min(self._report_at, self.reboot_wanted)

    def tick(self, now: int) -> None:
        """Answer what has become clear."""
        if self.charging.outcomes:
            self._take_outcomes(now)
        if self._reboot_when_idle and not self.core.sessions_running():
            self._reboot_when_idle, self.reboot_wanted = False, now + SECOND
        if now >= self._report_at:
            self._report_at = NEVER
            self.rebirth(self._report_what, now)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
