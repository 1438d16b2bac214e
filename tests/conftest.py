"""What every test may ask for: a clock handed in, and a migrated store on both databases."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from service.clock import FixedClock
from service.store import Store
from service.store.engine import open_engine
from service.store.migrate import migrate
from tests.support.databases import empty_again, new_database
from tests.support.processes import Postgres, start_postgres
from tests.support.remigrate import load_every_record

load_every_record()

AN_EVENING = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
"""Monday 2 March 2026, 19:00 in Lüliang: people come home."""


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at 19:00 of an evening until the test moves it."""
    return FixedClock(AN_EVENING)


def migrated(url: str) -> Engine:
    engine = open_engine(url)
    migrate(engine)
    return engine


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite file to copy from."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    engine = migrated(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this test run."""
    with start_postgres(durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """An empty, migrated PostgreSQL database to copy from; its name."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("create database migrated")
    migrated(postgres.url("migrated")).dispose()
    return "migrated"


@pytest.fixture(scope="session")
def clean_databases() -> list[str]:
    """PostgreSQL databases that a test has left and that are as empty as new; making one costs ten
    times as much as emptying it."""
    return []


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database; the test runs once on each kind."""
    if request.param == "sqlite":
        path = tmp_path / "beimen.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    template = request.getfixturevalue("postgres_template")
    clean: list[str] = request.getfixturevalue("clean_databases")
    name = clean.pop() if clean else new_database(server, template)
    yield server.url(name)
    if empty_again(server, name, template):
        clean.append(name)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty store on SQLite and on PostgreSQL."""
    opened = Store(open_engine(database_url))
    yield opened
    opened.close()
