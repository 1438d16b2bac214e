"""What an incident is about, as sentences: kept as pieces, put into words for whoever reads them.

A sentence is stored as its message and its values, so that the same incident can be read in
Chinese by the gatehouse and in English by a contributor.
"""

from collections.abc import Mapping
from typing import Any

from service.piles.faults import fault_of
from service.words import N_, Sentence

Pieces = dict[str, Any]

UNITS = {"c": "°C", "ma": "mA", "w": "W", "v": "V"}
"""How the unit words of the wire are written for people."""


def to_pieces(sentence: Sentence) -> Pieces:
    """A sentence as JSON; values that JSON does not know become text."""
    return {
        "message": sentence.message,
        "values": {name: _value_in(value) for name, value in sentence.values.items()},
    }


def from_pieces(pieces: Mapping[str, Any]) -> Sentence:
    """The reverse of to_pieces."""
    values = pieces.get("values", {})
    return Sentence(pieces["message"], {name: _value_out(value) for name, value in values.items()})


def _value_in(value: object) -> object:
    if isinstance(value, Sentence):
        return to_pieces(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _value_out(value: object) -> object:
    return from_pieces(value) if isinstance(value, dict) else value


def where(pile: str | None, outlet: int | None, feeder_id: str | None) -> Sentence:
    """The place of an incident, without its entrance."""
    if pile is not None and outlet is not None:
        return Sentence(N_("pile {pile} outlet {outlet}"), {"pile": pile, "outlet": outlet})
    if pile is not None:
        return Sentence(N_("pile {pile}"), {"pile": pile})
    if feeder_id is not None:
        return Sentence(N_("feeder {feeder}"), {"feeder": feeder_id})
    return Sentence(N_("the service"))


def measured(value: float | None, limit: float | None, unit: str | None) -> Sentence | None:
    """What a pile measured when it raised a fault; None when it said no value."""
    if value is None:
        return None
    said = UNITS.get(unit or "", unit or "")
    values = {"value": f"{value:g} {said}".strip()}
    if limit is None:
        return Sentence(N_("Measured {value}."), values)
    values["limit"] = f"{limit:g} {said}".strip()
    return Sentence(N_("Measured {value}, limit {limit}."), values)


def headline(code: str, language: str) -> str:
    """What an incident of this code is called, in 'zh_CN' or 'en'."""
    fault = fault_of(code)
    name = fault.name(language)
    return name if fault.zh != fault_of("other").zh or code == "other" else f"{name} ({code})"
