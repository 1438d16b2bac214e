"""What the archive of a month is made from: one look at the books, entries a batch at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import tzinfo

from service.billing.actions.closing import State
from service.billing.actions.posting import load_entries
from service.billing.actions.proving import BrokenProofError, tree_of
from service.billing.actions.reading import load_blocks
from service.billing.actions.tariffs import tariff_versions
from service.billing.facts import StatementFigures
from service.billing.ledger import Account, Cause, Entry
from service.billing.months import is_month
from service.billing.outcomes import Refused
from service.billing.proof import Tree
from service.billing.records import LedgerEntry
from service.billing.records.archive import (
    entries_between,
    entries_of_month,
    first_entry_of,
    moved_by_cause,
    sessions_of,
    totals_before,
)
from service.billing.records.closing import account_text, close_of, written_figures
from service.billing.records.queries import entry_for
from service.billing.statement import SessionBlock
from service.billing.tariff import TariffVersion
from service.store import UnitOfWork
from service.words import N_, Sentence

PASSES = 6
"""How often the entries of a month are gone through: corrections, text, lines, payments, seals,
sessions. A pass costs little, and memory stays the same however long the month was."""


@dataclass(slots=True)
class Source:
    """The books as one published month sees them."""

    uow: UnitOfWork
    month: str
    zone: tzinfo
    tell: Callable[[float], None]
    first: int
    close: Entry
    figures: list[StatementFigures]
    tree: Tree
    account: str
    seen: int = field(default=0)

    @property
    def households(self) -> list[int]:
        """Everybody who has a statement."""
        return [one.household_id for one in self.figures]

    def entries(self) -> Iterator[Entry]:
        """The entries that count in the month, in their order."""
        for batch in entries_of_month(self.uow, self.month):
            self._step(len(batch))
            yield from load_entries(self.uow, batch)

    def sessions(self) -> Iterator[tuple[Entry, SessionBlock | None]]:
        """The same, with the session that an entry bills."""
        for batch in entries_of_month(self.uow, self.month):
            self._step(len(batch))
            rows = sessions_of(self.uow, [row.id for row in batch])
            blocks = {block.entry_id: block for block in load_blocks(self.uow, rows)}
            for entry in load_entries(self.uow, batch):
                yield entry, blocks.get(entry.id)

    def chain(self) -> Iterator[Entry]:
        """The stretch of the chain from the month's first entry to the one that closed it; entries
        that count in other months lie in between, and the chain cannot be followed without them."""
        for batch in entries_between(self.uow, self.first, self.close.id):
            self._step(len(batch))
            yield from load_entries(self.uow, batch)

    def opening(self) -> dict[tuple[Account, int | None], int]:
        """What each account, and each household, stood at when the month began, in fen."""
        found = totals_before(self.uow, self.month)
        return {(Account(name), household): fen for (name, household), fen in found.items()}

    def moved(self) -> dict[tuple[Cause, Account], int]:
        """What each cause moved on each account in the month, in fen."""
        found = moved_by_cause(self.uow, self.month)
        return {(Cause(cause), Account(name)): fen for (cause, name), fen in found.items()}

    def tariffs(self) -> list[tuple[TariffVersion, LedgerEntry]]:
        """The tariff versions that were published when the month was, each with its entry."""
        entries = [
            (version, entry_for(self.uow, Cause.TARIFF, str(version.id)))
            for version in tariff_versions(self.uow)
        ]
        return [
            (version, entry)
            for version, entry in entries
            if entry is not None and entry.id < self.close.id
        ]

    def _step(self, count: int) -> None:
        self.seen += count
        self.tell(min(1.0, self.seen / (PASSES * (self.close.id - self.first + 1))))


def look_at(
    uow: UnitOfWork, month: str, zone: tzinfo, tell: Callable[[float], None]
) -> Source | Refused:
    """The books of a published month, or why there is nothing to put into an archive."""
    values = {"month": month}
    if not is_month(month):
        reason = N_("'{month}' is not a month; write it like 2026-10.")
        return Refused((Sentence(reason, values),))
    close, sealed = close_of(uow, month), entry_for(uow, Cause.CLOSE, month)
    first, account = first_entry_of(uow, month), account_text(uow, month)
    if close is None or close.state != State.PUBLISHED or sealed is None or account is None:
        reason = N_("{month} is not published yet: close and publish it, then it can be exported.")
        return Refused((Sentence(reason, values),))
    try:
        tree = tree_of(uow, month)
    except BrokenProofError:
        tree = None
    if tree is None:
        reason = N_("The bills of {month} do not lead to its published root; run beimen verify.")
        return Refused((Sentence(reason, values),))
    (entry,) = load_entries(uow, [sealed])
    figures = written_figures(uow, month)
    begins = sealed.id if first is None else min(first, sealed.id)
    return Source(uow, month, zone, tell, begins, entry, figures, tree, account)
