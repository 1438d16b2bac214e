"""Payloads that fit a schema of the contract, for hypothesis.

It knows the few words of JSON Schema that our schemas use, and fails on any other.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

EXPLAINING = {"$schema", "title", "description", "x-known-words", "additionalProperties"}
KNOWN = EXPLAINING | {
    "type", "properties", "required", "items", "minItems", "maxItems", "minLength", "maxLength",
    "pattern", "minimum", "maximum", "minProperties",
}  # fmt: skip


def fitting(schema: dict[str, Any]) -> SearchStrategy[Any]:
    """Anything that an inlined schema allows, short lists and known words preferred."""
    assert set(schema) <= KNOWN, f"teach this file {set(schema) - KNOWN}"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of([_of_kind(kind, schema) for kind in kinds])


def _of_kind(kind: str, schema: dict[str, Any]) -> SearchStrategy[Any]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if kind == "null":
        return st.none()
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        return st.integers(low, high)
    if kind == "number":
        return st.floats(low, high, allow_nan=False, allow_infinity=False) | st.integers(low, high)
    if kind == "string":
        return _text(schema)
    if kind == "array":
        few = min(schema["maxItems"], schema.get("minItems", 0) + 2)
        return st.lists(fitting(schema["items"]), min_size=schema.get("minItems", 0), max_size=few)
    needed = {k: fitting(v) for k, v in schema["properties"].items() if k in schema["required"]}
    rest = {k: fitting(v) for k, v in schema["properties"].items() if k not in needed}
    return st.fixed_dictionaries(needed, optional=rest)


def _text(schema: dict[str, Any]) -> SearchStrategy[str]:
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", 400)
    if "pattern" in schema:
        matching = st.from_regex(schema["pattern"].replace("$", r"\Z"), fullmatch=True)
        return matching.filter(lambda text: shortest <= len(text) <= longest)
    free = st.text(st.characters(codec="utf-8"), min_size=shortest, max_size=min(longest, 12))
    words = schema.get("x-known-words")
    return st.sampled_from(words) | free if words else free
