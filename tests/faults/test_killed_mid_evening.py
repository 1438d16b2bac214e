"""Mosquitto and the service, each killed in mid-evening: nothing is lost and nothing is doubled.

Real processes, the deployed broker configuration with TLS and the access list, SQLite as shipped.
The piles' own meters are the truth. A process crash is what is shown here, not a power loss.
"""

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service.clock import FixedClock
from service.flow import House, ticks
from service.households.codes import key_of
from service.piles.records import DeadLetter
from service.sessions.lifecycle import State
from service.store import Store
from service.store.engine import open_engine
from tests.days.evenings import Books, books, rows, sessions_in_order
from tests.faults.evening import ORIGIN, PLACES, LiveEvening, live_evening, wait_until
from tests.support.compound import SECRET, TEST_SETTINGS

pytestmark = pytest.mark.broker


class Morning:
    """What is in the books, and what the meters say."""

    def __init__(self, truth: dict[str, Any], store: Store):
        self.sessions = {one["session_id"]: one for one in truth["sessions"]}
        self.outlets = truth["outlets"]
        self.books: Books = books(store)
        self.rows = {row.id: row for row in sessions_in_order(store)}
        self.set_aside = rows(store, DeadLetter)


@pytest.fixture(scope="module")
def morning(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("killed")
    with live_evening(folder, sqlite_template) as evening:
        truth = an_evening_with_two_kills(evening)
    store = Store(open_engine(f"sqlite:///{folder}/beimen.db"))
    clock = FixedClock(ORIGIN + timedelta(days=1))
    house = House(store, clock, TEST_SETTINGS, lambda n: b"\x01" * n, key_of(SECRET))
    ticks.post_settled(house, timedelta(0))
    yield Morning(truth, store)
    store.close()


def an_evening_with_two_kills(evening: LiveEvening) -> dict[str, Any]:
    """The story; returns the true ledger."""
    evening.come(*PLACES)
    time.sleep(2)

    # four bikes leave while the service is dead; four more while it is coming up
    evening.kill_service()
    evening.go(*PLACES[0:4])
    time.sleep(1)
    evening.start_service()
    evening.go(*PLACES[4:8])
    wait_until(lambda: evening.unacknowledged() == 0, "records of those who left are stored")
    evening.come(*PLACES[0:4])

    # four leave while the broker is dead, then the service dies too, just after it came back
    evening.kill_broker()
    evening.go(*PLACES[8:12])
    time.sleep(1)
    evening.broker.start()
    wait_until(evening.all_welcomed, "the piles are back")
    evening.kill_service()
    evening.start_service()
    evening.come(*PLACES[8:10])
    time.sleep(2)

    evening.go(*(place for place in PLACES if evening.session_at(place)))
    wait_until(lambda: evening.unacknowledged() == 0, "every record is acknowledged")
    wait_until(evening.is_all_over, "no session is left open")
    truth: dict[str, Any] = evening.ask("oracle")["oracle"]
    (evening.folder / "oracle.json").write_text(json.dumps(truth))
    return truth


def test_everybody_charged(morning: Morning):
    assert len(morning.sessions) >= len(PLACES) + 4 + 2
    assert all(one["ended_ms"] is not None for one in morning.sessions.values())
    assert sum(one["energy_wh"] for one in morning.sessions.values()) > 0


def test_what_ended_is_billed_exactly_or_held_with_a_reason(morning: Morning):
    for session_id, true in morning.sessions.items():
        row = morning.rows[session_id]
        if row.state == State.HELD:
            assert row.held_reason
        else:
            assert morning.books.billed[session_id][3:6] == (
                true["energy_wh"], true["start_wh"], true["end_wh"],
            )  # fmt: skip


def test_nothing_is_held_but_a_start_that_came_after_it_was_given_up(morning: Morning):
    held = {row.id: row.held_reason for row in morning.rows.values() if row.state == State.HELD}
    assert set(held.values()) <= {"charging_without_order"}
    assert len(held) <= 2


def test_nothing_is_billed_twice_or_without_having_happened(morning: Morning):
    assert set(morning.books.billed) <= set(morning.sessions)
    causes = [ref for cause, ref in morning.books.entries if cause == "session"]
    assert sorted(causes) == sorted(morning.books.billed)


def test_the_books_sum_up_to_what_the_registers_moved(morning: Morning):
    moved = sum(outlet["metered_wh"] for outlet in morning.outlets)
    stray = sum(outlet["unattributed_wh"] for outlet in morning.outlets)
    assert morning.books.billed_wh + morning.books.held_wh + stray == moved
    assert morning.books.lines_fen == morning.books.ledger_fen == morning.books.statements_fen


def test_no_message_of_a_pile_had_to_be_set_aside(morning: Morning):
    assert morning.set_aside == []
