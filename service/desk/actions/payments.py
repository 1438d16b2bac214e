"""What becomes of payments that were taken in: posted by themselves, or decided by a person.

    matched --> posted;  unmatched --(a person)--> posted | ignored
    posted --(two people counter its entry)--> unmatched;  ignored --(a person)--> unmatched

Posting goes in batches, each complete in itself. Killed anywhere and started again it arrives at
the same entries: each has the bank's number as its reference, and the ledger takes that once.
"""

from datetime import datetime, tzinfo

from service.billing.actions import PaidBy, PaymentReceived, record_payment
from service.billing.outcomes import AlreadyPosted, Posted, Refused
from service.desk.actions.written import write_counter
from service.desk.intake import kept, said
from service.desk.records.received import PaymentRow, countered_rows, rows_in
from service.desk.written import Written
from service.store import UnitOfWork
from service.words import N_, Sentence

POST_AT_ONCE = 20
"""So many entries are posted in one transaction, so that piles and people wait little for it."""

LONGEST_REASON = 200


def post_matched(uow: UnitOfWork, now: datetime, zone: tzinfo) -> int:
    """Post the next payments that are matched; how many were looked at. 0: all is posted."""
    rows = rows_in(uow, "matched", POST_AT_ONCE)
    for row in rows:
        _post(uow, row, row.household_id or 0, f"file:{row.file_id}", now, zone)
    return len(rows)


def _post(
    uow: UnitOfWork, row: PaymentRow, household_id: int, by: str, now: datetime, zone: tzinfo
) -> Posted | AlreadyPosted | Refused:
    again = f"/{row.taken_back + 1}" if row.taken_back else ""
    payment = PaymentReceived(
        f"B-{row.ref}{again}",
        household_id,
        row.amount_fen,
        row.received_at,
        PaidBy(row.paid_by),
        by,
    )
    outcome = record_payment(uow, payment, now, zone)
    row.decided_at = now
    if isinstance(outcome, Refused) or (isinstance(outcome, AlreadyPosted) and not outcome.same):
        clash = Sentence(N_("The ledger holds a payment with this number, but a different one."))
        why = outcome.reasons[0] if isinstance(outcome, Refused) else clash
        row.state, row.household_id, row.why = "unmatched", None, kept(why)
    else:
        row.state, row.household_id, row.entry_id = "posted", household_id, outcome.entry_id
    uow.session.add(row)
    uow.session.flush()
    return outcome


def match_by_hand(
    uow: UnitOfWork,
    place: tuple[int, int],
    household_id: int,
    now: datetime,
    zone: tzinfo,
    by: int | None,
) -> PaymentRow | Refused:
    """A person says whose a payment is; it is posted at once. `place`: file and row."""
    row = _undecided(uow, place)
    if isinstance(row, Refused):
        return row
    outcome = _post(uow, row, household_id, f"committee:{by}", now, zone)
    if isinstance(outcome, Refused):
        return outcome
    if row.state != "posted":
        return Refused((said(row.why),))
    row.decided_by, row.why = by, kept(Sentence(N_("matched by hand")))
    uow.session.add(row)
    return row


def ignore(
    uow: UnitOfWork, place: tuple[int, int], reason: str, now: datetime, by: int | None
) -> PaymentRow | Refused:
    """A person says that a payment is none of ours (a gift, a transfer of one's own)."""
    row = _undecided(uow, place)
    if isinstance(row, Refused):
        return row
    if not reason.strip():
        return Refused((Sentence(N_("Say why this is no payment of a household.")),))
    row.state, row.reason = "ignored", reason.strip()[:LONGEST_REASON]
    row.decided_at, row.decided_by = now, by
    uow.session.add(row)
    return row


def take_back(
    uow: UnitOfWork,
    place: tuple[int, int],
    why: str,
    form_key: str,
    by: int,
    now: datetime,
    zone: tzinfo,
) -> Written | PaymentRow | Refused:
    """A payment was put down for the wrong household. A second person must sign the counter-entry;
    then the payment is nobody's again. One that was only set aside is so at once."""
    row = uow.session.get(PaymentRow, place)
    if row is None or row.state not in ("posted", "ignored"):
        return Refused((Sentence(N_("This payment is not decided yet.")),))
    if row.entry_id is not None:
        return write_counter(uow, row.entry_id, why, form_key, by, now, zone)
    _free(uow, row)
    return row


def free_countered(uow: UnitOfWork) -> int:
    """Payments whose entry was taken back are nobody's again; how many there were."""
    rows = countered_rows(uow)
    for row in rows:
        row.taken_back += 1
        _free(uow, row)
    return len(rows)


def _free(uow: UnitOfWork, row: PaymentRow) -> None:
    row.state, row.household_id, row.entry_id = "unmatched", None, None
    row.why, row.reason = kept(Sentence(N_("taken back by hand"))), ""
    row.decided_at, row.decided_by = None, None
    uow.session.add(row)
    uow.session.flush()


def _undecided(uow: UnitOfWork, place: tuple[int, int]) -> PaymentRow | Refused:
    row = uow.session.get(PaymentRow, place)
    if row is None or row.state != "unmatched":
        return Refused((Sentence(N_("This payment was decided already.")),))
    return row
