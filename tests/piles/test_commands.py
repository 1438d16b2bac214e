"""What a pile is told fits the contract's schemas and is shaped like its golden examples."""

import json
from datetime import UTC, datetime

import pytest

from service.clock import to_ms
from service.pages.fix import OPERATIONS
from service.piles import commands
from service.piles.commands import GIVE_UP_MS, RESEND_MS, VALID_S, Order
from service.piles.messages import Outgoing
from tests.contract.files import examples, schema_of, validator

NOW_MS = to_ms(datetime(2026, 3, 2, 12, 9, 4, 171_000, tzinfo=UTC))
SESSION = "01JNAX7CZV5Q9T3M7H1K2D4F6S"
COMMAND = "01JNAX7D2P0R4W6Y8ZA1C3E5GK"
CONN = "5d0e77a1"


def payload_of(order: Order) -> dict:
    text = commands.command_payload(order, COMMAND, CONN, NOW_MS, 3_905_200)
    payload = json.loads(text)
    validator("cmd").validate(payload)
    return payload


START = commands.start(2, SESSION, max_duration_s=36_000, max_energy_wh=3000, max_power_w=1000)


def test_a_start_is_the_golden_start():
    golden = examples()["cmd_start"].payload
    assert payload_of(START) == {**golden, "command_id": COMMAND}


def test_a_stop_is_shaped_like_the_golden_stop():
    golden = examples()["cmd_stop"].payload
    told = payload_of(commands.stop(2, SESSION, "user"))
    assert set(told) == set(golden)
    assert (told["session_id"], told["reason"], told["valid_s"]) == (SESSION, "user", 120)


def test_the_emergency_stop_names_any_session():
    assert payload_of(commands.stop(1, "any", "operator"))["session_id"] == "any"


SAID_ANEW = {"command_id", "issued_at_utc", "valid_s", "valid_until_uptime_ms"}


@pytest.mark.parametrize("cmd", ["report_now", "config_get", "reboot", "locate", "watch"])
def test_harmless_commands_are_the_golden_ones(cmd):
    golden = examples()[f"cmd_{cmd}"].payload
    own = {k: v for k, v in golden.items() if k not in {*SAID_ANEW, "conn_id", "cmd", "outlet"}}
    told = payload_of(Order(cmd, golden.get("outlet"), None, own))
    assert {k: v for k, v in told.items() if k not in SAID_ANEW} == {
        k: v for k, v in golden.items() if k not in SAID_ANEW
    }


@pytest.mark.parametrize("cmd", sorted(OPERATIONS))
def test_what_maintenance_can_ask_on_its_page_fits_the_contract(cmd):
    asked = OPERATIONS[cmd]("LB-017", 1)
    assert asked.cmd in VALID_S
    assert payload_of(Order(asked.cmd, asked.outlet, None, asked.fields))["cmd"] == asked.cmd


@pytest.mark.parametrize("cmd", sorted(VALID_S))
def test_every_command_ends_at_the_piles_own_uptime_and_needs_no_clock(cmd):
    text = commands.command_payload(Order(cmd, 1), COMMAND, CONN, NOW_MS, 1_000)
    told = json.loads(text)
    assert told["valid_until_uptime_ms"] == 1_000 + VALID_S[cmd] * 1000
    assert told["conn_id"] == CONN


def test_a_start_may_not_be_obeyed_long_after_it_is_given_up():
    assert VALID_S["start"] * 1000 < GIVE_UP_MS
    assert VALID_S["start"] * 1000 > RESEND_MS  # the second copy still arrives in time


def sent(outgoing: Outgoing, schema: str) -> dict:
    payload = json.loads(outgoing.payload)
    validator(schema).validate(payload)
    assert len(outgoing.payload) <= 1024
    return payload


def test_a_welcome_is_shaped_like_the_golden_one_and_expires():
    told = commands.welcome(
        "LB-017", conn_id=CONN, echo_uptime_ms=8120, now_ms=NOW_MS, config_rev=8,
        settlement_acked_seq=517, rebirth=False,
    )  # fmt: skip
    golden = examples()["welcome"]
    assert set(sent(told, schema_of(golden))) == set(golden.payload)
    assert (told.topic, told.qos, told.expires_s) == ("pile/1/LB-017/down/welcome", 1, 60)


@pytest.mark.parametrize("word", ["stored", "duplicate", "held", "later"])
def test_an_acknowledgement_of_a_record_never_expires(word):
    told = commands.session_ack("LB-017", CONN, [(519, SESSION, word)])
    golden = examples()["session_ack_stored"]
    payload = sent(told, schema_of(golden))
    assert payload["acked"] == [{"settlement_seq": 519, "session_id": SESSION, "result": word}]
    assert (told.qos, told.expires_s) == (1, None)


def test_committed_is_told_without_a_promise_of_delivery():
    told = commands.committed("LB-017", CONN, "9f3a61c2", 212, [207])
    golden = examples()["committed"]
    assert sent(told, schema_of(golden)) == {**golden.payload, "conn_id": CONN}
    assert told.qos == 0


def test_the_answer_to_a_swipe_is_worthless_after_15_s_and_holds_no_name_and_no_card():
    told = commands.card_result("LB-017", CONN, "c-1187", "ok")
    payload = sent(told, schema_of(examples()["card_result"]))
    assert set(payload) == {"conn_id", "swipe_id", "result"}
    assert told.expires_s == 15


def test_the_time_is_told_in_utc_to_the_millisecond():
    told = commands.time_reply("LB-017", CONN, 43_200_120, NOW_MS)
    payload = sent(told, schema_of(examples()["time_reply"]))
    assert payload["server_time_utc"] == "2026-03-02T12:09:04.171Z"
    assert payload["echo_uptime_ms"] == 43_200_120
    assert (told.qos, told.expires_s) == (0, 10)
