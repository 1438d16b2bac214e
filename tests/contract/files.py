"""The contract as the tests read it: golden examples, schemas, the AsyncAPI document."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests" / "wire_examples"
CONTRACT = ROOT / "docs" / "contract"


@dataclass(frozen=True)
class Example:
    """One golden file."""

    name: str
    topic: str
    qos: int
    retain: bool
    direction: str
    payload: dict[str, Any]

    @property
    def encoded(self) -> bytes:
        """As it goes over the wire: UTF-8, no blanks."""
        return json.dumps(self.payload, ensure_ascii=False, separators=(",", ":")).encode()


@functools.cache
def examples() -> dict[str, Example]:
    """Every golden example by its file name."""
    return {
        path.stem: Example(path.stem, **json.loads(path.read_text()))
        for path in sorted(EXAMPLES.glob("*.json"))
    }


@functools.cache
def schemas() -> dict[str, Any]:
    """Every schema by its file name without `.json`; `common` holds the shared definitions."""
    found = sorted((CONTRACT / "schemas").glob("*.json"))
    return {path.stem: json.loads(path.read_text()) for path in found}


@functools.cache
def validator(name: str) -> Draft7Validator:
    """What checks a payload against one schema."""
    registry: Registry[Any] = Registry().with_resources(
        (f"{key}.json", Resource(contents=schema, specification=DRAFT7))
        for key, schema in schemas().items()
    )
    return Draft7Validator(schemas()[name], registry=registry)


@functools.cache
def inlined(name: str) -> dict[str, Any]:
    """One schema with every reference replaced by what it points at."""

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return walk(schemas()["common"]["definitions"][node["$ref"].rpartition("/")[2]])
        return {key: walk(value) for key, value in node.items()}

    whole: dict[str, Any] = walk(schemas()[name])
    return whole


@functools.cache
def document() -> Any:
    """The AsyncAPI document."""
    return yaml.safe_load((CONTRACT / "pile-v1.yaml").read_text())


def resolve(pointer: str) -> Any:
    """What `#/a/b` points at in the document; KeyError when it points at nothing."""
    node = document()
    for step in pointer.removeprefix("#/").split("/"):
        node = node[step]
    return node


def channel_of(topic: str) -> str:
    """The key of the channel that a topic belongs to."""
    parts = topic.split("/")
    for key, channel in document()["channels"].items():
        steps = channel["address"].split("/")
        if len(steps) == len(parts) and all(
            step == part or (step == "{pileId}" and part != "_all")
            for step, part in zip(steps, parts, strict=True)
        ):
            return str(key)
    raise KeyError(f"no channel for {topic}")


def schema_of(example: Example) -> str:
    """The name of the schema that the document gives the example's channel."""
    channel = document()["channels"][channel_of(example.topic)]
    (message,) = channel["messages"].values()
    reference = str(resolve(message["$ref"])["payload"]["$ref"])
    return reference.removeprefix("./schemas/").removesuffix(".json")
