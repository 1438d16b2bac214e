"""Empty PostgreSQL databases for test after test: made once from a template, then emptied."""

import itertools

import psycopg
from psycopg import sql

from tests.support.processes import Postgres

SHAPE = """
select md5(string_agg(it, ';' order by it)) from (
  select c.relname || '.' || a.attname || ' ' || a.atttypid::text || ' ' || a.attnotnull::text as it
  from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = 'public'::regnamespace and a.attnum > 0
  union all
  select tgrelid::regclass::text || '.' || tgname || ' ' || tgenabled::text from pg_trigger
  union all
  select proname || ' ' || md5(prosrc) from pg_proc where pronamespace = 'public'::regnamespace
  union all
  select conrelid::regclass::text || '.' || conname from pg_constraint
) as shape
"""
TABLES = """
select relname from pg_class
where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'alembic_version'
"""
COUNTED = """
select sequencename from pg_sequences where schemaname = 'public' and last_value is not null
"""
OTHERS = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""

_numbers = itertools.count(1)


def new_database(server: Postgres, template: str) -> str:
    """A copy of the template; its name."""
    name = f"t_{next(_numbers)}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        command = sql.SQL("create database {} template {} strategy file_copy")
        connection.execute(command.format(sql.Identifier(name), sql.Identifier(template)))
    return name


def empty_again(server: Postgres, name: str, template: str) -> bool:
    """Empty a database for the next test; False (and it is dropped) if a test changed its shape."""
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        connection.execute(OTHERS)
        same = _shape(connection) == _shape_of(server, template)
        if same:
            _empty(connection)
    if not same:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            )
    return same


def _empty(connection: psycopg.Connection) -> None:
    """Without triggers, because the ledger lets nobody else empty it."""
    tables = [sql.Identifier(row[0]) for row in connection.execute(TABLES)]
    look = sql.SQL(" union all ").join(
        sql.SQL("(select {} from {} limit 1)").format(sql.Literal(table.as_string()), table)
        for table in tables
    )
    full = [sql.SQL(row[0]) for row in connection.execute(look)]
    if full:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            sql.SQL("truncate {} restart identity cascade").format(sql.SQL(", ").join(full))
        )
    for (sequence,) in connection.execute(COUNTED).fetchall():
        connection.execute(sql.SQL("alter sequence {} restart").format(sql.Identifier(sequence)))


_shapes: dict[tuple[int, str], str] = {}


def _shape_of(server: Postgres, template: str) -> str:
    key = (server.port, template)
    if key not in _shapes:
        with psycopg.connect(server.url(template)) as connection:
            _shapes[key] = _shape(connection)
    return _shapes[key]


def _shape(connection: psycopg.Connection) -> str:
    row = connection.execute(SHAPE).fetchone()
    assert row is not None
    return str(row[0])
