"""What a chart is made of: plain numbers with words. `static/charts.js` draws it, by uPlot.

A chart never stands alone: the same numbers are in a table beside it, which is all that a reader
without JavaScript or without eyes gets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.words import Sentence

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of numbers. `look`: the name of a colour of the style sheet; `dash`: broken, so that
    two lines differ without their colour."""

    words: Sentence
    values: Values
    look: str = "accent"
    dash: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """A straight line across: a rating, a mark."""

    words: Sentence
    value: float
    look: str = "out_of_order"


@dataclass(frozen=True, slots=True)
class Band:
    """Between a low and a high line, and the middle of it: what is expected."""

    words: Sentence
    low_words: Sentence
    high_words: Sentence
    low: Values
    middle: Values
    high: Values

    def data(self, language: str) -> dict[str, Any]:
        """As the script reads it, its words in one language."""
        return {
            "name": self.words.in_language(language),
            "low_name": self.low_words.in_language(language),
            "high_name": self.high_words.in_language(language),
            "low": list(self.low),
            "middle": list(self.middle),
            "high": list(self.high),
        }


@dataclass(frozen=True, slots=True)
class Chart:
    """`bars` or `lines` over labels. `along`: what the labels are; `every`: how many of them apart
    one is written."""

    key: str
    kind: str
    title: Sentence
    unit: Sentence
    along: Sentence
    labels: Sequence[str]
    lines: Sequence[Line]
    levels: Sequence[Level] = ()
    band: Band | None = None
    every: int = 1
    digits: int = 0

    def data(self, language: str) -> dict[str, Any]:
        """As the script reads it, its words in one language."""
        return {
            "kind": self.kind,
            "along": self.along.in_language(language),
            "labels": list(self.labels),
            "every": self.every,
            "digits": self.digits,
            "lines": [
                {
                    "name": line.words.in_language(language),
                    "values": list(line.values),
                    "look": line.look,
                    "dash": line.dash,
                }
                for line in self.lines
            ],
            "levels": [
                {
                    "name": level.words.in_language(language),
                    "value": level.value,
                    "look": level.look,
                }
                for level in self.levels
            ],
            "band": self.band and self.band.data(language),
        }
