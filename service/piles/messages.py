"""What a pile can say and be told: the messages of the wire contract, version 1, as types.

The contract is docs/contract/pile-v1.yaml. Receivers ignore fields they do not know and keep words
they do not know; everything else that does not fit is poison and is refused with a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

ROOT = "pile/1"
MAX_UPLINK_BYTES = 4096
"""Hard size limit of one message in either direction (contract, section 9)."""

PileId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{3,23}$")]
Hex8 = Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
OrderNumber = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9_-]+$")]
Word = Annotated[str, Field(min_length=1, max_length=40)]
Count = Annotated[int, Field(ge=0, lt=2**53)]
Sequence = Annotated[int, Field(ge=1, lt=2**53)]
OutletNumber = Annotated[int, Field(ge=1, le=64)]
Watts = Annotated[float, Field(ge=0, le=1_000_000)]


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as the wire heard it: nothing is known about it yet."""

    topic: str
    payload: bytes
    received_ms: int
    qos: int = 1
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send down. `expires_s` is the MQTT 5 message expiry (None: does not expire)."""

    topic: str
    payload: bytes
    qos: int = 1
    expires_s: int | None = None
    command_id: str | None = None


class Message(BaseModel):
    """Common ground of every uplink: strict types, unknown fields ignored, no NaN."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class Numbered(Message):
    """A QoS 1 uplink: (pile, boot_id, seq) names it for ever."""

    boot_id: Hex8
    seq: Sequence


class State(Message):
    """Birth, planned stop or last will (retained)."""

    state: Word
    boot_id: Hex8
    conn_id: Hex8
    reason: Word | None = None


class Hello(Numbered):
    """Birth of a connection: identity, boot and counters."""

    boot_count: Count
    conn_id: Hex8
    uptime_ms: Count
    contract: str = Field(max_length=20)
    mqtt: int | None = None
    model: str | None = Field(None, max_length=60)
    hw: str | None = Field(None, max_length=40)
    fw: str | None = Field(None, max_length=40)
    outlets: OutletNumber = 2
    meter: str | None = Field(None, max_length=40)
    serial: str = Field(max_length=60)
    link: str | None = Field(None, max_length=20)
    rssi_dbm: int | None = None
    reset_reason: str | None = Field(None, max_length=40)
    power_lost_s: Count | None = None
    clock: Word = "none"
    time_utc: str | None = None
    config_rev: Count = 0
    settlement_seq: Count = 0
    settlements_unacked: Count = 0
    buffered: Count = 0
    dropped: Count = 0
    features: list[Word] = Field(default_factory=list, max_length=40)


class OutletStatus(Message):
    """One outlet inside a heartbeat."""

    outlet: OutletNumber
    state: Word
    session_id: OrderNumber | None = None
    power_w: Watts | None = None


class ActiveFault(Message):
    """A fault that a heartbeat still lists; one that is not listed is not active."""

    code: Word
    outlet: OutletNumber | None = None
    severity: Word = "warning"
    fault_id: str | None = Field(None, max_length=40)


class Heartbeat(Message):
    """The pile is alive; QoS 0, never buffered, not numbered."""

    boot_id: Hex8
    last_seq: Count
    uptime_ms: Count
    rssi_dbm: int | None = None
    temp_c: float | None = None
    clock: Word = "none"
    buffered: Count = 0
    settlements_unacked: Count = 0
    outlets: list[OutletStatus] = Field(default_factory=list, max_length=64)
    faults: list[ActiveFault] = Field(default_factory=list, max_length=64)


class Reading(Message):
    """A cumulative register value with the samples taken at the same moment."""

    outlet: OutletNumber
    register_id: Annotated[str, Field(min_length=1, max_length=16)]
    energy_total_wh: Count | None = None
    power_w: Watts | None = None
    voltage_v: Watts | None = None
    current_ma: Count | None = None
    temp_c: float | None = None
    uptime_ms: Count
    time_utc: str | None = None
    reason: Word = "interval"
    session_id: OrderNumber | None = None


class Meter(Numbered):
    """One or more readings."""

    buffered: bool = False
    readings: list[Reading] = Field(min_length=1, max_length=64)


class OutletEvent(Numbered):
    """Plugged, unplugged, full_detected, paused, resumed, blocked, unblocked."""

    uptime_ms: Count
    time_utc: str | None = None
    outlet: OutletNumber
    event: Word
    state: Word | None = None
    energy_total_wh: Count | None = None
    register_id: str | None = Field(None, max_length=16)
    session_id: OrderNumber | None = None
    buffered: bool = False


class Card(Numbered):
    """A card was swiped; the uid is personal data and never logged."""

    uptime_ms: Count
    swipe_id: str = Field(min_length=1, max_length=40)
    outlet: OutletNumber
    card_uid: str = Field(min_length=4, max_length=40, pattern=r"^[0-9A-Fa-f]+$")
    intent: Word = "start"


class Result(Numbered):
    """What became of a command: accepted, then done, rejected, failed or expired."""

    uptime_ms: Count
    command_id: str = Field(min_length=1, max_length=40)
    status: Word
    code: Word | None = None
    outlet: OutletNumber | None = None
    outlet_state: Word | None = None
    session_id: OrderNumber | None = None
    energy_total_wh: Count | None = None
    register_id: str | None = Field(None, max_length=16)
    power_w: Watts | None = None


class Moment(Message):
    """A point in a pile's life: which boot, how long after it, and what its clock said."""

    boot_id: Hex8
    uptime_ms: Count
    time_utc: str | None = None
    clock: Word = "none"


class Settlement(Message):
    """The final record of a session; kept and resent by the pile until it is acknowledged."""

    settlement_seq: Sequence
    attempt: Count = 1
    session_id: OrderNumber
    outlet: OutletNumber
    start_source: Word = "command"
    register_id: Annotated[str, Field(min_length=1, max_length=16)]
    energy_start_wh: Count | None = None
    energy_end_wh: Count | None = None
    energy_wh: Count | None = None
    duration_s: Count = 0
    charging_s: Count = 0
    power_max_w: Watts | None = None
    stop_reason: Word = "other"
    stop_detail: str | None = Field(None, max_length=60)
    start: Moment
    end: Moment
    power_cuts: Count = 0
    card_uid: str | None = Field(None, max_length=40)


class FaultReport(Numbered):
    """A fault is raised or cleared."""

    uptime_ms: Count
    time_utc: str | None = None
    fault_id: str = Field(min_length=1, max_length=40)
    code: Word
    severity: Word = "warning"
    active: bool
    outlet: OutletNumber | None = None
    value: float | None = None
    limit: float | None = None
    unit: str | None = Field(None, max_length=12)
    action: Word = "none"
    vendor_code: str | None = Field(None, max_length=40)
    buffered: bool = False


class Config(Message):
    """The settings in force (retained)."""

    boot_id: Hex8
    rev: Count
    sha: str | None = Field(None, max_length=64)
    config: dict[str, Any]


class Firmware(Numbered):
    """Progress of a firmware change."""

    command_id: str | None = Field(None, max_length=40)
    phase: Word
    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    from_version: str | None = Field(None, alias="from", max_length=40)
    to_version: str | None = Field(None, alias="to", max_length=40)


class TimeRequest(Message):
    """The pile asks what time it is."""

    boot_id: Hex8
    uptime_ms: Count
    time_utc: str | None = None
    clock: Word = "none"


class Phase(Message):
    """What a feeder's meter measures on one phase."""

    phase: Word
    current_ma: Count
    voltage_v: Watts | None = None
    power_w: Watts | None = None
    energy_total_wh: Count | None = None


class FeederReading(Message):
    """A reading of a feeder's own meter; QoS 0, not numbered, never buffered."""

    boot_id: Hex8
    uptime_ms: Count
    time_utc: str | None = None
    readings: list[Phase] = Field(min_length=1, max_length=3)


Uplink = (
    State | Hello | Heartbeat | Meter | OutletEvent | Card | Result
    | Settlement | FaultReport | Config | Firmware | TimeRequest | FeederReading
)  # fmt: skip

UPLINKS: Mapping[str, TypeAdapter[Any]] = {
    "state": TypeAdapter(State),
    "hello": TypeAdapter(Hello),
    "heartbeat": TypeAdapter(Heartbeat),
    "meter": TypeAdapter(Meter),
    "outlet": TypeAdapter(OutletEvent),
    "card": TypeAdapter(Card),
    "result": TypeAdapter(Result),
    "session": TypeAdapter(Settlement),
    "fault": TypeAdapter(FaultReport),
    "config": TypeAdapter(Config),
    "firmware": TypeAdapter(Firmware),
    "time": TypeAdapter(TimeRequest),
    "feeder": TypeAdapter(FeederReading),
}
"""Topic tail -> the message it carries."""

TELEMETRY = frozenset({"meter", "heartbeat", "feeder"})
"""The flood. Everything else is control and travels on a lane of its own."""

DownTail = Literal["welcome", "card_result", "cmd", "session_ack", "committed", "time"]


@dataclass(frozen=True, slots=True)
class Poison:
    """A message that cannot be taken, and why; it is kept as evidence and acknowledged."""

    pile: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the contract: who said it, what, and when it was received."""

    pile: str
    kind: str
    message: Any
    heard: Heard


def understand(heard: Heard) -> Said | Poison:
    """Decode one message, or say in a word and a detail why it cannot be taken."""
    parts = heard.topic.split("/")
    if len(parts) != 5 or parts[0] != "pile" or parts[3] != "up":
        return Poison(None, "topic: not of the contract")
    if parts[1] != "1":
        return Poison(parts[2], f"topic: contract version {parts[1][:8]} is not spoken here")
    pile, kind = parts[2], parts[4]
    decode = UPLINKS.get(kind)
    if decode is None:
        return Poison(pile, f"topic: no message is called '{kind[:20]}'")
    if len(heard.payload) > MAX_UPLINK_BYTES:
        return Poison(pile, f"size: {len(heard.payload)} bytes, at most {MAX_UPLINK_BYTES}")
    try:
        return Said(pile, kind, decode.validate_json(heard.payload), heard)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        return Poison(pile, f"payload: {place or 'whole'}: {first['msg']}"[:200])


def topic_down(pile: str, tail: DownTail) -> str:
    """The topic on which one pile is told something."""
    return f"{ROOT}/{pile}/down/{tail}"
