"""The AsyncAPI document is sound and says the same as the table of the contract.

The AsyncAPI parser does not look at examples, reply addresses or x- fields; this does.
"""

import re
from typing import Any

import pytest

from tests.contract.files import (
    CONTRACT,
    channel_of,
    document,
    examples,
    resolve,
    schema_of,
    schemas,
)

NEVER = None
TABLE = {
    # address:                      (QoS, retain, message expiry in seconds)
    "pile/1/{pileId}/up/state": (1, True, NEVER),
    "pile/1/{pileId}/up/hello": (1, False, NEVER),
    "pile/1/{pileId}/up/heartbeat": (0, False, NEVER),
    "pile/1/{pileId}/up/meter": (1, False, NEVER),
    "pile/1/{pileId}/up/outlet": (1, False, NEVER),
    "pile/1/{pileId}/up/card": (1, False, NEVER),
    "pile/1/{pileId}/up/result": (1, False, NEVER),
    "pile/1/{pileId}/up/session": (1, False, NEVER),
    "pile/1/{pileId}/up/fault": (1, False, NEVER),
    "pile/1/{pileId}/up/config": (1, True, NEVER),
    "pile/1/{pileId}/up/firmware": (1, False, NEVER),
    "pile/1/{pileId}/up/time": (0, False, NEVER),
    "pile/1/{pileId}/up/feeder": (0, False, NEVER),
    "pile/1/{pileId}/down/welcome": (1, False, 60),
    "pile/1/{pileId}/down/card_result": (1, False, 15),
    "pile/1/{pileId}/down/cmd": (1, False, "valid_s"),
    "pile/1/{pileId}/down/session_ack": (1, False, NEVER),
    "pile/1/{pileId}/down/committed": (0, False, 60),
    "pile/1/{pileId}/down/time": (0, False, 10),
    "pile/1/_all/down/service": (1, False, 60),
    "pile/1/_all/down/time": (0, False, 10),
    "pile/1/_all/down/report_now": (1, False, 60),
}
BINDING_FIELDS = {
    "server": {"clientId", "cleanSession", "lastWill", "keepAlive", "sessionExpiryInterval",
               "maximumPacketSize", "bindingVersion"},
    "operation": {"qos", "retain", "messageExpiryInterval", "bindingVersion"},
    "message": {"payloadFormatIndicator", "correlationData", "contentType", "responseTopic",
                "bindingVersion"},
}  # fmt: skip
"""The fields of the MQTT bindings 0.2.0 (github.com/asyncapi/bindings, mqtt/README.md)."""

OPERATIONS: dict[str, Any] = document()["operations"]


def address_of(operation: dict[str, Any]) -> str:
    return str(resolve(operation["channel"]["$ref"])["address"])


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for item in node for found in references(item)]
    if not isinstance(node, dict):
        return []
    here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return here + [found for item in node.values() for found in references(item)]


def test_it_is_asyncapi_3_1():
    assert document()["asyncapi"] == "3.1.0"
    assert re.fullmatch(r"1\.\d+\.\d+", document()["info"]["version"])


@pytest.mark.parametrize("reference", sorted(set(references(document()))))
def test_every_reference_leads_somewhere(reference):
    if reference.startswith("#/"):
        assert resolve(reference)
        return
    path, _, pointer = reference.partition("#")
    assert (CONTRACT / path).is_file()
    assert pointer in ("", "/payload")


def test_the_channels_are_those_of_the_table():
    assert {c["address"] for c in document()["channels"].values()} == set(TABLE)


def test_every_channel_has_one_operation_in_its_direction():
    served = [operation["channel"]["$ref"] for operation in OPERATIONS.values()]
    assert sorted(served) == sorted(f"#/channels/{key}" for key in document()["channels"])
    for operation in OPERATIONS.values():
        direction = address_of(operation).split("/")[3]
        assert operation["action"] == {"up": "receive", "down": "send"}[direction]
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")


@pytest.mark.parametrize("key", sorted(OPERATIONS))
def test_an_operation_says_qos_retain_and_expiry_as_the_table_does(key):
    operation = OPERATIONS[key]
    mqtt = operation["bindings"]["mqtt"]
    expiry = operation.get("x-pile-expiry-field", mqtt.get("messageExpiryInterval"))
    assert (mqtt["qos"], mqtt["retain"], expiry) == TABLE[address_of(operation)]
    assert operation["x-pile-resend"]


@pytest.mark.parametrize("key", sorted(OPERATIONS))
def test_only_numbered_messages_carry_a_seq(key):
    operation = OPERATIONS[key]
    message = resolve(operation["messages"][0]["$ref"])
    schema = schemas()[resolve(message["$ref"])["payload"]["$ref"].split("/")[-1][:-5]]
    assert ("seq" in schema["required"]) == operation.get("x-pile-numbered", False)


def test_a_reply_goes_to_a_channel_and_a_header_that_exist():
    for operation in OPERATIONS.values():
        reply = operation.get("reply")
        if not reply:
            continue
        for message in reply["messages"]:
            assert message["$ref"].startswith(reply["channel"]["$ref"])
            assert resolve(resolve(message["$ref"])["$ref"])
        if "address" in reply:
            asked = resolve(resolve(operation["messages"][0]["$ref"])["$ref"])
            header = reply["address"]["location"].removeprefix("$message.header#/")
            assert header in resolve(asked["headers"]["$ref"])["properties"]


def test_the_bindings_hold_only_fields_that_exist():
    for server in document()["servers"].values():
        assert set(server["bindings"]["mqtt"]) <= BINDING_FIELDS["server"]
    for operation in OPERATIONS.values():
        assert set(operation["bindings"]["mqtt"]) <= BINDING_FIELDS["operation"]
    for message in document()["components"]["messages"].values():
        assert set(message["bindings"]["mqtt"]) <= BINDING_FIELDS["message"]


def test_the_document_shows_every_golden_example_at_its_own_message():
    shown = {}
    for message in document()["components"]["messages"].values():
        for example in message["examples"]:
            name = example["payload"]["$ref"].split("/")[-2].removesuffix(".json#")
            assert example["name"] == name
            shown[name] = message["payload"]["$ref"].split("/")[-1].removesuffix(".json")
    assert shown == {name: schema_of(example) for name, example in examples().items()}


@pytest.mark.parametrize("example", examples().values(), ids=lambda e: e.name)
def test_an_example_is_sent_as_its_operation_says(example):
    channel = f"#/channels/{channel_of(example.topic)}"
    (operation,) = [o for o in OPERATIONS.values() if o["channel"]["$ref"] == channel]
    mqtt = operation["bindings"]["mqtt"]
    assert (example.qos, example.retain) == (mqtt["qos"], mqtt["retain"])


def test_every_channel_is_hit_by_an_example():
    assert {channel_of(e.topic) for e in examples().values()} == set(document()["channels"])


def test_the_access_rules_are_those_that_are_deployed():
    deployed = (CONTRACT.parents[1] / "deploy" / "mosquitto" / "acl").read_text()
    said = document()["servers"]["site"]["x-pile-acl"]
    for rule in said:
        for line in rule.split(": "):
            assert f"\n{line}\n" in deployed
    for operation in OPERATIONS.values():
        assert operation["x-pile-acl"] in said
