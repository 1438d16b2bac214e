"""The long verbs about the books, as they are typed: verify, replay a month, export."""

import io
import shutil
import sqlite3
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from service.books import export_books, replay_books, verify_books
from service.cli import app
from service.store import Store
from service.store.engine import open_engine
from tests.archive.quarter import a_quarter
from tests.billing.books import publish
from tests.cli.test_verbs import KEY, beimen
from tests.support.compound import TEST_SETTINGS


@pytest.fixture(scope="module")
def books(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three published months; nothing in them came from a pile."""
    path = tmp_path_factory.mktemp("books") / "beimen.db"
    shutil.copy(sqlite_template, path)
    store = Store(open_engine(f"sqlite:///{path}"))
    with store.writing() as uow:
        a_quarter(uow, 1, sessions=6, by_hand=False)
    store.close()
    return path


@pytest.fixture
def home(books: Path, tmp_path: Path) -> Path:
    """A folder with the books of its own."""
    (tmp_path / "var").mkdir()
    connection = sqlite3.connect(books)
    connection.execute("vacuum into ?", (str(tmp_path / "var" / "beimen.db"),))
    connection.close()
    return tmp_path


def opened(home: Path) -> Store:
    return Store(open_engine(f"sqlite:///{home}/var/beimen.db"))


def console() -> Console:
    return Console(file=io.StringIO(), width=200, no_color=True)


def told(to: Console) -> str:
    assert isinstance(to.file, io.StringIO)
    return to.file.getvalue()


def changed(home: Path, statement: str) -> None:
    """The database as somebody with the file and no scruples leaves it."""
    connection = sqlite3.connect(home / "var" / "beimen.db")
    for (name,) in connection.execute("select name from sqlite_master where type = 'trigger'"):
        connection.execute(f"drop trigger {name}")
    assert connection.execute(statement).rowcount
    connection.commit()
    connection.close()


def test_sound_books_are_said_to_be_sound_with_the_last_seal(home):
    run = beimen("verify", home=home, secret_key=KEY)
    assert run.returncode == 0, run.stderr
    assert "everything fits; the last seal is " in run.stdout
    assert "entries in" in run.stdout


def test_the_first_bad_entry_is_named_first(monkeypatch, home):
    changed(home, "update ledger_posting set amount_fen = amount_fen * 2 where entry_id = 5")
    run = typed(monkeypatch, home, "verify")
    assert run.exit_code == 1
    assert run.stdout.splitlines()[0] == "Entry 5 was changed: its seal does not fit."


def test_an_entry_by_hand_that_nobody_signed_is_found(tmp_path, sqlite_template):
    """Written straight into the ledger, past the desk and past the second signature."""
    (tmp_path / "var").mkdir()
    shutil.copy(sqlite_template, tmp_path / "var" / "beimen.db")
    store, to = opened(tmp_path), console()
    with store.writing() as uow:
        a_quarter(uow, 2, sessions=4)
    assert not verify_books(store, to)
    assert "was written by hand, but what was signed is gone" in told(to)
    store.close()


def typed(monkeypatch, home: Path, *words: str) -> Result:
    """A verb as it is typed in a folder, without the second it takes to start Python."""
    monkeypatch.chdir(home)
    monkeypatch.setenv("BEIMEN_SECRET_KEY", KEY)
    monkeypatch.delenv("BEIMEN_DATABASE_URL", raising=False)
    return CliRunner().invoke(app, list(words))


def test_before_there_is_a_database_it_says_what_to_do(monkeypatch, tmp_path):
    for words in (("verify",), ("replay", "--month", "2026-03"), ("export", "--month", "2026-03")):
        run = typed(monkeypatch, tmp_path, *words)
        assert run.exit_code == 1
        assert "beimen migrate" in run.stderr


def test_replay_asks_what_to_replay(monkeypatch, tmp_path):
    run = typed(monkeypatch, tmp_path, "replay")
    assert run.exit_code == 1
    assert "--month 2026-10, or --evening busiest" in run.stderr
    run = typed(monkeypatch, tmp_path, "replay", "--month", "2026-03", "--evening", "busiest")
    assert run.exit_code == 1


def test_the_exit_code_of_a_replay_says_whether_it_was_equal(monkeypatch, home):
    assert typed(monkeypatch, home, "replay", "--month", "2026-01").exit_code == 0
    assert typed(monkeypatch, home, "replay", "--month", "2026-03").exit_code == 1


def test_bills_that_no_pile_ever_reported_do_not_survive_a_replay(home):
    store, to = opened(home), console()
    assert not replay_books(store, TEST_SETTINGS, "2026-03", to)
    assert "replayed it would be held: no_order" in told(to)
    assert "... and " in told(to)
    store.close()


def test_a_month_without_a_bill_is_equal_and_the_facts_it_rests_on_are_named(home):
    store, to = opened(home), console()
    assert replay_books(store, TEST_SETTINGS, "2026-01", to)
    assert "everything came out the same" in told(to)
    assert "rests on: orders, tariffs and decisions of people" in told(to)
    assert not replay_books(store, TEST_SETTINGS, "May", to)
    assert "'May' is not a month" in told(to)
    store.close()


def test_an_export_appears_whole_or_not_at_all(monkeypatch, home):
    run = typed(monkeypatch, home, "export", "--month", "2026-03", "--out", "papers")
    assert run.exit_code == 0, run.stderr
    assert "papers/beimen-2026-03.zip: 7 statements" in run.stdout
    (archive,) = (home / "papers").iterdir()
    assert archive.stat().st_mode & 0o077 == 0  # it holds doors
    store, to = opened(home), console()
    assert not export_books(store, TEST_SETTINGS, "2027-01", home / "papers", to, public=True)
    assert "2027-01 is not published yet" in told(to)
    assert list((home / "papers").iterdir()) == [archive]
    assert export_books(store, TEST_SETTINGS, "2026-03", home / "papers", to, public=True)
    assert len(list((home / "papers").iterdir())) == 2
    store.close()


def test_a_folder_that_cannot_be_written_is_said_so(monkeypatch, home):
    (home / "papers").write_text("a file")
    run = typed(monkeypatch, home, "export", "--month", "2026-03", "--out", "papers")
    assert run.exit_code == 1
    assert "could not be written" in run.stderr


def test_without_tables_nothing_is_looked_at(tmp_path, sqlite_template):
    (tmp_path / "var").mkdir()
    shutil.copy(sqlite_template, tmp_path / "var" / "beimen.db")
    store, to = opened(tmp_path), console()
    assert verify_books(store, to)
    assert "the last seal is none yet" in told(to)
    with store.writing() as uow:
        publish(uow)
    assert verify_books(store, to)
    store.close()
