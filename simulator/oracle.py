"""The true ledger: every Wh that each meter counted, and during whose session.

Kept by the hardware itself, beside and not through the pile's messages, so that what the service
billed can be compared with what was metered. The sum over owners of an outlet is every step its
register ever made, over resets and rollovers.
"""

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class TrueSession:
    """One session as the hardware lived it. Energy in Wh of the register, times in ms UTC."""

    pile: str
    outlet: int
    session_id: str
    start_source: str
    card_uid: str | None
    register_id: str
    started_ms: int
    start_wh: int
    ended_ms: int | None = None
    end_wh: int | None = None
    energy_wh: int = 0
    stop_reason: str | None = None
    household: str | None = None
    """Whose card it was, when a card started it."""


@dataclass
class Oracle:
    """What really happened, for the tests to compare with the books."""

    counted_wh: dict[tuple[str, int], dict[str | None, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    """(pile, outlet) -> owner -> Wh; the owner None holds what no session stood for."""
    sessions: dict[str, TrueSession] = field(default_factory=dict)
    lost_settlements: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    """Mishaps and power cuts as they happened: {"at", "kind", "pile", ...}."""

    def count(self, pile: str, outlet: int, owner: str | None, steps_wh: int) -> None:
        """The register moved while the outlet was `owner`'s."""
        self.counted_wh[pile, outlet][owner] += steps_wh
        if owner is not None:
            self.sessions[owner].energy_wh += steps_wh

    def began(self, session: TrueSession) -> None:
        """A session got the relay."""
        self.sessions[session.session_id] = session

    def adopt(self, row: dict[str, Any]) -> None:
        """A session that began in an earlier world: its energy so far is not counted again."""
        self.sessions[row["session_id"]] = TrueSession(**row)

    def ended(self, session_id: str, at_ms: int, end_wh: int, reason: str) -> None:
        """The session gave the outlet back."""
        session = self.sessions[session_id]
        session.ended_ms, session.end_wh, session.stop_reason = at_ms, end_wh, reason

    def never_began(self, session_id: str) -> None:
        """The start failed: what little was counted belongs to nobody."""
        session = self.sessions.pop(session_id)
        owners = self.counted_wh[session.pile, session.outlet]
        stray = owners.pop(session_id, 0)
        if stray:
            owners[None] += stray

    def note(self, at_ms: int, kind: str, pile: str, **more: Any) -> None:
        """Write down a mishap."""
        self.events.append({"at": at_ms, "kind": kind, "pile": pile, **more})

    def metered_wh(self, pile: str | None = None) -> int:
        """All register steps of one pile, or of the compound."""
        return sum(
            steps
            for (name, _), owners in self.counted_wh.items()
            if pile is None or name == pile
            for steps in owners.values()
        )

    def unattributed_wh(self) -> int:
        """Register steps during nobody's session (a welded relay, a bypass)."""
        return sum(owners.get(None, 0) for owners in self.counted_wh.values())

    def as_json(self) -> dict[str, Any]:
        """The ledger as plain data: outlets, sessions, events."""
        outlets = [
            {
                "pile": pile,
                "outlet": outlet,
                "metered_wh": sum(owners.values()),
                "unattributed_wh": owners.get(None, 0),
                "by_session": {who: wh for who, wh in owners.items() if who is not None},
            }
            for (pile, outlet), owners in sorted(self.counted_wh.items())
        ]
        return {
            "outlets": outlets,
            "sessions": [asdict(session) for session in self.sessions.values()],
            "lost_settlements": list(self.lost_settlements),
            "events": list(self.events),
        }
