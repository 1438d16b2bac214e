"""A month handed out: it stands on its own, adds up by another program, and gives nobody away."""

import hashlib
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest
from beancount.scripts import check as bean_check
from click.testing import CliRunner

from service.archive import file_name, write_archive
from service.billing import actions
from service.billing.ledger import Account, Cause
from service.billing.outcomes import Refused
from service.store import Store
from service.store.engine import open_engine
from tests.archive.quarter import HOUSEHOLDS, MONTHS, a_quarter, door_of
from tests.archive.unpacked import Beans, chain_is_whole, rows, run, unzipped, zipped
from tests.billing.books import a_session, post, publish, undone, words
from tests.billing.days import SHANGHAI

WHOLE = {
    "README.txt", "SHA256SUMS", "account.json", "check_books.py", "check_proof.py",
    "corrections.csv", "households.csv", "ledger.beancount", "lines.csv", "payments.csv", "proofs",
    "root.json", "seals.csv", "sessions.csv", "statements.csv", "tariffs.csv",
}  # fmt: skip
PUBLIC = WHOLE - {
    "corrections.csv", "households.csv", "lines.csv", "payments.csv", "proofs", "sessions.csv",
    "statements.csv",
}  # fmt: skip


@pytest.fixture(scope="module")
def handed_out(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory):
    """March for the committee and for everyone, as two files."""
    path = tmp_path_factory.mktemp("books") / "beimen.db"
    shutil.copy(sqlite_template, path)
    store = Store(open_engine(f"sqlite:///{path}"))
    with store.writing() as uow:
        a_quarter(uow, 1)
        yield zipped(uow, "2026-03"), zipped(uow, "2026-03", public=True)
        uow.session.rollback()
    store.close()


@pytest.fixture
def march(handed_out, tmp_path: Path) -> Path:
    """The archive of March, unpacked."""
    return unzipped(handed_out[0], tmp_path / "march")


@pytest.fixture
def public(handed_out, tmp_path: Path) -> Path:
    return unzipped(handed_out[1], tmp_path / "public")


# --- by another program ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [2, 3])
def test_beancount_arrives_at_the_published_totals_of_every_month(store, seed, tmp_path):
    with undone(store) as uow:
        a_quarter(uow, seed, sessions=8)
        assert actions.verify(uow).misfits == ()
        for month in MONTHS:
            beans = Beans(unzipped(zipped(uow, month), tmp_path / month) / "ledger.beancount")
            assert beans.errors == []
            assert {day.strftime("%Y-%m") for day in beans.days} == {month}
            views = actions.statements_of(uow, month)
            assert beans.fen("Assets:Receivable") == sum(view.closing_fen for view in views)
            assert -beans.fen("Income", "session") == sum(view.lines_fen for view in views)
            assert beans.fen("Assets", "payment") == 0
            assert beans.fen("Assets:Cash", "payment") == sum(v.payments_fen for v in views)
            assert beans.wh("Assets:Energy") == sum(view.energy_wh for view in views)
            for view in views:
                assert beans.fen(f"Assets:Receivable:H{view.household_id}") == view.closing_fen
                assert beans.wh(f"Assets:Energy:H{view.household_id}") == view.energy_wh
            moved = actions.accounts(uow, month)
            assert beans.fen("Income:Electricity") == moved.get(Account.ELECTRICITY_INCOME, 0)
            assert beans.fen("Expenses:Grid") == moved.get(Account.GRID_COST, 0)


def test_bean_check_itself_accepts_both_archives(march, public):
    for folder in (march, public):
        said = CliRunner().invoke(bean_check.main, [str(folder / "ledger.beancount")])
        assert (said.exit_code, said.output) == (0, "")


def test_one_fen_more_on_any_entry_or_balance_is_refused_by_beancount(march):
    text = (march / "ledger.beancount").read_text()
    charged = next(line for line in text.splitlines() if line.startswith("  Income:Electricity  -"))
    wrong = charged[:-5] + f"{int(charged[-5]) ^ 1}" + charged[-4:]
    assert Beans(text.replace(charged, wrong, 1)).errors
    balance = next(line for line in text.splitlines() if " balance Assets:Receivable:H" in line)
    amount = balance.split()[3]
    cents = f"{amount[:-1]}{int(amount[-1]) ^ 1}"
    assert Beans(text.replace(balance, balance.replace(amount, cents, 1), 1)).errors


def test_one_watt_hour_more_is_refused_too(march):
    text = (march / "ledger.beancount").read_text()
    line = next(line for line in text.splitlines() if line.startswith("  Assets:Energy:H"))
    wrong = f"{line[:-5]}{int(line[-5]) ^ 1}{line[-4:]}"
    assert Beans(text.replace(line, wrong, 1)).errors


# --- by a stranger with Python --------------------------------------------------------------------


def test_everything_is_there_and_nothing_else(march, public):
    assert {path.name for path in march.iterdir()} == WHOLE
    assert {path.name for path in public.iterdir()} == PUBLIC


def test_the_checker_that_is_in_it_needs_nothing_else(march, public):
    whole, shown = run(march, "check_books.py"), run(public, "check_books.py")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert len(whole.stdout.splitlines()) == 8
    assert len(shown.stdout.splitlines()) == 4


def test_every_proof_holds_against_the_code(march):
    told = json.loads((march / "root.json").read_text())
    root, leaves = told["root"], told["leaves"]
    proofs = sorted((march / "proofs").iterdir())
    assert len(proofs) == leaves == len(list(rows(march / "statements.csv")))
    first = run(march, "check_proof.py", f"proofs/{proofs[0].name}", root)
    assert first.returncode == 0, first.stderr
    assert run(march, "check_proof.py", f"proofs/{proofs[0].name}", "0" * 64).returncode == 1


def test_the_chain_can_be_followed_by_whoever_read_the_readme(march):
    assert chain_is_whole(march / "seals.csv")
    text = (march / "seals.csv").read_text("utf-8-sig")
    (march / "seals.csv").write_text(text.replace('""receivable""', '""rounding""', 1), "utf-8-sig")
    assert not chain_is_whole(march / "seals.csv")


def test_sha256sum_finds_every_file_as_it_was_written(march):
    said = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=march, capture_output=True, text=True
    )
    assert (said.returncode, said.stdout) == (0, "")
    named = {line.split("  ")[1] for line in (march / "SHA256SUMS").read_text().splitlines()}
    there = {str(path.relative_to(march)) for path in march.rglob("*") if path.is_file()}
    assert there == named | {"SHA256SUMS"}


TAMPERED = [
    ("statements.csv", ",2", ",3", "SHA256SUMS"),
    ("lines.csv", "electricity", "service", "SHA256SUMS"),
    ("root.json", "2026-03", "2026-04", "SHA256SUMS"),
]


@pytest.mark.parametrize(("name", "old", "new", "by"), TAMPERED, ids=[row[0] for row in TAMPERED])
def test_a_changed_file_is_named(march, name, old, new, by):
    text = (march / name).read_text("utf-8")
    assert old in text
    (march / name).write_text(text.replace(old, new, 1), "utf-8")
    said = run(march, "check_books.py")
    assert said.returncode == 1
    assert name in said.stderr


FORGED = [
    ("statements.csv", r",\d+\s*$", ",77", "The statements are not those that were published"),
    ("sessions.csv", r",\d+\.\d{3},(?=\d+\.\d\d,)", ",9.999,", "does not fit"),
    ("lines.csv", r",-?\d\.\d{7},no\s*$", ",0.0000001,no", "does not fit"),
    ("lines.csv", r",0\.487,", ",0.477,", "does not fit"),
    ("payments.csv", r",(\d+)\.(\d\d),", r",\g<1>9.\2,", "The amount of entry"),
    ("corrections.csv", r",(-?\d+)\.(\d\d),", r",\g<1>9.\2,", "The amount of entry"),
    ("seals.csv", "receivable", "rounding", "The seal of entry"),
    ("seals.csv", r"\r\n\d+,[^\r]*\r\n", "\r\n", "is not in the chain"),
    ("seals.csv", r"\r\n\d+9,[^\r]*\r\n", "\r\n", "The seal of entry"),
    ("root.json", r"fen\": ", 'fen": 9', "not the one that was published"),
    ("account.json", "^{", '{"x":1', "not the one that was published"),
    ("tariffs.csv", r",0\.487,0\.20,", ",0.387,0.20,", "not the one that was sealed"),
    ("proofs/000001.txt", r"BILL:(\d+)", r"BILL:9\1", "The proof proofs/000001.txt"),
    ("households.csv", "000002.txt", "000003.txt", "The proof proofs/000003.txt"),
]


@pytest.mark.parametrize(
    ("name", "old", "new", "finding"),
    FORGED,
    ids=[f"{row[0]} {place}" for place, row in enumerate(FORGED)],
)
def test_a_changed_figure_is_found_even_where_the_sums_of_the_files_were_made_anew(
    march, name, old, new, finding
):
    """Whoever changes a file can change SHA256SUMS with it; the seals they cannot make again."""
    path = march / name
    text, count = re.subn(old, new, path.read_bytes().decode(), count=1, flags=re.MULTILINE)
    assert count == 1
    path.write_bytes(text.encode())
    lines = (march / "SHA256SUMS").read_text().splitlines()
    names = [line.split("  ")[1] for line in lines]
    sums = [f"{hashlib.sha256((march / one).read_bytes()).hexdigest()}  {one}\n" for one in names]
    (march / "SHA256SUMS").write_text("".join(sums))
    said = run(march, "check_books.py")
    assert said.returncode == 1, said.stdout
    assert finding in said.stderr


# --- what it says, and to whom --------------------------------------------------------------------


def test_the_same_month_is_the_same_file_whenever_it_is_made(store):
    with undone(store) as uow:
        a_quarter(uow, 1, sessions=4)
        first = zipped(uow, "2026-02")
        post(uow, a_session("much later", 3, "2026-05-10 20:00"), now="2026-05-11")
        assert zipped(uow, "2026-02") == first
        assert zipped(uow, "2026-02", public=True) == zipped(uow, "2026-02", public=True)
        first_told: list[float] = []
        write_archive(uow, "2026-03", SHANGHAI, io.BytesIO(), tell=first_told.append)
    assert first_told == sorted(first_told)
    assert first_told[-1] == 1.0


def test_files_come_in_their_order_and_carry_no_time(handed_out):
    with ZipFile(io.BytesIO(handed_out[0])) as box:
        names = box.namelist()
        assert names == [*sorted(names[:-1]), "SHA256SUMS"]
        assert {info.date_time for info in box.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_public_one_holds_no_door_no_household_and_no_word_of_anybody(public):
    text = "\n".join(
        path.read_text("utf-8") for path in public.iterdir() if path.name != "check_proof.py"
    )
    for household in HOUSEHOLDS:
        assert door_of(household) not in text
        assert f":H{household}" not in text
    for row in rows(public / "seals.csv"):
        assert row["cause"] in (Cause.TARIFF, Cause.CLOSE) or not row["text"]
    assert "S2026-03" not in text
    assert "R-2026-03" not in text
    assert "3月电费" not in text


def test_the_public_one_says_the_same_totals(march, public):
    for name in ("Assets:Receivable", "Income", "Expenses", "Assets:Bank", "Assets:Piles"):
        whole, shown = Beans(march / "ledger.beancount"), Beans(public / "ledger.beancount")
        assert whole.fen(name) == shown.fen(name)
        assert whole.wh("Assets:Energy") == shown.wh("Assets:Energy")
    for name in ("root.json", "account.json", "tariffs.csv"):
        assert (march / name).read_bytes() == (public / name).read_bytes()


def test_no_cell_that_somebody_wrote_runs_as_a_formula(march):
    for path in march.glob("*.csv"):
        for row in rows(path):
            for name, cell in row.items():
                amount = name.endswith("_yuan")
                assert amount or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), (name, cell)
    memos = {row["memo"] for row in rows(march / "corrections.csv")}
    assert "'=1+1" in memos


def test_a_month_that_is_not_published_is_refused_in_words_and_nothing_is_written(store):
    with undone(store) as uow:
        publish(uow)
        post(uow, a_session())
        for month, why in (("2026-03", "not published yet"), ("May", "is not a month")):
            out = io.BytesIO()
            refused = write_archive(uow, month, SHANGHAI, out)
            assert isinstance(refused, Refused)
            assert why in words(refused)
            assert out.getvalue() == b""


def test_bills_that_do_not_lead_to_the_root_are_not_handed_out(store):
    with undone(store) as uow:
        a_quarter(uow, 1, sessions=4)
        connection = uow.session.connection()
        if store.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER proof_root_fixed")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("UPDATE proof_root SET root = 'F' WHERE month = '2026-03'")
        uow.session.expire_all()
        refused = write_archive(uow, "2026-03", SHANGHAI, io.BytesIO())
        assert "run beimen verify" in words(refused)


def test_the_name_says_for_whom_it_is():
    assert file_name("2026-10", public=False) == "beimen-2026-10.zip"
    assert file_name("2026-10", public=True) == "beimen-2026-10-public.zip"
