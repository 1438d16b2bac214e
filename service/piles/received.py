"""Which numbered uplinks of one boot are stored: everything up to a mark, and some above it.

It answers three questions: is this message new, what may the pile forget (`committed`), and what
is missing. The order in which messages arrive changes nothing about the answers.
"""

from dataclasses import dataclass, field

MOST_MISSING = 16
"""At most this many gaps are named to the pile (wire contract, `committed`)."""

MOST_RANGES = 512
"""A pile whose numbers leave more gaps than this is broken or hostile; see `has_room_for`."""


@dataclass(slots=True)
class Received:
    """Seqs 1..through are stored, and so are those in `above`, as disjoint closed ranges."""

    through: int = 0
    above: list[tuple[int, int]] = field(default_factory=list)

    def has(self, seq: int) -> bool:
        """Is this seq stored already?"""
        return seq <= self.through or any(low <= seq <= high for low, high in self.above)

    def has_room_for(self, seq: int) -> bool:
        """May this seq be noted without the gaps growing past all reason?"""
        return len(self.above) < MOST_RANGES or seq == self.through + 1 or self.has(seq)

    def add(self, seq: int) -> bool:
        """Note a seq as stored; False if it was already."""
        if seq == self.through + 1:
            self.through = seq
            if self.above:
                self._close_gap()
            return True
        if self.has(seq):
            return False
        self._insert(seq)
        return True

    def missing(self) -> list[int]:
        """The seqs between what is stored, lowest first, at most sixteen."""
        gaps: list[int] = []
        after = self.through
        for low, high in self.above:
            gaps.extend(range(after + 1, min(low, after + 1 + MOST_MISSING)))
            after = high
            if len(gaps) >= MOST_MISSING:
                return gaps[:MOST_MISSING]
        return gaps

    def highest(self) -> int:
        """The highest seq that is stored."""
        return self.above[-1][1] if self.above else self.through

    def _close_gap(self) -> None:
        low, high = self.above[0]
        if low == self.through + 1:
            self.through = high
            del self.above[0]

    def _insert(self, seq: int) -> None:
        place = next((i for i, (low, _) in enumerate(self.above) if seq < low), len(self.above))
        low = high = seq
        if place < len(self.above) and self.above[place][0] == seq + 1:
            high = self.above.pop(place)[1]
        if place and self.above[place - 1][1] == seq - 1:
            place -= 1
            low = self.above.pop(place)[0]
        self.above.insert(place, (low, high))

    def as_text(self) -> str:
        """For the database: '212' or '206 208-212'."""
        return " ".join([str(self.through), *(f"{low}-{high}" for low, high in self.above)])

    @classmethod
    def from_text(cls, text: str) -> "Received":
        """The reverse of as_text."""
        through, *ranges = text.split()
        pairs = [tuple(map(int, part.split("-"))) for part in ranges]
        return cls(int(through), [(low, high) for low, high in pairs])

    def copy(self) -> "Received":
        """An independent copy."""
        return Received(self.through, list(self.above))
