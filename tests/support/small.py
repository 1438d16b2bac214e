"""A pile of paper: says exactly what a test makes it say, by the wire contract.

For stories about one message at a time. Whole evenings are played by the simulator.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from service.clock import FixedClock, to_ms
from service.flow import House, ticks, uplink
from service.flow.uplink import Taken
from service.piles.messages import Heard


@dataclass
class PaperPile:
    """One pile whose every word is written by hand."""

    house: House
    clock: FixedClock
    id: str = "LB-001"
    boot_id: str = "9f3a61c2"
    conn_id: str = "5d0e77a1"
    boot_count: int = 1
    serial: str = "KX2P-2309-00417"
    booted_ms: int = 0
    seq: int = 0
    settlement_seq: int = 0
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.booted_ms = self.booted_ms or to_ms(self.clock.now()) - 60_000

    @property
    def uptime_ms(self) -> int:
        return to_ms(self.clock.now()) - self.booted_ms

    def heard(self, tail: str, payload: dict[str, Any], *, retain: bool = False) -> Heard:
        """A message as the wire would hand it over now."""
        topic = f"pile/1/{self.id}/up/{tail}"
        return Heard(topic, json.dumps(payload).encode(), to_ms(self.clock.now()), 1, retain)

    def say(self, tail: str, payload: dict[str, Any], *, retain: bool = False) -> Taken:
        """Say something; what comes back is kept in `told`."""
        return self.deliver(self.heard(tail, payload, retain=retain))

    def deliver(self, *heard: Heard) -> Taken:
        taken = uplink.take(self.house, list(heard))
        for reply in taken.replies:
            self.told.append((reply.topic.split("/")[-1], json.loads(reply.payload)))
        return taken

    def numbered(self, **fields: Any) -> dict[str, Any]:
        self.seq += 1
        return {"boot_id": self.boot_id, "seq": self.seq, **fields}

    def hello(self, **changes: Any) -> Taken:
        """Birth: state and hello."""
        self.say("state", {"state": "online", "boot_id": self.boot_id, "conn_id": self.conn_id})
        hello = self.numbered(
            boot_count=self.boot_count, conn_id=self.conn_id, uptime_ms=self.uptime_ms,
            contract="1.0", outlets=2, serial=self.serial, settlement_seq=self.settlement_seq,
            settlements_unacked=0,
        )  # fmt: skip
        return self.say("hello", {**hello, **changes})

    def heartbeat(self, outlets: list[dict[str, Any]] | None = None, **changes: Any) -> Taken:
        """Alive; by default both outlets are empty."""
        empty = [{"outlet": 1, "state": "empty"}, {"outlet": 2, "state": "empty"}]
        beat = {
            "boot_id": self.boot_id, "last_seq": self.seq, "uptime_ms": self.uptime_ms,
            "outlets": empty if outlets is None else outlets, "faults": [],
        }  # fmt: skip
        return self.say("heartbeat", {**beat, **changes})

    def reading(self, outlet: int = 1, wh: int = 1000, **changes: Any) -> dict[str, Any]:
        row = {
            "outlet": outlet, "register_id": "a17", "energy_total_wh": wh, "power_w": 120.0,
            "voltage_v": 228.0, "current_ma": 880, "uptime_ms": self.uptime_ms,
            "reason": "interval",
        }  # fmt: skip
        return {**row, **changes}

    def meter(self, *readings: dict[str, Any], **changes: Any) -> Taken:
        return self.say("meter", {**self.numbered(readings=list(readings)), **changes})

    def event(self, event: str, outlet: int = 1, **changes: Any) -> Taken:
        state = {"plugged": "plugged", "unplugged": "empty"}.get(event, "charging")
        fields = {"uptime_ms": self.uptime_ms, "outlet": outlet, "event": event, "state": state}
        return self.say("outlet", self.numbered(**{**fields, **changes}))

    def result(self, command_id: str, status: str, **changes: Any) -> Taken:
        fields = {"uptime_ms": self.uptime_ms, "command_id": command_id, "status": status}
        return self.say("result", self.numbered(**{**fields, **changes}))

    def fault(
        self, code: str, *, active: bool = True, outlet: int | None = 1, **more: Any
    ) -> Taken:
        fields = {
            "uptime_ms": self.uptime_ms, "fault_id": f"{self.boot_id}-{code}", "code": code,
            "severity": "critical", "active": active, "outlet": outlet,
        }  # fmt: skip
        return self.say("fault", self.numbered(**{**fields, **more}))

    def settlement(
        self, session_id: str, start_wh: int, end_wh: int, **more: Any
    ) -> dict[str, Any]:
        """The record of a session that ended now; its number is the pile's next."""
        self.settlement_seq += 1
        seconds = more.pop("duration_s", 3600)
        end = {"boot_id": self.boot_id, "uptime_ms": self.uptime_ms, "clock": "none"}
        start = {**end, "uptime_ms": max(0, self.uptime_ms - seconds * 1000)}
        record = {
            "settlement_seq": self.settlement_seq, "attempt": 1, "session_id": session_id,
            "outlet": 1, "start_source": "command", "register_id": "a17",
            "energy_start_wh": start_wh, "energy_end_wh": end_wh, "energy_wh": end_wh - start_wh,
            "duration_s": seconds, "charging_s": seconds, "power_max_w": 130.0,
            "stop_reason": "full", "start": start, "end": end, "power_cuts": 0,
        }  # fmt: skip
        return {**record, **more}

    def commands(self) -> list[dict[str, Any]]:
        """What the outbox has for this pile now, as if it had been sent."""
        due = [one for one in ticks.due(self.house) if one.topic.split("/")[2] == self.id]
        ticks.sent(self.house, [one.command_id or "" for one in due])
        return [json.loads(one.payload) for one in due]

    def last_told(self, tail: str) -> dict[str, Any]:
        """The last answer of a kind."""
        return next(payload for name, payload in reversed(self.told) if name == tail)
