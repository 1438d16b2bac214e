"""Watt-hours, watts, milliamps and fen: integers inside, parsed and shown here, rounded once, here.

Prices are integers in 0.0001 yuan per kWh (`price_e4`: 4870 is 0.487 yuan). An energy in Wh times
such a price is exact in 0.0000001 yuan (`e7`), so a bill can be checked with a pencil.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

E7_PER_FEN = 100_000
"""How many units of 0.0000001 yuan make one fen (0.01 yuan)."""

MAX_FEN = 10**12
"""No amount of this compound reaches ten billion yuan; more is a typing mistake."""

MOST_DIGITS = 13
"""Digits before the point that can still be such an amount; longer texts are not even read."""

PLAIN_NUMBER = re.compile(r"(?P<sign>[+-]?)(?=\.?[0-9])(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?")
"""What a person types for an amount: no exponent, no grouping. Exact, whatever its length."""


class BadQuantityError(ValueError):
    """A text that is not the quantity it should be; its message is a sentence for a person."""


class Rounded(NamedTuple):
    """A line's amount in whole fen and what was left over, in 0.0000001 yuan (may be negative)."""

    fen: int
    remainder_e7: int


def round_line(amount_e7: int) -> Rounded:
    """The one rounding rule: half up to the fen, once per line, the remainder kept.

    >>> round_line(48_700_0)
    Rounded(fen=5, remainder_e7=-13000)
    """
    fen = (2 * amount_e7 + E7_PER_FEN) // (2 * E7_PER_FEN)
    return Rounded(fen, amount_e7 - fen * E7_PER_FEN)


def show_yuan(fen: int) -> str:
    """Fen as yuan with two decimals: 1260 -> '12.60', -5 -> '-0.05'."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def show_kwh(energy_wh: int) -> str:
    """Wh as kWh (度) with three decimals, so that nothing is hidden: 613 -> '0.613'."""
    sign = "-" if energy_wh < 0 else ""
    return f"{sign}{abs(energy_wh) // 1000}.{abs(energy_wh) % 1000:03d}"


def show_price(price_e4: int) -> str:
    """A price per kWh in yuan with two to four decimals: 4870 -> '0.487', 2000 -> '0.20'."""
    whole, part = divmod(price_e4, 10_000)
    digits = f"{part:04d}".rstrip("0").ljust(2, "0")
    return f"{whole}.{digits}"


def show_e7(amount_e7: int) -> str:
    """An exact amount in yuan with seven decimals, for the unfolded arithmetic of a line."""
    sign = "-" if amount_e7 < 0 else ""
    return f"{sign}{abs(amount_e7) // 10**7}.{abs(amount_e7) % 10**7:07d}"


def show_numbers(numbers: Iterable[int]) -> str:
    """Numbers in short: [1, 2, 3, 7] -> '1-3, 7'."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def parse_fen(text: str) -> int:
    """Yuan typed by a person ('12.6', '12.60') as fen. Raises BadQuantityError with what to do."""
    return _parse(text, 100, "an amount in yuan with at most two decimals, like 12.60")


def parse_price_e4(text: str) -> int:
    """A price per kWh typed by a person ('0.487') in 0.0001 yuan. Raises BadQuantityError."""
    return _parse(text, 10_000, "a price in yuan with at most four decimals, like 0.487")


def _parse(text: str, scale: int, wanted: str) -> int:
    found = PLAIN_NUMBER.fullmatch(text.strip())
    if found is None:
        raise BadQuantityError(f"'{text}' is not a number; write {wanted}")
    sign, whole, part = found["sign"], found["whole"].lstrip("0"), (found["part"] or "").rstrip("0")
    if len(whole) > MOST_DIGITS or len(part) > len(str(scale)) - 1:
        raise BadQuantityError(f"'{text}' does not fit; write {wanted}")
    size = int(whole or "0") * scale + int(part.ljust(len(str(scale)) - 1, "0"))
    if size > MAX_FEN:
        raise BadQuantityError(f"'{text}' does not fit; write {wanted}")
    return -size if sign == "-" else size
