"""The board: what is known right now of every pile and outlet, from messages and from silence.

Kept in memory by the conductor and rebuilt from what is stored; pages and risk read it. Silence is
the dangerous state: every value carries the moment it was heard.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from service.piles.received import Received

SILENT_AFTER_MS = 180_000
"""Three heartbeats of 60 s. A pile not heard from for longer is silent, whatever it said last."""

LONGEST_LIFE_MS = 10 * 365 * 86_400_000


class Face(StrEnum):
    """The five states of an outlet that every page and paper shows."""

    FREE = "free"
    IN_USE = "in_use"
    FULL = "full"
    SILENT = "silent"
    OUT_OF_ORDER = "out_of_order"


@dataclass(slots=True)
class OutletNow:
    """One outlet as last heard."""

    pile: str
    number: int
    state: str = "unknown"
    state_ms: int = 0
    session_id: str | None = None
    power_w: float | None = None
    current_ma: int | None = None
    temp_c: float | None = None
    energy_wh: int | None = None
    register_id: str | None = None
    order: tuple[int, int] = (-1, -1)
    sample_ms: int = 0
    hot_since_ms: int | None = None
    stray_since_ms: int | None = None
    freed_ms: int | None = None
    fault: bool = False

    def forget_meter(self) -> None:
        """Another board hangs there now: its counters have nothing to do with the last ones."""
        self.order, self.energy_wh, self.register_id = (-1, -1), None, None

    @property
    def may_be_on(self) -> bool:
        """Could the relay be closed, by what the pile said last?"""
        return self.state in ("charging", "starting", "paused") or bool(
            self.power_w and self.power_w >= 1
        )

    def sample(self, power_w: float, at_ms: int) -> None:
        """A heartbeat carries the power only; the current is taken to have changed with it."""
        if self.current_ma is not None and self.power_w:
            self.current_ma = round(self.current_ma * power_w / self.power_w)
        else:
            self.current_ma = None
        self.power_w, self.sample_ms = power_w, at_ms


@dataclass(slots=True)
class BootNow:
    """One life of a pile: what is stored of it, and how its uptime maps to our time."""

    no: int
    pile: str
    boot_id: str
    rank: int
    offset_ms: int | None
    received: Received
    last_heard_ms: int = 0
    told_through: int = 0

    def hear(self, uptime_ms: int, received_ms: int) -> bool:
        """A live message: the smallest delay seen is the best guess of the offset. Better now?

        An uptime of more than ten years is a mistake and must not move the whole life.
        """
        if uptime_ms > LONGEST_LIFE_MS:
            return False
        offset = received_ms - uptime_ms
        if self.offset_ms is None or offset < self.offset_ms:
            self.offset_ms = offset
            return True
        return False

    def time_of(self, uptime_ms: int) -> int | None:
        """When something happened, in our time (ms); None if nothing live was heard yet."""
        return None if self.offset_ms is None else self.offset_ms + uptime_ms


@dataclass(slots=True)
class PileNow:
    """One pile as last heard."""

    id: str
    number: int
    entrance: int
    feeder_id: str
    outlets: dict[int, OutletNow]
    outlet_limit_w: int = 1000
    place: str = ""
    in_service: bool = True
    said: str = "unknown"
    boot: BootNow | None = None
    conn_id: str | None = None
    serial: str | None = None
    serial_ms: int = 0
    blocked_until_ms: int = 0
    heard_ms: int = 0
    listening_since_ms: int = 0
    rssi_dbm: int | None = None
    temp_c: float | None = None
    fw: str | None = None
    model: str | None = None
    clock: str = "none"
    config_rev: int = 0
    last_command_ms: int = 0
    silence_told: bool = False

    def is_silent(self, now_ms: int) -> bool:
        """Not heard from for too long, or its last will was heard. What was missed while the
        service itself was away is not held against a pile: it has until the first beats are due."""
        heard_ms = max(self.heard_ms, self.listening_since_ms)
        return self.said != "online" or now_ms - heard_ms > SILENT_AFTER_MS

    def is_blocked(self, now_ms: int) -> bool:
        """Two piles answer to one name: no starts until that is solved."""
        return now_ms < self.blocked_until_ms

    def uptime_at(self, now_ms: int) -> int | None:
        """What the pile's own uptime should be now; None if no live message gave it."""
        if self.boot is None or self.boot.offset_ms is None:
            return None
        return max(0, now_ms - self.boot.offset_ms)

    def can_be_told(self, now_ms: int) -> bool:
        """Is there a connection, and an uptime at which a command may end?"""
        is_there = self.conn_id is not None and self.uptime_at(now_ms) is not None
        return is_there and not self.is_silent(now_ms)

    def face(self, outlet: OutletNow, *, held: bool, now_ms: int) -> Face:
        """What a person should see; `held` if a session holds the outlet."""
        if not self.in_service or outlet.fault or outlet.state in ("fault", "blocked"):
            return Face.OUT_OF_ORDER
        if self.is_silent(now_ms):
            return Face.SILENT
        if outlet.state in ("full", "finished_not_removed"):
            return Face.FULL
        if held or outlet.state in ("charging", "starting", "paused"):
            return Face.IN_USE
        return Face.FREE


@dataclass(slots=True)
class Board:
    """Every pile by its id, every boot by (pile, boot_id)."""

    piles: dict[str, PileNow] = field(default_factory=dict)
    boots: dict[tuple[str, str], BootNow] = field(default_factory=dict)

    def outlet(self, pile: str, number: int) -> OutletNow | None:
        """One outlet, if it exists."""
        found = self.piles.get(pile)
        return found.outlets.get(number) if found else None

    def outlets(self) -> list[OutletNow]:
        """All outlets."""
        return [outlet for pile in self.piles.values() for outlet in pile.outlets.values()]
