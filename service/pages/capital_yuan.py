"""Amounts in the capital numerals of Chinese receipts: 1260 fen is 壹拾贰元陆角.

As banks and tax offices want it on paper, so that no stroke turns one figure into another (People's
Bank of China, 支付结算办法, 银发〔1997〕393号, annex 1: 正确填写票据和结算凭证的基本规定): zeros in
between are said once, `整` closes an amount without fen, and 壹拾 is written out.
"""

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")
MOST_FEN = 10**18 - 1


def capital_yuan(fen: int) -> str:
    """An amount of 0 to MOST_FEN fen in capital numerals. Raises ValueError beyond.

    >>> capital_yuan(10_000_101)
    '壹拾万零壹元零壹分'
    """
    if not 0 <= fen <= MOST_FEN:
        raise ValueError(f"{fen} fen cannot be written on a receipt")
    yuan, jiao, rest = fen // 100, fen // 10 % 10, fen % 10
    if not fen:
        return "零元整"
    text = f"{_whole(yuan)}元" if yuan else ""
    if jiao:
        text += f"{DIGITS[jiao]}角"
    elif rest and yuan:
        text += "零"
    return text + (f"{DIGITS[rest]}分" if rest else "整")


def _whole(number: int) -> str:
    """A whole number: groups of four digits, one 零 for every run of zeros between two others."""
    text, has_gap = "", False
    for power in range((len(str(number)) - 1) // 4, -1, -1):
        group = number // 10_000**power % 10_000
        if group:
            has_gap = has_gap or bool(text and group < 1000)
            text += f"{'零' if has_gap else ''}{_group(group)}{GROUPS[power]}"
            has_gap = False
        else:
            has_gap = bool(text)
    return text


def _group(number: int) -> str:
    """A number from 1 to 9999."""
    text, has_gap = "", False
    for power in (3, 2, 1, 0):
        digit = number // 10**power % 10
        if digit:
            text += f"{'零' if has_gap and text else ''}{DIGITS[digit]}{PLACES[power]}"
        has_gap = not digit
    return text
