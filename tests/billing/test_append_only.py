"""The database itself refuses to change what was posted: real SQL, on SQLite and PostgreSQL."""

# ruff: noqa: S608 - the SQL of these tests is put together from constants
from collections.abc import Sequence

import pytest
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError, IntegrityError

from service.billing import actions
from service.billing.tariff import TariffVersion
from service.store import Store
from service.store.engine import open_engine
from service.store.migrate import migrate
from service.store.revision import revision_of
from tests.billing.books import THE_LIS, a_payment, a_session, close, pay, post, publish
from tests.billing.days import FLAT, SHANGHAI, local

TABLES = (
    "tariff_version", "tariff_band", "ledger_entry", "ledger_posting", "billed_session",
    "bill_line", "statement", "month_close",
)  # fmt: skip


@pytest.fixture
def books(store: Store) -> Engine:
    """A tariff, a session and a payment in March, which is closed; another session in April."""
    with store.writing() as uow:
        publish(uow)
        post(uow, a_session("march"))
        pay(uow, a_payment())
        close(uow)
        post(uow, a_session("april", ended="2026-04-03 21:00"), now="2026-04-04")
    return store.engine


def run(engine: Engine, sql: str) -> int:
    with engine.execution_options(beimen_writes=True).begin() as connection:
        return connection.exec_driver_sql(sql).rowcount


def all_rows(engine: Engine) -> list[Sequence[object]]:
    with engine.connect() as connection:
        return [
            tuple(row)
            for table in TABLES
            for row in connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1, 2")
        ]


def refused(engine: Engine, sql: str) -> str:
    """What the database answers; nothing at all may have changed."""
    before = all_rows(engine)
    with pytest.raises(IntegrityError) as refusal:
        run(engine, sql)
    assert all_rows(engine) == before
    return str(refusal.value.orig)


def test_no_row_of_the_books_can_be_removed(books: Engine):
    for table in TABLES:
        assert "never removed" in refused(books, f"DELETE FROM {table} WHERE 1 = 1")


def test_no_row_of_the_books_can_be_changed_not_even_to_what_it_was(books: Engine):
    for change in (
        "tariff_version SET starts_at = 0",
        "tariff_band SET service_e4 = 0",
        "ledger_entry SET memo = 'quietly'",
        "ledger_posting SET amount_fen = amount_fen * 2",
        "billed_session SET household_id = 99",
        "bill_line SET band_name = 'other'",
        "statement SET household_id = 99",
        "ledger_entry SET id = id",
    ):
        assert "never changes" in refused(books, f"UPDATE {change}")


def test_no_row_can_be_replaced_by_another_with_its_key(books: Engine):
    for table in TABLES:
        columns = inspect(books).get_pk_constraint(table)["constrained_columns"]
        replace, otherwise = "OR REPLACE ", ""
        if books.dialect.name == "postgresql":
            replace, key = "", ", ".join(columns)
            otherwise = f"ON CONFLICT ({key}) DO UPDATE SET {columns[0]} = excluded.{columns[0]}"
        refused(
            books, f"INSERT {replace}INTO {table} SELECT * FROM {table} WHERE 1 = 1 {otherwise}"
        )


def test_a_replacement_by_the_cause_of_an_entry_is_refused_too(books: Engine):
    """The number of an entry is one key; its cause is another."""
    columns = "happened_at, posted_at, month, cause, cause_ref, memo, written_by, facts"
    april = f"""INTO ledger_entry (id, {columns}, previous_seal, seal)
        SELECT (SELECT max(id) + 1 FROM ledger_entry), {columns}, previous_seal, seal
        FROM ledger_entry WHERE cause = 'session' AND cause_ref = 'april'"""
    if books.dialect.name == "sqlite":
        assert "never replaced" in refused(books, f"INSERT OR REPLACE {april}")
    else:
        upsert = f"INSERT {april} ON CONFLICT (cause, cause_ref) DO UPDATE SET memo = 'quietly'"
        assert "never changes" in refused(books, upsert)


def test_no_table_of_the_books_can_be_emptied_at_a_stroke(books: Engine):
    """SQLite empties a table without looking at its rows, unless a trigger is there."""
    emptied = "DELETE FROM {}" if books.dialect.name == "sqlite" else "TRUNCATE {} CASCADE"
    for table in TABLES:
        assert "never removed" in refused(books, emptied.format(table))


SLIPPED_IN = {
    "ledger_entry": {
        "id": 6, "happened_at": 0, "posted_at": 0, "month": "'2026-03'", "cause": "'voucher'",
        "cause_ref": "'v'", "memo": "''", "written_by": "''", "facts": "''",
        "previous_seal": "''", "seal": "''",
    },
    "ledger_posting": {"entry_id": 2, "position": 9, "account": "'cash'", "amount_fen": 1},
    "bill_line": {
        "session_id": "'march'", "band": 4, "component": "'service'", "band_name": "''",
        "energy_wh": 0, "price_e4": 0, "amount_e7": 0, "amount_fen": 0, "remainder_e7": 0,
        "interpolated": "false",
    },
    "billed_session": {
        "session_id": "'x'", "entry_id": 1, "household_id": 12, "month": "'2026-03'",
        "late": "false", "pile": "'P'", "outlet": 1, "started_at": 0, "ended_at": 0,
        "register_id": "'a'", "start_wh": 0, "end_wh": 0, "energy_wh": 0,
        "stop_reason": "'full'", "tariff_id": 1,
    },
}  # fmt: skip


def test_nothing_can_be_slipped_into_a_closed_month(books: Engine):
    for table, row in SLIPPED_IN.items():
        values = ", ".join(map(str, row.values()))
        sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"
        assert "its month is closed" in refused(books, sql)


def test_no_statement_can_be_added_to_a_published_month(books: Engine):
    values = "99, '2026-03', 0, 0, 0, 0, 0, 0, 0, 0"
    columns = (
        "household_id, month, opening_fen, lines_fen, corrections_fen, payments_fen, closing_fen,"
        " energy_wh, sessions, written_at"
    )
    sql = f"INSERT INTO statement ({columns}) VALUES ({values})"
    assert "only while its month is being closed" in refused(books, sql)


def test_no_band_can_be_added_to_a_published_tariff(books: Engine):
    sql = (
        "INSERT INTO tariff_band (version_id, position, name, electricity_e4, service_e4, slots) "
        f"VALUES (1, 1, 'night', 0, 0, '{'1' * 48}')"
    )
    assert "its version is published" in refused(books, sql)


def test_a_published_month_is_never_reopened(books: Engine):
    for change in ("state = 'closing'", "state = 'written'", "lines_fen = 0", "closed_at = 0"):
        assert "only goes forward" in refused(books, f"UPDATE month_close SET {change}")


def test_an_earlier_month_cannot_be_closed_after_a_later_one(books: Engine):
    sql = "INSERT INTO month_close (month, state, closed_at) VALUES ('2026-02', 'closing', 0)"
    assert "in their order" in refused(books, sql)


def test_entries_are_numbered_without_a_gap(books: Engine):
    sql = (
        "INSERT INTO ledger_entry (id, happened_at, posted_at, month, cause, cause_ref, memo,"
        " written_by, facts, previous_seal, seal)"
        " VALUES (77, 0, 0, '2026-09', 'voucher', 'v', '', '', '', '', '')"
    )
    assert "without a gap" in refused(books, sql)


def test_a_line_that_a_pencil_would_refuse_is_refused_by_the_database(books: Engine):
    for priced in ("200001, 2, 1", "200000, 3, -100000", "200000, 2, 1", "200000, 1, 100000"):
        sql = (
            "INSERT INTO bill_line (session_id, band, component, band_name, energy_wh, price_e4,"
            " amount_e7, amount_fen, remainder_e7, interpolated)"
            f" VALUES ('april', 4, 'service', '', 100, 2000, {priced}, false)"
        )
        assert "bill_line" in refused(books, sql)


def test_the_open_month_goes_on_as_before(books: Engine):
    store = Store(books)
    with store.writing() as uow:
        post(uow, a_session("april 2", ended="2026-04-04 21:00"), now="2026-04-05")
        assert actions.balance(uow, THE_LIS) == 3 * 42 - 1000
        later = actions.publish_tariff(
            uow,
            TariffVersion(0, local("2026-05-01"), FLAT.bands),
            4870,
            local("2026-04-05"),
            SHANGHAI,
        )
        assert later.version.id == 2


def test_the_guards_can_be_taken_down_and_put_up_by_migration_only(database_url: str):
    engine = open_engine(database_url)
    with Store(engine).writing() as uow:
        publish(uow)
    migrate_down(engine, "0001")
    assert revision_of(engine) == "0001"
    assert run(engine, "UPDATE tariff_version SET published_by = 'nobody'") == 1
    migrate(engine)
    with pytest.raises(DBAPIError, match="never changes"):
        run(engine, "UPDATE tariff_version SET published_by = 'somebody'")
    engine.dispose()


def migrate_down(engine: Engine, to: str) -> None:
    from alembic import command

    from service.store.migrate import configuration

    config = configuration()
    with engine.execution_options(beimen_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, to)
