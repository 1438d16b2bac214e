"""Writing into the ledger: sessions, payments and what takes a mistake back."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import partial

from service.billing import facts
from service.billing.ledger import (
    BEFORE_THE_FIRST,
    Account,
    Cause,
    Draft,
    Entry,
    Head,
    Posting,
    chain,
    check,
    counter,
    moving,
)
from service.billing.months import books_month, month_of
from service.billing.outcomes import (
    AlreadyPosted,
    PaymentReceived,
    Posted,
    Refused,
    SessionToBill,
)
from service.billing.pricing import Priced, PricedLine
from service.billing.records import BilledSession, BillLine, LedgerEntry, LedgerPosting
from service.billing.records.queries import (
    add_rows,
    entries_of_sessions,
    entry_for,
    last_closed_month,
    last_entry,
    lock_books,
    postings_of,
)
from service.quantities import MAX_FEN
from service.store import UnitOfWork
from service.words import N_, Sentence


def post_session(
    uow: UnitOfWork, bill: SessionToBill, priced: Priced, now: datetime, zone: tzinfo
) -> Posted | AlreadyPosted:
    """Bill one session; a session that is in the ledger already is answered as such."""
    return post_sessions(uow, [(bill, priced)], now, zone)[0]


def post_sessions(
    uow: UnitOfWork, bills: Sequence[tuple[SessionToBill, Priced]], now: datetime, zone: tzinfo
) -> list[Posted | AlreadyPosted]:
    """Bill many sessions at once, each exactly once; the answers are in the order given."""
    if not bills:
        return []
    lock_books(uow)
    known = entries_of_sessions(uow, (bill.session_id for bill, _ in bills))
    digests = [facts.of_session(bill, priced) for bill, priced in bills]
    first: dict[str, int] = {}
    for position, (bill, _) in enumerate(bills):
        if bill.session_id not in known:
            first.setdefault(bill.session_id, position)
    drafts = [_session_draft(*bills[i], digests[i]) for i in first.values()]
    entries = dict(zip(first.values(), append(uow, drafts, now, zone), strict=True))
    _add_sessions(uow, ((*bills[i], entry) for i, entry in entries.items()), zone)
    known |= {e.draft.cause_ref: (e.id, e.draft.facts) for e in entries.values()}

    answers: list[Posted | AlreadyPosted] = []
    for position, (bill, priced) in enumerate(bills):
        if position in entries:
            entry = entries[position]
            answers.append(_posted(entry, bill.session_id, priced.total_fen, zone))
        else:
            entry_id, digest = known[bill.session_id]
            answers.append(AlreadyPosted(bill.session_id, entry_id, digest == digests[position]))
    return answers


def _session_draft(bill: SessionToBill, priced: Priced, digest: str) -> Draft:
    postings = moving(
        Posting(Account.RECEIVABLE, priced.total_fen, bill.household_id),
        Posting(Account.ELECTRICITY_INCOME, -priced.electricity_fen),
        Posting(Account.SERVICE_INCOME, -priced.service_fen),
    )
    return Draft(Cause.SESSION, bill.session_id, bill.ended_at, postings, facts=digest)


def _add_sessions(
    uow: UnitOfWork, billed: Iterable[tuple[SessionToBill, Priced, Entry]], zone: tzinfo
) -> None:
    sessions, lines = [], []
    for bill, priced, entry in billed:
        sessions.append(_session_row(bill, priced, entry, zone))
        lines += [_line_row(bill.session_id, line) for line in priced.lines]
    add_rows(uow, BilledSession, sessions)
    add_rows(uow, BillLine, lines)


def _session_row(
    bill: SessionToBill, priced: Priced, entry: Entry, zone: tzinfo
) -> dict[str, object]:
    return {
        "session_id": bill.session_id,
        "entry_id": entry.id,
        "household_id": bill.household_id,
        "month": entry.month,
        "late": entry.month != month_of(bill.ended_at, zone),
        "pile": bill.pile,
        "outlet": bill.outlet,
        "started_at": bill.started_at,
        "ended_at": bill.ended_at,
        "register_id": bill.register_id,
        "start_wh": bill.start_wh,
        "end_wh": bill.end_wh,
        "energy_wh": priced.energy_wh,
        "stop_reason": bill.stop_reason,
        "tariff_id": priced.version_id,
    }


def _line_row(session_id: str, line: PricedLine) -> dict[str, object]:
    return {
        "session_id": session_id,
        "band": line.band,
        "component": line.component,
        "band_name": line.band_name,
        "energy_wh": line.energy_wh,
        "price_e4": line.price_e4,
        "amount_e7": line.amount_e7,
        "amount_fen": line.amount_fen,
        "remainder_e7": line.remainder_e7,
        "interpolated": line.interpolated,
    }


def record_payment(
    uow: UnitOfWork, payment: PaymentReceived, now: datetime, zone: tzinfo
) -> Posted | AlreadyPosted | Refused:
    """Money received from a household, once per reference."""
    reasons = _why_no_payment(payment, now)
    if reasons:
        return Refused(reasons)
    lock_books(uow)
    postings = (
        Posting(Account(payment.paid_by), payment.amount_fen),
        Posting(Account.RECEIVABLE, -payment.amount_fen, payment.household_id),
    )
    draft = Draft(
        Cause.PAYMENT,
        payment.ref,
        payment.received_at,
        postings,
        payment.memo,
        payment.written_by,
        facts=payment.facts,
    )
    earlier = entry_for(uow, Cause.PAYMENT, payment.ref)
    if earlier is not None:
        (before,) = load_entries(uow, [earlier])
        return AlreadyPosted(payment.ref, earlier.id, before.draft.postings == postings)
    (entry,) = append(uow, [draft], now, zone)
    return _posted(entry, payment.ref, payment.amount_fen, zone)


def _why_no_payment(payment: PaymentReceived, now: datetime) -> tuple[Sentence, ...]:
    reasons = []
    if not 0 < payment.amount_fen <= MAX_FEN:
        reasons.append(Sentence(N_("A payment is more than 0 yuan; to take one back, counter it.")))
    if payment.received_at > now:
        reasons.append(Sentence(N_("A payment cannot have been received in the future.")))
    if not payment.ref.strip():
        reasons.append(Sentence(N_("A payment needs a receipt number, so that it counts once.")))
    return tuple(reasons)


def post_voucher(
    uow: UnitOfWork, voucher: Draft, now: datetime, zone: tzinfo
) -> Posted | AlreadyPosted | Refused:
    """An entry by hand that two people have signed: a cost, an investment, a transfer.

    Its `facts` are the digest of what they signed. Raises UnbalancedError.
    """
    if voucher.cause is not Cause.VOUCHER or not voucher.cause_ref or not voucher.facts:
        raise ValueError("a voucher has a number and seals what was signed")
    check(voucher.postings)
    if not voucher.postings:
        return Refused((Sentence(N_("An entry by hand must move an amount.")),))
    if voucher.happened_at > now:
        return Refused((Sentence(N_("An entry by hand cannot be of the future.")),))
    lock_books(uow)
    earlier = entry_for(uow, Cause.VOUCHER, voucher.cause_ref)
    if earlier is not None:
        (before,) = load_entries(uow, [earlier])
        same = (before.draft.postings, before.draft.facts) == (voucher.postings, voucher.facts)
        return AlreadyPosted(voucher.cause_ref, earlier.id, same)
    (entry,) = append(uow, [voucher], now, zone)
    return _posted(entry, voucher.cause_ref, moved_fen(entry), zone)


def moved_fen(entry: Entry) -> int:
    """How much an entry moves: what it debits, which is what it credits."""
    return sum(p.amount_fen for p in entry.draft.postings if p.amount_fen > 0)


def entry_of(uow: UnitOfWork, entry_id: int) -> Entry | None:
    """An entry of the ledger with its postings."""
    row = uow.session.get(LedgerEntry, entry_id)
    return None if row is None else load_entries(uow, [row])[0]


def counter_entry(
    uow: UnitOfWork,
    entry_id: int,
    reason: str,
    by: str,
    now: datetime,
    zone: tzinfo,
    facts: str = "",
) -> Posted | AlreadyPosted | Refused:
    """Take an entry back with a counter-entry that names it; it counts in the open month.

    For a household this is a credit note (or a debit) on its next statement. `facts`: the digest
    of what two people have signed.
    """
    lock_books(uow)
    row = uow.session.get(LedgerEntry, entry_id)
    if row is None:
        return Refused((Sentence(N_("There is no entry {entry}."), {"entry": entry_id}),))
    if row.cause in (Cause.TARIFF, Cause.CLOSE):
        message = N_("Entry {entry} records what was published; it moves no money to take back.")
        return Refused((Sentence(message, {"entry": entry_id}),))
    if not reason.strip():
        return Refused((Sentence(N_("A correction needs a reason that can be read later.")),))
    earlier = entry_for(uow, Cause.COUNTER, str(entry_id))
    if earlier is not None:
        return AlreadyPosted(str(entry_id), earlier.id, earlier.memo == reason)
    (mistaken,) = load_entries(uow, [row])
    draft = replace(counter(mistaken, reason, by, now), facts=facts)
    (entry,) = append(uow, [draft], now, zone)
    receivable = (p for p in entry.draft.postings if p.account is Account.RECEIVABLE)
    return _posted(entry, str(entry_id), sum(p.amount_fen for p in receivable), zone)


def append(uow: UnitOfWork, drafts: Sequence[Draft], now: datetime, zone: tzinfo) -> list[Entry]:
    """Chain drafts on to the ledger. The caller has locked the books."""
    last = last_entry(uow)
    head = BEFORE_THE_FIRST if last is None else Head(last.id, last.seal)
    counts_in = partial(books_month, zone=zone, last_closed=last_closed_month(uow))
    entries = chain(drafts, head, now, counts_in)
    add_rows(uow, LedgerEntry, [_entry_row(entry) for entry in entries])
    postings = [
        {
            "entry_id": entry.id,
            "position": position,
            "account": posting.account,
            "household_id": posting.household_id,
            "amount_fen": posting.amount_fen,
        }
        for entry in entries
        for position, posting in enumerate(entry.draft.postings)
    ]
    add_rows(uow, LedgerPosting, postings)
    return entries


def _entry_row(entry: Entry) -> dict[str, object]:
    draft = entry.draft
    return {
        "id": entry.id,
        "happened_at": draft.happened_at,
        "posted_at": entry.posted_at,
        "month": entry.month,
        "cause": draft.cause,
        "cause_ref": draft.cause_ref,
        "memo": draft.memo,
        "written_by": draft.written_by,
        "counter_of": draft.counter_of,
        "facts": draft.facts,
        "previous_seal": entry.previous_seal,
        "seal": entry.seal,
    }


def load_entries(uow: UnitOfWork, rows: Sequence[LedgerEntry]) -> list[Entry]:
    """Stored entries with their postings, as the rules know them."""
    postings = postings_of(uow, [row.id for row in rows])
    return [
        Entry(
            row.id,
            row.posted_at,
            row.month,
            Draft(
                Cause(row.cause),
                row.cause_ref,
                row.happened_at,
                tuple(
                    Posting(Account(posting.account), posting.amount_fen, posting.household_id)
                    for posting in postings[row.id]
                ),
                row.memo,
                row.written_by,
                row.counter_of,
                row.facts,
            ),
            row.previous_seal,
            row.seal,
        )
        for row in rows
    ]


def _posted(entry: Entry, ref: str, amount_fen: int, zone: tzinfo) -> Posted:
    late = entry.month != month_of(entry.draft.happened_at, zone)
    return Posted(ref, entry.id, entry.month, late, amount_fen)
