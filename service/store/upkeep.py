"""How large the database is, and the little that it needs from time to time."""

from pathlib import Path

from sqlalchemy import Engine

from service.store.unit_of_work import Store


def size_bytes(engine: Engine) -> int:
    """Bytes on disk: of SQLite its file and write-ahead log, of PostgreSQL what it says itself."""
    if engine.dialect.name == "sqlite":
        name = engine.url.database or ""
        files = (Path(name), Path(f"{name}-wal"))
        return sum(path.stat().st_size for path in files if path.is_file())
    with engine.connect() as connection:
        size = connection.exec_driver_sql("select pg_database_size(current_database())")
        return int(size.scalar_one())


def tidy(store: Store) -> None:
    """Once a day: SQLite learns what its tables hold, in the one writer's turn; PostgreSQL does it
    by itself. (SQLite takes its log in whenever a thousand pages have gathered.)"""
    if store.engine.dialect.name == "sqlite":
        with store.writing() as uow:
            uow.session.connection().exec_driver_sql("pragma optimize")
