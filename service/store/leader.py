"""One of several processes keeps the timetable: the one that holds an advisory lock of PostgreSQL.

SQLite has one process, so it needs no lock. Keep-alives end a connection to a host that is gone
within seconds; whoever fails its first question stops at once. Jobs are harmless twice anyway.
"""

import threading

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

TIMETABLE_LOCK = 38_200_617
"""Any number that no other program uses on the same PostgreSQL server."""

KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


class Leader:
    """Asks, each time anew, whether this process may keep the timetable."""

    def __init__(self, engine: Engine):
        self._alone = engine.dialect.name != "postgresql"
        self._url = engine.url
        self._lock = threading.Lock()
        self._held: Connection | None = None

    def leads(self) -> bool:
        """Whether this process leads now; takes the lock if nobody has it. Never waits for it."""
        if self._alone:
            return True
        with self._lock:
            if self._held is None:
                self._held = self._take()
            elif not self._still_there(self._held):
                self._held = None
            return self._held is not None

    def resign(self) -> None:
        """Let another process lead."""
        with self._lock:
            held, self._held = self._held, None
            if held is not None:
                _close(held)

    def _take(self) -> Connection | None:
        # a pool would hand the lock's connection to somebody else
        engine = create_engine(
            self._url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=KEEPALIVES
        )
        try:
            connection = engine.connect()
        except SQLAlchemyError:
            return None
        try:
            question = f"select pg_try_advisory_lock({TIMETABLE_LOCK})"
            if connection.exec_driver_sql(question).scalar_one():
                return connection
        except SQLAlchemyError:
            pass
        _close(connection)
        return None

    @staticmethod
    def _still_there(connection: Connection) -> bool:
        try:
            connection.exec_driver_sql("select 1")
        except SQLAlchemyError:
            _close(connection)
            return False
        return True


def _close(connection: Connection) -> None:
    """Closing ends the session of the database, and with it the lock."""
    try:
        connection.close()
    except SQLAlchemyError:
        connection.invalidate()
