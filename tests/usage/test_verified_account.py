"""Somebody with the database password changes what a month published: verify names what it was."""

import pytest

from service.billing import actions
from service.store import Store
from tests.billing.test_verify import tamper
from tests.usage.test_account import a_march, closed_and_published


@pytest.fixture
def published(store: Store) -> Store:
    with store.writing() as uow:
        a_march(uow)
        closed_and_published(uow)
    return store


def changed(old: str, new: str) -> str:
    return f"UPDATE month_account SET figures = REPLACE(figures, '{old}', '{new}')"  # noqa: S608


def test_a_changed_figure_of_the_account_is_named_with_what_the_books_say(published: Store):
    not_the_one = "The account of 2026-03 is not the one published."
    for old, new, named in (
        ('"lines_fen":128', '"lines_fen":127', "says lines_fen 127; the books say 128"),
        ('"repairs_fen":1200', '"repairs_fen":1900', "says repairs_fen 1900; the books say 1200"),
        ('"grid_fen":90', '"grid_fen":null', "says grid_fen None; the books say 90"),
        ('"sessions":3', '"sessions":4', "says sessions 4; the books say 3"),
        ('"payments_fen":50', '"payments_fen":0', "says payments_fen 0; the books say 50"),
    ):
        found = tamper(published, changed(old, new))
        assert found[0] == not_the_one
        assert named in found[1], found


def test_also_a_figure_that_only_the_account_has_cannot_be_changed_unseen(published: Store):
    only = ["The account of 2026-03 is not the one published."]
    assert tamper(published, changed('"faults":0', '"faults":1')) == only
    nonsense = "UPDATE month_account SET figures = 'not even JSON'"
    assert tamper(published, nonsense) == only
    assert tamper(published, "DELETE FROM month_account") == only


def test_a_changed_root_and_a_changed_statement_are_named_apart(published: Store):
    root = tamper(published, "UPDATE proof_root SET root = lower(root)")
    assert "The root of the proof of 2026-03 is not the one published." in root
    assert "The statements of 2026-03 are not those published." not in root
    statement = tamper(
        published, "UPDATE statement SET lines_fen = lines_fen + 1, closing_fen = closing_fen + 1"
    )
    assert "The statements of 2026-03 are not those published." in statement
    assert "The account of 2026-03 is not the one published." not in statement


def test_a_seal_that_was_made_up_anew_for_changed_figures_breaks_the_chain(published: Store):
    """Who changes the account and the digest in its entry has changed the entry."""
    found = tamper(
        published,
        changed('"faults":0', '"faults":9'),
        "UPDATE ledger_entry SET memo = REPLACE(memo, 'account ', 'account 0')"
        " WHERE cause = 'close'",
    )
    assert "was changed: its seal does not fit." in found[0]
    with published.reading() as uow:
        assert actions.verify(uow).misfits == ()
