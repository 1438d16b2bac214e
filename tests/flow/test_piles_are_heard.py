"""What a pile says and does not say: birth, silence, gaps, doubles, strangers, broken messages."""

import pytest

from service.flow import House, requests, ticks, uplink
from service.flow.requests import Started, start
from service.piles.board import Face
from service.piles.messages import Heard
from service.piles.records import Boot, PileMessage, status_rows
from service.sessions.may_start import Reason
from tests.contract.files import examples, validator
from tests.flow.looking import (
    charging,
    dead_letters,
    incident_rows,
    incidents,
    send_record,
    settle,
    state_of,
)
from tests.support.small import PaperPile


@pytest.fixture
def others(house, clock):
    """Other piles by their number, each with an identity of its own."""

    def make(number: int) -> PaperPile:
        one = PaperPile(house, clock, id=f"LB-{number:03d}")
        one.boot_id, one.conn_id = f"b00700{number:02d}", f"c0117e{number:02d}"
        one.serial = f"KX2P-2309-{number:05d}"
        one.hello()
        one.heartbeat()
        return one

    return make


def pile_now(house):
    return house.board.piles["LB-001"]


# --- birth ----------------------------------------------------------------------------------------


def test_a_hello_is_welcomed_with_the_time_and_the_names_of_this_connection(house, clock):
    pile = PaperPile(house, clock)
    pile.hello(config_rev=7, uptime_ms=8120)
    welcome = pile.last_told("welcome")
    validator("welcome").validate(welcome)
    assert welcome["conn_id"] == pile.conn_id
    assert welcome["echo_uptime_ms"] == 8120
    assert welcome["server_time_utc"] == "2026-03-02T11:00:00.000Z"
    assert (welcome["heartbeat_s"], welcome["meter_s"], welcome["meter_idle_s"]) == (60, 60, 900)


def test_a_pile_whose_outlets_are_unknown_is_asked_to_say_everything_again(house, clock):
    pile = PaperPile(house, clock)
    pile.hello()
    assert pile.last_told("welcome")["rebirth"] is True
    pile.heartbeat()
    pile.hello()
    assert pile.last_told("welcome")["rebirth"] is False


@pytest.mark.parametrize(("last", "unacked", "acked"), [(518, 0, 518), (518, 1, 517), (0, 0, 0)])
def test_the_welcome_says_what_the_pile_itself_takes_for_settled(house, pile, last, unacked, acked):
    pile.hello(settlement_seq=last, settlements_unacked=unacked)
    assert pile.last_told("welcome")["settlement_acked_seq"] == acked


def test_the_numbers_of_a_replaced_board_never_delete_the_records_of_the_new_one(
    house, pile, wish, clock
):
    session_id = charging(house, pile, wish())
    clock.advance(600)
    settle(pile, session_id, 1000, 1010, duration_s=600)
    replaced = PaperPile(house, clock, boot_id="0c0ffee0", conn_id="7e1e7e1e", serial="KX2P-NEW")
    replaced.hello(settlement_seq=1, settlements_unacked=1)
    assert replaced.last_told("welcome")["settlement_acked_seq"] == 0


def test_a_lost_acknowledgement_is_made_good_by_the_next_copy(house, pile, wish, clock):
    session_id = charging(house, pile, wish())
    clock.advance(600)
    record = pile.settlement(session_id, 1000, 1010, duration_s=600)
    uplink.take(house, [pile.heard("session", record)])
    pile.hello(settlement_seq=1, settlements_unacked=1)
    assert send_record(pile, {**record, "attempt": 2}) == "duplicate"


def test_what_a_pile_says_of_itself_survives_a_restart_of_the_service(house, pile, store, clock):
    pile.hello(model="KX-2P", fw="2.4.1", rssi_dbm=-87, config_rev=7)
    reborn = House(store, clock, house.settings, house.random_bytes, house.key)
    with reborn.look() as work:
        seen = work.house.board.piles["LB-001"]
        assert (seen.said, seen.conn_id, seen.serial) == ("online", pile.conn_id, pile.serial)
        assert (seen.model, seen.fw, seen.rssi_dbm, seen.config_rev) == ("KX-2P", "2.4.1", -87, 7)
        assert seen.uptime_at(work.now_ms) == pile.uptime_ms
        assert not seen.is_silent(work.now_ms)


def test_a_start_for_an_old_connection_names_the_old_one_and_a_new_one_the_new(
    house, pile, wish, clock
):
    start(house, wish())
    (old,) = pile.commands()
    pile.conn_id = "7e1e7e1e"
    pile.hello()
    start(house, wish("1-102", outlet=2))
    clock.advance(1)
    (new,) = pile.commands()
    assert (old["conn_id"], new["conn_id"]) == ("5d0e77a1", "7e1e7e1e")


# --- death, and silence ---------------------------------------------------------------------------


def test_the_late_will_of_an_old_connection_changes_nothing(house, pile, clock):
    old = pile.conn_id
    pile.conn_id = "7e1e7e1e"
    pile.hello()
    pile.say("state", {"state": "lost", "boot_id": pile.boot_id, "conn_id": old}, retain=True)
    pile.say("state", {"state": "lost", "boot_id": pile.boot_id, "conn_id": old})
    assert pile_now(house).said == "online"
    ticks.tick(house)
    assert incidents(house) == []


@pytest.mark.parametrize("word", [{"state": "lost"}, {"state": "offline", "reason": "firmware"}])
def test_a_pile_that_has_left_is_silent_at_once_and_its_session_goes_on(
    house, pile, wish, clock, word
):
    session_id = charging(house, pile, wish())
    pile.say("state", {**word, "boot_id": pile.boot_id, "conn_id": pile.conn_id})
    assert start(house, wish("1-102", outlet=2)).reason is Reason.PILE_SILENT
    assert state_of(house, session_id) == "charging"
    pile.heartbeat([{"outlet": 1, "state": "charging", "session_id": session_id, "power_w": 99}])
    assert isinstance(start(house, wish("1-102", outlet=2)), Started)


def test_silence_is_told_once_and_taken_back_when_the_pile_speaks_rule_16(house, pile, clock):
    clock.advance(180)
    ticks.tick(house)
    assert incidents(house) == []
    clock.advance(1)
    for _ in range(5):
        ticks.tick(house)
        clock.advance(60)
    assert incidents(house) == ["silent"]
    assert [row.count for row in incident_rows(house)] == [1]
    pile.heartbeat()
    ticks.tick(house)
    assert incidents(house) == []


def test_the_will_of_a_silent_pile_is_the_brokers_word_and_does_not_end_its_silence(
    house, pile, clock
):
    clock.advance(181)
    ticks.tick(house)
    pile.say("state", {"state": "lost", "boot_id": pile.boot_id, "conn_id": pile.conn_id})
    assert incidents(house) == ["silent"]


def test_nothing_is_billed_by_guess_while_a_pile_is_silent_rule_16(house, pile, wish, clock):
    session_id = charging(house, pile, wish())
    pile.meter(pile.reading(wh=1100, session_id=session_id))
    for _ in range(20):
        clock.advance(3600)
        ticks.tick(house)
        ticks.tick_slowly(house)
    assert state_of(house, session_id) == "charging"
    assert settle(pile, session_id, 1000, 1613) == "stored"


def test_a_silent_outlet_says_silent_and_not_its_last_value(house, pile, clock):
    seen, outlet = pile_now(house), pile_now(house).outlets[1]
    assert seen.face(outlet, held=False, now_ms=seen.heard_ms) is Face.FREE
    assert seen.face(outlet, held=False, now_ms=seen.heard_ms + 180_001) is Face.SILENT


# --- retained -------------------------------------------------------------------------------------


def test_a_command_planted_as_retained_is_set_aside_and_told_of(house, pile):
    planted = examples()["cmd_start"]
    topic = "pile/1/LB-001/down/cmd"
    uplink.take(house, [Heard(topic, planted.encoded, pile.uptime_ms, 1, retain=True)])
    assert incidents(house) == ["retained_command"]
    assert [letter.topic for letter in dead_letters(house)] == [topic]


def test_a_retained_birth_is_old_news_and_does_not_make_a_pile_present(house, clock, wish):
    pile = PaperPile(house, clock)
    birth = {"state": "online", "boot_id": pile.boot_id, "conn_id": pile.conn_id}
    pile.say("state", birth, retain=True)
    assert start(house, wish()).reason is Reason.PILE_SILENT
    pile.heartbeat()
    assert isinstance(start(house, wish()), Started)
    (command,) = pile.commands()
    assert command["conn_id"] == pile.conn_id


def test_a_retained_birth_after_a_reconnect_of_the_service_undoes_no_newer_one(house, pile):
    old = pile.conn_id
    pile.conn_id = "7e1e7e1e"
    pile.hello()
    birth = {"state": "online", "boot_id": pile.boot_id, "conn_id": old}
    pile.say("state", birth, retain=True)
    assert pile_now(house).conn_id == "7e1e7e1e"


# --- numbers, gaps, doubles, order ----------------------------------------------------------------


def test_what_is_stored_is_said_once_and_again_when_it_has_moved(house, pile):
    told = [tail for tail, _ in pile.told].count("committed")
    pile.heartbeat()
    assert [tail for tail, _ in pile.told].count("committed") == told
    pile.meter(pile.reading())
    pile.heartbeat()
    committed = pile.last_told("committed")
    validator("committed").validate(committed)
    assert (committed["boot_id"], committed["through_seq"]) == (pile.boot_id, 2)
    assert committed["missing"] == []


def test_a_few_gaps_are_each_named_so_that_the_pile_sends_them_again(house, pile):
    lost = pile.heard("meter", pile.numbered(readings=[pile.reading()]))
    pile.meter(pile.reading())
    pile.heartbeat()
    committed = pile.last_told("committed")
    assert (committed["through_seq"], committed["missing"]) == (3, [2])
    pile.deliver(lost)
    pile.meter(pile.reading())
    pile.heartbeat()
    committed = pile.last_told("committed")
    assert (committed["through_seq"], committed["missing"]) == (4, [])


def test_with_more_gaps_than_can_be_named_no_more_is_promised_than_is_sure(house, pile):
    for seq in range(3, 60, 2):
        pile.seq = seq
        pile.meter(pile.reading())
    pile.heartbeat()
    committed = pile.last_told("committed")
    assert (committed["through_seq"], committed["missing"]) == (1, [])
    with house.store.reading() as uow:
        assert uow.session.get(Boot, 1).received.startswith("1 4-4 6-6 ")


def test_a_message_that_comes_twice_is_stored_once_and_counted(house, pile):
    outcomes = []
    house.listeners.append(lambda outcome: outcomes.append(outcome.counts))
    reading = pile.heard("meter", pile.numbered(readings=[pile.reading()]))
    pile.deliver(reading, reading)
    pile.deliver(reading)
    with house.store.reading() as uow:
        assert uow.session.get(PileMessage, (1, 2)).kind == "meter"
    assert sum(counts["duplicates", "meter"] for counts in outcomes) == 2


def test_messages_of_one_life_in_reverse_order_show_the_same(house, pile, clock):
    said = []
    for wh in range(1000, 1100, 10):
        clock.advance(60)
        said.append(pile.heard("meter", pile.numbered(readings=[pile.reading(wh=wh)])))
    pile.heartbeat()
    pile.deliver(*reversed(said))
    outlet = pile_now(house).outlets[1]
    assert (outlet.energy_wh, outlet.sample_ms) == (1090, pile_now(house).heard_ms)
    assert incidents(house) == []


def test_a_pile_with_more_gaps_than_it_can_make_is_set_aside(house, pile):
    hostile = [
        pile.heard("meter", {**pile.numbered(readings=[pile.reading()]), "seq": 2 * n})
        for n in range(2, 520)
    ]
    pile.deliver(*hostile)
    letters = dead_letters(house)
    assert {letter.reason for letter in letters} == {"seq: more gaps than a pile can make"}
    assert 0 < len(letters) < 10


# --- several lives --------------------------------------------------------------------------------


def test_a_record_of_a_forgotten_life_does_not_take_the_place_of_the_present_one(
    house, pile, wish, others
):
    for number in (2, 3, 4):
        others(number)
    record = pile.settlement("01JNAX7CZV5Q9T3M7H1K2D4F6S", 1000, 1400)
    record["end"] = record["start"] = {**record["end"], "boot_id": "deadbeef"}
    send_record(pile, record)
    assert start(house, wish()).state == "starting"
    assert [command["cmd"] for command in pile.commands()] == ["start"]


def test_a_buffered_reading_of_a_forgotten_life_is_kept_and_shown_nowhere(
    house, pile, others, clock
):
    for number in (2, 3, 4):
        others(number)
    pile.meter(pile.reading(wh=2000, power_w=0.0))
    old = {"boot_id": "deadbeef", "seq": 7, "buffered": True}
    pile.say("meter", {**old, "readings": [pile.reading(wh=1500, uptime_ms=90_000_000)]})
    clock.advance(60)
    pile.meter(pile.reading(wh=2010, power_w=0.0))
    assert pile_now(house).outlets[1].energy_wh == 2010
    assert incidents(house) == []


def test_a_replaced_board_counts_its_lives_from_one_and_is_heard_all_the_same(
    house, pile, wish, clock
):
    pile.boot_count = 41
    pile.hello()
    pile.meter(pile.reading(wh=900_000, power_w=0.0))
    clock.advance(3600)
    board = PaperPile(house, clock, boot_id="0c0ffee0", conn_id="7e1e7e1e", serial="KX2P-NEW")
    board.hello()
    board.heartbeat()
    board.meter(board.reading(wh=12, power_w=0.0))
    assert pile_now(house).outlets[1].energy_wh == 12
    assert incidents(house) == []
    start(house, wish())
    (command,) = board.commands()
    assert command["valid_until_uptime_ms"] == board.uptime_ms + 30_000


def test_a_pile_that_is_only_known_by_what_it_buffered_cannot_be_told_anything(house, clock, wish):
    pile = PaperPile(house, clock)
    birth = {"state": "online", "boot_id": pile.boot_id, "conn_id": pile.conn_id}
    pile.say("state", birth, retain=True)
    old = {"boot_id": "deadbeef", "seq": 7, "buffered": True}
    pile.say("meter", {**old, "readings": [pile.reading(wh=1500)]})
    assert start(house, wish()).reason is Reason.PILE_SILENT
    pile.heartbeat()
    assert isinstance(start(house, wish(key="again")), Started)
    assert len(pile.commands()) == 1


# --- who is who -----------------------------------------------------------------------------------


def test_two_piles_with_one_name_are_both_blocked_until_it_is_solved_rule_28(
    house, pile, wish, clock, store
):
    clock.advance(300)
    twin = PaperPile(house, clock, boot_id="0c0ffee0", conn_id="7e1e7e1e", serial="KX2P-TWIN")
    twin.hello()
    twin.heartbeat()
    assert incidents(house) == ["identity_collision"]
    assert start(house, wish()).reason is Reason.PILE_BLOCKED
    reborn = House(store, clock, house.settings, house.random_bytes, house.key)
    assert start(reborn, wish()).reason is Reason.PILE_BLOCKED
    clock.advance(601)
    twin.heartbeat()
    assert isinstance(start(house, wish()), Started)


def test_a_pile_that_is_not_enrolled_is_set_aside_and_breaks_nothing(house, clock):
    stranger = PaperPile(house, clock, id="XX-999")
    stranger.hello()
    assert [letter.reason for letter in dead_letters(house)] == ["pile: not enrolled here"] * 2
    assert "XX-999" not in house.board.piles
    assert stranger.told == []


@pytest.mark.parametrize(
    "topic",
    ["pile/2/LB-001/up/hello", "pile/1/LB-001/up/howl", "pile/1/LB-001/hello", "/down/", "\x00"],
)
def test_a_topic_that_is_not_of_the_contract_is_set_aside_with_the_reason(house, topic):
    uplink.take(house, [Heard(topic.replace("\x00", "x"), b"{}", 1, 1, False)])
    (letter,) = dead_letters(house)
    assert letter.reason.startswith("topic:")


# --- what heartbeats and clocks repair ------------------------------------------------------------


def test_a_heartbeat_makes_good_a_raise_that_was_lost_rule_26(house, pile, wish):
    pile.heartbeat(faults=[{"code": "relay_open", "outlet": 1, "severity": "warning"}])
    assert incidents(house) == ["relay_open"]
    assert start(house, wish()).reason is Reason.OUTLET_FAULT
    pile.heartbeat(faults=[{"code": "relay_open", "outlet": 1, "severity": "warning"}])
    assert incidents(house) == ["relay_open"]


def test_a_heartbeat_makes_good_a_clear_that_was_lost_rule_26(house, pile, wish, clock):
    pile.fault("relay_open", severity="warning")
    assert incidents(house) == ["relay_open"]
    clock.advance(60)
    pile.heartbeat()
    assert incidents(house) == []
    assert isinstance(start(house, wish()), Started)


def test_a_raise_that_arrives_after_its_clear_is_ended_by_the_next_heartbeat(
    house, pile, wish, clock
):
    raised = pile.heard("fault", pile.numbered(
        uptime_ms=pile.uptime_ms, fault_id="x", code="relay_open", severity="warning",
        active=True, outlet=1,
    ))  # fmt: skip
    clock.advance(5)
    pile.fault("relay_open", active=False, severity="warning")
    pile.heartbeat()
    pile.deliver(raised)
    clock.advance(60)
    pile.heartbeat()
    assert incidents(house) == []
    assert isinstance(start(house, wish()), Started)


def test_a_hundred_messages_of_one_fault_are_one_incident(house, pile, clock):
    for _ in range(100):
        pile.fault("smoke", outlet=None)
        clock.advance(1)
    assert incidents(house) == ["smoke"]


def test_a_wrong_clock_is_told_and_taken_back_when_it_is_right(house, pile, clock):
    asked = {"boot_id": pile.boot_id, "uptime_ms": pile.uptime_ms, "clock": "synced"}
    pile.say("time", {**asked, "time_utc": "2026-03-02T11:02:00Z"})
    assert incidents(house) == ["clock_bad"]
    assert pile.last_told("time")["server_time_utc"] == "2026-03-02T11:00:00.000Z"
    pile.say("time", {**asked, "time_utc": "2026-03-02T11:00:59Z"})
    assert incidents(house) == []


@pytest.mark.parametrize("said", [None, "yesterday", "2026-03-02T03:00:00", "1970-01-01T00:00:00Z"])
def test_a_clock_that_was_never_set_is_no_wrong_clock(house, pile, said):
    pile.say("time", {"boot_id": pile.boot_id, "uptime_ms": 1, "time_utc": said, "clock": "none"})
    assert incidents(house) == []


def test_operations_reach_only_piles_that_can_be_told(house, clock):
    refused = requests.operate(house, requests.Operation("LB-001", "locate", 1), "maintenance")
    assert refused.reason is Reason.PILE_SILENT


def test_a_swipe_that_waited_half_a_minute_is_not_obeyed(house, pile, clock):
    swipe = pile.heard("card", pile.numbered(
        uptime_ms=pile.uptime_ms, swipe_id="c-1", outlet=1, card_uid="04A2B7119C5A80",
        intent="start",
    ))  # fmt: skip
    clock.advance(31)
    pile.heartbeat()
    late = Heard(swipe.topic, swipe.payload, swipe.received_ms + 31_000)
    pile.deliver(late)
    assert pile.last_told("card_result")["result"] == "try_app"
    assert pile.commands() == []


def test_the_last_words_of_every_pile_are_stored(house, pile):
    with house.store.reading() as uow:
        assert [(row.pile, row.said) for row in status_rows(uow)] == [("LB-001", "online")]
