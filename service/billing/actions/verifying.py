"""Going through the whole books: does every figure still fit every other one, from entry 1 on?"""

from collections.abc import Iterator, Sequence

from service.billing import facts
from service.billing.actions.posting import load_entries
from service.billing.actions.reading import load_blocks
from service.billing.actions.tariffs import tariff_versions
from service.billing.ledger import Account, Cause, Entry, first_misfit
from service.billing.outcomes import Verdict
from service.billing.records.queries import (
    all_entries,
    closes,
    figures_anew,
    last_entry,
    published_figures,
    sessions_of_entries,
)
from service.billing.statement import SessionBlock
from service.store import UnitOfWork
from service.words import N_, Sentence


def verify(uow: UnitOfWork) -> Verdict:
    """Check the chain, what each entry rests on, and every published statement.

    The first misfit of the chain comes first; behind it nothing can be trusted, so nothing is
    followed further.
    """
    misfits: list[Sentence] = []
    sealed: dict[tuple[Cause, str], str] = {}
    broken = first_misfit(_walk(uow, misfits, sealed))
    if broken is not None:
        misfits.insert(0, broken.reason)
    else:
        misfits += _published(uow, sealed)
    head = last_entry(uow)
    return Verdict(head.id if head else 0, head.seal if head else "", tuple(misfits))


def _walk(
    uow: UnitOfWork, misfits: list[Sentence], sealed: dict[tuple[Cause, str], str]
) -> Iterator[Entry]:
    """Every entry in order; on the way, sessions are compared with what their entries sealed."""
    for batch in all_entries(uow):
        entries = load_entries(uow, batch)
        rows = sessions_of_entries(uow, batch[0].id, batch[-1].id)
        blocks = {block.entry_id: block for block in load_blocks(uow, rows)}
        for entry in entries:
            if entry.draft.cause in (Cause.TARIFF, Cause.CLOSE):
                sealed[entry.draft.cause, entry.draft.cause_ref] = entry.draft.facts
            reason = _why_session_does_not_fit(entry, blocks.get(entry.id))
            if reason is not None:
                values = {"session": entry.draft.cause_ref, "entry": entry.id}
                misfits.append(Sentence(reason, values))
            yield entry


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


def _published(uow: UnitOfWork, sealed: dict[tuple[Cause, str], str]) -> Iterator[Sentence]:
    for version in tariff_versions(uow):
        if sealed.pop((Cause.TARIFF, str(version.id)), "") != facts.of_tariff(version):
            message = N_("Tariff version {version} is not the one that was published.")
            yield Sentence(message, {"version": version.id})
    previous = ""
    for close in closes(uow):
        figures: Sequence[facts.StatementFigures] = published_figures(uow, close.month)
        values = {"month": close.month}
        digest = sealed.pop((Cause.CLOSE, close.month), None)
        if close.seal is not None and digest != facts.of_month(close.month, figures):
            yield Sentence(N_("The statements of {month} are not those published."), values)
        if close.seal is not None and figures != figures_anew(uow, close.month, previous):
            message = N_("The statements of {month} do not sum to the lines and the ledger.")
            yield Sentence(message, values)
        previous = close.month
    for cause, ref in sealed:
        message = N_("What the ledger says was published is gone: {cause} {ref}.")
        yield Sentence(message, {"cause": cause, "ref": ref})
