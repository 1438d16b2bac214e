"""Giving back what a session was charged too much, with an entry that names the session's own."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from service.billing.actions.posting import append, load_entries
from service.billing.credit import Charged, CreditNote, facts_of, too_much
from service.billing.ledger import Account, Cause, Draft, Entry, Posting, moving
from service.billing.outcomes import AlreadyPosted, Posted, Refused
from service.billing.records import LedgerEntry
from service.billing.records.credits import billed_session, credit_entries, entries_against
from service.billing.records.queries import entry_for, lock_books
from service.store import UnitOfWork
from service.words import N_, Sentence


def post_credit(
    uow: UnitOfWork, note: CreditNote, now: datetime, zone: tzinfo
) -> Posted | AlreadyPosted | Refused:
    """Post a credit note once; it counts in the open month and lowers what the household owes.

    Refused where the session was never billed, or where nothing was charged too much.
    """
    lock_books(uow)
    billed = billed_session(uow, note.session_id)
    if billed is None:
        return _refused(N_("This charge was never billed, so nothing can be given back."))
    earlier = entry_for(uow, Cause.CREDIT, note.ref)
    if earlier is not None:
        return AlreadyPosted(note.ref, earlier.id, earlier.facts == facts_of(note))
    back = too_much(charged_still(uow, billed.entry_id), note.right)
    if not back.total_fen:
        return _refused(
            N_("By this energy nothing was charged too much, so there is nothing to give back.")
        )
    postings = moving(
        Posting(Account.RECEIVABLE, -back.total_fen, billed.household_id),
        Posting(Account.ELECTRICITY_INCOME, back.electricity_fen),
        Posting(Account.SERVICE_INCOME, back.service_fen),
    )
    draft = Draft(
        Cause.CREDIT,
        note.ref,
        now,
        postings,
        note.memo,
        note.written_by,
        billed.entry_id,
        facts_of(note),
    )
    (entry,) = append(uow, [draft], now, zone)
    return Posted(note.ref, entry.id, entry.month, False, -back.total_fen)


def charged_still(uow: UnitOfWork, entry_id: int) -> Charged:
    """What a session's entry charges, with everything taken off that was given back since."""
    entries = _with_corrections(uow, entry_id)
    return Charged(
        -_moved(entries, Account.ELECTRICITY_INCOME), -_moved(entries, Account.SERVICE_INCOME)
    )


def credits_of(uow: UnitOfWork, entry_id: int) -> list[tuple[str, int]]:
    """What was given back because of a session's entry: cause with reference, and fen."""
    return [
        (f"{entry.draft.cause} {entry.draft.cause_ref}", -_moved([entry], Account.RECEIVABLE))
        for entry in _with_corrections(uow, entry_id)[1:]
    ]


def misfitting_credits(uow: UnitOfWork) -> list[Sentence]:
    """Credit notes that name no session, another household, or take more than was charged."""
    misfits = []
    for row in credit_entries(uow):
        (note,) = load_entries(uow, [row])
        values = {"entry": note.id, "ref": note.draft.cause_ref}
        session = uow.session.get(LedgerEntry, note.draft.counter_of or 0)
        if session is None or session.cause != Cause.SESSION:
            misfits.append(
                Sentence(N_("Credit note {ref} (entry {entry}) names no charge."), values)
            )
            continue
        (charge,) = load_entries(uow, [session])
        if _households(charge) != _households(note) and _households(charge):
            message = N_(
                "Credit note {ref} (entry {entry}) is not for the household of its charge."
            )
            misfits.append(Sentence(message, values))
        still = charged_still(uow, session.id)
        if min(still) < 0:
            message = N_("Credit note {ref} (entry {entry}) gives back more than was charged.")
            misfits.append(Sentence(message, values))
    return misfits


def _with_corrections(uow: UnitOfWork, entry_id: int) -> list[Entry]:
    """An entry, what corrects it, what corrects that, and so on."""
    row = uow.session.get(LedgerEntry, entry_id)
    rows: list[LedgerEntry] = [row] if row is not None else []
    newest: Sequence[LedgerEntry] = rows
    while newest:
        newest = entries_against(uow, [one.id for one in newest])
        rows += newest
    return load_entries(uow, rows)


def _moved(entries: Sequence[Entry], account: Account) -> int:
    return sum(
        posting.amount_fen
        for entry in entries
        for posting in entry.draft.postings
        if posting.account is account
    )


def _households(entry: Entry) -> set[int]:
    return {p.household_id for p in entry.draft.postings if p.household_id is not None}


def _refused(message: str) -> Refused:
    return Refused((Sentence(message),))
