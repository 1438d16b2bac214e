"""A service process for the kill tests: the wire with a table of a unique key as its conductor."""

import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from service.clock import SystemClock
from service.piles.messages import Heard, Outgoing
from service.wire import Wire
from tests.wire.conductors import Answers, settings_for

TABLE = """
create table if not exists told (topic text, payload blob, times integer, primary key
(topic, payload)) without rowid
"""


def open_table(path: Path) -> sqlite3.Connection:
    """The table, durable as the service's own."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    for line in ("pragma journal_mode=wal", "pragma synchronous=full", TABLE):
        connection.execute(line)
    return connection


class Keeper:
    """Stores every message once and counts how often it came; each lane has its connection."""

    def __init__(self, path: Path):
        self._path = path
        self._sent = path.with_suffix(".sent")

    def take(self, heard: Sequence[Heard]) -> Answers:
        connection = open_table(self._path)
        try:
            connection.execute("begin immediate")
            connection.executemany(
                "insert into told values (?, ?, 1) "
                "on conflict (topic, payload) do update set times = times + 1",
                [(message.topic, message.payload) for message in heard],
            )
            connection.execute("commit")
        finally:
            connection.close()
        return Answers()

    def set_aside(self, heard: Heard, reason: str) -> None:
        raise AssertionError(reason)

    def commands_due(self) -> Sequence[Outgoing]:
        if self._sent.exists():
            return []
        return [Outgoing("pile/1/LB-001/down/cmd", b"start", 1, 300, "C1")]

    def command_sent(self, command_ids: Sequence[str]) -> None:
        self._sent.write_text("\n".join(command_ids))


def main() -> None:
    """Run until killed: port and path on the command line."""
    # Its own words would mix with the one the test waits for.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    port, path = int(sys.argv[1]), Path(sys.argv[2])
    wire = Wire(settings_for(port), Keeper(path), SystemClock())
    wire.start()
    while not wire.health().connected:
        time.sleep(0.01)
    print("connected", flush=True)
    time.sleep(3600)


if __name__ == "__main__":
    main()
