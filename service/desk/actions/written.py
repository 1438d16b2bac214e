"""Writing by hand, and the second signature that brings it into the ledger.

Whoever writes or decides holds the books' lock, so two people who sign at the same moment sign one
after the other, and the second is told what the first has done.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo

from service.billing.actions import counter_entry, entry_of, post_voucher, record_payment
from service.billing.actions.posting import moved_fen
from service.billing.facts import of_hand_entry
from service.billing.ledger import Cause
from service.billing.outcomes import PaidBy, Posted, Refused
from service.billing.records.queries import lock_books
from service.desk import written
from service.desk.records.written import (
    GridBill,
    HandEntry,
    PaperFacts,
    Voucher,
    approved_rows,
    counters_of,
    every_approved,
    grid_bill_rows,
    grid_rows,
    hand_row,
    paper_facts,
    paper_row,
    refused_rows,
    row_of_form,
    rows_of_entries,
    rows_with_paper,
    waiting_counter,
    waiting_payments,
    waiting_rows,
)
from service.desk.vouchers import Paper
from service.desk.written import Approved, Decided, GridPeriod, Hand, Kind, State, Wish, Written
from service.households.actions import household_of
from service.store import UnitOfWork
from service.words import N_, Sentence

_NO_SUCH = N_("There is no entry by hand with the number {number}.")
_OWN = N_(
    "You wrote this entry yourself. Another member of the committee must sign it; "
    "you may only withdraw it."
)
_TAKEN_BACK = N_("Entry {entry} was taken back already, by entry {counter}.")
_BEING_TAKEN_BACK = N_("H-{hand} waits already to take entry {entry} back.")


def write(
    uow: UnitOfWork,
    wish: Wish,
    paper: Paper | None,
    form_key: str,
    by: int,
    now: datetime,
    zone: tzinfo,
) -> Written | Refused:
    """Keep an entry until a second person signs it. The same form sent twice is one entry."""
    lock_books(uow)
    before = row_of_form(uow, form_key)
    if before is not None:
        return Written(_hands(uow, [before])[0], again=True)
    reasons = [*written.problems(wish, paper is not None, now), *_unknown(uow, wish)]
    reasons += _clashes(uow, wish, zone, (State.APPROVED, State.WAITING))
    if reasons:
        return Refused(tuple(reasons))
    if paper is not None:
        _keep(uow, paper, by, now)
    row = HandEntry(
        form_key=form_key,
        kind=wish.kind,
        amount_fen=wish.amount_fen,
        happened_at=wish.happened_at,
        paid_by=wish.paid_by or "",
        household_id=wish.household_id,
        other_household_id=wish.other_household_id,
        counter_of=wish.counter_of,
        memo=wish.memo,
        voucher_sha256=paper.sha256 if paper else None,
        written_at=now,
        written_by=by,
    )
    uow.session.add(row)
    uow.session.flush()
    if wish.grid is not None:
        grid = wish.grid
        uow.insert(
            GridBill(
                hand_entry_id=row.id or 0,
                since_at=grid.since_at,
                until_at=grid.until_at,
                start_wh=grid.start_wh,
                end_wh=grid.end_wh,
                meter_changed=grid.meter_changed,
            )
        )
    return Written(_hands(uow, [row])[0])


def write_counter(
    uow: UnitOfWork, entry_id: int, why: str, form_key: str, by: int, now: datetime, zone: tzinfo
) -> Written | Refused:
    """Ask to take an entry of the ledger back; a second person must sign this too."""
    entry = entry_of(uow, entry_id)
    if entry is None:
        return Refused((Sentence(N_("There is no entry {entry}."), {"entry": entry_id}),))
    if entry.draft.cause in (Cause.TARIFF, Cause.CLOSE) or not entry.draft.postings:
        message = N_("Entry {entry} moves no money, so there is nothing to take back.")
        return Refused((Sentence(message, {"entry": entry_id}),))
    wish = Wish(Kind.COUNTER, moved_fen(entry), now, why, counter_of=entry_id)
    return write(uow, wish, None, form_key, by, now, zone)


def approve(
    uow: UnitOfWork, hand_id: int, by: int, now: datetime, zone: tzinfo
) -> Approved | Decided | Refused:
    """The second signature: the entry is posted, once, whoever signs and however often."""
    lock_books(uow)
    row = hand_row(uow, hand_id)
    if row is None:
        return Refused((Sentence(_NO_SUCH, {"number": hand_id}),))
    (hand,) = _hands(uow, [row])
    if hand.state is not State.WAITING:
        return Decided(hand, again=True)
    if hand.written_by == by:
        return Refused((Sentence(_OWN),))
    reasons = _clashes(uow, hand.wish, zone, (State.APPROVED,))
    if reasons:
        return Refused(tuple(reasons))
    posted = _post(uow, hand, by, now, zone)
    if isinstance(posted, Refused):
        return posted
    _decide(uow, row, State.APPROVED, by, now, entry_id=posted.entry_id)
    return Approved(_hands(uow, [row])[0], posted)


def refuse(uow: UnitOfWork, hand_id: int, by: int, reason: str, now: datetime) -> Decided | Refused:
    """A no with its reason; whoever wrote the entry withdraws it so. Nothing was ever posted."""
    lock_books(uow)
    row = hand_row(uow, hand_id)
    if row is None:
        return Refused((Sentence(_NO_SUCH, {"number": hand_id}),))
    if row.state != State.WAITING:
        return Decided(_hands(uow, [row])[0], again=True)
    if not reason.strip():
        return Refused((Sentence(N_("Say why, so that whoever wrote it knows what to mend.")),))
    _decide(uow, row, State.REFUSED, by, now, reason=reason.strip())
    return Decided(_hands(uow, [row])[0])


# --- reading -------------------------------------------------------------------------------------


def hand_entry(uow: UnitOfWork, hand_id: int) -> Hand | None:
    """An entry by hand by its number."""
    row = hand_row(uow, hand_id)
    return None if row is None else _hands(uow, [row])[0]


def waiting(uow: UnitOfWork) -> list[Hand]:
    """What waits for a second signature, oldest first."""
    return _hands(uow, waiting_rows(uow))


def approved_in(uow: UnitOfWork, month: str) -> list[Hand]:
    """What counts in a month of the books, in the order in which it was posted."""
    return _hands(uow, approved_rows(uow, month))


def approved(uow: UnitOfWork) -> list[Hand]:
    """Everything by hand that is in the ledger, in the order in which it was written."""
    return _hands(uow, every_approved(uow))


def refused_between(uow: UnitOfWork, since: datetime, until: datetime) -> list[Hand]:
    """What was refused or withdrawn in a span of time."""
    return _hands(uow, refused_rows(uow, since, until))


def of_entries(uow: UnitOfWork, entry_ids: Iterable[int]) -> dict[int, Hand]:
    """The entries by hand that these entries of the ledger were posted for."""
    return {
        hand.entry_id or 0: hand
        for hand in _hands(uow, [*rows_of_entries(uow, entry_ids).values()])
    }


def taken_back(uow: UnitOfWork, entry_ids: Iterable[int]) -> dict[int, int]:
    """Of these entries of the ledger, those that were taken back, with the entry that did it."""
    return counters_of(uow, entry_ids)


def grid_bills(uow: UnitOfWork, state: State = State.APPROVED) -> list[Hand]:
    """The grid bills that hold, in the order of their periods: none that was taken back."""
    hands = _hands(uow, grid_bill_rows(uow, state))
    gone = counters_of(uow, (hand.entry_id for hand in hands if hand.entry_id is not None))
    return [hand for hand in hands if hand.entry_id not in gone]


def payments_waiting(uow: UnitOfWork) -> dict[int, int]:
    """What was received at the desk and waits for its second signature, in fen by household."""
    return waiting_payments(uow)


def paper(uow: UnitOfWork, sha256: str) -> Voucher | None:
    """A voucher with its content."""
    return paper_row(uow, sha256)


def about_papers(uow: UnitOfWork, names: Iterable[str]) -> dict[str, PaperFacts]:
    """Kind and size of some vouchers."""
    return paper_facts(uow, names)


def also_with_paper(uow: UnitOfWork, hand: Hand) -> list[Hand]:
    """Other entries that carry the same paper: is the same bill paid twice?"""
    if hand.voucher_sha256 is None:
        return []
    others = (other for other in rows_with_paper(uow, hand.voucher_sha256) if other != hand.id)
    return [found for other in others if (found := hand_entry(uow, other)) is not None]


# --- inside --------------------------------------------------------------------------------------


def _unknown(uow: UnitOfWork, wish: Wish) -> list[Sentence]:
    named = (wish.household_id, wish.other_household_id)
    if all(one is None or household_of(uow, one) is not None for one in named):
        return []
    return [Sentence(N_("There is no such household."))]


def _clashes(uow: UnitOfWork, wish: Wish, zone: tzinfo, states: Sequence[State]) -> list[Sentence]:
    """What stands against it in the books. To be signed, only what is posted counts."""
    if wish.grid is not None and wish.grid.since_at < wish.grid.until_at:
        known = [
            (hand.number, hand.wish.grid)
            for state in states
            for hand in grid_bills(uow, state)
            if hand.wish.grid is not None
        ]
        reason = written.why_grid_does_not_fit(wish.grid, known, zone)
        return [reason] if reason is not None else []
    if wish.counter_of is not None:
        values: dict[str, object] = {"entry": wish.counter_of}
        done = counters_of(uow, [wish.counter_of]).get(wish.counter_of)
        if done is not None:
            return [Sentence(_TAKEN_BACK, {**values, "counter": done})]
        other = waiting_counter(uow, wish.counter_of) if State.WAITING in states else None
        if other is not None:
            return [Sentence(_BEING_TAKEN_BACK, {**values, "hand": other})]
    return []


def _keep(uow: UnitOfWork, paper: Paper, by: int, now: datetime) -> None:
    if paper_row(uow, paper.sha256) is None:
        uow.insert(
            Voucher(
                sha256=paper.sha256,
                media_type=paper.media_type,
                size_bytes=len(paper.content),
                content=paper.content,
                added_at=now,
                added_by=by,
            )
        )


def _post(uow: UnitOfWork, hand: Hand, by: int, now: datetime, zone: tzinfo) -> Posted | Refused:
    wish = hand.wish
    if wish.kind is Kind.PAYMENT:
        posted = record_payment(uow, written.payment_of(hand, by), now, zone)
    elif wish.counter_of is not None:
        digest = of_hand_entry(written.figures_of(hand, by))
        people = written.people_of(hand, by)
        posted = counter_entry(uow, wish.counter_of, wish.memo, people, now, zone, digest)
    else:
        posted = post_voucher(uow, written.voucher_of(hand, by), now, zone)
    if isinstance(posted, (Posted, Refused)):
        return posted
    message = N_("Entry {entry} of the ledger has the number {number} already; nothing was posted.")
    return Refused((Sentence(message, {"entry": posted.entry_id, "number": hand.number}),))


def _decide(
    uow: UnitOfWork,
    row: HandEntry,
    state: State,
    by: int,
    now: datetime,
    entry_id: int | None = None,
    reason: str = "",
) -> None:
    row.state, row.decided_by, row.decided_at = state, by, now
    row.entry_id, row.reason = entry_id, reason
    uow.session.add(row)
    uow.session.flush()


def _hands(uow: UnitOfWork, rows: Sequence[HandEntry]) -> list[Hand]:
    grids = grid_rows(uow, (row.id or 0 for row in rows if row.kind == Kind.GRID_BILL))
    return [_hand(row, grids.get(row.id or 0)) for row in rows]


def _hand(row: HandEntry, grid: GridBill | None) -> Hand:
    period = None
    if grid is not None:
        period = GridPeriod(
            grid.since_at, grid.until_at, grid.start_wh, grid.end_wh, grid.meter_changed
        )
    wish = Wish(
        Kind(row.kind),
        row.amount_fen,
        row.happened_at,
        row.memo,
        PaidBy(row.paid_by) if row.paid_by else None,
        row.household_id,
        row.other_household_id,
        period,
        row.counter_of,
    )
    return Hand(
        row.id or 0,
        wish,
        row.voucher_sha256,
        row.written_at,
        row.written_by,
        State(row.state),
        row.decided_at,
        row.decided_by,
        row.reason,
        row.entry_id,
    )
