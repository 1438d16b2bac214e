"""The proof of a month: made with its statements, handed to households, gone through by verify."""

from collections.abc import Iterator, Sequence
from secrets import token_bytes

from service.billing.facts import StatementFigures
from service.billing.proof import SALT_BYTES, Leaf, Tree, TreeError, grow
from service.billing.records import ProofLeaf, ProofRoot
from service.billing.records.publishing import bills_to_prove, proof_root, proven_bills
from service.billing.records.queries import add_rows
from service.store import UnitOfWork
from service.words import N_, Sentence


class BrokenProofError(RuntimeError):
    """The stored bills no longer lead to the published root: the books were changed."""


def write_proof(uow: UnitOfWork, month: str) -> ProofRoot:
    """Make the leaves and the root of a month whose statements have just been written.

    Every leaf gets a new secret salt, so this is done once, with the statements, and kept.
    """
    leaves = [
        Leaf(bill.household_id, bill.door or "", _new_salt(), bill.amount_fen, bill.energy_wh)
        for bill in bills_to_prove(uow, month)
    ]
    tree = grow(month, leaves)
    rows = [
        {
            "month": month,
            "household_id": leaf.household_id,
            "door": leaf.door,
            "salt": leaf.salt,
        }
        for leaf in sorted(leaves, key=lambda leaf: leaf.household_id)
    ]
    add_rows(uow, ProofLeaf, rows)
    root = ProofRoot(
        month=month,
        root=tree.root,
        leaves=len(leaves),
        amount_fen=tree.amount_fen,
        energy_wh=tree.energy_wh,
    )
    uow.insert(root)
    return root


def root_of(uow: UnitOfWork, month: str) -> ProofRoot | None:
    """The root of a month; None while its statements are not written."""
    return proof_root(uow, month)


def tree_of(uow: UnitOfWork, month: str) -> Tree | None:
    """A month's whole tree, for all proofs at once; None while its statements are not written.

    Raises BrokenProofError rather than hand out proofs that lead to another root.
    """
    root = proof_root(uow, month)
    if root is None:
        return None
    tree = _grown(uow, month)
    if tree.root != root.root:
        raise BrokenProofError(f"the bills of {month} do not lead to its root; run beimen verify")
    return tree


def proof_of(uow: UnitOfWork, month: str, household_id: int) -> str | None:
    """The text of a household's proof; None if it has no bill, or none is written yet.

    Raises BrokenProofError (see tree_of).
    """
    tree = tree_of(uow, month)
    return None if tree is None else tree.proof_of(household_id)


def proof_misfits(
    uow: UnitOfWork, month: str, figures: Sequence[StatementFigures]
) -> Iterator[Sentence]:
    """What is wrong with the proof of a month whose statements say `figures`."""
    values = {"month": month}
    root = proof_root(uow, month)
    if root is None:
        yield Sentence(N_("The root of the proofs of {month} is gone."), values)
        return
    try:
        tree = _grown(uow, month)
    except TreeError:
        yield Sentence(N_("The proofs of {month} cannot be made from its statements."), values)
        return
    if tree.root != root.root or set(tree.places) != {one.household_id for one in figures}:
        message = N_("The statements of {month} do not lead to its published root.")
        yield Sentence(message, values)
    told = (root.leaves, root.amount_fen, root.energy_wh)
    if told != (len(tree.leaves), tree.amount_fen, tree.energy_wh):
        message = N_("The totals beside the root of {month} are not those of its statements.")
        yield Sentence(message, values)


def _grown(uow: UnitOfWork, month: str) -> Tree:
    return grow(month, (Leaf(*bill) for bill in proven_bills(uow, month)))


def _new_salt() -> str:
    return token_bytes(SALT_BYTES).hex().upper()
