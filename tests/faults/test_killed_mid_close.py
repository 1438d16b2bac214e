"""The process that closes a month is killed (SIGKILL) in the middle of a step: whoever goes on
arrives at the same statements and the same account, and the books verify."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from sqlmodel import select

from service.billing import actions
from service.billing.outcomes import Closed
from service.billing.records import MonthClose, Statement
from service.billing.records.closing import account_text
from service.flow import books
from service.store import Store
from service.store.engine import open_engine
from tests.billing.books import THE_WANGS, a_payment, a_session, misfits, pay, post
from tests.billing.days import local
from tests.faults.closing import a_house

ROOT = Path(__file__).parents[2]
MARCH, MIDNIGHT = "2026-03", local("2026-04-01 00:05")


def a_march(store: Store) -> None:
    with store.writing() as uow:
        post(
            uow,
            a_session("lis 1"),
            a_session("lis 2", ended="2026-03-31 23:59", wh=1000),
            a_session("wangs", THE_WANGS, ended="2026-03-15 07:00", wh=250),
        )
        pay(uow, a_payment(fen=50))


def killed_before(step: str, database_url: str, minutes: int) -> None:
    """A close that begins so many minutes after midnight and never comes past this step."""
    now = (MIDNIGHT + timedelta(minutes=minutes)).isoformat()
    command = [sys.executable, "-m", "tests.faults.closing", database_url, MARCH, now, step]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline().strip() == step
        finally:
            child.kill()


def statements(store: Store) -> list[dict[str, object]]:
    with store.reading() as uow:
        rows = uow.session.exec(select(Statement)).all()
    return sorted((row.model_dump() for row in rows), key=lambda row: row["household_id"])


def state(store: Store) -> str | None:
    with store.reading() as uow:
        row = uow.session.get(MonthClose, MARCH)
    return row.state if row else None


def account(store: Store) -> dict[str, object]:
    """What was published; the root has secret salts in it, so it is another for each close."""
    with store.reading() as uow:
        said: dict[str, object] = json.loads(account_text(uow, MARCH) or "{}")
    return {name: value for name, value in said.items() if name != "root"}


KILLS = {"sqlite": ("write_proof", "_seal"), "postgresql": ("_seal",)}
LEFT_BEHIND = {"write_proof": ("closing", 0), "_seal": ("written", 2)}


def test_killed_and_gone_on_with_it_is_the_same_close(
    database_url: str, sqlite_template: Path, tmp_path: Path
):
    store = Store(open_engine(database_url))
    a_march(store)
    for minutes, step in enumerate(KILLS[store.engine.dialect.name]):
        killed_before(step, database_url, minutes)
        assert (state(store), len(statements(store))) == LEFT_BEHIND[step], "all of it or nothing"
        assert account(store) == {}
    written = statements(store)

    house = a_house(database_url, MIDNIGHT + timedelta(hours=9))
    outcome = books.end_month(house, MARCH)
    assert isinstance(outcome, Closed)
    assert outcome.closed_at == MIDNIGHT, "the time of the first step"
    assert statements(store) == written
    assert not misfits(store)
    with store.reading() as uow:
        assert actions.published_months(uow, THE_WANGS) == [MARCH]

    calm_path = tmp_path / "calm.db"
    calm_path.write_bytes(sqlite_template.read_bytes())
    calm = a_house(f"sqlite:///{calm_path}", MIDNIGHT)
    a_march(calm.store)
    books.end_month(calm, MARCH)
    assert statements(calm.store) == written
    assert account(calm.store) == account(store)
    for opened in (house.store, calm.store, store):
        opened.close()
