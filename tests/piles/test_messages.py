"""What a pile says is taken as the contract says it: strict in types, open to what is newer."""

import json

import pytest

from service.piles.messages import (
    MAX_UPLINK_BYTES,
    TELEMETRY,
    UPLINKS,
    Heard,
    Poison,
    Said,
    topic_down,
    understand,
)
from tests.contract.files import Example, examples

UP = [one for one in examples().values() if one.direction == "up" and "/up/" in one.topic]


def heard(one: Example, payload: bytes | None = None, topic: str | None = None) -> Heard:
    return Heard(topic or one.topic, one.encoded if payload is None else payload, 1, one.qos)


def poison(heard: Heard) -> Poison:
    refused = understand(heard)
    assert isinstance(refused, Poison), refused
    return refused


@pytest.mark.parametrize("one", UP, ids=lambda one: one.name)
def test_every_golden_message_is_understood(one):
    said = understand(heard(one))
    assert isinstance(said, Said)
    assert (said.pile, said.kind) == tuple(one.topic.split("/")[i] for i in (2, 4))


@pytest.mark.parametrize("one", UP, ids=lambda one: one.name)
def test_a_field_of_a_newer_contract_is_passed_over(one):
    newer = json.dumps({**one.payload, "aura": {"colour": "blue"}}).encode()
    assert understand(heard(one, newer)).message == understand(heard(one)).message


@pytest.mark.parametrize("one", UP, ids=lambda one: one.name)
def test_every_needed_field_is_needed(one):
    model = type(understand(heard(one)).message)
    needed = {f.alias or name for name, f in model.model_fields.items() if f.is_required()}
    assert needed
    for name in needed:
        without = {key: value for key, value in one.payload.items() if key != name}
        reason = poison(heard(one, json.dumps(without).encode())).reason
        assert reason.startswith(f"payload: {name}: ")


@pytest.mark.parametrize("one", UP, ids=lambda one: one.name)
def test_a_number_in_quotes_is_no_number(one):
    for name, value in one.payload.items():
        if isinstance(value, int) and not isinstance(value, bool) and name in known(one):
            quoted = json.dumps({**one.payload, name: str(value)}).encode()
            assert name in poison(heard(one, quoted)).reason


def known(one: Example) -> set[str]:
    return set(type(understand(heard(one)).message).model_fields)


def test_words_nobody_knows_are_kept_as_they_are():
    one = examples()["session"]
    payload = json.dumps({**one.payload, "stop_reason": "the cat pulled the plug"}).encode()
    assert understand(heard(one, payload)).message.stop_reason == "the cat pulled the plug"


@pytest.mark.parametrize("bad", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b'"31.5"', b"[]"])
def test_a_temperature_that_is_no_number_is_refused(bad):
    one = examples()["heartbeat"]
    text = json.dumps({**one.payload, "temp_c": "HERE"}).encode().replace(b'"HERE"', bad)
    assert poison(heard(one, text)).reason.startswith("payload:")


@pytest.mark.parametrize(
    ("topic", "pile", "reason"),
    [
        ("pile/1/LB-017/up", None, "topic: not of the contract"),
        ("pile/1/LB-017/down/cmd", None, "topic: not of the contract"),
        ("tele/plug/SENSOR", None, "topic: not of the contract"),
        ("pile/2/LB-017/up/hello", "LB-017", "topic: contract version 2 is not spoken here"),
        ("pile/1/LB-017/up/howl", "LB-017", "topic: no message is called 'howl'"),
    ],
)
def test_a_topic_that_is_not_ours_is_named(topic, pile, reason):
    assert understand(Heard(topic, b"{}", 1)) == Poison(pile, reason)


def test_the_size_is_looked_at_before_anything_else():
    one = examples()["hello"]
    padded = json.dumps({**one.payload, "x": "y" * MAX_UPLINK_BYTES}).encode()
    assert poison(heard(one, padded)).reason == f"size: {len(padded)} bytes, at most 4096"
    exactly = one.encoded + b" " * (MAX_UPLINK_BYTES - len(one.encoded))
    assert isinstance(understand(heard(one, exactly)), Said)


def test_a_reason_is_short_enough_to_store():
    one = examples()["meter"]
    reading = {**one.payload["readings"][0], "session_id": "x" * 3000}
    payload = json.dumps({**one.payload, "readings": [reading]}).encode()
    assert len(poison(heard(one, payload)).reason) <= 200


def test_a_card_number_is_not_repeated_in_the_reason():
    one = examples()["card"]
    payload = json.dumps({**one.payload, "card_uid": "04A2B7119C5A80-and-more"}).encode()
    assert "04A2B7" not in poison(heard(one, payload)).reason


def test_the_flood_is_a_part_of_what_can_be_said():
    assert set(UPLINKS) > TELEMETRY


def test_a_pile_is_told_things_on_its_own_topics():
    assert topic_down("LB-017", "cmd") == "pile/1/LB-017/down/cmd"
