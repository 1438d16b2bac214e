"""What a pile keeps until the service says it is in the database.

A PUBACK is not a receipt: an uplink leaves this buffer on the word `committed`, and what lies above
it is sent again after a reconnect. Three classes with their own room; settlements have a store of
their own. A repeat is the same bytes under the same (boot_id, seq), so it does no harm.
"""

import json
from collections import deque
from dataclasses import dataclass
from typing import Any

EVENT_ROOM = 256
ROW_ROOM = 288
BATCH_ROWS = 6
"""Six rows stay under 1 KiB."""
RESULT_ROOM = 64
OLD_BOOT_SENDS = 3
Body = dict[str, Any]
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def encode(body: Body) -> bytes:
    """A message as it goes over the wire: compact JSON, no NaN."""
    return _ENCODER.encode(body).encode()


@dataclass
class Entry:
    """A numbered uplink. `due` says that it waits to be sent (again)."""

    boot_id: str
    seq: int
    tail: str
    payload: bytes
    due: bool
    rows: int = 0
    sends: int = 0


class Buffer:
    """Events, meter messages, rows not yet numbered, and results until the next hello."""

    def __init__(self) -> None:
        self.events: deque[Entry] = deque()
        self.meters: list[Entry] = []
        self.rows: list[tuple[str, Body]] = []
        self.results: deque[Entry] = deque(maxlen=RESULT_ROOM)
        self.dropped = 0
        self._may_be_due = False
        """False is certain: looking through everything for each heartbeat would be costly."""

    def waiting(self) -> int:
        """How many things still have to be sent: the `buffered` of hello and heartbeat."""
        if not self._may_be_due:
            return len(self.rows)
        unsent = sum(e.due for e in self.events) + sum(e.due for e in self.meters)
        return unsent + len(self.rows)

    def keep_event(self, entry: Entry) -> None:
        """Outlet events and faults: the oldest gives way."""
        self.events.append(entry)
        self._may_be_due = self._may_be_due or entry.due
        if len(self.events) > EVENT_ROOM:
            self.events.popleft()
            self.dropped += 1

    def keep_meter(self, entry: Entry) -> None:
        """A meter message that was sent live."""
        self.meters.append(entry)
        self._make_room()

    def keep_result(self, entry: Entry) -> None:
        """Results are repeated only while this connection lasts."""
        self.results.append(entry)

    def keep_row(self, boot_id: str, row: Body) -> None:
        """A meter row that could not be sent; it is numbered when its batch is made."""
        self.rows.append((boot_id, row))
        self._make_room()

    def _make_room(self) -> None:
        if len(self.rows) + len(self.meters) * BATCH_ROWS <= ROW_ROOM:
            return
        while len(self.rows) + sum(e.rows for e in self.meters) > ROW_ROOM:
            if self.meters:
                self.dropped += self.meters.pop(0).rows
                continue
            before = len(self.rows)
            self.rows = _every_second_interval_dropped(self.rows)
            if len(self.rows) == before:
                self.rows.pop(0)
            self.dropped += before - len(self.rows)

    def connection_begins(self) -> None:
        """After a reconnect everything above the last `committed` is sent again."""
        self.results.clear()
        self._may_be_due = True
        for entry in (*self.events, *self.meters):
            entry.due = True

    def was_not_delivered(self, boot_id: str, seq: int) -> None:
        """The broker had nobody to give it to: it waits for the next chance."""
        self._may_be_due = True
        for entry in (*self.events, *self.meters):
            if (entry.boot_id, entry.seq) == (boot_id, seq):
                entry.due = True

    def committed(self, boot_id: str, through: int, missing: list[int]) -> None:
        """Drop what the database has; what it says is missing is sent again."""
        asked = set(missing)
        self._may_be_due = self._may_be_due or bool(asked)

        def stays(entry: Entry) -> bool:
            if entry.boot_id != boot_id or entry.seq > through:
                return True
            entry.due = entry.due or entry.seq in asked
            return entry.seq in asked

        if self.events:
            self.events = deque(e for e in self.events if stays(e))
        if self.meters:
            self.meters = [e for e in self.meters if stays(e)]
        if self.results:
            self.results = deque((e for e in self.results if stays(e)), maxlen=RESULT_ROOM)

    def has_due(self) -> bool:
        """Something waits to be flushed."""
        if self._may_be_due:
            boxes = (self.events, self.meters, self.results)
            self._may_be_due = any(e.due for box in boxes for e in box)
        return bool(self.rows) or self._may_be_due

    def next_due(self, seqs: dict[str, int], this_boot: str) -> Entry | None:
        """The next thing to flush: events, then meter messages, then a fresh batch of rows."""
        for box in (self.events, self.results, self.meters):
            for entry in box:
                if entry.due:
                    entry.due = False
                    entry.sends += 1
                    self._forget_old_boot(entry, this_boot)
                    return entry
        return self._batch(seqs, this_boot)

    def _forget_old_boot(self, entry: Entry, this_boot: str) -> None:
        """`committed` may never name an earlier boot, so its entries leave after a few sends."""
        if entry.boot_id != this_boot and entry.sends >= OLD_BOOT_SENDS:
            if entry in self.events:
                self.events.remove(entry)
            elif entry in self.meters:
                self.meters.remove(entry)

    def _batch(self, seqs: dict[str, int], this_boot: str) -> Entry | None:
        if not self.rows:
            return None
        boot_id = self.rows[0][0]
        taken: list[Body] = []
        while self.rows and self.rows[0][0] == boot_id and len(taken) < BATCH_ROWS:
            taken.append(self.rows.pop(0)[1])
        seqs[boot_id] = seqs.get(boot_id, 0) + 1
        body = {"boot_id": boot_id, "seq": seqs[boot_id], "buffered": True, "readings": taken}
        entry = Entry(boot_id, seqs[boot_id], "meter", encode(body), False, len(taken), 1)
        self.meters.append(entry)
        return entry


def _every_second_interval_dropped(rows: list[tuple[str, Body]]) -> list[tuple[str, Body]]:
    kept: list[tuple[str, Body]] = []
    drop_next = False
    for boot_id, row in rows:
        if row["reason"] in ("interval", "change"):
            drop_next = not drop_next
            if drop_next:
                continue
        kept.append((boot_id, row))
    return kept
