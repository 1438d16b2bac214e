"""The settlement of a session: billed once, whenever and however often it comes, or held."""

import json
from datetime import timedelta

import pytest

from service.billing.actions import publish_tariff
from service.billing.outcomes import Closed, Published
from service.flow import House, books, ticks, uplink
from service.flow.requests import start
from tests.billing.days import TWO_BANDS
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
from tests.support.compound import at
from tests.support.small import PaperPile

HOUR = 3600


@pytest.fixture
def sold(house, pile, wish, clock):
    """A session that charged for an hour; what is left is its settlement."""
    session_id = charging(house, pile, wish())
    clock.advance(HOUR)
    pile.heartbeat()
    return session_id


# --- once -----------------------------------------------------------------------------------------


def test_a_settlement_sent_1000_times_is_one_bill_and_1000_acknowledgements_rule_10(
    house, pile, sold
):
    record = pile.settlement(sold, 402_118, 402_731)
    for batch in range(5):
        attempts = range(200 * batch + 1, 200 * batch + 201)
        pile.deliver(*(pile.heard("session", {**record, "attempt": n}) for n in attempts))
        post_now(house)
    acks = [payload["acked"] for tail, payload in pile.told if tail == "session_ack"]
    assert len(acks) == 1000
    assert {(one["settlement_seq"], one["session_id"]) for (one,) in acks} == {(1, sold)}
    assert [one["result"] for (one,) in acks] == ["stored"] + ["duplicate"] * 999
    assert [one.energy_wh for one in billed(house.store)] == [613]
    assert sorted((line.component, line.amount_fen) for line in lines_of(house.store)) == [
        ("electricity", 30),
        ("service", 12),
    ]


def test_a_crash_after_the_commit_and_before_the_answer_doubles_nothing_rule_11(
    house, pile, sold, store, clock
):
    record = pile.settlement(sold, 1000, 1613)
    uplink.take(house, [pile.heard("session", record)])  # stored, and the answer is lost
    reborn = House(store, clock, house.settings, house.random_bytes, house.key)
    again = uplink.take(reborn, [pile.heard("session", {**record, "attempt": 2})])
    (ack,) = [one for one in again.replies if one.topic.endswith("session_ack")]
    assert json.loads(ack.payload)["acked"][0]["result"] == "duplicate"
    post_now(reborn)
    assert [one.energy_wh for one in billed(store)] == [613]


def test_a_crash_before_the_commit_leaves_nothing_and_the_resend_is_stored(
    house, pile, sold, monkeypatch
):
    record = pile.settlement(sold, 1000, 1613)
    with monkeypatch.context() as broken:
        broken.setattr(uplink, "_store", lambda work: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pile.say("session", record)
    assert copies(house, sold) == []
    assert state_of(house, sold) == "charging"
    assert send_record(pile, {**record, "attempt": 2}) == "stored"


def test_the_order_number_is_the_same_in_start_reading_and_settlement_rule_13(
    house, pile, wish, clock
):
    session_id = start(house, wish()).session_id
    (command,) = pile.commands()
    assert command["session_id"] == session_id
    assert len(session_id) == 26  # 16 bytes, as older piles have room for
    pile.meter(pile.reading(wh=1000, session_id=session_id, reason="start"))
    clock.advance(HOUR)
    pile.heartbeat()
    settle(pile, session_id, 1000, 1200)
    assert state_of(house, session_id) == "settled"


def test_the_book_is_written_ten_minutes_after_the_settlement_so_that_readings_may_follow(
    house, pile, sold, clock
):
    settle(pile, sold, 1000, 1613)
    clock.advance(599)
    ticks.tick_slowly(house)
    assert billed(house.store) == []
    clock.advance(1)
    ticks.tick_slowly(house)
    assert [one.session_id for one in billed(house.store)] == [sold]


def test_no_energy_costs_nothing_rule_3(house, pile, sold, wish):
    settle(pile, sold, 1000, 1000, stop_reason="low_power")
    post_now(house)
    assert [one.energy_wh for one in billed(house.store)] == [0]
    assert lines_of(house.store) == []
    assert statement(house, wish().household_id, "2026-03").lines_fen == 0


# --- held, and a person is told -------------------------------------------------------------------


def test_two_different_copies_of_one_record_are_both_kept_and_held(house, pile, sold):
    record = pile.settlement(sold, 1000, 1613)
    assert send_record(pile, record) == "stored"
    other = {**record, "energy_end_wh": 1713, "energy_wh": 713, "attempt": 2}
    assert send_record(pile, other) == "held"
    assert len(copies(house, sold)) == 2
    post_now(house)
    assert (state_of(house, sold), billed(house.store)) == ("held", [])
    assert session_of(house, sold).held_reason == "settlement_conflict"
    assert incidents(house) == ["settlement_conflict"]


def test_two_records_with_numbers_of_their_own_for_one_session_are_held(house, pile, sold):
    assert settle(pile, sold, 1000, 1613) == "stored"
    assert settle(pile, sold, 1613, 1700) == "held"
    post_now(house)
    assert (state_of(house, sold), billed(house.store)) == ("held", [])
    assert incidents(house) == ["settlement_conflict"]


def test_a_conflicting_copy_after_the_bill_changes_no_line_of_it(house, pile, sold):
    record = pile.settlement(sold, 1000, 1613)
    send_record(pile, record)
    post_now(house)
    before = lines_of(house.store)
    assert send_record(pile, {**record, "energy_end_wh": 1713, "energy_wh": 713}) == "held"
    post_now(house)
    assert lines_of(house.store) == before
    assert incidents(house) == ["settlement_conflict"]


def test_energy_without_an_order_is_kept_and_held_never_billed(house, pile):
    stranger = "01JNAX7CZV5Q9T3M7H1K2D4F6S"
    assert settle(pile, stranger, 1000, 1400) == "held"
    post_now(house)
    held = session_of(house, stranger)
    assert (held.state, held.household_id, held.energy_wh) == ("held", None, 400)
    assert held.held_reason == "no_order"
    assert billed(house.store) == []
    assert incidents(house) == ["session_held"]


def test_a_cancelled_order_that_charged_after_all_is_held(house, pile, wish, clock):
    session_id = start(house, wish()).session_id
    pile.commands()
    clock.advance(90)
    ticks.tick(house)
    assert state_of(house, session_id) == "cancelled"
    clock.advance(HOUR)
    pile.heartbeat()
    assert settle(pile, session_id, 1000, 1300) == "held"
    assert session_of(house, session_id).held_reason == "charging_without_order"


def test_a_record_from_another_pile_neither_settles_nor_spoils_a_session(house, pile, sold, clock):
    other = PaperPile(house, clock, id="LB-002", boot_id="0badf00d", conn_id="0badc0de")
    other.serial, other.settlement_seq = "KX2P-2309-00418", 7
    other.hello()
    assert settle(other, sold, 5000, 5900) == "held"
    assert state_of(house, sold) == "charging"
    assert incidents(house) == ["settlement_conflict"]
    assert settle(pile, sold, 1000, 1613) == "stored"
    post_now(house)
    assert [(one.pile, one.energy_wh) for one in billed(house.store)] == [("LB-001", 613)]


def test_a_forged_record_of_an_earlier_pile_is_not_what_gets_priced(house, wish, clock):
    first, second = PaperPile(house, clock), PaperPile(house, clock, id="LB-002")
    second.boot_id, second.conn_id, second.serial = "0badf00d", "0badc0de", "KX2P-2309-00418"
    for one in (first, second):
        one.hello()
        one.heartbeat()
    session_id = charging(house, second, wish(pile="LB-002"))
    clock.advance(HOUR)
    second.heartbeat()
    assert settle(first, session_id, 5000, 5900) == "held"
    assert settle(second, session_id, 1000, 1613) == "stored"
    post_now(house)
    (bill,) = billed(house.store)
    assert (bill.pile, bill.start_wh, bill.end_wh, bill.energy_wh) == ("LB-002", 1000, 1613, 613)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"energy_start_wh": 1613, "energy_end_wh": 1000, "energy_wh": 0}, "register_fell"),
        ({"energy_end_wh": 10_001_000, "energy_wh": 10_000_000}, "register_jumped"),
        ({"energy_start_wh": None}, "no_start_reading"),
        ({"energy_end_wh": None}, "no_start_reading"),
        ({"energy_wh": 600}, "wrong_sum"),
    ],
)
def test_a_record_that_cannot_be_true_is_held_and_nothing_is_negative_rules_14_15(
    house, pile, sold, record, reason
):
    whole = {**pile.settlement(sold, 1000, 1613), **record}
    assert send_record(pile, whole) == "held"
    post_now(house)
    held = session_of(house, sold)
    assert (held.state, held.held_reason) == ("held", reason)
    assert billed(house.store) == []
    assert incidents(house) == ["session_held"]


def test_a_register_that_fell_between_two_readings_holds_the_session_and_is_told_rule_14(
    house, pile, wish, clock
):
    session_id = charging(house, pile, wish())
    for wh in (5000, 5100, 20, 120):
        clock.advance(600)
        pile.meter(pile.reading(wh=wh, session_id=session_id))
    assert "register_fell" in incidents(house)
    assert settle(pile, session_id, 0, 130, duration_s=2400) == "stored"
    post_now(house)
    assert session_of(house, session_id).held_reason == "register_fell"
    assert billed(house.store) == []


def test_own_readings_outside_the_record_hold_it_at_posting(house, pile, wish, clock):
    session_id = charging(house, pile, wish())
    clock.advance(1800)
    pile.meter(pile.reading(wh=1900, session_id=session_id))
    clock.advance(1800)
    assert settle(pile, session_id, 1000, 1613) == "stored"
    post_now(house)
    held = session_of(house, session_id)
    assert (held.state, held.held_reason) == ("held", "readings_disagree")
    assert incidents(house) == ["session_held"]


def test_ten_watt_hours_of_difference_are_no_disagreement(house, pile, wish, clock):
    session_id = charging(house, pile, wish())
    clock.advance(1800)
    pile.meter(pile.reading(wh=1623, session_id=session_id))
    clock.advance(1800)
    settle(pile, session_id, 1000, 1613)
    post_now(house)
    assert [one.energy_wh for one in billed(house.store)] == [613]


def test_a_session_whose_record_never_comes_is_held_after_a_day(house, pile, sold, clock):
    pile.event("unplugged")
    clock.advance(24 * HOUR - 60)
    ticks.tick_slowly(house)
    assert state_of(house, sold) == "ended"
    clock.advance(60)
    ticks.tick_slowly(house)
    assert session_of(house, sold).held_reason == "no_settlement"
    assert "session_held" in incidents(house)
    assert billed(house.store) == []


# --- late -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("late_s", [1800, 3 * 24 * HOUR])
def test_a_record_that_comes_late_still_lands_rule_12(house, pile, sold, clock, late_s):
    record = pile.settlement(sold, 1000, 1613)
    pile.event("unplugged")
    for _ in range(4):
        clock.advance(late_s / 4)
        ticks.tick_slowly(house)
    assert send_record(pile, record) == "stored"
    post_now(house)
    (bill,) = billed(house.store)
    assert (bill.energy_wh, bill.month, bill.late) == (613, "2026-03", False)
    assert session_of(house, sold).held_reason is None


def test_after_the_month_was_closed_it_lands_in_the_next_statement_marked_late_rule_12(
    house, pile, wish, clock
):
    clock.at = at("2026-03-31 22:00")
    pile.heartbeat()
    session_id = charging(house, pile, wish())
    clock.advance(HOUR)
    record = pile.settlement(session_id, 1000, 1613)
    clock.at = at("2026-04-01 00:05")
    assert isinstance(books.end_month(house, "2026-03"), Closed)
    clock.at = at("2026-04-02 09:00")
    assert send_record(pile, record) == "stored"
    post_now(house)
    (bill,) = billed(house.store)
    assert (bill.month, bill.late) == ("2026-04", True)
    assert bill.ended_at == at("2026-03-31 23:00") + timedelta(seconds=1)
    household = wish().household_id
    assert statement(house, household, "2026-03") is None
    (block,) = statement(house, household, "2026-04").sessions
    assert (block.late, block.total_fen) == (True, 30 + 12)


def test_closing_a_month_twice_arrives_at_the_same_statements(house, pile, sold, clock):
    settle(pile, sold, 1000, 1613)
    clock.at = at("2026-04-01 00:05")
    assert books.end_month(house, "2026-03") == books.end_month(house, "2026-03")
    assert [one.energy_wh for one in billed(house.store)] == [613]


# --- the pile's clock, the power, the price -------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "clock_word"),
    [
        ("1970-01-01T00:10:00Z", "none"),
        ("2026-03-02T20:00:01Z", "synced"),
        ("2026-03-02T04:00:01Z", "rtc"),
        (None, "none"),
    ],
)
def test_whatever_the_pile_takes_for_the_time_the_bill_is_the_same_rule_18(
    house, pile, sold, said, clock_word
):
    record = pile.settlement(sold, 1000, 1613)
    for moment in ("start", "end"):
        record[moment] = {**record[moment], "time_utc": said, "clock": clock_word}
    send_record(pile, record)
    post_now(house)
    (bill,) = billed(house.store)
    assert bill.started_at == at("2026-03-02 19:00") + timedelta(seconds=1)
    assert bill.ended_at == at("2026-03-02 20:00") + timedelta(seconds=1)
    assert (bill.energy_wh, bill.late) == (613, False)


def after_a_cut(pile: PaperPile, minutes: int) -> None:
    """The pile's mains fails now and comes back after some minutes: another boot."""
    pile.house.clock.advance(60 * minutes)  # type: ignore[attr-defined]
    pile.boot_id, pile.conn_id = "0c0ffee0", "7e1e7e1e"
    pile.boot_count, pile.booted_ms, pile.seq = pile.boot_count + 1, 0, 0
    pile.__post_init__()
    pile.hello()


def test_after_a_power_cut_the_same_session_goes_on_and_is_one_bill_rules_17_20(
    house, pile, wish, clock
):
    session_id = charging(house, pile, wish())
    pile.meter(pile.reading(wh=1000, session_id=session_id, reason="start"))
    begun = {"boot_id": pile.boot_id, "uptime_ms": pile.uptime_ms, "clock": "none"}
    clock.advance(1800)
    pile.meter(pile.reading(wh=1300, session_id=session_id))
    after_a_cut(pile, minutes=20)
    pile.heartbeat([{"outlet": 1, "state": "charging", "session_id": session_id, "power_w": 120}])
    assert state_of(house, session_id) == "charging"
    pile.meter(pile.reading(wh=1300, session_id=session_id, reason="boot"))
    clock.advance(1800)
    settle(pile, session_id, 1000, 1613, duration_s=4800, power_cuts=1, start=begun)
    post_now(house)
    (bill,) = billed(house.store)
    assert (bill.energy_wh, bill.started_at) == (613, at("2026-03-02 19:00") + timedelta(seconds=1))
    assert bill.ended_at - bill.started_at == timedelta(minutes=80)


def test_unplugged_during_the_cut_it_is_settled_as_power_loss_rule_20(house, pile, wish, clock):
    session_id = charging(house, pile, wish())
    begun = {"boot_id": pile.boot_id, "uptime_ms": pile.uptime_ms, "clock": "none"}
    clock.advance(1800)
    cut = {"boot_id": pile.boot_id, "uptime_ms": pile.uptime_ms, "clock": "none"}
    after_a_cut(pile, minutes=20)
    assert settle(
        pile, session_id, 1000, 1300, duration_s=1800, power_cuts=1, start=begun, end=cut,
        stop_reason="power_loss",
    ) == "stored"  # fmt: skip
    post_now(house)
    (bill,) = billed(house.store)
    assert (bill.energy_wh, bill.stop_reason) == (300, "power_loss")
    assert bill.ended_at - bill.started_at == timedelta(minutes=30)


def test_a_record_of_a_life_that_was_never_heard_is_placed_by_its_length(house, pile, sold, clock):
    """It ends when the record came, also when it is measured again and posted ten minutes later."""
    record = pile.settlement(sold, 1000, 1613)
    for moment in ("start", "end"):
        record[moment] = {**record[moment], "boot_id": "deadbeef"}
    came = clock.now()
    assert send_record(pile, record) == "stored"
    clock.advance(600)
    post_now(house)
    (bill,) = billed(house.store)
    assert (bill.started_at, bill.ended_at) == (came - timedelta(hours=1), came)


@pytest.fixture
def two_bands(house, pile, clock):
    """From the next day on: peak 08:00 to 22:00, valley from 22:00."""
    clock.at = at("2026-03-02 20:00")
    draft = TWO_BANDS.__class__(
        0, at("2026-03-03 00:00"), TWO_BANDS.bands, TWO_BANDS.consent_at, TWO_BANDS.consent_scope
    )
    with house.store.writing() as uow:
        outcome = publish_tariff(
            uow, draft, house.settings.government_price_e4, clock.now(), house.settings.zone
        )
    assert isinstance(outcome, Published)
    clock.at = at("2026-03-03 21:00")
    pile.heartbeat()


def test_energy_is_split_where_the_price_changes_by_what_was_measured_rule_7(
    house, pile, wish, clock, two_bands
):
    session_id = charging(house, pile, wish())
    for minutes, wh in ((0, 1000), (59, 1100), (61, 1104), (120, 1300)):
        clock.at = at("2026-03-03 21:00") + timedelta(minutes=minutes, seconds=1)
        pile.meter(pile.reading(wh=wh, session_id=session_id))
    settle(pile, session_id, 1000, 1300, duration_s=7200)
    post_now(house)
    lines = {(line.band_name, line.component): line for line in lines_of(house.store)}
    # 22:00:00 lies 59 s after the reading of 21:59:01, 61 s before the one of 22:01:01
    assert lines["peak", "electricity"].energy_wh == 1102 - 1000
    assert lines["valley", "electricity"].energy_wh == 1300 - 1102
    assert lines["peak", "electricity"].amount_fen == 5  # 0.102 x 0.487 = 0.0497
    assert lines["valley", "electricity"].amount_fen == 6  # 0.198 x 0.286 = 0.0566
    assert lines["peak", "electricity"].interpolated


def test_a_session_keeps_the_version_it_began_with_rule_9(house, pile, wish, clock):
    session_id = charging(house, pile, wish())
    draft = TWO_BANDS.__class__.flat(clock.now() + timedelta(minutes=10), 4000, 1000)
    with house.store.writing() as uow:
        publish_tariff(uow, draft, 4870, clock.now(), house.settings.zone)
    clock.advance(HOUR)
    pile.heartbeat()
    settle(pile, session_id, 1000, 1613)
    post_now(house)
    assert {line.price_e4 for line in lines_of(house.store)} == {4870, 2000}


def test_a_moment_in_the_far_future_is_placed_at_the_present(house, pile, sold, clock):
    record = pile.settlement(sold, 1000, 1613)
    record["end"] = {**record["end"], "uptime_ms": 2**53 - 1}
    assert send_record(pile, record) == "stored"
    post_now(house)
    assert [one.ended_at for one in billed(house.store)] == [clock.now()]
