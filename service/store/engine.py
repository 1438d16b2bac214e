"""The engine for a database URL: SQLite (WAL, synchronous=FULL) or PostgreSQL (psycopg 3)."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://user@host/name`.

    Raises ValueError with a sentence for any other kind of address.
    """
    address = make_url(url)
    kind = address.get_backend_name()
    if kind == "sqlite":
        if address.database and address.database != ":memory:":
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            address, connect_args={"check_same_thread": False, "timeout": 30}, pool_size=5
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if kind == "postgresql":
        return create_engine(address.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    raise ValueError(f"BEIMEN_DATABASE_URL is '{kind}'; use sqlite:///path or postgresql://...")


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin below decides, not the driver
    for pragma in (
        "journal_mode=wal",
        "synchronous=full",
        "foreign_keys=on",
        "busy_timeout=30000",
        "cache_size=-4000",
    ):
        connection.execute(f"pragma {pragma}").close()


def _begin_sqlite(connection: Any) -> None:
    """Readers take a snapshot; a writer takes the lock at once, so it can never fail half-way."""
    writes = connection.get_execution_options().get("beimen_writes", False)
    connection.exec_driver_sql("begin immediate" if writes else "begin")
