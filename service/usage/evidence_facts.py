"""What is read of one session across the rooms, before it becomes a sheet of evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from service.billing.statement import SessionBlock
from service.billing.tariff import TariffVersion
from service.piles.messages import Settlement


class Copy(NamedTuple):
    """A settlement that names the session, as it was received."""

    pile: str
    content: str
    verdict: str
    received_ms: int
    record: Settlement


class Life(NamedTuple):
    """One life of the pile: `offset_ms` makes an uptime a time of ours."""

    boot_id: str
    boot_count: int | None
    offset_ms: int | None
    first_heard_ms: int
    last_heard_ms: int


class Taken(NamedTuple):
    """A reading that carries the order number."""

    boot_no: int
    uptime_ms: int
    received_ms: int
    energy_wh: int | None
    power_w: float | None
    register_id: str


class Said(NamedTuple):
    """A message of the pile other than a reading."""

    boot_no: int
    received_ms: int
    kind: str
    body: Mapping[str, Any]


class Told(NamedTuple):
    """A command about this session."""

    id: str
    cmd: str
    issued_ms: int
    status: str
    code: str | None
    closed_ms: int | None
    asked_by: str


class Trouble(NamedTuple):
    """An incident at the pile or the outlet while the session ran."""

    code: str
    outlet: int | None
    severity: str
    raised_ms: int
    cleared_ms: int | None


@dataclass(frozen=True, slots=True)
class EvidenceFacts:
    """What was read of a session across the rooms. `session` and `decision`: their columns."""

    session: Mapping[str, Any]
    now: datetime
    zone: tzinfo
    copies: Sequence[Copy] = ()
    lives: Mapping[int, Life] = field(default_factory=dict)
    readings: Sequence[Taken] = ()
    said: Sequence[Said] = ()
    told: Sequence[Told] = ()
    troubles: Sequence[Trouble] = ()
    tariff: TariffVersion | None = None
    bill: SessionBlock | None = None
    bill_month: str = ""
    credited: Sequence[tuple[str, int]] = ()
    decision: Mapping[str, Any] | None = None
