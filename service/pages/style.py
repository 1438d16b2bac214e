"""What the style says of itself: its tokens by theme, and how well one colour reads on another.

Contrast is that of WCAG 2.2 (relative luminance, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
"""

import re
from dataclasses import dataclass

_BLOCK = re.compile(r":root\s*{([^}]*)}")
_TOKEN = re.compile(r"--([\w-]+):\s*([^;]+);?")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Names and values as the style has them; colours by theme."""

    light: dict[str, str]
    dark: dict[str, str]
    type_sizes: dict[str, str]
    spaces: dict[str, str]


def tokens_of(css: str) -> Tokens:
    """The tokens of the first two `:root` blocks: light and all else, then dark.

    ValueError when they are not there.
    """
    blocks = [dict(_TOKEN.findall(re.sub(r"/\*.*?\*/", "", b))) for b in _BLOCK.findall(css)]
    if len(blocks) < 2:
        raise ValueError("the style has no tokens for light and dark")
    first, dark = blocks[0], blocks[1]
    return Tokens(
        light={name: value for name, value in first.items() if value.startswith("#")},
        dark=dark,
        type_sizes={name: value for name, value in first.items() if name.startswith("t-")},
        spaces={name: value for name, value in first.items() if re.fullmatch(r"s\d", name)},
    )


def contrast(one: str, other: str) -> float:
    """How far two colours ('#fff' or '#ffffff') are apart: from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def guide_css(tokens: Tokens) -> str:
    """The style of the page that shows the tokens."""
    rules = [
        ".guide { display: grid; gap: var(--s4); grid-template-columns: minmax(0, 1fr) }",
        "@media (min-width: 60rem) { .guide { grid-template-columns: repeat(2, minmax(0, 1fr)) } }",
        ".theme { background: var(--paper); color: var(--ink); padding: var(--s4);"
        " border: 1px solid var(--line); border-radius: var(--r); display: flex;"
        " flex-direction: column; gap: var(--s4); min-width: 0 }",
        ".swatches { display: grid; gap: var(--s2); list-style: none; padding: 0;"
        " grid-template-columns: repeat(auto-fill, minmax(min(9rem, 100%), 1fr)) }",
        ".swatch { height: 44px; border: 1px solid var(--line); border-radius: 8px }",
    ]
    for theme, colours in (("light", tokens.light), ("dark", {**tokens.light, **tokens.dark})):
        declared = "; ".join(f"--{name}: {value}" for name, value in colours.items())
        rules.append(f".theme.{theme} {{ color-scheme: {theme}; {declared} }}")
    rules += [f".swatch.c-{name} {{ background: var(--{name}) }}" for name in tokens.light]
    rules += [f".sample.{name} {{ font-size: var(--{name}) }}" for name in tokens.type_sizes]
    rules += [
        f".space.{name} {{ width: var(--{name}); height: 1em; background: var(--accent);"
        " display: inline-block }"
        for name in tokens.spaces
    ]
    return "\n".join(rules) + "\n"
