"""Somebody with the database password takes the guards down and changes a figure: it is seen."""

import pytest

from service.billing import actions
from service.store import Store
from tests.billing.books import a_payment, a_session, close, misfits, pay, post, publish
from tests.billing.days import FLAT


@pytest.fixture
def books(store: Store) -> Store:
    """A tariff, two sessions and a payment in March, which is closed; one session in April."""
    with store.writing() as uow:
        publish(uow, FLAT)
        post(uow, a_session("march 1"), a_session("march 2", household_id=25))
        pay(uow, a_payment())
        close(uow)
        post(uow, a_session("april", ended="2026-04-03 21:00"), now="2026-04-04")
    assert misfits(store) == []
    return store


def tamper(store: Store, *changes: str) -> list[str]:
    """Change what the guards protect, the way a superuser could; what verify says then.

    All of it is undone again, so that a story may try several things.
    """
    with store.writing() as uow:
        connection = uow.session.connection()
        if store.engine.dialect.name == "sqlite":
            triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for (name,) in connection.exec_driver_sql(triggers).fetchall():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = on")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for change in changes:
            assert connection.exec_driver_sql(change).rowcount
        found = [misfit.in_language("en") for misfit in actions.verify(uow).misfits]
        uow.session.rollback()
    assert misfits(store) == []
    return found


def test_untouched_books_fit_and_the_last_seal_is_told(books: Store):
    with books.reading() as uow:
        verdict = actions.verify(uow)
    assert verdict.entries == 6
    assert len(verdict.seal) == 64


def test_empty_books_fit(store: Store):
    assert misfits(store) == []


def test_the_first_changed_entry_is_named(books: Store):
    for change, entry in (
        ("ledger_posting SET amount_fen = amount_fen * 2 WHERE entry_id = 3", 3),
        ("ledger_posting SET household_id = 99 WHERE entry_id = 2 AND position = 0", 2),
        ("ledger_entry SET memo = 'nothing to see' WHERE id = 4", 4),
        ("ledger_entry SET month = '2026-02' WHERE id = 4", 4),
        ("ledger_entry SET facts = 'f' WHERE id = 1", 1),
        ("ledger_entry SET seal = 'f' WHERE id = 6", 6),
    ):
        first = tamper(books, f"UPDATE {change}")[0]
        assert first == f"Entry {entry} was changed: its seal does not fit.", change


def test_a_removed_entry_is_missed(books: Store):
    found = tamper(
        books,
        "DELETE FROM ledger_posting WHERE entry_id = 4",
        "DELETE FROM ledger_entry WHERE id = 4",
    )
    assert found == ["Entry 5 follows entry 3: one is missing."]


def test_a_changed_line_or_register_of_a_session_is_named(books: Store):
    for change in (
        "bill_line SET energy_wh = 0, amount_e7 = 0, amount_fen = 0, remainder_e7 = 0",
        "bill_line SET band_name = 'gift'",
        "billed_session SET end_wh = 0",
        "billed_session SET stop_reason = 'user'",
    ):
        found = tamper(books, f"UPDATE {change} WHERE session_id = 'march 1'")
        assert "The lines of session march 1 were changed: entry 2 sealed others." in found, change


def test_a_session_whose_lines_are_gone_is_named(books: Store):
    found = tamper(
        books,
        "DELETE FROM bill_line WHERE session_id = 'april'",
        "DELETE FROM billed_session WHERE session_id = 'april'",
    )
    assert found == ["The lines of session april (entry 6) are gone."]


def test_a_session_put_beside_a_foreign_entry_is_named(books: Store):
    found = tamper(books, "UPDATE billed_session SET entry_id = 4 WHERE session_id = 'april'")
    assert "Entry 4 is not that of the session beside it." in found


def test_a_changed_or_dropped_statement_is_seen(books: Store):
    for change in (
        "UPDATE statement SET opening_fen = 1, closing_fen = closing_fen + 1",
        "UPDATE statement SET sessions = 0",
        "DELETE FROM statement WHERE household_id = 25",
    ):
        assert "The statements of 2026-03 are not those published." in tamper(books, change)


def test_a_close_that_is_gone_is_missed(books: Store):
    found = tamper(books, "DELETE FROM month_close")
    assert found == ["What the ledger says was published is gone: close 2026-03."]


def test_a_changed_tariff_is_seen(books: Store):
    for change in (
        "UPDATE tariff_band SET service_e4 = 1",
        "UPDATE tariff_version SET starts_at = 0",
        "UPDATE tariff_version SET consent_scope = 'everybody'",
    ):
        found = tamper(books, change)
        assert found == ["Tariff version 1 is not the one that was published."], change
