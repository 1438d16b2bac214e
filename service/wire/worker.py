"""Takes batches off the inbox, has them committed, then acknowledges; survives what breaks there.

One of the two places of the house where a broad except may stand: whatever goes wrong while a
batch is taken is counted, shown as `failing_s`, and ends in a retry or a message set aside, never
in an acknowledgement of something that is not stored.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from service.clock import monotonic
from service.piles.messages import Outgoing
from service.wire.conductor import Conductor
from service.wire.crash import crash_point
from service.wire.health import Counts
from service.wire.link import Item

log = structlog.get_logger("wire")

Value = TypeVar("Value")

FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 5.0
MOST_FAILURES = 3
"""Of a batch, for reasons that lie in the messages; then they are taken one by one."""
INBOX_BYTES = 16 * 2**20
OUTAGES = (OSError, MemoryError, DatabaseError, InterfaceError, PoolTimeoutError, sqlite3.Error)
OF_THE_MESSAGE = (IntegrityError, DataError, sqlite3.IntegrityError, sqlite3.DataError)


def attempt(call: Callable[[], Value]) -> Value | Exception:
    """The value of the call, or what it raised."""
    try:
        return call()
    except Exception as error:
        return error


def is_outage(error: Exception) -> bool:
    """Whether the fault lies with database, disk or memory, so that waiting helps.

    Errors that the values of a message cause (a broken constraint, a number too large) are not.
    """
    return isinstance(error, OUTAGES) and not isinstance(error, OF_THE_MESSAGE)


class Worker:
    """The inbox of one lane and the batch in hand."""

    def __init__(
        self,
        conductor: Conductor,
        reply: Callable[[Sequence[Outgoing]], None],
        acknowledge: Callable[[Sequence[Item]], None],
        counts: Counts,
        most: int,
        wait_s: float,
        limit: int,
    ):
        self._conductor, self._reply, self._acknowledge = conductor, reply, acknowledge
        self._counts, self._most, self._wait_s, self._limit = counts, most, wait_s, limit
        self._inbox: deque[Item] = deque()
        self._inbox_bytes = 0
        self._first_at = 0.0
        self._in_hand: list[Item] = []
        self._failures = 0
        self._one_by_one = False
        self._retry_s = FIRST_RETRY_S
        self._retry_at: float | None = None
        self._failing_since: float | None = None

    def __len__(self) -> int:
        return len(self._inbox) + len(self._in_hand)

    @property
    def room(self) -> int:
        """How many more messages may be read; 0 stops the reading, which the broker feels."""
        if self._inbox_bytes >= INBOX_BYTES:
            return 0
        return max(0, self._limit - len(self))

    def failing_s(self, now: float) -> float:
        """Seconds since the first of the present failures; 0 when all is well."""
        return 0.0 if self._failing_since is None else now - self._failing_since

    def hear(self, item: Item) -> None:
        """Into the inbox; nothing else happens here."""
        if not self._inbox:
            self._first_at = monotonic()
        self._inbox.append(item)
        self._inbox_bytes += len(item.heard.payload)
        self._counts.heard += 1

    def due_in(self, now: float) -> float | None:
        """Seconds until there is a batch to take; None when there is nothing at all."""
        if self._retry_at is not None:
            return max(0.0, self._retry_at - now)
        if self._in_hand or len(self._inbox) >= self._most:
            return 0.0
        return max(0.0, self._first_at + self._wait_s - now) if self._inbox else None

    def work(self, now: float, at_once: bool = False) -> None:
        """Take one batch if it is due; `at_once` does not wait for more (for the end)."""
        wait_s = self.due_in(now)
        if wait_s is None or (wait_s > 0 and (self._retry_at is not None or not at_once)):
            return
        if not self._in_hand:
            self._fill_hand(now)
        batch = self._in_hand[:1] if self._one_by_one else self._in_hand
        crash_point("received")
        taken = attempt(lambda: self._conductor.take([item.heard for item in batch]))
        if isinstance(taken, Exception):
            self._failed(batch, taken, now)
        else:
            crash_point("committed")
            self._finished(batch, taken.replies)

    def _fill_hand(self, now: float) -> None:
        self._first_at = now
        for _ in range(min(self._most, len(self._inbox))):
            item = self._inbox.popleft()
            self._inbox_bytes -= len(item.heard.payload)
            self._in_hand.append(item)

    def _finished(self, batch: Sequence[Item], replies: Sequence[Outgoing]) -> None:
        self._failing_since = self._retry_at = None
        self._retry_s = FIRST_RETRY_S
        self._counts.taken += len(batch)
        self._counts.batches += 1
        self._reply(replies)
        self._acknowledge(batch)
        crash_point("acknowledged")
        self._in_hand = self._in_hand[len(batch) :]
        if not self._in_hand:
            self._failures, self._one_by_one = 0, False

    def _failed(self, batch: Sequence[Item], error: Exception, now: float) -> None:
        outage = is_outage(error)
        log.error(
            "batch not taken, nothing acknowledged", messages=len(batch), outage=outage,
            error=f"{type(error).__name__}: {error}"[:300],
        )  # fmt: skip
        self._wait_after_failure(now)
        if outage:
            return
        self._failures += 1
        if self._one_by_one or (self._failures >= MOST_FAILURES and len(batch) == 1):
            self._set_aside(batch[0], f"{type(error).__name__}: {error}"[:200], now)
        elif self._failures >= MOST_FAILURES:
            self._one_by_one = True
            self._retry_at = None

    def _wait_after_failure(self, now: float) -> None:
        self._counts.take_failures += 1
        if self._failing_since is None:
            self._failing_since = now
        self._retry_at = monotonic() + self._retry_s
        self._retry_s = min(LONGEST_RETRY_S, self._retry_s * 2)

    def _set_aside(self, item: Item, reason: str, now: float) -> None:
        kept = attempt(lambda: self._conductor.set_aside(item.heard, reason))
        if isinstance(kept, Exception):
            log.error("message could not even be set aside", error=str(kept)[:300])
            self._wait_after_failure(now)
            return
        self._counts.set_aside += 1
        log.error("message set aside", topic=item.heard.topic, reason=reason)
        self._finished([item], ())
