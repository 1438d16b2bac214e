"""The proof that every bill is inside the published total: a Merkle sum tree over a month's bills.

Each bill is a leaf, each node above holds the hash and the sums of what is below it, and the root
is published. A household gets the nodes beside its way up (its proof) and can add and hash them
itself. Whoever checks can be sure that the published total is at least the sum of all bills that
were checked: a bill left out, a negative one or a smaller total would break somebody's proof.

The texts that are hashed are those of `check_proof.py`; `docs/proof-format.md` is for everyone.
Every leaf has a salt of its own, so nobody can guess a neighbour's bill and try it, and leaves
stand in an order made from the salts, so a place says nothing about a door.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.billing.check_proof import LEAF, LIMIT, NODE, code_of, root_of
from service.billing.check_proof import Node as Checkable

SALT_BYTES = 16
NOTHING = "0" * 64
"""What stands in the place of the top's hash in a month without a bill."""

_SALT = re.compile(r"[0-9A-F]{32}")
_NOT_PLAIN = re.compile(r"[^0-9A-Z.-]")

Node = tuple[str, int, int]
"""A node's line as it is hashed, and its sums in fen and Wh."""


class TreeError(ValueError):
    """Bills that cannot be proven: negative, too large, doubled, or without a proper salt."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a month's tree says of one household; the salt as 32 digits 0-9 A-F."""

    household_id: int
    door: str
    salt: str
    amount_fen: int
    energy_wh: int


@dataclass(frozen=True, slots=True)
class Tree:
    """A month's tree: its leaves in their places, and every level from the leaves to the top."""

    month: str
    leaves: tuple[Leaf, ...]
    levels: tuple[Sequence[Node], ...]
    places: dict[int, int]
    root: str

    @property
    def amount_fen(self) -> int:
        """The total of all bills, in fen."""
        return self.levels[-1][0][1] if self.leaves else 0

    @property
    def energy_wh(self) -> int:
        """The total of all bills, in Wh."""
        return self.levels[-1][0][2] if self.leaves else 0

    @property
    def code(self) -> str:
        """What people compare with the notice."""
        return code_of(self.root)

    def proof_of(self, household_id: int) -> str | None:
        """A household's proof as the text of its file; None if it has no bill in this month."""
        at = self.places.get(household_id)
        if at is None:
            return None
        lines = _leaf_lines(self.month, self.leaves[at], at + 1, len(self.leaves))
        lines += f"TOTAL:{self.amount_fen}:{self.energy_wh}\nCODE:{self.code}\n"
        for level in self.levels[:-1]:
            beside = at ^ 1
            if beside < len(level):
                lines += level[beside][0] + "\n"
            at //= 2
        return lines


def grow(month: str, leaves: Iterable[Leaf]) -> Tree:
    """The tree of a month, in time that grows with the number of leaves; any order gives the same.

    Raises TreeError for leaves that no honest month has.
    """
    placed = sorted(leaves, key=_order)
    places = {leaf.household_id: at for at, leaf in enumerate(placed)}
    if len(places) != len(placed):
        raise TreeError("a household has two bills in one month")
    levels: list[Sequence[Node]] = [
        [_leaf_node(month, leaf, at, len(placed)) for at, leaf in enumerate(placed, 1)]
    ]
    while len(levels[-1]) > 1:
        levels.append(_level_above(levels[-1]))
    fen, wh = (levels[-1][0][1], levels[-1][0][2]) if placed else (0, 0)
    if fen >= LIMIT or wh >= LIMIT:
        raise TreeError("the bills sum to more than any account can hold")
    top = levels[-1][0][0].split(":")[1] if placed else NOTHING
    root = root_of(month, len(placed), Checkable(top, fen, wh))
    return Tree(month, tuple(placed), tuple(levels), places, root)


def link_text(proof: str) -> str:
    """A proof in one line, to stand behind the '#' of an address or in a QR code."""
    return "/".join(proof.split())


def _order(leaf: Leaf) -> tuple[bytes, int]:
    return hashlib.sha256(leaf.salt.encode()).digest(), leaf.household_id


def _leaf_lines(month: str, leaf: Leaf, place: int, leaves: int) -> str:
    return (
        f"{LEAF}\nMONTH:{month}\nHOUSEHOLD:{leaf.household_id}\nDOOR:{door_word(leaf.door)}\n"
        f"SALT:{leaf.salt}\nBILL:{leaf.amount_fen}:{leaf.energy_wh}\nPLACE:{place}:{leaves}\n"
    )


def door_word(door: str) -> str:
    """A door in characters that a file, an address and a small QR code all carry unharmed."""
    return _NOT_PLAIN.sub(lambda found: "".join(f"%{b:02X}" for b in found[0].encode()), door)


def _leaf_node(month: str, leaf: Leaf, place: int, leaves: int) -> Node:
    fen, wh = leaf.amount_fen, leaf.energy_wh
    if not (0 <= fen < LIMIT and 0 <= wh < LIMIT and leaf.household_id >= 0):
        raise TreeError("a bill is negative or larger than any account can hold")
    if not _SALT.fullmatch(leaf.salt):
        raise TreeError("a bill has no proper salt, so a neighbour could guess it")
    text = _leaf_lines(month, leaf, place, leaves)
    return f"N:{hashlib.sha256(text.encode()).hexdigest().upper()}:{fen}:{wh}", fen, wh


def _level_above(below: Sequence[Node]) -> list[Node]:
    """Two and two make one; a last odd one goes up as it is, so nothing is doubled or padded."""
    level = []
    for (left, left_fen, left_wh), (right, right_fen, right_wh) in zip(
        below[::2], below[1::2], strict=False
    ):
        text = f"{NODE}\n{left}\n{right}\n".encode()
        fen, wh = left_fen + right_fen, left_wh + right_wh
        level.append((f"N:{hashlib.sha256(text).hexdigest().upper()}:{fen}:{wh}", fen, wh))
    if len(below) % 2:
        level.append(below[-1])
    return level
