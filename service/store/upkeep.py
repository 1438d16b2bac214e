"""How large the database is, and the little that it needs from time to time."""

from pathlib import Path

from sqlalchemy import Engine


def size_bytes(engine: Engine) -> int:
    """Bytes on disk: of SQLite its file and write-ahead log, of PostgreSQL what it says itself."""
    if engine.dialect.name == "sqlite":
        name = engine.url.database or ""
        files = (Path(name), Path(f"{name}-wal"))
        return sum(path.stat().st_size for path in files if path.is_file())
    with engine.connect() as connection:
        size = connection.exec_driver_sql("select pg_database_size(current_database())")
        return int(size.scalar_one())


def tidy(engine: Engine) -> None:
    """Once a day: SQLite learns what its tables hold and takes its log in; PostgreSQL does both by
    itself."""
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("pragma optimize")
        cursor.execute("pragma wal_checkpoint(passive)")
        cursor.close()
    finally:
        connection.close()
