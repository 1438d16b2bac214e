"""The sheet of evidence: everything that is known of one session, and nothing about a person."""

import json
from itertools import pairwise

import pytest

from service.flow import House
from service.flow.requests import stop
from service.usage.actions.evidence import evidence
from service.usage.bases import between_readings, by_readings, to_answer, to_decide
from service.usage.evidence import canonical, digest_of, points_of
from tests.flow.looking import charging, post_now, send_record, settle
from tests.pages.visitors import empty_store
from tests.support.small import PaperPile

HOUR = 3600


def sheet(house: House, session_id: str):
    with house.store.reading() as uow:
        return evidence(uow, session_id, house.clock.now(), house.settings.zone)


def tariff(house: House):
    with house.look() as work:
        return house.tariff(work.uow, None, work.now)


@pytest.fixture
def store(sqlite_template, tmp_path):
    """Reading is the same on both databases: what is frozen of it is tested on both elsewhere."""
    with empty_store(sqlite_template, tmp_path) as opened:
        yield opened


@pytest.fixture
def drawn(house, pile, wish, clock):
    """An hour at outlet 1: readings each quarter, one of them with another power."""
    session_id = charging(house, pile, wish())
    for wh, watts in ((1000, 120.4), (1030, 119.6), (1060, 80.0), (1080, 5.0)):
        pile.meter(pile.reading(wh=wh, session_id=session_id, power_w=watts))
        clock.advance(900)
    pile.heartbeat()
    return session_id


def test_an_order_number_that_nobody_gave_has_no_sheet(house):
    assert sheet(house, "01JNAX7CZV5Q9T3M7H1K2D4F6S") is None


def test_readings_are_points_of_time_watt_hours_and_watts(house, drawn, clock):
    found = sheet(house, drawn)
    assert [point[1:] for point in found["readings"]] == [
        [1000, 120, "a17", True],
        [1030, 120, "a17", True],
        [1060, 80, "a17", True],
        [1080, 5, "a17", True],
    ]
    times = [point[0] for point in found["readings"]]
    assert [after - before for before, after in pairwise(times)] == [900_000] * 3


def test_an_open_session_has_a_sheet_up_to_now(house, drawn, clock):
    found = sheet(house, drawn)
    assert (found["session"]["state"], found["records"], found["bill"]) == ("charging", [], None)
    assert found["span"][1] == found["made_ms"]


def test_who_asked_is_a_role_and_never_a_household(house, pile, wish, clock):
    session_id = charging(house, pile, wish(asked_by="resident:3"))
    stop(house, session_id, "gatehouse:7")
    pile.commands()
    found = sheet(house, session_id)
    assert (found["session"]["asked_by"], found["session"]["stopped_by"]) == (
        "resident",
        "gatehouse",
    )
    assert {one["asked_by"] for one in found["commands"]} <= {
        "resident",
        "gatehouse",
        "service",
        "",
    }
    assert "household" not in canonical(found)


def test_a_gap_in_the_readings_is_named_also_at_the_ends(house, pile, wish, clock):
    session_id = charging(house, pile, wish())
    for minutes, wh in ((0, 1000), (1, 1002), (2, 1004), (30, 1060), (31, 1062)):
        clock.at = clock.at.replace(minute=minutes, second=30)
        pile.meter(pile.reading(wh=wh, session_id=session_id))
    clock.advance(1200)
    settle(pile, session_id, 1000, 1100, duration_s=3000)
    gaps = [(after - before) // 60_000 for before, after in sheet(house, session_id)["gaps"]]
    assert gaps == [28, 20]


def test_the_times_by_the_pile_and_by_the_service_stand_beside_each_other(
    house, pile, drawn, clock
):
    record = pile.settlement(drawn, 1000, 1090)
    ahead = "2026-03-02T12:05:01+00:00"  # the service's clock says 12:00:01
    record["end"] = {**record["end"], "time_utc": ahead, "clock": "synced"}
    send_record(pile, record)
    (found,) = sheet(house, drawn)["records"]
    assert found["end_said_ms"] - found["end_ms"] == 300_000
    assert found["start_said_ms"] is None
    (life,) = sheet(house, drawn)["lives"]
    assert life["offset_ms"] == pile.booted_ms


def test_all_records_are_shown_with_what_they_differ_in(house, pile, drawn):
    record = pile.settlement(drawn, 1000, 1090)
    send_record(pile, record)
    other = {**record, "energy_end_wh": 1190, "energy_wh": 190, "stop_reason": "user"}
    send_record(pile, other)
    found = sheet(house, drawn)
    assert [one["energy_end_wh"] for one in found["records"]] == [1090, 1190]
    assert found["differences"] == ["energy_end_wh", "energy_wh", "stop_reason"]


def test_a_record_of_another_pile_is_shown_and_never_a_possibility(house, pile, drawn, clock):
    other = PaperPile(house, clock, id="LB-002", boot_id="0badf00d", conn_id="0badc0de")
    other.serial, other.settlement_seq = "KX2P-2309-00418", 7
    other.hello()
    settle(other, drawn, 5000, 5900)
    found = sheet(house, drawn)
    assert [(one["pile"], one["own"]) for one in found["records"]] == [("LB-002", False)]
    assert [b.key for b in to_decide(found, tariff(house), house.settings.zone)] == [
        "readings",
        "waive",
    ]


def test_what_the_metering_rules_doubt_is_named(house, pile, drawn):
    settle(pile, drawn, 1000, 1070)  # we read 1080
    assert sheet(house, drawn)["doubt"] is None
    pile.meter(pile.reading(wh=1085, session_id=drawn))
    assert sheet(house, drawn)["doubt"] == "readings_disagree"


def test_messages_faults_and_commands_of_this_outlet_are_on_it_and_of_no_other(
    house, pile, drawn, wish, clock
):
    other = charging(house, pile, wish("1-102", outlet=2))
    pile.event("plugged", outlet=1)
    pile.event("plugged", outlet=2)
    pile.fault("over_temp_outlet", outlet=1, value=81.5, limit=80.0, unit="C")
    pile.fault("fuse", outlet=2)
    pile.say(
        "card",
        pile.numbered(
            uptime_ms=pile.uptime_ms, swipe_id="s1", outlet=1, card_uid="04A1B2C3", intent="start"
        ),
    )
    found = sheet(house, drawn)
    kinds = [one["kind"] for one in found["messages"]]
    assert kinds.count("outlet") == 1
    assert kinds.count("fault") == 1
    assert kinds.count("card") == 1
    assert [one["code"] for one in found["incidents"]] == ["over_temp_outlet"]
    assert "start" in [one["cmd"] for one in found["commands"]]
    text = canonical(found)
    assert "04A1B2C3" not in text
    assert other not in text


def test_without_readings_its_messages_are_found_by_the_time_of_their_receipt(
    house, pile, wish, clock
):
    for _ in range(60):
        clock.advance(60)
        pile.event("plugged", outlet=1)
    session_id = charging(house, pile, wish())
    pile.event("full_detected", outlet=1)
    clock.advance(HOUR)
    pile.event("unplugged", outlet=1)
    settle(pile, session_id, 1000, 1090)
    for _ in range(60):
        clock.advance(60)
        pile.event("plugged", outlet=1)
    told = [one["body"].get("event") for one in sheet(house, session_id)["messages"]]
    assert "full_detected" in told
    assert "unplugged" in told
    assert told.count("plugged") < 16  # those just before and just after, and no others


def test_a_billed_session_shows_its_lines_and_its_price(house, pile, drawn):
    settle(pile, drawn, 1000, 1090)
    post_now(house)
    found = sheet(house, drawn)
    assert found["bill"]["total_fen"] == sum(line[6] for line in found["bill"]["lines"]) == 6
    assert found["tariff"]["bands"] == [["flat", 4870, 2000, "1" * 48]]
    assert (found["bill"]["month"], found["bill"]["credited"]) == ("2026-03", [])


def test_the_same_facts_give_the_same_digest_and_any_change_another(house, pile, drawn, clock):
    settle(pile, drawn, 1000, 1090)
    one, again = sheet(house, drawn), sheet(house, drawn)
    assert digest_of(one) == digest_of(again) == digest_of(json.loads(canonical(one)))
    one["readings"][0][1] += 1
    assert digest_of(one) != digest_of(again)


# --- what can be chosen from it -------------------------------------------------------------------


def test_two_chosen_readings_bound_an_energy(house, drawn):
    found = sheet(house, drawn)
    basis = between_readings(found, 1, 3, tariff(house), house.settings.zone)
    assert (basis.key, basis.energy_wh) == ("between:1:3", 50)
    assert (basis.stretch.start_wh, basis.stretch.end_wh) == (1030, 1080)
    assert basis.total_fen == 2 + 1


def test_what_is_no_pair_of_readings_is_no_choice(house, drawn):
    found, price, zone = sheet(house, drawn), tariff(house), house.settings.zone
    for pair in ((3, 1), (1, 1), (-1, 2), (0, 4), (0, 99)):
        assert between_readings(found, *pair, price, zone) is None, pair


def test_readings_across_a_fall_or_another_register_bound_nothing(house, pile, wish, clock):
    session_id = charging(house, pile, wish())
    for wh, register in ((1000, "a17"), (1100, "a17"), (20, "a17"), (60, "b02")):
        clock.advance(900)
        pile.meter(pile.reading(wh=wh, session_id=session_id, register_id=register))
    found, price, zone = sheet(house, session_id), tariff(house), house.settings.zone
    pairs = [(a, b) for a in range(4) for b in range(4)]
    allowed = [p for p in pairs if between_readings(found, *p, price, zone) is not None]
    assert allowed == [(0, 1)]


def test_an_answer_can_be_nothing_or_the_proof(house, pile, drawn):
    settle(pile, drawn, 1000, 1200)
    found, price, zone = sheet(house, drawn), tariff(house), house.settings.zone
    assert [(one.key, one.energy_wh) for one in to_answer(found, price, zone)] == [
        ("waive", 0),
        ("readings", 80),
    ]
    assert by_readings({**found, "readings": []}, price, zone) is None
    assert points_of({**found, "readings": []}) == []


def test_a_record_of_more_than_the_outlet_can_deliver_is_marked(house, pile, drawn):
    settle(pile, drawn, 1000, 10_001_000)
    first, *_ = to_decide(sheet(house, drawn), tariff(house), house.settings.zone)
    assert "cannot deliver" in first.warning.in_language("en")
    let_go = to_decide(sheet(house, drawn), tariff(house), house.settings.zone)[-1]
    assert (let_go.key, let_go.energy_wh, let_go.total_fen) == ("waive", 80, 0)


def test_without_a_price_nothing_can_be_billed_only_let_go(house, drawn):
    found = sheet(house, drawn)
    assert [one.key for one in to_decide(found, None, house.settings.zone)] == ["waive"]
