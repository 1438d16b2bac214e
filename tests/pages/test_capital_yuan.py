"""Receipts say their amount in numerals that no pen can change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pages.capital_yuan import MOST_FEN, capital_yuan

DIGITS = {digit: number for number, digit in enumerate("零壹贰叁肆伍陆柒捌玖")}
UNITS = {"拾": 10, "佰": 100, "仟": 1000}


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "零元整"),
        (5, "伍分"),
        (50, "伍角整"),
        (55, "伍角伍分"),
        (100, "壹元整"),
        (1000, "壹拾元整"),
        (1260, "壹拾贰元陆角整"),
        (12_000, "壹佰贰拾元整"),
        (1_000_000, "壹万元整"),
        (10_000_101, "壹拾万零壹元零壹分"),
        (6_000_000, "陆万元整"),
        (10_100, "壹佰零壹元整"),
        (100_100_000, "壹佰万壹仟元整"),
        (100_000_000, "壹佰万元整"),
        (10_000_000_000_00, "壹佰亿元整"),
        (1_000_000_010_000, "壹佰亿零壹佰元整"),
        # the examples of the People's Bank
        (140_950, "壹仟肆佰零玖元伍角整"),
        (600_714, "陆仟零柒元壹角肆分"),
        (168_032, "壹仟陆佰捌拾元叁角贰分"),
        (10_700_053, "壹拾万柒仟元伍角叁分"),
        (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
        (32_504, "叁佰贰拾伍元零肆分"),
    ],
)
def test_an_amount_in_capital_numerals(fen: int, text: str):
    assert capital_yuan(fen) == text


def read_back(text: str) -> int:
    """What somebody reads on the paper, in fen; written apart from what is tested."""
    yuan, _, rest = text.partition("元") if "元" in text else ("", "", text)
    total = 0
    for part, scale in (("亿", 10**8), ("万", 10**4), ("", 1)):
        if part and part in yuan:
            head, _, yuan = yuan.rpartition(part)
            total += read_back(f"{head}元整") // 100 * scale
        elif not part:
            total += sum(
                DIGITS[digit] * UNITS.get(yuan[place + 1 : place + 2], 1)
                for place, digit in enumerate(yuan)
                if digit in DIGITS
            )
    jiao = rest.partition("角")[0][-1:] if "角" in rest else "零"
    fen = rest.partition("分")[0][-1:] if "分" in rest else "零"
    return total * 100 + DIGITS[jiao] * 10 + DIGITS[fen]


@given(st.integers(0, 10**13) | st.integers(0, 10**6))
def test_what_is_read_back_is_the_amount(fen: int):
    text = capital_yuan(fen)
    assert read_back(text) == fen
    assert "零零" not in text
    assert "零元" not in text or fen == 0
    assert text.endswith("整") == (fen % 10 == 0)


@pytest.mark.parametrize("fen", [-1, MOST_FEN + 1])
def test_what_no_receipt_can_say_is_refused(fen: int):
    with pytest.raises(ValueError, match="cannot be written"):
        capital_yuan(fen)
