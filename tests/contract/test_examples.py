"""Every golden example is what the contract says, and stricter than a receiver would ask."""

from typing import Any

import pytest

from tests.contract.files import examples, inlined, schema_of, schemas, validator

EXAMPLES = list(examples().values())
every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)

WITHOUT_UNIT = {
    "seq", "last_seq", "boot_count", "config_rev", "settlement_seq", "settlements_unacked",
    "buffered", "dropped", "outlets", "outlet", "mqtt", "settlement_acked_seq", "through_seq",
    "attempt", "power_cuts", "value", "limit", "rev", "if_rev", "percent",
}  # fmt: skip
UNITS = ("_wh", "_w", "_v", "_ma", "_s", "_ms", "_c", "_dbm", "_fen", "_bytes")


def walk(value: Any, schema: dict[str, Any], place: str = "") -> list[tuple[str, Any, Any]]:
    """Every value of a payload with its place and its schema ({} when it is not described)."""
    found = [(place, value, schema)]
    if isinstance(value, dict):
        for key, item in value.items():
            described = schema.get("properties", {}).get(key, {})
            found += walk(item, described, f"{place}.{key}")
    if isinstance(value, list):
        for item in value:
            found += walk(item, schema.get("items", {}), place)
    return found


@every_example
def test_an_example_fits_its_schema(example):
    assert [
        str(error) for error in validator(schema_of(example)).iter_errors(example.payload)
    ] == []


@every_example
def test_an_example_holds_only_what_the_schema_describes_and_only_known_words(example):
    for place, value, schema in walk(example.payload, inlined(schema_of(example))):
        assert schema, f"{place} is not described"
        if "x-known-words" in schema:
            assert value in schema["x-known-words"], f"{place} says {value}"


@every_example
def test_an_example_is_small_enough_for_a_4g_module(example):
    assert len(example.encoded) <= 1024
    assert len(example.topic.encode()) <= 48


@every_example
def test_a_measured_value_has_at_most_one_decimal(example):
    for place, value, _schema in walk(example.payload, {}):
        if isinstance(value, float):
            assert round(value, 1) == value, place


@every_example
def test_a_name_is_said_like_its_file(example):
    message = example.topic.rpartition("/")[2]
    assert example.name.startswith(message), "a file is called type[_variant].json"
    assert example.topic.split("/")[3] == example.direction


@every_example
def test_nothing_under_down_is_retained(example):
    assert not (example.direction == "down" and example.retain)


@pytest.mark.parametrize("name", sorted(set(schemas()) - {"common"}))
def test_every_schema_has_an_example(name):
    assert any(schema_of(example) == name for example in EXAMPLES)


@pytest.mark.parametrize("name", sorted(set(schemas()) - {"common"}))
def test_every_schema_is_sound_explained_and_open(name):
    validator(name).check_schema(schemas()[name])
    whole = inlined(name)
    described = whole["properties"]
    assert set(whole["required"]) <= set(described)
    assert whole["description"], "it says what the message is for"
    assert "enum" not in str(whole), "receivers keep words they do not know"
    for key, schema in described.items():
        assert schema.get("description"), f"{key} is not explained"
    for node in objects_in(whole):
        assert node["additionalProperties"] is True, "receivers ignore fields they do not know"


@pytest.mark.parametrize("name", sorted(set(schemas()) - {"common"}))
def test_every_number_has_its_unit_in_its_name(name):
    for node in objects_in(inlined(name)):
        for key, schema in node["properties"].items():
            kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            if {"integer", "number"} & set(kinds):
                assert key.endswith(UNITS) or key in WITHOUT_UNIT, key


@pytest.mark.parametrize("name", sorted(set(schemas()) - {"common"}))
def test_no_message_knows_a_household_a_name_or_a_price(name):
    for node in objects_in(inlined(name)):
        for key in node["properties"]:
            assert key == "balance_fen" or not key.endswith("_fen"), key
            assert not {"household", "name", "phone", "price", "resident"} & set(key.split("_"))


def objects_in(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """A schema and every object schema inside it."""
    nodes = [schema] if schema.get("type") == "object" else []
    for item in schema.get("properties", {}).values():
        nodes += objects_in(item)
    return nodes + (objects_in(schema["items"]) if "items" in schema else [])


def test_every_kind_of_command_and_of_answer_has_an_example():
    commands = {e.payload["cmd"] for e in EXAMPLES if "cmd" in e.payload}
    assert commands == set(inlined("cmd")["properties"]["cmd"]["x-known-words"])
    results = {e.payload["status"] for e in EXAMPLES if "status" in e.payload}
    assert results == set(inlined("result")["properties"]["status"]["x-known-words"])
    acked = inlined("session_ack")["properties"]["acked"]["items"]["properties"]["result"]
    acks = {a["result"] for e in EXAMPLES for a in e.payload.get("acked", [])}
    assert acks == set(acked["x-known-words"])


def test_a_copy_of_a_settlement_differs_only_in_its_attempt():
    first, copy = (dict(examples()[name].payload) for name in ("session", "session_resent"))
    assert first.pop("attempt") < copy.pop("attempt")
    assert first == copy


def test_the_energy_of_a_settlement_is_end_minus_start():
    for example in EXAMPLES:
        if example.topic.endswith("/up/session"):
            said = example.payload
            assert said["energy_wh"] == said["energy_end_wh"] - said["energy_start_wh"]
