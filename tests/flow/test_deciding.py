"""Held sessions: a person decides with a reason, once, and no later message changes it."""

from datetime import timedelta

import pytest

from service.billing.actions import balance, verify
from service.flow import House, books, ticks
from service.flow.deciding import AlreadyDecided, Decided, Refused, Wish, decide, possibilities
from service.sessions.records import decision_of, session_row
from service.usage.actions import check_books
from service.usage.actions.evidence import evidence
from service.usage.bases import Choice
from service.usage.evidence import digest_of
from service.usage.spans import Span
from tests.flow.looking import (
    billed,
    charging,
    copies,
    incidents,
    lines_of,
    post_now,
    send_record,
    session_of,
    settle,
    state_of,
    statement,
)
from tests.pages.visitors import empty_store
from tests.support.compound import at
from tests.support.small import PaperPile

HOUR = 3600
WHY = "Meter board read on site."


@pytest.fixture
def store(sqlite_template, tmp_path):
    """What databases may do differently is told in test_judged_on_both."""
    with empty_store(sqlite_template, tmp_path) as opened:
        yield opened


@pytest.fixture
def drawn(house, pile, wish, clock):
    """A session of an hour with readings from 1000 to 1500 Wh; its record is still to come."""
    session_id = charging(house, pile, wish())
    for wh in (1000, 1200, 1400, 1500):
        pile.meter(pile.reading(wh=wh, session_id=session_id))
        clock.advance(900)
    pile.heartbeat()
    return session_id


@pytest.fixture
def held(house, pile, drawn):
    """The same, held: its record has no register value of the start."""
    assert settle(pile, drawn, 1000, 1613, energy_start_wh=None) == "held"
    return drawn


def keys(house: House, session_id: str) -> list[str]:
    with house.look() as work:
        sheet = evidence(work.uow, session_id, work.now, house.settings.zone)
        row = session_row(work.uow, session_id)
        found = possibilities(work.uow, row, sheet, house.settings.zone)
        return [one.key for one in found]


def decided(house: House, session_id: str, key: str, reason: str = WHY, door: str = ""):
    with house.work() as work:
        return decide(work, Wish(session_id, key, reason, 2, door))


def by_record(house: House, session_id: str, number: int = 0, **more):
    found = [key for key in keys(house, session_id) if key.startswith("record:")]
    return decided(house, session_id, found[number], **more)


def owes(house: House, household_id: int) -> int:
    with house.store.reading() as uow:
        return balance(uow, household_id)


def energy_of(house: House):
    """The balance of meters and bills; it must always agree."""
    with house.store.reading() as uow:
        now = house.clock.now() + timedelta(days=2)
        check = check_books(uow, Span(at("2026-03-01 00:00"), now), now)
        assert check.agrees, check.differing
        assert verify(uow).misfits == ()
    return check.total


# --- the three choices ----------------------------------------------------------------------------


def test_by_our_readings_only_what_they_prove_is_billed(house, held, wish):
    assert decided(house, held, "readings") == Decided(
        held, Choice.READINGS, 500, 24 + 10, "2026-03"
    )
    (bill,) = billed(house.store)
    assert (bill.start_wh, bill.end_wh, bill.energy_wh) == (1000, 1500, 500)
    assert (state_of(house, held), owes(house, wish().household_id)) == ("settled", 34)
    assert energy_of(house).billed_wh == 500


def test_by_the_record_its_registers_are_billed(house, pile, drawn, clock):
    assert settle(pile, drawn, 1000, 1613, energy_wh=600) == "held"
    assert by_record(house, drawn) == Decided(drawn, Choice.RECORD, 613, 30 + 12, "2026-03")
    (bill,) = billed(house.store)
    assert (bill.start_wh, bill.end_wh, bill.register_id) == (1000, 1613, "a17")
    assert energy_of(house).billed_wh == 613


def test_what_is_let_go_is_never_billed_and_still_accounted_for(house, held, wish):
    assert decided(house, held, "waive") == Decided(held, Choice.WAIVE, 500, 0)
    post_now(house)
    assert (state_of(house, held), billed(house.store)) == ("waived", [])
    assert owes(house, wish().household_id) == 0
    total = energy_of(house)
    assert (total.waived_wh, total.held_wh, total.billed_wh) == (500, 0, 0)


def test_a_record_without_a_start_cannot_be_chosen(house, held):
    assert keys(house, held) == ["readings", "waive"]
    refused = decided(house, held, "record")
    assert isinstance(refused, Refused)
    assert "not possible any more" in refused.sentence.in_language("en")
    assert state_of(house, held) == "held"


def test_of_two_records_the_person_names_the_right_one(house, pile, drawn):
    record = pile.settlement(drawn, 1000, 1513)
    send_record(pile, record)
    send_record(pile, {**record, "energy_end_wh": 1713, "energy_wh": 713, "attempt": 2})
    assert session_of(house, drawn).held_reason == "settlement_conflict"
    assert by_record(house, drawn, 1).energy_wh == 713
    assert [one.energy_wh for one in billed(house.store)] == [713]
    assert incidents(house) == []
    assert len(copies(house, drawn)) == 2


def test_a_register_that_fell_is_billed_by_its_longest_unbroken_rise(house, pile, wish, clock):
    session_id = charging(house, pile, wish())
    for wh in (5000, 5100, 20, 120, 300):
        clock.advance(900)
        pile.meter(pile.reading(wh=wh, session_id=session_id))
    settle(pile, session_id, 0, 310, duration_s=5400)
    post_now(house)
    assert session_of(house, session_id).held_reason == "register_fell"
    assert decided(house, session_id, "readings").energy_wh == 280
    (bill,) = billed(house.store)
    assert (bill.start_wh, bill.end_wh) == (20, 300)
    assert energy_of(house).billed_wh == 280


def test_a_session_whose_record_never_came_is_billed_by_its_readings(house, pile, drawn, clock):
    pile.event("unplugged")
    clock.advance(24 * HOUR)
    ticks.tick_slowly(house)
    assert session_of(house, drawn).held_reason == "no_settlement"
    assert decided(house, drawn, "readings").amount_fen == 34
    (bill,) = billed(house.store)
    assert (bill.energy_wh, bill.ended_at) == (500, session_of(house, drawn).ended_at)
    assert "session_held" not in incidents(house)
    assert energy_of(house).billed_wh == 500


# --- energy of nobody -----------------------------------------------------------------------------


@pytest.fixture
def of_nobody(house, pile, clock):
    stranger = "01JNAX7CZV5Q9T3M7H1K2D4F6S"
    clock.advance(HOUR)
    pile.heartbeat()
    assert settle(pile, stranger, 1000, 1400) == "held"
    return stranger


def test_energy_of_nobody_is_given_to_a_door_by_a_person(house, of_nobody, wish):
    done = by_record(house, of_nobody, door="1-101")
    assert (done.amount_fen, done.month) == (19 + 8, "2026-03")
    assert owes(house, wish("1-101").household_id) == 27
    with house.store.reading() as uow:
        assert decision_of(uow, of_nobody).household_id == wish("1-101").household_id
    assert energy_of(house).billed_wh == 400


def test_without_a_door_that_is_known_it_is_not_billed(house, of_nobody):
    for door, said in (("", "name the door"), ("9-999", "is registered for door 9-999")):
        refused = by_record(house, of_nobody, door=door)
        assert said in refused.sentence.in_language("en")
    assert (state_of(house, of_nobody), billed(house.store)) == ("held", [])


def test_energy_of_nobody_can_be_let_go_without_a_door(house, of_nobody):
    assert decided(house, of_nobody, "waive").choice is Choice.WAIVE
    assert energy_of(house).waived_wh == 400


def test_a_charge_that_has_a_household_stays_with_it(house, held, wish):
    decided(house, held, "readings", door="1-102")
    assert owes(house, wish("1-102").household_id) == 0
    assert owes(house, wish("1-101").household_id) == 34


# --- once, with a reason --------------------------------------------------------------------------


def test_deciding_twice_is_said_plainly_and_changes_nothing(house, held, clock):
    decided(house, held, "readings")
    when = clock.now()
    clock.advance(60)
    assert decided(house, held, "waive") == AlreadyDecided(held, Choice.READINGS, when)
    assert [one.energy_wh for one in billed(house.store)] == [500]


def test_a_decision_needs_a_reason_of_a_length_that_can_be_read(house, held):
    for reason in ("", "   ", "x", "y" * 301):
        assert isinstance(decided(house, held, "waive", reason), Refused), reason
    assert state_of(house, held) == "held"


def test_what_is_not_held_cannot_be_decided(house, pile, drawn):
    refused = decided(house, drawn, "waive")
    assert "not held" in refused.sentence.in_language("en")
    settle(pile, drawn, 1000, 1500)
    post_now(house)
    assert "not held" in decided(house, drawn, "waive").sentence.in_language("en")
    assert [one.energy_wh for one in billed(house.store)] == [500]


def test_what_does_not_exist_cannot_be_decided(house):
    assert decided(house, "01JNAX7CZV5Q9T3M7H1K2D4F6S", "waive").known is False


def test_what_the_person_saw_is_kept_with_its_digest(house, held):
    decided(house, held, "waive")
    with house.store.reading() as uow:
        kept = decision_of(uow, held)
    assert (kept.held_for, kept.reason, kept.decided_by) == ("no_start_reading", WHY, 2)
    assert digest_of(kept.evidence) == kept.evidence_sha256
    assert kept.evidence["session"]["state"] == "held"
    assert [point[1] for point in kept.evidence["readings"]] == [1000, 1200, 1400, 1500]


# --- incidents ------------------------------------------------------------------------------------


def test_the_incident_ends_with_the_last_held_session_of_the_outlet(house, pile, held, wish, clock):
    clock.advance(60)
    second = charging(house, pile, wish("1-102"))
    clock.advance(HOUR)
    pile.heartbeat()
    settle(pile, second, 1613, 1700, energy_end_wh=None)
    assert incidents(house) == ["session_held"]
    decided(house, held, "readings")
    assert incidents(house) == ["session_held"]
    decided(house, second, "waive")
    assert incidents(house) == []


def test_a_record_that_comes_after_all_ends_the_incident_too(house, pile, drawn, clock):
    record = pile.settlement(drawn, 1000, 1613)
    pile.event("unplugged")
    clock.advance(24 * HOUR)
    ticks.tick_slowly(house)
    assert "session_held" in incidents(house)
    assert send_record(pile, record) == "stored"
    assert "session_held" not in incidents(house)


# --- what comes later -----------------------------------------------------------------------------


def test_a_record_after_the_decision_is_kept_changes_nothing_and_is_told(
    house, pile, drawn, clock, wish
):
    record = pile.settlement(drawn, 1000, 1613)
    pile.event("unplugged")
    clock.advance(24 * HOUR)
    ticks.tick_slowly(house)
    decided(house, drawn, "readings")
    before = lines_of(house.store)
    assert send_record(pile, record) == "held"
    assert send_record(pile, {**record, "attempt": 2}) == "duplicate"
    clock.advance(HOUR)
    ticks.tick_slowly(house)
    assert (lines_of(house.store), state_of(house, drawn)) == (before, "settled")
    assert owes(house, wish().household_id) == 34
    assert "settled_otherwise" in incidents(house)
    assert len(copies(house, drawn)) == 1
    assert energy_of(house).billed_wh == 500


def test_what_was_let_go_stays_let_go_whatever_comes(house, pile, held, clock):
    decided(house, held, "waive")
    assert settle(pile, held, 1000, 1613) == "held"
    pile.meter(pile.reading(wh=1613, session_id=held))
    pile.event("unplugged", session_id=held)
    clock.advance(HOUR)
    ticks.tick_slowly(house)
    assert (state_of(house, held), billed(house.store)) == ("waived", [])
    assert "settled_otherwise" in incidents(house)
    assert energy_of(house).waived_wh == 500


def test_a_record_that_says_the_same_is_no_news(house, pile, drawn, clock):
    record = pile.settlement(drawn, 1000, 1613, energy_wh=600)
    send_record(pile, record)
    by_record(house, drawn)
    assert send_record(pile, {**record, "energy_wh": 613, "settlement_seq": 9}) == "stored"
    assert "settled_otherwise" not in incidents(house)


def test_decided_after_its_month_was_closed_it_lands_in_the_next_marked_late(
    house, pile, wish, clock
):
    clock.at = at("2026-03-31 21:00")
    pile.heartbeat()
    session_id = charging(house, pile, wish())
    for wh in (1000, 1500):
        pile.meter(pile.reading(wh=wh, session_id=session_id))
        clock.advance(1800)
    settle(pile, session_id, 1000, 1500, energy_start_wh=None)
    clock.at = at("2026-04-08 09:00")
    books.end_month(house, "2026-03")
    assert decided(house, session_id, "readings").month == "2026-04"
    (block,) = statement(house, wish().household_id, "2026-04").sessions
    assert block.late
    assert statement(house, wish().household_id, "2026-03") is None
    assert energy_of(house).billed_wh == 500


# --- billed before the doubt came -----------------------------------------------------------------


@pytest.fixture
def doubted_later(house, pile: PaperPile, drawn):
    """Billed with 613 Wh; then the pile sends another record that says 513."""
    record = pile.settlement(drawn, 1000, 1613)
    send_record(pile, record)
    post_now(house)
    send_record(pile, {**record, "energy_end_wh": 1513, "energy_wh": 513, "attempt": 2})
    assert state_of(house, drawn) == "held"
    return drawn


def test_a_billed_session_that_is_doubted_later_is_put_right_by_a_credit_note(
    house, doubted_later, wish
):
    before = lines_of(house.store)
    done = by_record(house, doubted_later, 1)
    assert (done.energy_wh, done.amount_fen) == (513, -(42 - 25 - 10))
    assert (state_of(house, doubted_later), lines_of(house.store)) == ("settled", before)
    assert owes(house, wish().household_id) == 35
    (credit,) = statement(house, wish().household_id, "2026-03").corrections
    assert (credit.amount_fen, credit.memo) == (-7, WHY)
    assert incidents(house) == []
    assert energy_of(house).billed_wh == 613


def test_or_the_bill_stands(house, doubted_later, wish):
    assert by_record(house, doubted_later, 0).amount_fen == 0
    assert owes(house, wish().household_id) == 42
    assert state_of(house, doubted_later) == "settled"


def test_or_all_of_it_is_given_back(house, doubted_later, wish):
    assert decided(house, doubted_later, "waive").amount_fen == -42
    assert owes(house, wish().household_id) == 0
    assert state_of(house, doubted_later) == "settled"
    assert energy_of(house).billed_wh == 613
