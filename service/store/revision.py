"""Which tables a database has, and which this program needs. Light: the service asks at each start
and need not carry the migration tool in memory for it."""

from pathlib import Path

from sqlalchemy import Engine, inspect, text

VERSIONS = Path(__file__).parent / "migrations" / "versions"


def revision_of(engine: Engine) -> str | None:
    """The revision a database is at; None if it has no tables yet."""
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        return connection.execute(text("select version_num from alembic_version")).scalar()


def newest_revision() -> str | None:
    """The revision this program was written for: its migrations are numbered 0001, 0002, ..."""
    return max((path.name[:4] for path in VERSIONS.glob("[0-9]*.py")), default=None)
