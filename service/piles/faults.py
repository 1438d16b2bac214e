"""The fault catalogue: what each code means, in two languages, and what to check first.

The words are data (`faults.toml`), so an electrician can mend them. `switch_off` says what the
service switches off by itself: it never relies on a pile to protect itself, because piles in the
field have their automatic cut-offs disabled (AP3000 device protocol 8.6, note of June 2021, in the
public repository taoyao-code/iot-zinx).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("faults.toml")

OTHER = "other"
"""The entry that stands for every code nobody knows yet."""


class Severity(StrEnum):
    """How bad: critical is told at once and reminded of until somebody answers."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info to 2 for critical."""
        return list(Severity).index(self)


class SwitchOff(StrEnum):
    """What a fault makes the service switch off."""

    NONE = "none"
    OUTLET = "outlet"
    PILE = "pile"
    NEIGHBOURS = "neighbours"


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the catalogue. `show_after_s`: seconds a fault must last before people see it;
    some outlet faults are glitches of one or two minutes."""

    code: str
    severity: Severity
    zh: str
    en: str
    check_first_zh: str
    check_first_en: str
    switch_off: SwitchOff
    show_after_s: int

    def name(self, language: str) -> str:
        """What it is called, in 'zh_CN' or 'en'."""
        return self.en if language == "en" else self.zh

    def check_first(self, language: str) -> str:
        """What to look at first, in 'zh_CN' or 'en'."""
        return self.check_first_en if language == "en" else self.check_first_zh


@cache
def catalogue() -> Mapping[str, Fault]:
    """Every known fault by its code. Raises ValueError naming the entry that is not complete."""
    entries = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {code: _entry(code, entry) for code, entry in entries.items()}


def fault_of(code: str) -> Fault:
    """The entry of a code; an unknown code is kept and described as another fault."""
    known = catalogue()
    return known[code] if code in known else replace(known[OTHER], code=code)


def _entry(code: str, entry: Mapping[str, str | int]) -> Fault:
    try:
        return Fault(
            code=code,
            severity=Severity(str(entry["severity"])),
            zh=str(entry["zh"]),
            en=str(entry["en"]),
            check_first_zh=str(entry["check_first_zh"]),
            check_first_en=str(entry["check_first_en"]),
            switch_off=SwitchOff(str(entry.get("switch_off", "none"))),
            show_after_s=int(entry.get("show_after_s", 0)),
        )
    except (KeyError, ValueError) as error:
        raise ValueError(f"faults.toml, [{code}]: {error}") from None
