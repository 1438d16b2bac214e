"""Do the papers of the desk still say what was signed? Part of `beimen verify`.

The ledger seals a digest of every entry by hand; here it is worked out again from what is kept
beside the ledger: the entry, the registers of a grid bill, the paper, and both signatures.
"""

import hashlib
from collections.abc import Iterable, Iterator

from service.billing.actions import entry_of
from service.billing.facts import of_hand_entry
from service.billing.ledger import Cause, Entry
from service.desk import written
from service.desk.actions.written import approved, paper
from service.desk.records.written import entries_by_hand, papers
from service.desk.written import Hand, Kind
from service.store import UnitOfWork
from service.words import N_, Sentence

_GONE = N_("{number} says it is entry {entry} of the ledger, which is not so.")
_CHANGED = N_("{number} was changed: entry {entry} of the ledger sealed something else.")
_OTHER_MONEY = N_("{number} moves other amounts than entry {entry} of the ledger.")
_ALONE = N_("{number} (entry {entry}) was signed by one person only.")
_NOBODY = N_("Entry {entry} ({ref}) was written by hand, but what was signed is gone.")
_PAPER_CHANGED = N_("The paper {paper} is not the one that was kept under this name.")
_PAPER_GONE = N_("The paper of {number} (entry {entry}) is gone.")


def misfits(uow: UnitOfWork) -> list[Sentence]:
    """Everything that does not fit between the ledger, the entries by hand and their papers."""
    hands = approved(uow)
    names = set(papers(uow))
    found = [sentence for hand in hands for sentence in _of_hand(uow, hand, names)]
    known = {hand.entry_id for hand in hands}
    for entry, _, ref in entries_by_hand(uow):
        if entry not in known:
            found.append(Sentence(_NOBODY, {"entry": entry, "ref": ref}))
    return [*found, *_of_papers(uow, sorted(names))]


def _of_hand(uow: UnitOfWork, hand: Hand, names: Iterable[str]) -> Iterator[Sentence]:
    values = {"number": hand.number, "entry": hand.entry_id}
    entry = entry_of(uow, hand.entry_id or 0)
    if entry is None or not _is_of(hand, entry):
        yield Sentence(_GONE, values)
        return
    by = hand.decided_by or 0
    if by in (0, hand.written_by) or entry.draft.written_by != written.people_of(hand, by):
        yield Sentence(_ALONE, values)
    if of_hand_entry(written.figures_of(hand, by)) != entry.draft.facts:
        yield Sentence(_CHANGED, values)
    elif (
        hand.wish.kind is not Kind.COUNTER
        and written.postings_of(hand.wish) != entry.draft.postings
    ):
        yield Sentence(_OTHER_MONEY, values)
    if hand.voucher_sha256 is not None and hand.voucher_sha256 not in names:
        yield Sentence(_PAPER_GONE, values)


def _is_of(hand: Hand, entry: Entry) -> bool:
    """Whether the entry says that it is because of this one."""
    draft, wish = entry.draft, hand.wish
    if wish.kind is Kind.COUNTER:
        return (draft.cause, draft.counter_of) == (Cause.COUNTER, wish.counter_of)
    cause = Cause.PAYMENT if wish.kind is Kind.PAYMENT else Cause.VOUCHER
    return (draft.cause, draft.cause_ref) == (cause, hand.number)


def _of_papers(uow: UnitOfWork, names: Iterable[str]) -> Iterator[Sentence]:
    for name in names:
        row = paper(uow, name)
        if row is not None and _name_of(row.content) != name:
            yield Sentence(_PAPER_CHANGED, {"paper": name[:12]})
        if row is not None:
            uow.session.expunge(row)  # one paper in memory at a time


def _name_of(content: object) -> str:
    """What a content would be called; whoever writes by hand into SQLite may leave a text there."""
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else ""
