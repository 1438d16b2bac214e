"""Going through the whole books: does every figure still fit every other one, from entry 1 on?"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from service.billing import facts
from service.billing.actions.closing import State
from service.billing.actions.posting import load_entries
from service.billing.actions.proving import proof_misfits
from service.billing.actions.reading import load_blocks
from service.billing.actions.tariffs import tariff_versions
from service.billing.facts import MonthParts, StatementFigures, totals_of
from service.billing.ledger import Account, Cause, Draft, Entry, first_misfit
from service.billing.outcomes import Verdict
from service.billing.records import MonthClose
from service.billing.records.closing import (
    account_text,
    closes,
    figures_anew,
    root_figures,
    written_figures,
)
from service.billing.records.queries import (
    account_totals,
    all_entries,
    last_entry,
    sessions_of_entries,
)
from service.billing.statement import SessionBlock
from service.store import UnitOfWork
from service.words import N_, Sentence

COSTS = {"grid": Account.GRID_COST, "repairs": Account.REPAIRS, "other": Account.OTHER_COST}
"""What an account calls the sums that the ledger has spent on these."""

MOST_TOLD = 1000
"""Sessions that do not fit are named up to this number: who changed all of them is known by then,
and memory stays the same however long the ledger is."""


def verify(uow: UnitOfWork, tell: Callable[[int], None] = lambda entries: None) -> Verdict:
    """Check the chain, what each entry rests on, and everything that was published.

    The first misfit of the chain comes first; behind it nothing can be trusted, so nothing is
    followed further. `tell` hears, batch by batch, how many entries were walked.
    """
    misfits: list[Sentence] = []
    sealed: dict[tuple[Cause, str], Draft] = {}
    broken = first_misfit(_walk(uow, misfits, sealed, tell))
    if broken is not None:
        misfits.insert(0, broken.reason)
    else:
        misfits += _published(uow, sealed)
    head = last_entry(uow)
    return Verdict(head.id if head else 0, head.seal if head else "", tuple(misfits))


def _walk(
    uow: UnitOfWork,
    misfits: list[Sentence],
    sealed: dict[tuple[Cause, str], Draft],
    tell: Callable[[int], None],
) -> Iterator[Entry]:
    """Every entry in order; on the way, sessions are compared with what their entries sealed."""
    for batch in all_entries(uow):
        entries = load_entries(uow, batch)
        rows = sessions_of_entries(uow, batch[0].id, batch[-1].id)
        blocks = {block.entry_id: block for block in load_blocks(uow, rows)}
        for entry in entries:
            if entry.draft.cause in (Cause.TARIFF, Cause.CLOSE):
                sealed[entry.draft.cause, entry.draft.cause_ref] = entry.draft
            reason = _why_session_does_not_fit(entry, blocks.get(entry.id))
            if reason is not None and len(misfits) < MOST_TOLD:
                values = {"session": entry.draft.cause_ref, "entry": entry.id}
                misfits.append(Sentence(reason, values))
            yield entry
        tell(entries[-1].id)


def _why_session_does_not_fit(entry: Entry, block: SessionBlock | None) -> str | None:
    if entry.draft.cause is not Cause.SESSION:
        return None if block is None else N_("Entry {entry} is not that of the session beside it.")
    if block is None or block.bill.session_id != entry.draft.cause_ref:
        return N_("The lines of session {session} (entry {entry}) are gone.")
    if facts.of_session(block.bill, block.priced) != entry.draft.facts:
        return N_("The lines of session {session} were changed: entry {entry} sealed others.")
    owed = [p for p in entry.draft.postings if p.account is Account.RECEIVABLE]
    if sum(p.amount_fen for p in owed) != block.total_fen:
        return N_("The lines of session {session} do not sum to entry {entry}.")
    return None


def _published(uow: UnitOfWork, sealed: dict[tuple[Cause, str], Draft]) -> Iterator[Sentence]:
    for version in tariff_versions(uow):
        found = sealed.pop((Cause.TARIFF, str(version.id)), None)
        if found is None or found.facts != facts.of_tariff(version):
            message = N_("Tariff version {version} is not the one that was published.")
            yield Sentence(message, {"version": version.id})
    previous = ""
    for close in closes(uow):
        figures = written_figures(uow, close.month)
        if close.state != State.CLOSING and figures != figures_anew(uow, close.month, previous):
            message = N_("The statements of {month} do not sum to the lines and the ledger.")
            yield Sentence(message, {"month": close.month})
        if close.state == State.PUBLISHED:
            entry = sealed.pop((Cause.CLOSE, close.month), None)
            yield from _month(uow, close, figures, entry)
        if close.state != "closing":
            yield from proof_misfits(uow, close.month, figures)
        previous = close.month
    for cause, ref in sealed:
        message = N_("What the ledger says was published is gone: {cause} {ref}.")
        yield Sentence(message, {"cause": cause, "ref": ref})


def _month(
    uow: UnitOfWork, close: MonthClose, figures: Sequence[StatementFigures], entry: Draft | None
) -> Iterator[Sentence]:
    """Everything a month published against the digests that its close has sealed."""
    values = {"month": close.month}
    account = account_text(uow, close.month)
    found = MonthParts(
        facts.of_statements(close.month, figures),
        facts.of_root(close.month, root_figures(uow, close.month)),
        facts.of_account(account or ""),
    )
    once = MonthParts.from_memo(entry.memo) if entry is not None else None
    if entry is None or once is None or facts.of_month(close.month, once) != entry.facts:
        yield Sentence(N_("{month} is published, and no entry has sealed it."), values)
        return
    if found.statements != once.statements:
        yield Sentence(N_("The statements of {month} are not those published."), values)
    if found.root != once.root:
        yield Sentence(N_("The root of the proof of {month} is not the one published."), values)
    if found.account != once.account:
        yield Sentence(N_("The account of {month} is not the one published."), values)
        ledger = account_totals(uow, close.month)
        spent = {f"{name}_fen": ledger.get(of, 0) for name, of in COSTS.items()}
        yield from _changed_figures(close.month, totals_of(figures) | spent, account or "{}")


def _changed_figures(month: str, known: Mapping[str, int], account: str) -> Iterator[Sentence]:
    """The figures of a changed account that statements and ledger prove wrong, by name."""
    try:
        said = json.loads(account)
    except ValueError:
        return
    for name, right in known.items():
        if isinstance(said, dict) and (said.get(name) or 0) != right and name in said:
            message = N_("The account of {month} says {name} {said}; the books say {right}.")
            values = {"month": month, "name": name, "said": said[name], "right": right}
            yield Sentence(message, values)
