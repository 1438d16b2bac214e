"""The law of the facts: an evening told in any order, doubled or hours late makes the same books.

The evening is played once by simulated piles. Their own registers say what is true. The price
changes at 22:00, so that it matters where the energy lies in time.
"""

from pathlib import Path
from random import Random

import pytest

from service.clock import FixedClock
from service.flow import ticks
from service.flow.replay import Replayed, replay_month
from service.usage.actions import check_books
from service.usage.spans import Span
from tests.days.evenings import (
    Books,
    Evening,
    a_small_plan,
    books,
    copy_of,
    delayed,
    doubled,
    end_ms,
    fold,
    publish_two_bands,
    scenario,
    shuffled,
)
from tests.support.compound import at

HOURS = 17
MISHAPS = {"lost_link": 0.7, "reboot": 0.3, "power_cut": 0.3}


@pytest.fixture(scope="module")
def evening(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory):
    """From five in the afternoon until ten the next morning, with a link lost here and there."""
    path = tmp_path_factory.mktemp("evening") / "first.db"
    with copy_of(sqlite_template, path) as store:
        played = scenario(piles=12, bikes=36, busier=1.6, rates=MISHAPS)
        evening = Evening(store, FixedClock(at("2026-03-02 17:00")), played, 4, a_small_plan())
        publish_two_bands(evening.house, evening.began)
        evening.run(HOURS * 3600)
        ticks.post_settled(evening.house, ticks.POST_AFTER * 0)
        yield evening


@pytest.fixture(scope="module")
def truth(evening: Evening) -> Books:
    return books(evening.house.store)


@pytest.fixture
def elsewhere(sqlite_template: Path, tmp_path: Path):
    with copy_of(sqlite_template, tmp_path / "again.db") as store:
        yield store


def test_an_evening_is_worth_telling(evening: Evening, truth: Books):
    assert len(evening.heard) > 1000
    assert len(truth.billed) >= 20
    assert {line[1] for line in truth.lines} == {0, 1}
    assert {event["kind"] for event in evening.world.oracle.events} == set(MISHAPS)
    assert any(row[-1] for row in truth.sessions.values())  # one went on after a power cut
    assert any(
        b'"buffered": true' in one.payload or b'"buffered":true' in one.payload
        for one in evening.heard
    )
    assert truth.lines_fen > 500


def told_again(store, evening: Evening, heard) -> Books:
    fold(store, evening, heard)
    return books(store)


def test_in_its_own_order_the_same_books(evening, truth, elsewhere):
    assert told_again(elsewhere, evening, evening.heard) == truth


def test_backwards_the_same_books(evening, truth, elsewhere):
    assert told_again(elsewhere, evening, evening.heard[::-1]) == truth


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_and_doubled_the_same_books(evening, truth, elsewhere, seed):
    dice = Random(seed)
    assert told_again(elsewhere, evening, shuffled(doubled(evening.heard, dice), dice)) == truth


@pytest.mark.parametrize("seed", range(2))
def test_with_some_of_it_hours_late_the_same_books(evening, truth, elsewhere, seed):
    late = delayed(evening.heard, Random(seed), end_ms(evening))
    assert told_again(elsewhere, evening, late) == truth


def test_with_every_record_before_every_reading_the_same_books(evening, truth, elsewhere):
    order = ["session", "result", "outlet", "fault", "hello", "meter"]

    def rank(tail: str) -> int:
        return order.index(tail) if tail in order else len(order)

    by_kind = sorted(evening.heard, key=lambda one: rank(one.topic.split("/")[-1]))
    assert told_again(elsewhere, evening, by_kind) == truth


def test_without_any_reading_of_its_own_the_service_bills_the_same_energy(
    evening, truth, elsewhere
):
    no_meter = [one for one in evening.heard if not one.topic.endswith("/meter")]
    again = told_again(elsewhere, evening, no_meter)
    assert (again.sessions, again.billed) == (truth.sessions, truth.billed)
    assert again.lines != truth.lines  # what was used before and after 22:00 is interpolated


def test_made_again_from_the_stored_messages_every_bill_is_the_same(evening, truth):
    with evening.house.store.reading() as uow:
        again = replay_month(uow, evening.house.settings, "2026-03")
    assert isinstance(again, Replayed)
    assert again.differences == []
    assert (again.sessions, again.lines_fen) == (len(truth.billed), truth.lines_fen)
    assert again.energy_wh == truth.billed_wh
    assert again.lives > evening.plan.piles  # some were born again after a power cut


@pytest.mark.parametrize("seed", range(2))
def test_told_in_another_order_and_late_it_is_made_again_the_same(evening, truth, elsewhere, seed):
    dice = Random(seed)
    house = fold(elsewhere, evening, delayed(evening.heard, dice, end_ms(evening)))
    with elsewhere.reading() as uow:
        again = replay_month(uow, house.settings, "2026-03")
    assert isinstance(again, Replayed)
    assert again.differences == []
    assert again.lines_fen == truth.lines_fen


# --- the books themselves -------------------------------------------------------------------------


def test_every_finished_session_is_billed_exactly_or_held_with_a_reason(evening, truth):
    finished = [one for one in evening.world.oracle.sessions.values() if one.ended_ms]
    for true in finished:
        row = truth.sessions[true.session_id]
        assert row[1:4] == (true.energy_wh, true.start_wh, true.end_wh)
        if row[0] == "held":
            assert row[8], true
        else:
            assert truth.billed[true.session_id][3] == true.energy_wh
    assert set(truth.billed) <= {one.session_id for one in finished}


def test_lines_ledger_and_statements_say_the_same_sum(truth):
    assert truth.lines_fen == truth.ledger_fen == truth.statements_fen > 0


def test_billed_held_and_unattributed_energy_are_what_the_registers_moved(evening, truth):
    oracle = evening.world.oracle
    assert truth.billed_wh + truth.held_wh + oracle.unattributed_wh() == oracle.metered_wh()
    with evening.house.store.reading() as uow:
        span = Span(evening.began, evening.clock.now())
        checked = check_books(uow, span, evening.clock.now())
    assert checked.agrees, checked.differing
    assert checked.total.doubled_wh == 0
    assert checked.total.moved_wh == oracle.metered_wh()


def test_no_order_number_is_billed_twice(evening, truth):
    causes = [ref for cause, ref in truth.entries if cause == "session"]
    assert sorted(causes) == sorted(truth.billed)
    assert {session_id for session_id, *_ in truth.lines} <= set(truth.billed)
