"""What can be said to this room: that something is wrong, and what a heartbeat still lists."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from service.alerts.subject import to_pieces
from service.piles.faults import Severity, fault_of
from service.words import Sentence

PILE = "pile"
SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something is wrong: what, where, since when, and who says so.

    `source` is 'pile' for what a pile reported itself and 'service' for what was noticed about it;
    a heartbeat may clear only the former. `severity` can raise the catalogue's, not lower it.
    """

    code: str
    pile: str | None = None
    outlet: int | None = None
    feeder_id: str | None = None
    entrance: int | None = None
    detail: Sentence | None = None
    at: datetime | None = None
    severity: str | None = None
    source: str = SERVICE

    @property
    def key(self) -> str:
        """One incident is open per key."""
        return key_of(self.code, self.pile, self.outlet, self.feeder_id)


@dataclass(frozen=True, slots=True)
class HeartbeatFaults:
    """What one heartbeat says about the faults of its pile: (code, outlet) of those active."""

    at: datetime
    active: AbstractSet[tuple[str, int | None]] = field(default_factory=frozenset)
    entrance: int | None = None
    severities: Mapping[str, str] = field(default_factory=dict)

    def trouble(self, pile: str, code: str, outlet: int | None) -> Trouble:
        """A listed fault as something to raise."""
        severity = self.severities.get(code)
        return Trouble(
            code, pile, outlet, None, self.entrance, at=self.at, severity=severity, source=PILE
        )


def key_of(
    code: str, pile: str | None = None, outlet: int | None = None, feeder_id: str | None = None
) -> str:
    """The text that names what is wrong and where."""
    return "|".join((pile or "", "" if outlet is None else str(outlet), feeder_id or "", code))


def severity_of(trouble: Trouble) -> Severity:
    """The worse of what the catalogue and the reporter say; an unknown word says nothing."""
    listed = fault_of(trouble.code).severity
    if trouble.severity not in list(Severity):
        return listed
    said = Severity(trouble.severity)
    return said if said.rank > listed.rank else listed


def new_row(trouble: Trouble, at: datetime, now: datetime) -> dict[str, Any]:
    """The columns of a new incident. What is critical is shown at once."""
    severity = severity_of(trouble)
    wait_s = 0 if severity is Severity.CRITICAL else fault_of(trouble.code).show_after_s
    return {
        "key": trouble.key,
        "pile": trouble.pile,
        "outlet": trouble.outlet,
        "feeder_id": trouble.feeder_id,
        "entrance": trouble.entrance,
        "code": trouble.code,
        "severity": severity.value,
        "source": trouble.source,
        "subject": to_pieces(trouble.detail) if trouble.detail else None,
        "raised_at": at,
        "last_raised_at": at,
        "seen_at": now,
        "show_at": at + timedelta(seconds=wait_s),
        "count": 1,
    }
