"""The service takes whatever the contract allows, and nothing breaks it."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.piles.messages import UPLINKS, Heard, Poison, Said, understand
from tests.contract.files import Example, document, examples, inlined, schema_of, validator
from tests.contract.payloads import fitting

UPLINK_EXAMPLES = [e for e in examples().values() if e.direction == "up"]
every_uplink = pytest.mark.parametrize("example", UPLINK_EXAMPLES, ids=lambda e: e.name)
UP_SCHEMAS = {e.topic.rpartition("/")[2]: schema_of(e) for e in UPLINK_EXAMPLES}


def hear(example: Example, payload: bytes | None = None) -> Said | Poison:
    return understand(Heard(example.topic, example.encoded if payload is None else payload, 0))


def said_of(example: Example, payload: dict[str, Any]) -> Said | Poison:
    return hear(Example(example.name, example.topic, 1, False, "up", payload))


def test_the_service_hears_exactly_the_channels_of_the_document():
    documented = {
        channel["address"].rpartition("/")[2]
        for channel in document()["channels"].values()
        if "/up/" in channel["address"]
    }
    assert set(UPLINKS) == documented


@every_uplink
def test_every_golden_example_is_understood(example):
    heard = hear(example)
    assert isinstance(heard, Said), heard
    assert (heard.pile, heard.kind) == tuple(example.topic.split("/")[i] for i in (2, 4))


@every_uplink
def test_a_newer_minor_version_is_understood(example):
    newer = copy.deepcopy(example.payload)
    newer["a_field_of_tomorrow"] = {"deep": [1, None, "x"]}
    for word in ("state", "event", "status", "stop_reason", "start_source", "phase", "intent"):
        if word in newer:
            newer[word] = "a_word_of_tomorrow"
    assert isinstance(said_of(example, newer), Said)


@every_uplink
def test_a_message_cut_at_any_byte_is_refused_with_a_reason(example):
    for length in range(len(example.encoded)):
        heard = hear(example, example.encoded[:length])
        assert isinstance(heard, Poison)
        assert heard.reason


@every_uplink
def test_a_message_without_a_field_it_must_have_is_refused(example):
    needed = {"boot_id", "seq", "session_id", "uptime_ms", "readings"}
    for key in needed & set(inlined(schema_of(example))["required"]):
        short = {k: v for k, v in example.payload.items() if k != key}
        assert isinstance(said_of(example, short), Poison), key


@pytest.mark.parametrize("kind", sorted(UP_SCHEMAS))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_the_schema_allows_is_understood(kind, data):
    payload = data.draw(fitting(inlined(UP_SCHEMAS[kind])))
    assert validator(UP_SCHEMAS[kind]).is_valid(payload)
    example = Example(kind, f"pile/1/LB-017/up/{kind}", 1, False, "up", payload)
    heard = hear(example)
    assert isinstance(heard, Said) or heard.reason.startswith("size"), heard
