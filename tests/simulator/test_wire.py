"""Every message a simulated evening emits is of the contract: schemas and golden examples."""

import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from simulator.residents import made_up_cards
from simulator.scenario import load_scenario
from simulator.times import HOUR
from simulator.world import World
from tests.simulator.desk import Desk
from tests.simulator.stage import EVENING, PILE, Stage

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "docs" / "contract" / "schemas"
EXAMPLES = ROOT / "tests" / "wire_examples"
FILES = {"time": "time_request"}


@cache
def schema_of(tail: str) -> Any:
    shared = Resource.from_contents(json.loads((SCHEMAS / "common.json").read_text()), DRAFT7)
    schema = json.loads((SCHEMAS / f"{FILES.get(tail, tail)}.json").read_text())
    return Draft7Validator(schema, registry=Registry().with_resource("common.json", shared))


@cache
def example_fields(tail: str) -> dict[str, set[str]]:
    """Field path -> JSON types seen in the golden examples of that tail."""
    seen: dict[str, set[str]] = defaultdict(set)
    for path in EXAMPLES.glob("*.json"):
        example = json.loads(path.read_text())
        if example["topic"].endswith(f"/up/{tail}"):
            walk(example["payload"], "", seen)
    return seen


def walk(value: Any, at: str, seen: dict[str, set[str]]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            walk(inner, f"{at}.{key}", seen)
    elif isinstance(value, list):
        for inner in value:
            walk(inner, f"{at}[]", seen)
    kind = type(value).__name__
    seen[at].add("number" if kind in ("int", "float") else kind)


def everything_said() -> list[tuple[str, int, bool, dict]]:
    """A night of faults, and a stage on which the rarer messages are provoked."""
    night = load_scenario("faults_night").with_changes(piles=12, bikes=35)
    world = World.from_scenario(night, 4, made_up_cards(), EVENING)
    said = Desk(world).run(EVENING + 4 * HOUR).heard
    stage = Stage().charging()
    stage.command("config_get")
    stage.command("config_set", if_rev=7, rev=8, config={"meter_s": 30})
    stage.command("config_set", if_rev=8, rev=9, config={"colour": 1})
    stage.command("start", outlet=1, session_id="S2", valid_until_uptime_ms=1)
    stage.unplug()
    firmware = {
        "version": "2.5.0", "size_bytes": 412_672, "sha256": "9f" * 32, "sig_ed25519": "x",
        "when": "idle",
    }  # fmt: skip
    stage.command("firmware", url="https://fw.example.org/bad-signature.bin", **firmware)
    stage.run(600)
    stage.command("firmware", url="https://fw.example.org/2.5.0.bin", **firmware)
    stage.run(1200)
    stage.run(13 * 3600)
    said += stage.desk.heard
    return [
        (u.publish.topic, u.publish.qos, u.publish.retain, json.loads(u.publish.payload))
        for u, _ in said
    ]


@pytest.fixture(scope="module")
def said():
    return everything_said()


def test_the_night_says_every_kind_of_message(said):
    tails = {topic.rsplit("/", 1)[1] for topic, *_ in said}
    assert tails == {
        "state", "hello", "heartbeat", "meter", "outlet", "card", "result", "session", "fault",
        "config", "firmware", "time",
    }  # fmt: skip


def test_every_message_fits_its_schema(said):
    rare = [row for row in said if not row[0].endswith(("/heartbeat", "/meter"))]
    often = [row for row in said if row[0].endswith(("/heartbeat", "/meter"))]
    for topic, _, _, body in rare + often[::7]:
        error = next(schema_of(topic.rsplit("/", 1)[1]).iter_errors(body), None)
        assert error is None, f"{topic}: {error.message} in {body}"


def test_every_message_has_only_fields_and_types_of_the_golden_examples(said):
    strange = set()
    for topic, _, _, body in said:
        tail = topic.rsplit("/", 1)[1]
        seen: dict[str, set[str]] = defaultdict(set)
        walk(body | ({"config": {}} if tail == "config" else {}), "", seen)
        known = example_fields(tail)
        for path, kinds in seen.items():
            if not kinds <= known.get(path, set()):
                strange.add((tail, path, tuple(kinds)))
    assert strange <= ALLOWED


ALLOWED = {
    ("result", ".detail", ("str",)),
    ("session", ".stop_detail", ("str",)),
    ("outlet", ".buffered", ("bool",)),
    ("fault", ".buffered", ("bool",)),
}
"""In the contract's words and its schemas, but in no example."""


def test_quality_of_service_and_retain_are_those_of_the_table(said):
    for topic, qos, retain, _ in said:
        tail = topic.rsplit("/", 1)[1]
        assert qos == (0 if tail in ("heartbeat", "time") else 1), topic
        assert retain == (tail in ("state", "config")), topic


def test_sizes_stay_normal(said):
    for topic, _, _, body in said:
        size = len(json.dumps(body, separators=(",", ":")))
        assert size <= 1024, f"{topic} has {size} bytes"
        assert len(topic) <= 48


def test_only_what_is_numbered_in_the_contract_is_numbered(said):
    numbered = {topic.rsplit("/", 1)[1] for topic, _, _, body in said if "seq" in body}
    assert numbered == {"hello", "meter", "outlet", "card", "result", "fault", "firmware"}


def test_no_pile_message_knows_a_household_or_a_price(said):
    for _, _, _, body in said:
        text = json.dumps(body)
        for word in ("household", "price", "fen", "phone", "name"):
            assert word not in text


def test_the_examples_of_the_contract_can_all_be_told_to_a_pile():
    """Every golden message down, and an unknown one: taken or ignored, never a crash."""
    stage = Stage().charging()
    for path in sorted(EXAMPLES.glob("*.json")):
        example = json.loads(path.read_text())
        if example["direction"] == "down":
            topic = example["topic"].replace("LB-017", PILE)
            payload = json.dumps(example["payload"]).encode()
            stage.desk.take(stage.world.deliver(PILE, topic, payload, False, stage.now))
    assert stage.run(60).pile.core.welcomed


def test_a_command_cut_at_any_byte_harms_nothing():
    """Check 26, the pile's side."""
    stage = Stage().charging()
    for path in EXAMPLES.glob("cmd_*.json"):
        whole = json.dumps(json.loads(path.read_text())["payload"]).encode()
        for n in range(len(whole)):
            topic = f"pile/1/{PILE}/down/cmd"
            assert stage.world.deliver(PILE, topic, whole[:n], False, stage.now) == []
    assert stage.relay_is_closed()
