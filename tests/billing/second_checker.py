"""A second checker, written from docs/proof-format.md alone and sharing nothing with the first.

Where the first reads with one regular expression and climbs from the leaf, this one takes bytes
word by word and walks down from the root by the tree of RFC 6962: the largest power of two below
the count stands on the left. Both must say the same of every file.
"""

import hashlib
import sys

GAPS = frozenset(b" \t\r\n/")
DIGITS = b"0123456789"
HEX = b"0123456789ABCDEF"
DOOR = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.-"
TOO_MUCH = 1 << 63


class NoProof(Exception):  # noqa: N818 - it is not an error of this program
    """The file does not hold; the only argument is the step of the document that it failed."""


def need(condition: object, step: str) -> None:
    if not condition:
        raise NoProof(step)


def sha(*lines: bytes) -> bytes:
    h = hashlib.sha256()
    for line in lines:
        h.update(line)
        h.update(b"\n")
    return h.hexdigest().upper().encode()


class Reader:
    """Takes the words of a file one after the other."""

    def __init__(self, data: bytes):
        self.words: list[bytes] = []
        word = bytearray()
        for byte in [*data[data.rfind(b"#") + 1 :], 10]:
            if byte not in GAPS:
                word.append(byte)
            elif word:
                self.words.append(bytes(word))
                word.clear()
        self.at = 0

    def more(self) -> bool:
        return self.at < len(self.words)

    def word(self, label: bytes) -> bytes:
        need(self.more() and self.words[self.at].startswith(label), "form")
        self.at += 1
        return self.words[self.at - 1][len(label) :]

    def numbers(self, label: bytes, how_many: int = 1) -> list[int]:
        return numbers(self.word(label), how_many)


def numbers(text: bytes, how_many: int) -> list[int]:
    found = []
    for part in text.split(b":"):
        need(1 <= len(part) <= 19 and all(c in DIGITS for c in part), "form")
        need(part == b"0" or part[0] != DIGITS[0], "form")
        need(int(part) < TOO_MUCH, "form")
        found.append(int(part))
    need(len(found) == how_many, "form")
    return found


def hexed(text: bytes, length: int) -> bytes:
    need(len(text) == length and all(c in HEX for c in text), "form")
    return text


def door(text: bytes) -> str:
    out, at, marks = bytearray(), 0, 0
    while at < len(text):
        marks += 1
        if text[at] in DOOR:
            out.append(text[at])
            at += 1
            continue
        need(text[at : at + 1] == b"%", "form")
        byte = int(hexed(text[at + 1 : at + 3], 2), 16)
        need(byte >= 0x20 and byte != 0x7F, "form")
        out.append(byte)
        at += 3
    need(marks <= 64, "form")
    try:
        return out.decode()
    except UnicodeDecodeError:
        raise NoProof("form") from None


def way_down(place: int, leaves: int) -> list[str]:
    """From the root to a leaf: on which side the other half lies at each step."""
    if leaves == 1:
        return []
    left = 1 << ((leaves - 1).bit_length() - 1)
    if place <= left:
        return ["right", *way_down(place, left)]
    return ["left", *way_down(place - left, leaves - left)]


def examine(data: bytes, published_root: str = "") -> dict[str, object]:
    """The figures of a proof that holds; NoProof with 'form', 'path', 'sum', 'code' or 'root'."""
    need(len(data) <= 20_000, "form")
    read = Reader(data)
    need(read.word(b"BEIMEN-PROOF-1") == b"", "form")
    month = read.word(b"MONTH:")
    year, dash, number = month[:4], month[4:5], month[5:]
    need(len(month) == 7 and dash == b"-", "form")
    need(all(c in DIGITS for c in year + number) and 1 <= int(number) <= 12, "form")
    (household,) = read.numbers(b"HOUSEHOLD:")
    whose = door(read.word(b"DOOR:"))
    hexed(read.word(b"SALT:"), 32)
    fen, wh = read.numbers(b"BILL:", 2)
    place, leaves = read.numbers(b"PLACE:", 2)
    leaf = sha(*read.words[:7])
    totals = read.numbers(b"TOTAL:", 2)
    code = read.word(b"CODE:")
    need([len(group) for group in code.split(b"-")] == [4] * 8, "form")
    hexed(code.replace(b"-", b""), 32)
    others = []
    while read.more():
        digest, _, sums = read.word(b"N:").partition(b":")
        others.append((hexed(digest, 64), *numbers(sums, 2)))
    need(len(others) <= 63, "form")

    need(1 <= place <= leaves, "path")
    sides = way_down(place, leaves)[::-1]
    need(len(sides) == len(others), "path")
    word = b"N:%s:%d:%d" % (leaf, fen, wh)
    for side, (digest, more_fen, more_wh) in zip(sides, others, strict=True):
        other = b"N:%s:%d:%d" % (digest, more_fen, more_wh)
        pair = (other, word) if side == "left" else (word, other)
        fen, wh = fen + more_fen, wh + more_wh
        need(fen < TOO_MUCH and wh < TOO_MUCH, "sum")
        word = b"N:%s:%d:%d" % (sha(b"BEIMEN-NODE-1", *pair), fen, wh)
    need([fen, wh] == totals, "sum")
    root = sha(b"BEIMEN-ROOT-1", b"MONTH:" + month, b"LEAVES:%d" % leaves, word)
    need(root[:32] == code.replace(b"-", b""), "code")
    need(not published_root or root.decode() == published_root, "root")
    return {"month": month.decode(), "household": household, "door": whose, "leaves": leaves,
            "place": place, "total_fen": fen, "total_wh": wh, "root": root.decode()}  # fmt: skip


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        print(examine(file.read()))
