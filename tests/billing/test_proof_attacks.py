"""Attacks on the published total: each is caught, by two checkers that share no line.

The browser's checker goes through the same table in tests/browser/test_check_page.py.
"""

import hashlib
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.billing.check_proof import LIMIT, ProofError, check, code_of
from service.billing.proof import Leaf, Tree, TreeError, grow, link_text
from tests.billing import second_checker
from tests.billing.forged import (
    ANNA,
    BEN,
    MONTH,
    Forgery,
    bills,
    crooked,
    forgeries,
    lines_of,
    neighbours_of,
    proof,
    published,
    salt,
    sealed,
    sha,
)


def first(text: str, root: str = "") -> str:
    """What the first checker answers: a reason, or the root that a proof leads to."""
    try:
        found = check(text)
    except ProofError as error:
        return error.reason
    return "root" if root and found.root != root else found.root


def second(text: str, root: str = "") -> str:
    try:
        return str(second_checker.examine(text.encode(), root)["root"])
    except second_checker.NoProof as no:
        return str(no)


CHECKERS = pytest.mark.parametrize("checker", [first, second])


@CHECKERS
@pytest.mark.parametrize("forgery", forgeries(), ids=lambda forgery: forgery.name)
def test_every_forgery_is_caught_at_the_step_that_the_document_names(checker, forgery: Forgery):
    assert checker(forgery.text, forgery.root) == forgery.reason


@CHECKERS
def test_every_honest_proof_holds_however_it_was_copied(checker):
    tree = published()
    for leaf in tree.leaves:
        text = proof(tree, leaf.household_id)
        for copy in (
            text,
            text.replace("\n", "\r\n"),
            f"\n\n  {text}\t",
            link_text(text),
            f"https://beimen.example/check#{link_text(text)}",
        ):
            assert checker(copy, tree.root) == tree.root


# --- laws ----------------------------------------------------------------------------------------

amounts = st.integers(0, 10**6) | st.just(0) | st.integers(0, 2**57)
doors = st.text("0123456789ABZ-单元室 /#%~äß", max_size=8)
households = st.lists(st.tuples(amounts, amounts, doors), min_size=1, max_size=33)


def month_of(figures: list[tuple[int, int, str]]) -> Tree:
    leaves = (
        Leaf(number, door, salt(number), fen, wh) for number, (fen, wh, door) in enumerate(figures)
    )
    return grow(MONTH, leaves)


@settings(max_examples=60)
@given(households)
def test_every_proof_of_any_month_holds_and_the_bills_sum_to_the_total(figures):
    tree = month_of(figures)
    found = [check(proof(tree, number), tree.code) for number in range(len(figures))]
    for number, (fen, wh, door) in enumerate(figures):
        one = found[number]
        assert (one.household, one.door, one.amount_fen, one.energy_wh) == (number, door, fen, wh)
        assert second(proof(tree, number)) == one.root == tree.root
    assert {one.total_fen for one in found} == {sum(one.amount_fen for one in found)}
    assert {one.total_wh for one in found} == {sum(one.energy_wh for one in found)}
    assert sorted(one.place for one in found) == list(range(1, len(figures) + 1))


@settings(max_examples=150)
@given(households, st.data())
def test_any_single_changed_character_in_any_proof_is_found(figures, data):
    tree = month_of(figures)
    text = proof(tree, data.draw(st.integers(0, len(figures) - 1)))
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters() | st.sampled_from("0123456789ABCDEF-:%/\n #"))
    changed = text[:at] + other + text[at + 1 :]
    answer = first(changed)
    if link_text(changed) == link_text(text):
        assert answer == tree.root, "one gap for another is no change"
    else:
        assert answer in ("form", "path", "sum", "code")
    if not "\ud800" <= other <= "\udfff":  # no file holds half a character
        assert second(changed) == answer


@settings(max_examples=60)
@given(households, st.data())
def test_any_single_changed_bit_of_a_proof_is_found(figures, data):
    tree = month_of(figures)
    text = bytearray(proof(tree, data.draw(st.integers(0, len(figures) - 1))).encode())
    at, bit = data.draw(st.integers(0, len(text) - 2)), data.draw(st.integers(0, 7))
    text[at] ^= 1 << bit
    with pytest.raises(second_checker.NoProof):
        second_checker.examine(bytes(text))
    assert first(text.decode("utf-8", errors="replace")) in ("form", "path", "sum", "code")


@given(st.integers(0, 63), st.sampled_from("0123456789ABCDEF"))
def test_any_single_changed_digit_of_a_root_is_found(at: int, digit: str):
    tree = published()
    changed = tree.root[:at] + digit + tree.root[at + 1 :]
    expected = tree.root if changed == tree.root else "root"
    assert first(proof(tree, ANNA), changed) == second(proof(tree, ANNA), changed) == expected


@settings(max_examples=100)
@given(st.lists(st.integers(-5000, 5000), min_size=1, max_size=20))
def test_whatever_a_crook_makes_the_total_is_at_least_what_the_convinced_pay(amounts):
    """The promise. Bills may be invented, negative and arranged at will; who checks is told so."""
    root, total, files = crooked(amounts)
    convinced = [first(text, root) == root for text in files]
    assert convinced == [second(text, root) == root for text in files]
    if any(convinced):
        paid = sum(fen for fen, is_sure in zip(amounts, convinced, strict=True) if is_sure)
        assert paid <= total
    if min(amounts) >= 0:
        assert all(convinced)


# --- one attack at a time, told ------------------------------------------------------------------


def test_no_month_is_proven_with_a_negative_doubled_or_unsalted_bill():
    honest = bills()
    for bad, reason in (
        (Leaf(10, "", salt(10), -1, 0), "negative"),
        (Leaf(10, "", salt(10), 0, -1), "negative"),
        (Leaf(10, "", salt(10), LIMIT, 0), "larger than"),
        (Leaf(-1, "", salt(10), 0, 0), "negative"),
        (Leaf(10, "", "", 0, 0), "salt"),
        (Leaf(10, "", salt(10).lower(), 0, 0), "salt"),
        (Leaf(ANNA, "", salt(10), 0, 0), "two bills"),
    ):
        with pytest.raises(TreeError, match=reason):
            grow(MONTH, [*honest, bad])
    halves = [Leaf(n, "", salt(n), LIMIT // 2, 0) for n in (1, 2)]
    with pytest.raises(TreeError, match="sum to more"):
        grow(MONTH, halves)


def test_two_households_with_equal_bills_are_never_shown_the_same_leaf():
    tree = published()
    anna, ben = check(proof(tree, ANNA)), check(proof(tree, BEN))
    assert (anna.amount_fen, anna.energy_wh) == (ben.amount_fen, ben.energy_wh)
    assert (anna.door, ben.door) == ("3-203", "3-205")
    assert anna.place != ben.place
    assert lines_of(proof(tree, ANNA))[:7] != lines_of(proof(tree, BEN))[:7]


def test_a_total_that_holds_one_bill_only_convinces_where_sums_are_hashed_together_and_not_here():
    """The attack on Maxwell's tree (eprint.iacr.org/2018/1139), and why it fails here."""

    def maxwell(left: str, right: str, total: int) -> str:
        return sha(f"{total}", left, right)

    anna, ben = ("a", 1260), ("b", 1260)
    told = maxwell(anna[0], ben[0], 1260)
    assert told == maxwell(anna[0], ben[0], anna[1] + 0), "Anna is told that Ben owes nothing"
    assert told == maxwell(anna[0], ben[0], 0 + ben[1]), "and Ben that Anna owes nothing"

    tree = grow(MONTH, [leaf for leaf in bills() if leaf.household_id in (ANNA, BEN)])
    roots = set()
    for household in (ANNA, BEN):
        text = proof(tree, household)
        hashed = neighbours_of(text)[0].split(":")[1]
        story = "\n".join([*lines_of(text)[:9], f"N:{hashed}:0:0"])
        roots.add(check(sealed(story)).root)
        assert check(sealed(story)).total_fen == 1260
    assert len(roots) == 2, "no notice shows both codes"
    assert tree.root not in roots


def confirmed(text: str, salts: list[str]) -> list[str]:
    """A nosy household tries every door and salt on its neighbour's hash."""
    lines = lines_of(text)
    place, leaves = (int(n) for n in lines[6].split(":")[1:])
    beside = place - 1 if place % 2 == 0 else place + 1
    _, hashed, fen, wh = lines[9].split(":")
    return [
        f"3-{200 + number}"
        for number in range(1, 10)
        for guess in salts
        if hashed
        == sha(
            lines[0], lines[1], f"HOUSEHOLD:{number}", f"DOOR:3-{200 + number}", f"SALT:{guess}",
            f"BILL:{fen}:{wh}", f"PLACE:{beside}:{leaves}",
        )
    ]  # fmt: skip


def test_who_guesses_a_neighbours_salt_does_not_learn_whose_bill_stands_beside_her_own():
    weak = [f"{number:032X}" for number in range(256)]
    drawn = random.Random(1).sample(weak, 9)
    careless = grow(
        MONTH, [Leaf(n, f"3-{200 + n}", drawn[n - 1], 100 * n, 5) for n in range(1, 10)]
    )
    caught = [confirmed(proof(careless, n), weak) for n in range(1, 9)]
    assert any(caught), "with salts of one byte it would work, so the attack is a real one"
    tree = published()
    for household in range(1, 10):
        assert confirmed(proof(tree, household), [*weak, *drawn]) == []


def test_the_order_of_the_leaves_says_nothing_about_doors_or_bills_and_is_new_each_month():
    orders = []
    for month in ("2026-09", "2026-10", "2026-11"):
        tree = grow(month, bills(month))
        orders.append([leaf.household_id for leaf in tree.leaves])
        assert tree.root == grow(month, reversed(bills(month))).root
        digests = [hashlib.sha256(leaf.salt.encode()).hexdigest() for leaf in tree.leaves]
        assert all(one < other for one, other in pairwise(digests))
    assert len({tuple(order) for order in orders}) == 3
    richer = [Leaf(**{**vars_of(leaf), "amount_fen": 7, "door": "X"}) for leaf in bills()]
    assert [leaf.household_id for leaf in grow(MONTH, richer).leaves] == orders[1]


def vars_of(leaf: Leaf) -> dict[str, object]:
    return {name: getattr(leaf, name) for name in Leaf.__slots__}


def test_months_of_every_size_have_trees_of_their_own():
    roots = [grow(MONTH, bills()[:count]).root for count in range(10)]
    assert len(set(roots)) == 10
    assert len({code_of(root) for root in roots}) == 10
