"""A month made again from what the piles said: equal to the fen, or the difference is named."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from service.billing.actions import publish_tariff
from service.billing.outcomes import Closed, Published, Refused
from service.clock import to_ms
from service.flow import House, books, ticks
from service.flow.deciding import Decided, Wish, decide, possibilities
from service.flow.replay import Replayed, replay_month
from service.sessions.records import SettlementCopy, session_row
from service.store import UnitOfWork
from service.usage.actions.evidence import evidence
from tests.billing.days import TWO_BANDS
from tests.flow.looking import billed, charging, lines_of, post_now, send_record, settle
from tests.support.compound import at
from tests.support.small import PaperPile

HOUR = 3600
MARCH = "2026-03"
TAMPERED = "session_replication_role = replica"


@pytest.fixture
def night(house, clock):
    """Two prices a day, and it is half past nine in the evening: at ten it becomes cheaper."""
    clock.at = at("2026-03-02 21:00")
    start = clock.now() + timedelta(minutes=1)
    draft = TWO_BANDS.__class__(
        0, start, TWO_BANDS.bands, TWO_BANDS.consent_at, TWO_BANDS.consent_scope
    )
    with house.store.writing() as uow:
        outcome = publish_tariff(uow, draft, 4870, clock.now(), house.settings.zone)
    assert isinstance(outcome, Published), outcome
    clock.at = at("2026-03-02 21:30")
    pile = PaperPile(house, clock)
    pile.hello()
    pile.heartbeat()
    return pile


def charge(house: House, pile: PaperPile, asked, readings=(1000, 1100, 1290, 1400), **more) -> str:
    """An hour across ten o'clock with a reading every twenty minutes, then the record."""
    session_id = charging(house, pile, asked)
    for wh in readings:
        pile.meter(pile.reading(wh=wh, session_id=session_id))
        house.clock.advance(HOUR // len(readings))  # type: ignore[attr-defined]
    settle(pile, session_id, readings[0], readings[-1] + 25, **more)
    return session_id


def replayed(house: House, month: str = MARCH) -> Replayed:
    with house.store.reading() as uow:
        found = replay_month(uow, house.settings, month)
    assert isinstance(found, Replayed), found
    return found


def said(found: Replayed) -> list[str]:
    return [difference.in_language("en") for difference in found.differences]


def publish(house: House, clock, month_over: str = "2026-04-01 00:10") -> None:
    clock.at = at(month_over)
    assert isinstance(books.end_month(house, MARCH), Closed)


def tampered(house: House, change: Callable[[UnitOfWork], None]) -> list[str]:
    """What replay says after somebody changed the database behind the service's back."""
    with house.store.writing() as uow:
        connection = uow.session.connection()
        if house.store.engine.dialect.name == "sqlite":
            triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for (name,) in connection.exec_driver_sql(triggers).fetchall():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql(f"SET LOCAL {TAMPERED}")
        change(uow)
        found = replay_month(uow, house.settings, MARCH)
        uow.session.rollback()
    assert isinstance(found, Replayed)
    return said(found)


def doing(*statements: str) -> Callable[[UnitOfWork], None]:
    def change(uow: UnitOfWork) -> None:
        for statement in statements:
            assert uow.session.connection().exec_driver_sql(statement).rowcount, statement

    return change


# --- the same month -------------------------------------------------------------------------------


def test_a_month_comes_out_the_same_to_the_fen_and_to_the_root(house, night, wish, clock):
    charge(house, night, wish())
    charge(house, night, wish("1-102", outlet=2, key="another"), (5000, 5002, 5100), outlet=2)
    post_now(house)
    assert len(lines_of(house.store)) == 6
    publish(house, clock)
    found = replayed(house)
    assert said(found) == []
    assert found.is_equal
    assert (found.sessions, found.statements) == (2, 2)
    assert found.energy_wh == 425 + 125
    assert found.lines_fen == sum(line.amount_fen for line in lines_of(house.store))
    assert found.published
    assert len(found.root or "") == 64
    assert (found.values, found.lives) == (7, 1)


def test_a_month_that_is_still_open_is_compared_as_far_as_it_is_billed(house, night, wish):
    charge(house, night, wish())
    post_now(house)
    found = replayed(house)
    assert (found.is_equal, found.sessions, found.statements, found.root) == (True, 1, 0, None)


def test_a_month_without_anything_is_equal(house, clock):
    found = replayed(house, "2026-02")
    assert (found.is_equal, found.sessions, found.messages) == (True, 0, 0)


def test_what_is_not_a_month_is_refused_with_an_example(house):
    with house.store.reading() as uow:
        refused = replay_month(uow, house.settings, "May")
    assert isinstance(refused, Refused)
    assert "write it like 2026-10" in refused.reasons[0].in_language("en")


def test_a_clock_that_became_known_better_after_the_bill_moves_nothing(house, night, wish, clock):
    """At first every message took 40 s; the bill was placed by that, and stays there."""
    slow = PaperPile(house, clock, "LB-002", "0badf00d", "0badc0de", serial="KX2P-2309-00418")
    slow.booted_ms = to_ms(clock.now()) - 60_000
    slow.hello(uptime_ms=20_000)
    slow.heartbeat(uptime_ms=20_000)
    clock.advance(40)
    session_id = charging(house, slow, wish(pile="LB-002"))
    clock.advance(HOUR)
    late = slow.settlement(session_id, 1000, 1400)
    for moment in ("start", "end"):
        late[moment] = {**late[moment], "uptime_ms": late[moment]["uptime_ms"] - 40_000}
    send_record(slow, late)
    post_now(house)
    before = [one.model_dump() for one in billed(house.store)]
    clock.advance(60)
    slow.heartbeat()  # this one took no time at all
    publish(house, clock)
    found = replayed(house)
    assert said(found) == []
    assert found.steps > found.lives
    assert [one.model_dump() for one in billed(house.store)] == before


def test_readings_that_came_after_the_bill_are_left_out_again(house, night, wish, clock):
    session_id = charging(house, night, wish())
    early = night.reading(wh=1000, session_id=session_id)
    clock.advance(HOUR // 2)
    kept_back = night.numbered(readings=[night.reading(wh=1300, session_id=session_id)])
    clock.advance(HOUR // 2)
    night.meter(early)
    settle(night, session_id, 1000, 1400)
    post_now(house)
    clock.advance(HOUR)
    night.say("meter", {**kept_back, "buffered": True})
    found = replayed(house)
    assert said(found) == []
    assert found.values == 2


def test_a_bill_that_arrived_after_its_month_is_made_again_where_it_landed(
    house, night, wish, clock
):
    session_id = charging(house, night, wish())
    night.meter(night.reading(wh=1000, session_id=session_id))
    clock.advance(HOUR)
    record = night.settlement(session_id, 1000, 1400)
    publish(house, clock)
    night.heartbeat()
    send_record(night, record)
    post_now(house)
    assert replayed(house).sessions == 0
    april = replayed(house, "2026-04")
    assert (april.is_equal, april.sessions, april.energy_wh) == (True, 1, 400)


# --- what people decided --------------------------------------------------------------------------


def choose(house: House, session_id: str, kind: str) -> None:
    with house.work() as work:
        sheet = evidence(work.uow, session_id, work.now, house.settings.zone)
        row = session_row(work.uow, session_id)
        assert row is not None
        assert sheet is not None
        found = possibilities(work.uow, row, sheet, house.settings.zone)
        key = next(one.key for one in found if one.choice == kind)
        assert isinstance(decide(work, Wish(session_id, key, "Read on site.", 2)), Decided)


@pytest.mark.parametrize("kind", ["record", "readings"])
def test_a_decided_session_is_made_again_from_what_was_chosen(house, night, wish, clock, kind):
    session_id = charge(house, night, wish(), energy_wh=600)  # not what its registers say
    post_now(house)
    assert billed(house.store) == []
    clock.advance(60)
    choose(house, session_id, kind)
    (bill,) = billed(house.store)
    assert bill.energy_wh == {"record": 425, "readings": 400}[kind]
    publish(house, clock)
    found = replayed(house)
    assert said(found) == []
    assert (found.sessions, found.decided, found.energy_wh) == (1, 1, bill.energy_wh)


def test_what_was_let_go_and_what_is_held_is_listed_and_no_difference(house, night, wish, clock):
    let_go = charge(house, night, wish(), energy_wh=600)
    charge(house, night, wish("1-102", key="b"), (1425, 1600), energy_start_wh=None)
    choose(house, let_go, "waive")
    publish(house, clock)
    found = replayed(house)
    assert said(found) == []
    assert (found.sessions, found.let_go, dict(found.held)) == (0, 1, {"no_start_reading": 1})


def test_a_decision_that_nothing_measured_is_named(house, night, wish, clock):
    clock.advance(60)
    choose(house, charge(house, night, wish(), energy_wh=600), "readings")
    found = tampered(house, doing("UPDATE held_decision SET end_wh = 9000"))
    assert "it would be held: not_what_was_chosen" in found[0]


# --- what was changed -----------------------------------------------------------------------------


@pytest.fixture
def published(house, night, wish, clock):
    session_id = charge(house, night, wish())
    post_now(house)
    publish(house, clock)
    assert replayed(house).is_equal
    return session_id


def test_changed_lines_are_named_with_both_figures(house, published):
    found = tampered(
        house,
        doing(
            "UPDATE billed_session SET end_wh = 9999",
            "UPDATE bill_line SET energy_wh = 0, amount_e7 = 0, amount_fen = 0, remainder_e7 = 0",
        ),
    )
    assert f"Session {published}: end_wh is 1425 replayed and 9999 billed." in found
    (line,) = [one for one in found if "line 0 electricity" in one]
    assert "peak: ≈ 0.290 kWh × 0.487 = 0.1412300 → 0.14 (+0.0012300) replayed" in line
    assert "0.000 kWh × 0.487 = 0.0000000 → 0.00 (0.0000000) billed" in line


def test_a_sealed_digest_that_is_another_is_named_though_the_lines_are_right(house, published):
    found = tampered(house, doing("UPDATE ledger_entry SET facts = 'f' WHERE cause = 'session'"))
    assert found == [f"Session {published}: seal is as printed replayed and another billed."]


def test_a_changed_statement_is_named_with_both_figures(house, published):
    found = tampered(
        house, doing("UPDATE statement SET payments_fen = 10, closing_fen = closing_fen - 10")
    )
    assert any("payments_fen is 0 replayed and 10 on the statement" in one for one in found)
    assert any("closing_fen is" in one for one in found)


def test_another_root_or_another_door_is_named(house, published):
    for change in ("proof_root SET root = 'F'", "proof_leaf SET door = '1-999'"):
        (found,) = tampered(house, doing(f"UPDATE {change}"))
        assert found.startswith("The root is ")


def test_stored_readings_are_not_what_it_rests_on(house, published):
    assert tampered(house, doing("UPDATE reading SET energy_total_wh = 1")) == []
    assert tampered(house, doing("DELETE FROM reading")) == []


def test_a_changed_message_of_the_pile_shows_in_the_bill(house, published):
    def change(uow: UnitOfWork) -> None:
        (copy,) = uow.session.exec(select(SettlementCopy))
        record = json.loads(copy.payload)
        copy.payload = json.dumps({**record, "energy_end_wh": 1435, "energy_wh": 435})
        uow.session.flush()

    found = tampered(house, change)
    assert f"Session {published}: end_wh is 1435 replayed and 1425 billed." in found
    assert any("energy_wh is 435 replayed and 425 on the statement" in one for one in found)
    assert any(one.startswith("The root is ") for one in found)


def test_a_message_that_cannot_be_read_any_more_is_named(house, published):
    found = tampered(house, doing("UPDATE pilemessage SET payload = '{}' WHERE kind = 'result'"))
    assert found
    assert all("as stored cannot be read any more" in one for one in found)


def test_a_settlement_that_is_gone_is_named(house, published):
    found = tampered(house, doing("DELETE FROM settlementcopy"))
    assert f"Session {published} was billed; replayed it would be held: no_settlement." in found


def test_a_moved_clock_is_contradicted_by_a_stored_message(house, published):
    found = tampered(house, doing("UPDATE boot_offset SET offset_ms = offset_ms + 5000"))
    assert any("contradicts the clock offset by" in one for one in found)
    assert any(f"Session {published}: started_at is" in one for one in found)


def test_a_session_that_was_settled_and_forgotten_is_named(house, night, wish, clock):
    """Nothing in the service can do this; the replay does not take its word for it."""
    session_id = charge(house, night, wish())
    with house.store.writing() as uow:
        doing("UPDATE charge_session SET posted_at = 1")(uow)
    charge(house, night, wish("1-102", key="b"), (1425, 1600))
    ticks.post_settled(house, timedelta(0))
    publish(house, clock)
    assert said(replayed(house)) == [
        f"Session {session_id} was settled before the close and is billed nowhere."
    ]
