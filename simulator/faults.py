"""Faults a pile raises and clears, each with an id of its own boot."""

from dataclasses import dataclass

from simulator.buffer import Body
from simulator.core import Core

CRITICAL = frozenset({
    "smoke", "water", "leakage", "short_circuit", "relay_welded", "over_temp_outlet",
    "over_temp_ambient", "over_current", "ground_fault",
})  # fmt: skip
WHOLE_PILE = frozenset({"smoke", "water", "leakage", "over_temp_ambient"})
START_CODES = {"over_temp_outlet": "over_temp", "over_temp_ambient": "over_temp"}
"""Fault -> the code a refused start names, where it is another word."""


@dataclass
class Fault:
    """An active fault. `value`, `limit` and `unit` are None where nothing is measured."""

    fault_id: str
    code: str
    outlet: int | None
    action: str
    value: float | None = None
    limit: float | None = None
    unit: str | None = None

    @property
    def severity(self) -> str:
        """critical for what burns or kills, otherwise warning."""
        return "critical" if self.code in CRITICAL else "warning"


class Faults:
    """The active faults of one pile."""

    def __init__(self, core: Core):
        self.core = core
        self.active: list[Fault] = []
        self._count = 0

    def find(self, code: str, outlet: int | None) -> Fault | None:
        """The active fault with that code at that outlet (None: of the whole pile)."""
        return next((f for f in self.active if f.code == code and f.outlet == outlet), None)

    def raise_(self, fault: Fault, now: int) -> None:
        """Report a fault once; it stays in every heartbeat until it is cleared."""
        if self.find(fault.code, fault.outlet) is not None:
            return
        self._count += 1
        fault.fault_id = f"{self.core.boot_id}-{self._count}"
        self.active.append(fault)
        self.say(fault, now)

    def say(self, fault: Fault, now: int) -> None:
        """The raise as a message (also on a rebirth)."""
        body: Body = self.core.stamped(now) | {
            "fault_id": fault.fault_id, "code": fault.code, "severity": fault.severity,
            "active": True,
        }  # fmt: skip
        more = {
            "outlet": fault.outlet, "value": fault.value, "limit": fault.limit, "unit": fault.unit,
        }  # fmt: skip
        body |= {key: value for key, value in more.items() if value is not None}
        self.core.report_event("fault", body | {"action": fault.action})

    def clear(self, code: str, outlet: int | None, now: int, value: float | None = None) -> None:
        """The cause is gone."""
        fault = self.find(code, outlet)
        if fault is None:
            return
        self.active.remove(fault)
        body: Body = {
            "uptime_ms": self.core.uptime(now), "fault_id": fault.fault_id, "code": code,
            "severity": fault.severity, "active": False,
        }  # fmt: skip
        more = {"outlet": outlet, "value": value}
        body |= {key: value for key, value in more.items() if value is not None}
        self.core.report_event("fault", body)

    def again_after_boot(self, now: int) -> None:
        """What is still wrong is raised again, with new ids."""
        old, self.active, self._count = self.active, [], 0
        for fault in old:
            self.raise_(fault, now)

    def refusal(self, outlet: int) -> str | None:
        """The code with which a start on this outlet is refused, if a fault forbids it."""
        for fault in self.active:
            if fault.action in ("outlet_off", "all_off") and fault.outlet in (None, outlet):
                return START_CODES.get(fault.code, fault.code)
        return None

    def at_outlet(self, outlet: int) -> bool:
        """The outlet is in the state `fault`."""
        return self.refusal(outlet) is not None

    def listed(self) -> list[Body]:
        """What the heartbeat lists."""
        rows: list[Body] = []
        for fault in self.active:
            row: Body = {"fault_id": fault.fault_id, "code": fault.code, "severity": fault.severity}
            if fault.outlet is not None:
                row["outlet"] = fault.outlet
            rows.append(row)
        return rows
