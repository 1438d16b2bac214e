"""What every part of a pile shares: who it is, what survives a reboot, and how it speaks.

No clock, no socket: times are handed in and what is said is collected: one seed, one evening.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from simulator.buffer import Body, Buffer, Entry, encode
from simulator.clockwork import PileClock
from simulator.configuration import Configuration
from simulator.hardware import OutletHardware
from simulator.meter import Meter, factory_gain
from simulator.oracle import Oracle
from simulator.settlements import SettlementStore

HARD_LIMIT_BYTES = 4096


class Publish(NamedTuple):
    """One message on its way up."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


@dataclass(frozen=True)
class PileConfig:
    """The make and place of a pile. Intervals in seconds until a welcome says otherwise."""

    name: str
    outlets: int = 2
    model: str = "KX-2P"
    hw: str = "B3"
    fw: str = "2.4.1"
    serial: str = ""
    heartbeat_s: int = 60
    meter_s: int = 60
    meter_idle_s: int = 900
    keeps_own_intervals: bool = False
    """The welcome's intervals are not taken: for filling history with few messages."""
    mqtt: int = 5
    total_power_w: int = 3000
    rollover_wh: int | None = None
    power_loss_row: bool = False
    """The hardware can still write one reading when the mains fails."""


@dataclass
class Charge:
    """A running session; lives in flash. Times in ms of true time, limits as sent or configured."""

    session_id: str
    source: str
    card_uid: str | None
    register_id: str
    start_wh: int
    started_ms: int
    start_moment: Body
    max_duration_s: int
    max_energy_wh: int
    max_power_w: int
    below_w: int
    hold_s: int
    power_max_w: float = 0.0
    on_ms: int = 0
    on_since: int | None = None
    power_cuts: int = 0


@dataclass
class Slot:
    """One outlet as the firmware sees it."""

    hw: OutletHardware
    number: int
    charge: Charge | None = None
    in_work: str | None = None
    """The command id of the start or stop in work."""
    after: str | None = None
    """What a plug that stayed after the end is called: full or finished_not_removed."""
    blocked: bool = False
    pulled_in_the_dark: bool = False
    """The plug came out while there was no power: this session is not resumed."""


@dataclass
class Flash:
    """Everything that survives a reboot or a power cut."""

    config: Configuration
    settlements: SettlementStore
    buffer: Buffer = field(default_factory=Buffer)
    boot_count: int = 0
    swipes: int = 1000
    seqs: dict[str, int] = field(default_factory=dict)
    results: dict[str, Body] = field(default_factory=dict)
    """Command id -> last result, the newest 32."""
    fw: str = "2.4.1"
    fw_slot: str = "a"
    fw_update: Body | None = None
    power_lost_at: int | None = None


class Core:
    """Identity, outlets, boot and voice of one pile. `now` is ms UTC of the true (wire) time."""

    def __init__(self, config: PileConfig, seed: int, oracle: Oracle):
        self.cfg = config
        self.seed = seed
        self.rng = Random(f"{seed}:{config.name}")
        self.oracle = oracle
        rng = self.rng
        first = rng.randrange(10, 99)
        self.slots = [
            Slot(OutletHardware(config.name, n, self._meter(first + n, rng), oracle), n)
            for n in range(1, config.outlets + 1)
        ]
        self.serial = (
            config.serial or f"{config.model}-{rng.randrange(2301, 2312)}-{_digits(rng, 5)}"
        )
        self.iccid = "8986" + _digits(rng, 16)
        self.rssi_dbm = rng.randrange(-97, -70)
        self.flash = Flash(Configuration(), SettlementStore(rng.randrange(1, 900)), fw=config.fw)
        self.flash.boot_count = rng.randrange(1, 60)
        self.out: list[Publish] = []
        self.powered = False
        self.clock = PileClock()
        self.boot_id = ""
        self.booted_ms = 0
        self.reset_reason = "power_on"
        self.power_lost_s: int | None = None
        self.conn_id = ""
        self.connected = False
        self.welcomed = False
        self.heartbeat_s, self.meter_s = config.heartbeat_s, config.meter_s
        self.meter_idle_s = config.meter_idle_s
        self.ambient_c = rng.uniform(4, 12)

    def _meter(self, number: int, rng: Random) -> Meter:
        start = rng.randrange(50_000, 900_000)
        return Meter(f"a{number}", start, factory_gain(rng), self.cfg.rollover_wh)

    def hex8(self) -> str:
        """Eight random hex characters."""
        return f"{self.rng.getrandbits(32):08x}"

    def boots(self, now: int, reason: str) -> None:
        """A new boot: new id, uptime from zero, clock not set.

        What is random follows from the seed and the moment, so that the same compound played on
        another evening never repeats a boot or connection id.
        """
        self.powered = True
        self.rng = Random(f"{self.seed}:{self.cfg.name}:{now}")
        self.boot_id, self.booted_ms, self.reset_reason = self.hex8(), now, reason
        self.clock = PileClock()
        self.flash.boot_count += 1
        self.flash.seqs = dict(list(self.flash.seqs.items())[-8:])
        self.heartbeat_s, self.meter_s = self.cfg.heartbeat_s, self.cfg.meter_s
        self.meter_idle_s = self.cfg.meter_idle_s

    def uptime(self, now: int) -> int:
        """Milliseconds since the boot; never wraps."""
        return now - self.booted_ms

    def moment(self, now: int) -> Body:
        """A point in the pile's life, as settlements name it."""
        uptime = self.uptime(now)
        body: Body = {"boot_id": self.boot_id, "uptime_ms": uptime}
        text = self.clock.seconds(uptime)
        if text is not None:
            body["time_utc"] = text
        return body | {"clock": self.clock.state(uptime)}

    def stamped(self, now: int) -> Body:
        """`uptime_ms`, and `time_utc` while the clock is not none."""
        uptime = self.uptime(now)
        text = self.clock.seconds(uptime)
        if text is None:
            return {"uptime_ms": uptime}
        return {"uptime_ms": uptime, "time_utc": text}

    def slot(self, number: object) -> Slot | None:
        """The outlet with that number, if there is one."""
        if isinstance(number, bool) or not isinstance(number, int):
            return None
        return self.slots[number - 1] if 1 <= number <= len(self.slots) else None

    def sessions_running(self) -> int:
        """How many sessions are open."""
        return sum(1 for slot in self.slots if slot.charge is not None)

    def topic(self, tail: str) -> str:
        """The uplink topic with that tail."""
        return f"pile/1/{self.cfg.name}/up/{tail}"

    def say(self, tail: str, body: Body, qos: int = 1, retain: bool = False) -> None:
        """Send without a number (state, config, session, heartbeat, time)."""
        if self.connected:
            self._put(tail, encode(body), qos, retain)

    def _put(self, tail: str, payload: bytes, qos: int, retain: bool) -> None:
        if len(payload) <= HARD_LIMIT_BYTES:
            self.out.append(Publish(self.topic(tail), payload, qos, retain))

    def next_seq(self) -> int:
        """The next number of this boot's QoS 1 uplinks."""
        seq = self.flash.seqs.get(self.boot_id, 0) + 1
        self.flash.seqs[self.boot_id] = seq
        return seq

    def last_seq(self) -> int:
        """The last number given out in this boot."""
        return self.flash.seqs.get(self.boot_id, 0)

    def _entry(self, tail: str, body: Body) -> Entry:
        seq = self.next_seq()
        head: Body = {"boot_id": self.boot_id, "seq": seq}
        if tail == "hello":
            head = {k: body[k] for k in ("boot_id", "boot_count", "conn_id")} | {"seq": seq}
        return Entry(self.boot_id, seq, tail, encode(head | body), not self.connected)

    def _send(self, entry: Entry) -> None:
        if self.connected:
            entry.sends += 1
            self._put(entry.tail, entry.payload, 1, False)

    def report_event(self, tail: str, body: Body) -> None:
        """A fault or an outlet event: sent now, or kept for later, until it is committed."""
        if not self.connected:
            body = body | {"buffered": True}
        entry = self._entry(tail, body)
        self.flash.buffer.keep_event(entry)
        self._send(entry)

    def report_rows(self, rows: list[Body]) -> None:
        """Meter rows: one message when online, otherwise rows for a later batch."""
        if not rows:
            return
        if not self.connected:
            for row in rows:
                brief = {k: v for k, v in row.items() if k not in _LIVE_ONLY}
                self.flash.buffer.keep_row(self.boot_id, brief)
            return
        entry = self._entry("meter", {"readings": rows})
        entry.rows = len(rows)
        self.flash.buffer.keep_meter(entry)
        self._send(entry)

    def report_other(self, tail: str, body: Body) -> None:
        """Hello, card, result: worthless later, so not said without a link; results are kept."""
        if self.connected:
            entry = self._entry(tail, body)
            if tail == "result":
                self.flash.buffer.keep_result(entry)
            self._send(entry)

    def flush_one(self) -> bool:
        """Send the next thing that waits in the buffer; False when nothing does."""
        entry = self.flash.buffer.next_due(self.flash.seqs, self.boot_id)
        if entry is not None:
            self._put(entry.tail, entry.payload, 1, False)
        return entry is not None

    def collected(self) -> list[Publish]:
        """Everything said since the last time this was asked."""
        said, self.out = self.out, []
        return said


_LIVE_ONLY = ("voltage_v", "current_ma", "time_utc")
"""Left out of buffered rows so that a batch of six stays under 1 KiB."""


def _digits(rng: Random, count: int) -> str:
    return "".join(str(rng.randrange(10)) for _ in range(count))


def as_int(value: Any) -> int | None:
    """A whole number that is not a bool, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
