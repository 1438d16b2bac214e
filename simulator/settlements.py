"""Settlements in flash: a debt of the pile until the service says it has them.

Sent oldest first, one at a time, by the contract's times until acknowledged; the next one follows a
second after the ack. `attempt` is the only field that differs between copies.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from simulator.buffer import Body
from simulator.times import MINUTE, NEVER, SECOND

ROOM = 64
RETRY_AFTER_MS = (30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE)
LATER_MS = 10 * MINUTE
DONE_WORDS = ("stored", "duplicate", "held")


@dataclass
class SettlementStore:
    """What survives any reboot: the records not yet acknowledged and the last number given out."""

    last_seq: int
    records: list[Body] = field(default_factory=list)
    due_ms: int = NEVER
    tries: int = 0
    """Copies of the first record sent on this connection; it chooses the next interval."""

    def full(self, running: int = 0) -> bool:
        """No room for one more, counting the sessions that still have to be settled."""
        return len(self.records) + running >= ROOM

    def write(self, body: Body, now: int, *, online: bool) -> int:
        """Store a record before the relay opens; returns its number."""
        self.last_seq += 1
        self.records.append({"settlement_seq": self.last_seq, "attempt": 0, **body})
        if len(self.records) == 1 and online:
            self.due_ms, self.tries = now, 0
        return self.last_seq

    def connection_welcomed(self, now: int, rng: Random) -> None:
        """Begin again 2 s after the welcome plus up to 10 s: 38 piles must not come at once."""
        self.tries = 0
        self.due_ms = now + 2 * SECOND + rng.randrange(10 * SECOND) if self.records else NEVER

    def connection_lost(self) -> None:
        """Nothing is sent while there is no link."""
        self.due_ms = NEVER

    def take_due(self, now: int) -> Body | None:
        """The record to send now, if it is time; its next copy is planned."""
        if not self.records or now < self.due_ms:
            return None
        record = self.records[0]
        record["attempt"] += 1
        self.due_ms = now + RETRY_AFTER_MS[min(self.tries, len(RETRY_AFTER_MS) - 1)]
        self.tries += 1
        return record

    def first_copy_is_out(self) -> bool:
        """The oldest record was sent on this connection, or there is none: others may follow."""
        return not self.records or self.tries > 0

    def acknowledged(self, acked: list[Any], now: int) -> None:
        """Delete what the service has; `later` keeps it for a while."""
        for ack in acked:
            if not isinstance(ack, dict):
                continue
            for record in self.records:
                same = record["settlement_seq"] == ack.get("settlement_seq")
                if same and record["session_id"] == ack.get("session_id"):
                    self._answer(record, ack, now)
                    break

    def _answer(self, record: Body, ack: Body, now: int) -> None:
        first = record is self.records[0]
        if ack.get("result") in DONE_WORDS:
            self.records.remove(record)
            if first:
                self.due_ms, self.tries = (now + SECOND if self.records else NEVER), 0
        elif ack.get("result") == "later" and first:
            wait = ack.get("retry_s")
            wait_ms = wait * SECOND if isinstance(wait, int) and wait > 0 else LATER_MS
            self.due_ms = now + wait_ms

    def acknowledged_through(self, seq: int) -> None:
        """`welcome.settlement_acked_seq`: the service has everything up to here."""
        self.records = [r for r in self.records if r["settlement_seq"] > seq]

    def lose_first(self) -> Body | None:
        """A mishap: the flash page with the oldest record is gone for good."""
        self.tries = 0
        return self.records.pop(0) if self.records else None
