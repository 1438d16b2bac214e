"""The pile's settings: what may be set, within which compiled-in limits, all or nothing."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

HEAT_FLOOR_C = 80
POWER_CEILING_W = 2000
"""Compiled in: configuration can only be stricter."""

LIMITS: dict[str, tuple[float, float]] = {
    "meter_s": (5, 3600),
    "meter_idle_s": (60, 86_400),
    "heartbeat_s": (10, 3600),
    "max_power_w": (50, POWER_CEILING_W),
    "offline_max_power_w": (50, POWER_CEILING_W),
    "over_temp_outlet_c": (40, HEAT_FLOOR_C),
    "full_stop_below_w": (1, 200),
    "full_stop_hold_s": (60, 14_400),
    "max_duration_s": (60, 86_400),
    "max_energy_wh": (1, 20_000),
}
HIDDEN_DEFAULTS = {
    "max_duration_s": 36_000, "max_energy_wh": 5_000, "offline_max_power_w": POWER_CEILING_W,
}  # fmt: skip
"""In force without being reported until somebody sets them."""


def _defaults() -> dict[str, Any]:
    return {
        "meter_s": 60,
        "max_power_w": 1000,
        "over_temp_outlet_c": HEAT_FLOOR_C,
        "full_stop_below_w": 30,
        "full_stop_hold_s": 3600,
        "offline_start": False,
    }


@dataclass
class Configuration:
    """The settings in force with their revision; lives in flash."""

    rev: int = 7
    values: dict[str, Any] = field(default_factory=_defaults)

    def sha(self) -> str:
        """Eight hex characters over the canonical JSON of the values."""
        text = json.dumps(self.values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def get(self, key: str) -> int:
        """A number in force."""
        return int(self.values.get(key, HIDDEN_DEFAULTS.get(key, 0)))

    def set(self, if_rev: object, rev: object, values: object) -> str | None:
        """Apply a whole change, or nothing and the reason."""
        if not isinstance(rev, int) or not isinstance(values, dict):
            return "rev and config are needed"
        if if_rev is not None and if_rev != self.rev:
            return f"if_rev: the revision is {self.rev}"
        wrong = sorted(key for key, value in values.items() if not _acceptable(key, value))
        if wrong:
            return "config: " + ", ".join(wrong)
        self.values |= values
        self.rev = rev
        return None


def _acceptable(key: str, value: object) -> bool:
    if key == "offline_start":
        return isinstance(value, bool)
    low, high = LIMITS.get(key, (1, 0))
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
