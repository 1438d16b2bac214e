"""What a crook at the committee's computer, or a neighbour with time, would try: forged proofs.

Each forgery is as good as it can be made: where nothing but the published root can give it away,
its own sums and code fit. `reason` is the step of docs/proof-format.md at which it must fail.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from service.billing.check_proof import LEAF, NODE, ROOT
from service.billing.proof import Leaf, Tree, grow

MONTH = "2026-10"
ANNA, BEN = 3, 5
"""Two households with the same bill, in the month that is attacked."""


def salt(number: int, month: str = MONTH) -> str:
    """A salt as good as a random one, and the same in every run."""
    return hashlib.sha256(f"{month} {number}".encode()).hexdigest()[:32].upper()


def bills(month: str = MONTH) -> list[Leaf]:
    """Nine households; one has charged nothing."""
    amounts = {1: 420, 2: 0, ANNA: 1260, 4: 75, BEN: 1260, 6: 318, 7: 999, 8: 5, 9: 2048}
    return [Leaf(n, f"3-{200 + n}", salt(n, month), fen, fen * 25) for n, fen in amounts.items()]


def published() -> Tree:
    """The month as the notice shows it."""
    return grow(MONTH, bills())


@dataclass(frozen=True)
class Forgery:
    """A file, the root it is compared with, and what must be found wrong."""

    name: str
    text: str
    root: str
    reason: str


# --- a prover's tools that refuse nothing --------------------------------------------------------


def sha(*lines: str) -> str:
    return hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest().upper()


def lines_of(text: str) -> list[str]:
    return text.split()


def with_line(text: str, label: str, value: str) -> str:
    """The same file with one line written anew."""
    return "".join(
        f"{label}:{value}\n" if line.startswith(label + ":") else line + "\n"
        for line in lines_of(text)
    )


def with_neighbours(text: str, neighbours: Iterable[str]) -> str:
    """The same file with other neighbours on the way up."""
    return "".join(line + "\n" for line in [*lines_of(text)[:9], *neighbours])


def neighbours_of(text: str) -> list[str]:
    return lines_of(text)[9:]


def sealed(text: str, sums_of_leaf: tuple[int, int] | None = None) -> str:
    """The same file with total and code made to fit, whatever is in it."""
    lines = lines_of(text)
    fen, wh = sums_of_leaf or (int(n) for n in lines[5].split(":")[1:])
    place, leaves = (int(n) for n in lines[6].split(":")[1:])
    word, count, rest = f"N:{sha(*lines[:7])}:{fen}:{wh}", leaves, lines[9:]
    while count > 1:
        if place % 2 == 0 or place < count:
            other, rest = rest[0], rest[1:]
            _, _, more_fen, more_wh = other.split(":")
            fen, wh = fen + int(more_fen), wh + int(more_wh)
            pair = (other, word) if place % 2 == 0 else (word, other)
            word = f"N:{sha(NODE, *pair)}:{fen}:{wh}"
        place, count = (place + 1) // 2, (count + 1) // 2
    root = sha(ROOT, lines[1], f"LEAVES:{leaves}", word)
    code = "-".join(root[at : at + 4] for at in range(0, 32, 4))
    return with_line(with_line(text, "TOTAL", f"{fen}:{wh}"), "CODE", code)


def crooked(amounts: list[int]) -> tuple[str, int, list[str]]:
    """A tree that refuses nothing, over bills of any amount: its root, total and proofs."""
    count = len(amounts)
    leaves = [
        [LEAF, f"MONTH:{MONTH}", f"HOUSEHOLD:{at}", "DOOR:", f"SALT:{salt(at)}",
         f"BILL:{fen}:0", f"PLACE:{at}:{count}"]
        for at, fen in enumerate(amounts, 1)
    ]  # fmt: skip
    level = [(f"N:{sha(*leaf)}:{fen}:0", fen) for leaf, fen in zip(leaves, amounts, strict=True)]
    at = list(range(count))
    ways: list[list[str]] = [[] for _ in amounts]
    while len(level) > 1:
        for leaf, here in enumerate(at):
            if here ^ 1 < len(level):
                ways[leaf].append(level[here ^ 1][0])
            at[leaf] = here // 2
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) % 2 else []
        level = [(f"N:{sha(NODE, a, b)}:{x + y}:0", x + y) for (a, x), (b, y) in pairs] + odd
    (top, total), code = level[0], "-".join(["0000"] * 8)
    files = [
        sealed("\n".join([*leaf, "TOTAL:0:0", f"CODE:{code}", *way]))
        for leaf, way in zip(leaves, ways, strict=True)
    ]
    return sha(ROOT, f"MONTH:{MONTH}", f"LEAVES:{count}", top), total, files


def sealed_or(text: str) -> str:
    """Made to fit where that can be done at all."""
    try:
        return sealed(text)
    except IndexError:  # not enough neighbours for the place
        return text


def proof(tree: Tree, household: int) -> str:
    text = tree.proof_of(household)
    assert text is not None
    return text


# --- the attacks that the issue names ------------------------------------------------------------


def negative_leaves(tree: Tree) -> Iterable[Forgery]:
    """500 fen less for the total, as a neighbour that nobody lives behind."""
    text = proof(tree, ANNA)
    first, *others = neighbours_of(text)
    hashed = first.split(":")[1]
    for name, fen in (
        ("-500", "-500"), ("minus nothing", "-0"), ("as two's complement", str(2**64 - 500)),
        ("just too large", str(2**63)), ("in wide digits", "５００"),
    ):  # fmt: skip
        made = with_neighbours(text, [f"N:{hashed}:{fen}:0", *others])
        yield Forgery(f"a negative neighbour, {name}", sealed(made), tree.root, "form")
    made = sealed(with_line(text, "BILL", "-500:0"))
    yield Forgery("a negative bill of one's own", made, tree.root, "form")
    made = sealed(with_neighbours(text, [f"N:{hashed}:{2**63 - 1}:0", *others]))
    yield Forgery("a sum that another program would wrap to a negative one", made, "", "form")
    half = f"N:{hashed}:{2**62}:0"
    made = with_neighbours(text, [half, half, *others[1:]])
    yield Forgery("two halves that overflow together", made, "", "sum")
    most, wh = f"N:{hashed}:{2**63 - 1}:0", sum(int(line.split(":")[3]) for line in others[1:])
    made = with_neighbours(text, [most, most, *others[1:]])
    fen = 2 * (2**63 - 1) + 1260 + sum(int(line.split(":")[2]) for line in others[1:]) - 2**64
    made = with_line(made, "TOTAL", f"{fen}:{wh + 31500}")
    yield Forgery("a sum that comes round to a small total in 64 bits", made, "", "sum")


def dropped_households(tree: Tree) -> Iterable[Forgery]:
    """The month is published without Anna, and she is shown something all the same."""
    without = grow(MONTH, [leaf for leaf in bills() if leaf.household_id != ANNA])
    true = proof(tree, ANNA)
    yield Forgery("dropped, shown the proof of a larger tree", true, without.root, "root")
    bens = proof(without, BEN)
    taken = with_line(with_line(bens, "HOUSEHOLD", str(ANNA)), "DOOR", "3-203")
    yield Forgery("dropped, put in the place of an equal bill", taken, without.root, "code")
    salted = with_line(taken, "SALT", salt(ANNA))
    yield Forgery("dropped, in an equal bill's place with her salt", salted, without.root, "code")
    yield Forgery("dropped, with a code made to fit", sealed(salted), without.root, "root")
    behind = with_line(salted, "PLACE", f"{len(without.leaves) + 1}:{len(without.leaves) + 1}")
    yield Forgery("dropped, put behind the last", behind, without.root, "path")


def doubled_households(tree: Tree) -> Iterable[Forgery]:
    """A bill counted twice, or one leaf shown to two."""
    text = proof(tree, ANNA)
    twice = [*bills(), replace(bills()[2], household_id=77)]
    larger = grow(MONTH, twice)
    yield Forgery("doubled: the tree has one more", proof(larger, ANNA), tree.root, "root")
    first, *others = neighbours_of(text)
    own = f"N:{sha(*lines_of(text)[:7])}:1260:31500"
    made = with_neighbours(text, [own, *others])
    yield Forgery("doubled: its own neighbour", made, tree.root, "sum")
    yield Forgery("doubled: its own neighbour, fitted", sealed(made), tree.root, "root")
    bens = with_line(with_line(text, "DOOR", "3-205"), "HOUSEHOLD", str(BEN))
    yield Forgery("one leaf for two households with equal bills", bens, tree.root, "code")
    made = with_neighbours(text, [first, first, *others])
    yield Forgery("a neighbour twice", made, tree.root, "path")


def changed_totals(tree: Tree) -> Iterable[Forgery]:
    """The total on the notice is smaller than the bills."""
    text = proof(tree, ANNA)
    fen, wh = tree.amount_fen, tree.energy_wh
    for name, total in (
        ("less money", f"{fen - 500}:{wh}"), ("less energy", f"{fen}:{wh - 500}"),
        ("more money", f"{fen + 1}:{wh}"), ("money for energy", f"{wh}:{fen}"),
    ):  # fmt: skip
        yield Forgery(f"a changed total, {name}", with_line(text, "TOTAL", total), "", "sum")
    *others, last = neighbours_of(text)
    _, hashed, last_fen, last_wh = last.split(":")
    less = with_neighbours(text, [*others, f"N:{hashed}:{int(last_fen) - 5}:{last_wh}"])
    less = with_line(less, "TOTAL", f"{fen - 5}:{wh}")
    yield Forgery("a smaller half made to fit the total", less, tree.root, "code")
    yield Forgery("a smaller half, total and code", sealed(less), tree.root, "root")
    smaller = with_line(with_line(text, "BILL", "1255:31500"), "TOTAL", f"{fen - 5}:{wh}")
    yield Forgery("a smaller bill and total", smaller, tree.root, "code")


def swapped_months(tree: Tree) -> Iterable[Forgery]:
    """October's bill as November's, and the other way round."""
    other = grow("2026-11", bills("2026-11"))
    text = proof(tree, ANNA)
    yield Forgery("October's proof for November's root", text, other.root, "root")
    made = with_line(text, "MONTH", "2026-11")
    yield Forgery("October called November", made, "", "code")
    yield Forgery("October called November, fitted", sealed(made), other.root, "root")
    for month in ("2026-13", "2026-00", "2026-1", "26-10", "2026-10-01", "２０２６-10"):
        made = with_line(text, "MONTH", month)
        yield Forgery(f"no month: {month}", sealed(made), "", "form")


def guessed_salts(tree: Tree) -> Iterable[Forgery]:
    """A neighbour makes a file for Anna's door from her own, with a salt that she guessed."""
    hers = proof(tree, ANNA)
    for guess in ("0" * 32, "F" * 32, salt(BEN), salt(ANNA)[:-1] + "0", salt(ANNA)[::-1]):
        if guess != salt(ANNA):
            text = with_line(hers, "SALT", guess)
            yield Forgery(f"a guessed salt, {guess[:4]}", text, tree.root, "code")
            yield Forgery(f"a guessed salt, fitted, {guess[:4]}", sealed(text), tree.root, "root")
    for guess in (salt(ANNA)[:-1], salt(ANNA) + "0", salt(ANNA).lower(), ""):
        yield Forgery(f"no salt: {guess!r}", with_line(hers, "SALT", guess), "", "form")


# --- and more ------------------------------------------------------------------------------------


def other_paths(tree: Tree) -> Iterable[Forgery]:
    """The way up is cut, lengthened, turned round or led elsewhere."""
    text = proof(tree, ANNA)
    way = neighbours_of(text)
    place, leaves = (int(n) for n in lines_of(text)[6].split(":")[1:])
    first, second, *rest = way
    for name, neighbours in (
        ("the first cut off", way[1:]), ("the last cut off", way[:-1]), ("all cut off", []),
        ("one more", [*way, way[0]]), ("sixty-three", way[:1] * 63),
    ):  # fmt: skip
        yield Forgery(name, with_neighbours(text, neighbours), "", "path")
    yield Forgery("sixty-four", with_neighbours(text, way[:1] * 64), "", "form")
    yield Forgery("two turned round", with_neighbours(text, [second, first, *rest]), "", "code")
    other_hash = f"N:{second.split(':')[1]}:{first.split(':')[2]}:{first.split(':')[3]}"
    made = with_neighbours(text, [other_hash, second, *rest])
    yield Forgery("another's hash", made, "", "code")
    moved = [line.split(":") for line in way[:2]]
    moved[0][2], moved[1][2] = str(int(moved[0][2]) + 1), str(int(moved[1][2]) - 1)
    made = with_neighbours(text, [*(":".join(parts) for parts in moved), *rest])
    yield Forgery("a fen moved from one neighbour to the next", made, "", "code")
    beside = place - 1 if place % 2 == 0 else place + 1
    made = with_line(text, "PLACE", f"{beside}:{leaves}")
    yield Forgery("the neighbour's place: sides turned round", made, "", "code")
    for name, word in (
        ("place 0", f"0:{leaves}"), ("a place behind the last", f"{leaves + 1}:{leaves}"),
        ("a tree twice as large", f"{place}:{2 * leaves}"), ("the only bill", "1:1"),
        ("no bills", "0:0"), ("as many as there are numbers", f"1:{2**63 - 1}"),
    ):  # fmt: skip
        yield Forgery(name, with_line(text, "PLACE", word), "", "path")
    alone = proof(grow(MONTH, bills()[2:3]), ANNA)
    yield Forgery("the second of one", sealed(with_line(alone, "PLACE", "2:1")), "", "path")
    three = proof(grow(MONTH, bills()[2:5]), ANNA)
    for count in (1, 2):
        made = with_line(with_neighbours(three, way[:count]), "PLACE", "4:3")
        yield Forgery(f"the fourth of three, {count}", sealed_or(made), "", "path")
    yield Forgery("one bill more", with_line(text, "PLACE", f"{place}:{leaves + 1}"), "", "code")
    made = sealed(with_line(text, "PLACE", f"{place}:{leaves + 1}"))
    yield Forgery("one bill more, fitted", made, tree.root, "root")


def other_trees(tree: Tree) -> Iterable[Forgery]:
    """Trees of another shape over the same bills."""
    last = tree.leaves[-1]
    doubled = grow(MONTH, [*bills(), replace(last, household_id=99)])
    text = proof(doubled, last.household_id)
    yield Forgery("the odd last one doubled instead of promoted", text, tree.root, "root")
    left = [leaf for leaf in tree.leaves if leaf.household_id != ANNA][:4]
    inner = grow(MONTH, left)
    top = f"N:{sha('anything')}:{inner.amount_fen}:{inner.energy_wh}"
    few = proof(grow(MONTH, bills()[2:4]), ANNA)
    grafted = sealed(with_neighbours(few, [top]))
    yield Forgery("a graft: four bills where one should be", grafted, tree.root, "root")
    deeper = with_line(proof(inner, left[0].household_id), "PLACE", "1:2")
    yield Forgery("a graft seen from below", deeper, "", "path")
    node_as_leaf = "\n".join([NODE, *neighbours_of(few) * 2, *lines_of(few)[3:]])
    yield Forgery("an inner node as a leaf", node_as_leaf, "", "form")


def broken_texts(tree: Tree) -> Iterable[Forgery]:
    """Files that were cut, mended by hand or written by a careless program."""
    text = proof(tree, ANNA)
    lines = lines_of(text)
    for name, label, value in (
        ("a leading zero", "BILL", "01260:31500"), ("a plus", "BILL", "+1260:31500"),
        ("a decimal", "BILL", "12.60:31500"), ("a thousand sign", "BILL", "1,260:31500"),
        ("an underscore", "BILL", "1_260:31500"), ("an exponent", "BILL", "1e3:31500"),
        ("Arabic digits", "BILL", "١٢٦٠:31500"), ("no energy", "BILL", "1260"),
        ("a third number", "BILL", "1260:31500:0"), ("nothing", "HOUSEHOLD", ""),
        ("twenty digits", "HOUSEHOLD", "1" + "0" * 19), ("2^63", "HOUSEHOLD", str(2**63)),
        ("a small door", "DOOR", "3-203a"), ("a cut %", "DOOR", "%E5%8"),
        ("half a character", "DOOR", "%E5%8D"), ("an overlong character", "DOOR", "%C0%AF"),
        ("a surrogate", "DOOR", "%ED%A0%80"), ("a control character", "DOOR", "%1B%5B2J"),
        ("a NUL", "DOOR", "%00"), ("a delete", "DOOR", "%7F"), ("small hex", "DOOR", "%e5%8d%95"),
        ("a raw character", "DOOR", "3单元"), ("a door without end", "DOOR", "3" * 65),
        ("a short code", "CODE", lines[8][5:-1]), ("a small code", "CODE", lines[8][5:].lower()),
        ("a code in one piece", "CODE", lines[8][5:].replace("-", "")),
    ):  # fmt: skip
        yield Forgery(f"{label} with {name}", with_line(text, label, value), "", "form")
    for at in range(9):
        cut = "\n".join(lines[:at] + lines[at + 1 :])
        yield Forgery(f"without line {at + 1}", cut, "", "form")
        twice = "\n".join(lines[: at + 1] + lines[at:])
        yield Forgery(f"line {at + 1} twice", twice, "", "form")
    yield Forgery("two lines turned round", "\n".join([lines[0], lines[2], lines[1], *lines[3:]]),
                  "", "form")  # fmt: skip
    for name, broken in (
        ("nothing", ""), ("gaps only", " \n/\t"), ("a word behind", text + "END"),
        ("a word before", "HERE " + text), ("another version", text.replace("PROOF-1", "PROOF-2")),
        ("small letters", text.lower()), ("a NUL behind", text + "\0"),
        ("other gaps", "\f".join(lines)), ("wide gaps", "\u3000".join(lines)),
        ("a mark before", "\ufeff" + text),
        ("too long", text + " " * 20_000), ("cut at a #", text + "#"), ("JSON", '{"proof": 1}'),
    ):  # fmt: skip
        yield Forgery(f"a text with {name}", broken, "", "form")
    changed = lines[8][:-1] + ("0" if lines[8][-1] != "0" else "1")
    yield Forgery("another code", text.replace(lines[8], changed), "", "code")
    yield Forgery("another root", text, tree.root[:-1] + "x", "root")


def forgeries() -> list[Forgery]:
    """Every attack of this file."""
    tree = published()
    return [
        forgery
        for attack in (
            negative_leaves, dropped_households, doubled_households, changed_totals,
            swapped_months, guessed_salts, other_paths, other_trees, broken_texts,
        )
        for forgery in attack(tree)
    ]  # fmt: skip
