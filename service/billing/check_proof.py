"""Checks a proof of Beimen: is this bill inside the published total?

    python3 check_proof.py FILE [CODE]

This one file needs Python's standard library and nothing else, so that nobody has to trust the
compound's computer: copy it anywhere, read it, run it. Whoever would rather trust nobody's code
writes a checker of their own: docs/proof-format.md says everything that is checked here.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

LEAF, NODE, ROOT = "BEIMEN-PROOF-1", "BEIMEN-NODE-1", "BEIMEN-ROOT-1"
"""First lines of the three texts that are hashed: no text of one kind is one of another."""

LIMIT = 2**63
"""Every amount and sum is below this; from it on, the sums of other programs could wrap around."""

LONGEST = 20_000
"""Characters of a text that is looked at; the longest proof has half of that."""

LEAF_WORDS = 7
"""The first words of a proof are the leaf itself."""

_N = "(?:0|[1-9][0-9]{0,18})"
_PROOF = re.compile(
    rf"{LEAF}"
    r"/MONTH:(?P<month>[0-9]{4}-(?:0[1-9]|1[0-2]))"
    rf"/HOUSEHOLD:(?P<household>{_N})"
    r"/DOOR:(?P<door>(?:[0-9A-Z.-]|%(?:[2-689A-F][0-9A-F]|7[0-9A-E])){0,64})"
    r"/SALT:[0-9A-F]{32}"
    rf"/BILL:(?P<fen>{_N}):(?P<wh>{_N})"
    rf"/PLACE:(?P<place>{_N}):(?P<leaves>{_N})"
    rf"/TOTAL:(?P<total_fen>{_N}):(?P<total_wh>{_N})"
    r"/CODE:(?P<code>[0-9A-F]{4}(?:-[0-9A-F]{4}){7})"
    rf"(?P<path>(?:/N:[0-9A-F]{{64}}:{_N}:{_N}){{0,63}})"
)

REASONS = {
    "form": (
        "这不是一份完整的账单证明：有内容缺失、多余或被改动。请重新获取文件。",
        "This is not a whole proof: something is missing, too much or changed. Fetch it again.",
    ),
    "path": (
        "证明的层数与它在账单中的位置不符：有一行缺失或多余。",
        "The proof has not as many steps as its place asks for: a line is missing or too much.",
    ),
    "sum": (
        "各行相加与证明上写的总数不符。",
        "The lines do not sum to the total that the proof names.",
    ),
    "code": (
        "核对码算出来不一样：证明里有内容被改动。",
        "The code comes out differently: something in the proof was changed.",
    ),
    "root": (
        "这份证明属于另一个总数，不是您给的核对码所代表的总数。请保留文件，向业主委员会询问。",
        "This proof belongs to another total than the code you gave. Keep it, ask the committee.",
    ),
    "published": (
        "您给的核对码不是 32 位（或完整的 64 位）数字与字母 A 到 F。",
        "The code you gave is not 32 (or all 64) digits and letters A to F.",
    ),
}


class ProofError(ValueError):
    """A proof that does not hold; `reason` is a key of REASONS."""

    def __init__(self, reason: str):
        super().__init__(REASONS[reason][1])
        self.reason = reason


class Node(NamedTuple):
    """A place in the tree: its hash, and the sums of every bill below it in fen and Wh."""

    digest: str
    amount_fen: int
    energy_wh: int

    @property
    def line(self) -> str:
        """The node as it is written and hashed."""
        return f"N:{self.digest}:{self.amount_fen}:{self.energy_wh}"


class Checked(NamedTuple):
    """What a proof shows once everything in it fits. `root` has 64 digits."""

    month: str
    household: int
    door: str
    amount_fen: int
    energy_wh: int
    place: int
    leaves: int
    total_fen: int
    total_wh: int
    root: str


def check(text: str, published: str = "") -> Checked:
    """Follow a proof from its leaf to the root. `published`: the code of the notice, if at hand.

    Raises ProofError with the first thing that does not hold.
    """
    words = words_of(text)
    found = _PROOF.fullmatch("/".join(words))
    if found is None:
        raise ProofError("form")
    try:
        door = unquote(found["door"], errors="strict")
    except UnicodeDecodeError:
        raise ProofError("form") from None
    household, fen, wh, place, leaves, total_fen, total_wh = (
        _number(found[name])
        for name in ("household", "fen", "wh", "place", "leaves", "total_fen", "total_wh")
    )
    path = [_node(word) for word in words[LEAF_WORDS + 2 :]]
    top = climb(Node(digest(words[:LEAF_WORDS]), fen, wh), place, leaves, path)
    if (top.amount_fen, top.energy_wh) != (total_fen, total_wh):
        raise ProofError("sum")
    root = root_of(found["month"], leaves, top)
    if code_of(root) != found["code"]:
        raise ProofError("code")
    if published and not root.startswith(_hex_of(published)):
        raise ProofError("root")
    return Checked(
        found["month"], household, door, fen, wh, place, leaves, total_fen, total_wh, root
    )


def climb(leaf: Node, place: int, leaves: int, path: list[Node]) -> Node:
    """The top of the tree, from a leaf and its neighbours on the way up. Raises ProofError."""
    if not 1 <= place <= leaves:
        raise ProofError("path")
    on_the_left = neighbours(place, leaves)
    if len(on_the_left) != len(path):
        raise ProofError("path")
    top = leaf
    for is_left, neighbour in zip(on_the_left, path):  # noqa: B905 - copied to older Pythons too
        top = above(neighbour, top) if is_left else above(top, neighbour)
        if top.amount_fen >= LIMIT or top.energy_wh >= LIMIT:
            raise ProofError("sum")
    return top


def neighbours(place: int, leaves: int) -> list[bool]:
    """For each neighbour on the way up, whether it stands on the left.

    A place with an even number has its neighbour on the left, one with an odd number on the right,
    unless it is the last: then it goes up alone. Place and count are halved, rounded up.
    """
    sides = []
    while leaves > 1:
        if place % 2 == 0 or place < leaves:
            sides.append(place % 2 == 0)
        place, leaves = (place + 1) // 2, (leaves + 1) // 2
    return sides


def above(left: Node, right: Node) -> Node:
    """The node over two others. Each one's own sums are hashed: hashing only what they make
    together would let a prover tell either side a different story about the other."""
    return Node(
        digest((NODE, left.line, right.line)),
        left.amount_fen + right.amount_fen,
        left.energy_wh + right.energy_wh,
    )


def root_of(month: str, leaves: int, top: Node) -> str:
    """The published root: month, number of bills and both totals, in one hash."""
    return digest((ROOT, f"MONTH:{month}", f"LEAVES:{leaves}", top.line))


def code_of(root: str) -> str:
    """What people compare: the first half of the root, in groups of four."""
    return "-".join(root[start : start + 4] for start in range(0, 32, 4))


def digest(lines: list[str] | tuple[str, ...]) -> str:
    """SHA-256 of lines that each end with one line feed, as 64 digits 0-9 A-F."""
    return hashlib.sha256(("\n".join(lines) + "\n").encode("ascii")).hexdigest().upper()


def words_of(text: str) -> list[str]:
    """The words of a proof, however it was copied: as a file, in one line, or behind a '#'."""
    if len(text) > LONGEST:
        raise ProofError("form")
    text = text.rpartition("#")[2].strip(" \t\r\n/")
    return re.split(r"[ \t\r\n/]+", text)


def _node(word: str) -> Node:
    _, hexed, fen, wh = word.split(":")
    return Node(hexed, _number(fen), _number(wh))


def _number(digits: str) -> int:
    if int(digits) >= LIMIT:
        raise ProofError("form")
    return int(digits)


def _hex_of(published: str) -> str:
    plain = re.sub(r"[ -]", "", published.strip()).upper()
    if not re.fullmatch(r"[0-9A-F]{32}|[0-9A-F]{64}", plain):
        raise ProofError("published")
    return plain


def in_words(found: Checked, compared: bool) -> str:
    """What was checked, in Chinese and in English."""
    bill, energy = _yuan(found.amount_fen), _kwh(found.energy_wh)
    total, whole = _yuan(found.total_fen), _kwh(found.total_wh)
    door = "".join(c if c.isprintable() else "?" for c in found.door) or "-"
    code = code_of(found.root)
    then = (
        ("与您给的核对码一致。", "It is the code you gave.")
        if compared
        else (
            "请把合计与核对码同单元门口的公告逐组对照；都相同，您的账单就在公布的总数之内：",
            "Compare this total and this code with the notice at your entrance; if both are "
            "the same, the published total holds your bill:",
        )
    )
    return (
        f"门号 {door}（编号 {found.household}），{found.month}：您的账单 {bill} 元、{energy} 度，"
        f"在 {found.leaves} 份账单、合计 {total} 元、{whole} 度的总数之内"
        f"（第 {found.place} 份）。{then[0]}\n"
        f"Door {door} (number {found.household}), {found.month}: your bill of {bill} yuan and "
        f"{energy} kWh is inside the total of {found.leaves} bills, {total} yuan and {whole} kWh "
        f"(place {found.place}). {then[1]}\n"
        f"{code}"
    )


def _yuan(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}"


def _kwh(energy_wh: int) -> str:
    return f"{energy_wh // 1000:,}.{energy_wh % 1000:03d}"


def run(name: str, published: str = "") -> tuple[bool, str]:
    """Check a file ('-': what is typed in); whether it holds, and what to tell the person."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        return False, f"{name}: {error.strerror}"
    try:
        found = check(data.decode("utf-8", errors="replace"), published)
    except ProofError as error:
        return False, "\n".join(REASONS[error.reason])
    return True, in_words(found, bool(published))


def main(words: list[str]) -> int:
    """The command: 0 when the proof holds, 1 when it does not, 2 when asked wrongly."""
    if len(words) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    holds, said = run(*words)
    print(said, file=sys.stdout if holds else sys.stderr)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
