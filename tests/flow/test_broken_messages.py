"""Newer, broken and odd messages: what fits is taken, the rest is set aside and breaks nothing."""

import copy
import json

import pytest

from service.flow import uplink
from service.piles.messages import Heard, Poison, understand
from tests.contract.files import examples
from tests.flow.looking import charging, dead_letters, incidents, state_of

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what says something about messages and nothing about databases."""


def pile_now(house):
    return house.board.piles["LB-001"]


def test_unknown_fields_words_and_a_newer_minor_are_accepted(house, pile):
    pile.hello(contract="1.7", spirit="willing", features=["levitation"])
    pile.heartbeat(
        [{"outlet": 1, "state": "levitating", "mood": "good"}], clock="sundial", omens=[1, 2]
    )
    pile.event("serenaded", state="singing")
    pile.meter(pile.reading(reason="whim", colour="blue"))
    pile.say("firmware", pile.numbered(phase="dreaming"))
    assert dead_letters(house) == []
    assert pile_now(house).outlets[1].state == "singing"


@on_sqlite
def test_every_message_cut_at_every_byte_is_set_aside_and_nothing_else_happens(house, pile):
    cut = [
        Heard(one.topic.replace("LB-017", pile.id), one.encoded[:length], 1, one.qos)
        for one in examples().values()
        if one.direction == "up" and "/up/" in one.topic
        for length in range(len(one.encoded))
    ]
    before = repr(house.board)
    for begin in range(0, len(cut), 500):
        uplink.take(house, cut[begin : begin + 500])
    assert len(dead_letters(house)) == len(cut) > 3000
    assert repr(house.board) == before
    assert incidents(house) == []


BROKEN = [
    b"", b"null", b"[]", b"NaN", b'"online"', b"\xff\xfe", b"{" * 2000, b"[" * 4000,
    b'{"boot_id":"9f3a61c2","seq":2,"readings":[{"outlet":1,"register_id":"a","uptime_ms":1e400}]}',
]  # fmt: skip
WRONG = [
    {"seq": 0}, {"seq": -1}, {"seq": 2.5}, {"seq": "2"}, {"seq": True}, {"seq": 2**53},
    {"boot_id": "9F3A61C2"}, {"boot_id": None}, {"readings": []}, {"readings": {}},
    {"readings": [{}]}, {"readings": None},
]  # fmt: skip
WRONG_READING = [
    {"energy_total_wh": -1}, {"energy_total_wh": 1.5}, {"energy_total_wh": float("nan")},
    {"energy_total_wh": "918342"}, {"power_w": -3}, {"power_w": float("inf")}, {"outlet": 0},
    {"outlet": 65}, {"outlet": True}, {"uptime_ms": -1}, {"register_id": ""},
    {"session_id": "'; drop table charge_session; --"}, {"session_id": "x" * 33},
]  # fmt: skip


@on_sqlite
@pytest.mark.parametrize("tail", ["meter", "state", "session", "heartbeat", "fault"])
def test_garbage_is_set_aside(house, pile, tail):
    for payload in BROKEN:
        uplink.take(house, [Heard(f"pile/1/LB-001/up/{tail}", payload, 1)])
    assert len(dead_letters(house)) == len(BROKEN)


@on_sqlite
def test_numbers_that_no_meter_can_send_are_set_aside(house, pile):
    good = {"boot_id": pile.boot_id, "seq": 2, "readings": [pile.reading()]}
    for change in WRONG:
        pile.say("meter", {**copy.deepcopy(good), **change})
    for change in WRONG_READING:
        pile.say("meter", {**good, "readings": [{**pile.reading(), **change}]})
    letters = dead_letters(house)
    assert len(letters) == len(WRONG) + len(WRONG_READING)
    assert {letter.reason.split(":")[0] for letter in letters} == {"payload"}
    assert pile_now(house).outlets[1].energy_wh is None
    pile.say("meter", good)
    assert pile_now(house).outlets[1].energy_wh == 1000


def test_a_message_above_the_size_limit_is_set_aside_by_its_size(house, pile):
    pile.say("firmware", pile.numbered(phase="x", padding="y" * 4096))
    (letter,) = dead_letters(house)
    assert letter.reason.startswith("size:")


def test_an_uptime_of_a_thousand_years_is_set_aside_and_the_pile_stays_usable(
    house, pile, wish, clock
):
    pile.heartbeat(uptime_ms=2**53 - 1)
    clock.advance(60)
    pile.heartbeat()
    session_id = charging(house, pile, wish())
    assert state_of(house, session_id) == "charging"


def test_poison_names_the_place_of_the_first_mistake():
    payload = json.dumps({"boot_id": "9f3a61c2", "seq": 2, "readings": [{"outlet": 1}]}).encode()
    poison = understand(Heard("pile/1/LB-001/up/meter", payload, 1))
    assert isinstance(poison, Poison)
    assert poison.reason.startswith("payload: readings.0.register_id: ")
