"""One evening of one household, from the scan to the statement, right to the fen.

Every figure is worked out here by hand. Prices: electricity 0.487 yuan/kWh (the government's price
in Shanxi below 1 kV), service fee 0.20 yuan/kWh (decided by the committee).
"""

from datetime import timedelta

import pytest

from service.billing.actions import PaidBy, PaymentReceived, balance, record_payment, statement_of
from service.billing.outcomes import Closed
from service.billing.statement import arithmetic
from service.flow import books, cables, ticks
from service.flow.requests import Started, start, stop
from service.households.actions import find_household
from service.households.records import households
from service.seed import Plan, demo_cards
from service.sessions.may_start import Reason
from service.usage.actions import check_books
from service.usage.spans import Span
from tests.flow.looking import billed, incidents, post_now, send_record, session_of, state_of
from tests.support.compound import at

FIRST_WH, FULL_WH = 402_118, 402_731


def household_at(house, door):
    with house.store.reading() as uow:
        return find_household(uow, door)


def test_a_resident_scans_charges_and_finds_it_on_the_statement(house, pile, wish, clock):
    the_lis = household_at(house, "1-101").id

    # 19:00, a bike is plugged in; the code on the outlet is scanned
    pile.event("plugged", 1)
    started = start(house, wish("1-101", source="qr", asked_by="resident"))
    assert isinstance(started, Started)
    (command,) = pile.commands()
    assert (command["cmd"], command["outlet"]) == ("start", 1)
    assert state_of(house, started.session_id) == "starting"  # said is not done

    # two seconds later the pile confirms, and the page may say so
    clock.advance(2)
    pile.result(command["command_id"], "accepted")
    pile.result(
        command["command_id"], "done", outlet=1, session_id=started.session_id,
        energy_total_wh=FIRST_WH,
    )  # fmt: skip
    assert state_of(house, started.session_id) == "charging"

    # readings each ten minutes, 100 W at first, a tail at the end
    wh = FIRST_WH
    for power_w in [100.0] * 30 + [60.0] * 8 + [20.0] * 10:
        clock.advance(600)
        wh += round(power_w / 6)
        pile.meter(
            pile.reading(
                wh=min(wh, FULL_WH), power_w=power_w, current_ma=round(power_w * 7),
                session_id=started.session_id,
            )
        )  # fmt: skip
    with house.look() as work:
        assert work.house.progress[started.session_id].high_wh == FULL_WH
        assert cables.loads_now(work)["entrance-1"].current_ma == 20 * 7

    # full: the pile stops by itself, says so, and sends the final record
    pile.event("full_detected", 1, state="full")
    record = pile.settlement(
        started.session_id, FIRST_WH, FULL_WH, duration_s=28_800, stop_reason="full"
    )
    assert send_record(pile, record) == "stored"
    assert send_record(pile, {**record, "attempt": 2}) == "duplicate"
    clock.advance(600)
    ticks.tick_slowly(house)

    # 0.613 kWh x 0.487 = 0.298531 -> 0.30;  0.613 kWh x 0.20 = 0.1226 -> 0.12;  together 0.42
    (bill,) = billed(house.store)
    assert (bill.household_id, bill.energy_wh, bill.stop_reason) == (the_lis, 613, "full")
    with house.store.reading() as uow:
        preview = statement_of(uow, the_lis, "2026-03")
    (block,) = preview.sessions
    assert [arithmetic(line).in_language("en") for line in block.priced.lines] == [
        "0.613 kWh × 0.487 = 0.2985310 → 0.30 (-0.0014690)",
        "0.613 kWh × 0.20 = 0.1226000 → 0.12 (+0.0026000)",
    ]
    assert (block.total_fen, preview.published_at) == (42, None)
    assert (block.bill.start_wh, block.bill.end_wh) == (FIRST_WH, FULL_WH)

    # 0.40 yuan are paid at the desk; the month closes at midnight on the first
    with house.store.writing() as uow:
        paid = PaymentReceived("R-0001", the_lis, 40, clock.now(), PaidBy.CASH, "desk")
        record_payment(uow, paid, clock.now(), house.settings.zone)
    clock.at = at("2026-04-01 00:05")
    closed = books.end_month(house, "2026-03")
    assert isinstance(closed, Closed)
    assert (closed.statements, closed.sessions, closed.energy_wh, closed.lines_fen) == (
        1, 1, 613, 42,
    )  # fmt: skip
    with house.store.reading() as uow:
        statement = statement_of(uow, the_lis, "2026-03")
        assert balance(uow, the_lis) == 2
        span = Span(at("2026-03-01 00:00"), clock.now())
        assert check_books(uow, span, clock.now()).agrees
    assert (statement.opening_fen, statement.lines_fen, statement.payments_fen) == (0, 42, 40)
    assert statement.closing_fen == 2
    assert statement.published_at == clock.now()
    assert incidents(house) in ([], ["silent"])  # nobody heard the pile for the rest of the month


def test_grandmother_has_no_phone_and_swipes_her_card_rule_29(house, pile, clock):
    card = next(one for one in demo_cards(Plan(4, households=8)) if one.household == "1-102")
    swipe = {
        "uptime_ms": pile.uptime_ms, "swipe_id": "c-1187", "outlet": 2,
        "card_uid": card.card_uid, "intent": "start",
    }  # fmt: skip
    pile.say("card", pile.numbered(**swipe))
    assert pile.last_told("card_result")["result"] == "ok"
    pile.say("card", pile.numbered(**swipe))  # the card was held there for long: the same swipe
    (command,) = pile.commands()
    session_id = command["session_id"]
    pile.result(command["command_id"], "done", session_id=session_id, outlet=2)
    clock.advance(3600)
    pile.heartbeat([{"outlet": 2, "state": "charging", "session_id": session_id, "power_w": 100}])
    pile.say(
        "card",
        pile.numbered(
            **{**swipe, "swipe_id": "c-1188", "uptime_ms": pile.uptime_ms, "intent": "stop"}
        ),
    )
    (command,) = pile.commands()
    assert (command["cmd"], command["session_id"]) == ("stop", session_id)
    send_record(pile, pile.settlement(session_id, 1000, 1100, outlet=2, stop_reason="card"))
    post_now(house)
    (bill,) = billed(house.store)
    assert bill.household_id == household_at(house, "1-102").id
    with house.store.reading() as uow:
        # 0.100 x 0.487 = 0.0487 -> 0.05;  0.100 x 0.20 = 0.02
        assert statement_of(uow, bill.household_id, "2026-03").lines_fen == 7


def test_the_gatehouse_starts_for_somebody_and_the_household_pays_rule_29(
    house,
    pile,
    wish,
    clock,
):
    asked = wish("2-101", source="gatehouse", asked_by="gatehouse")
    session_id = start(house, asked).session_id
    (command,) = pile.commands()
    pile.result(command["command_id"], "done", session_id=session_id, outlet=1)
    clock.advance(1800)
    pile.heartbeat()
    assert session_of(house, session_id).source == "gatehouse"
    stop(house, session_id, "gatehouse")
    (command,) = pile.commands()
    pile.result(command["command_id"], "done", session_id=session_id, outlet=1)
    assert state_of(house, session_id) == "ended"
    send_record(pile, pile.settlement(session_id, 1000, 1050, duration_s=1800, stop_reason="user"))
    post_now(house)
    assert [one.household_id for one in billed(house.store)] == [household_at(house, "2-101").id]


def test_the_next_bikes_energy_never_lands_on_the_one_before_rule_18(
    house,
    pile,
    wish,
    clock,
):
    first = start(house, wish("1-101")).session_id
    (command,) = pile.commands()
    pile.result(command["command_id"], "done", session_id=first, outlet=1)
    clock.advance(1800)
    pile.event("unplugged", 1, energy_total_wh=1050)
    held_back = pile.settlement(first, 1000, 1050, duration_s=1800, stop_reason="unplugged")

    clock.advance(30)
    pile.heartbeat()
    second = start(house, wish("1-102")).session_id
    (command,) = pile.commands()
    pile.result(command["command_id"], "done", session_id=second, outlet=1)
    clock.advance(1800)
    pile.heartbeat([{"outlet": 1, "state": "charging", "session_id": second, "power_w": 300}])
    send_record(pile, pile.settlement(second, 1050, 1200, duration_s=1800))
    send_record(pile, held_back)  # the record of the first comes last
    post_now(house)
    assert {(one.session_id, one.energy_wh) for one in billed(house.store)} == {
        (first, 50),
        (second, 150),
    }


def test_somebody_who_moved_out_keeps_the_bill_and_starts_nothing_more(
    house,
    pile,
    wish,
    clock,
):
    asked = wish("1-101")
    session_id = start(house, asked).session_id
    (command,) = pile.commands()
    pile.result(command["command_id"], "done", session_id=session_id, outlet=1)
    clock.advance(600)
    with house.store.writing() as uow:
        next(
            one for one in households(uow) if one.id == asked.household_id
        ).moved_out_at = clock.now()
    pile.heartbeat([{"outlet": 1, "state": "charging", "session_id": session_id, "power_w": 99}])
    send_record(pile, pile.settlement(session_id, 1000, 1020, duration_s=600))
    post_now(house)
    assert [one.household_id for one in billed(house.store)] == [asked.household_id]
    assert start(house, wish("1-102", key="x")).session_id
    no = start(house, wish("2-101", outlet=2, household_id=asked.household_id, key="y"))
    assert no.reason is Reason.HOUSEHOLD_UNKNOWN


@pytest.mark.parametrize("minutes", [1, 10 * 60])
def test_nobody_pays_for_time_rule_3(house, pile, wish, clock, minutes):
    session_id = start(house, wish()).session_id
    (command,) = pile.commands()
    pile.result(command["command_id"], "done", session_id=session_id, outlet=1)
    clock.advance(60 * minutes)
    pile.heartbeat()
    send_record(pile, pile.settlement(session_id, 1000, 1002, duration_s=60 * minutes))
    post_now(house)
    (bill,) = billed(house.store)
    assert bill.ended_at - bill.started_at <= timedelta(minutes=minutes)
    with house.store.reading() as uow:
        # 0.002 x 0.487 = 0.000974 -> 0.00;  0.002 x 0.20 = 0.0004 -> 0.00
        assert statement_of(uow, bill.household_id, "2026-03").lines_fen == 0
