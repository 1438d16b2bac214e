"""A person decides about a held session: bill by the record, by our readings, or not at all.

What is chosen is an energy that somebody measured, never a typed number. It is posted in the same
unit of work, and from then on no message of a pile changes it: what comes later is an incident.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.billing.actions.crediting import post_credit
from service.billing.credit import CreditNote
from service.billing.outcomes import Posted
from service.billing.pricing import Priced
from service.billing.records.credits import billed_session
from service.clock import from_ms
from service.flow import alarms, settling
from service.flow.house import Work
from service.households.actions import find_household
from service.sessions.actions import advance
from service.sessions.lifecycle import Event, State
from service.sessions.records import HeldDecision, Session, decision_of, locked_session_row
from service.store import UnitOfWork
from service.usage.actions.evidence import evidence
from service.usage.bases import Basis, Choice, to_decide
from service.usage.evidence import Sheet, digest_of
from service.usage.records.evidence import tariff_of
from service.words import N_, Sentence

SHORTEST_REASON, LONGEST_REASON = 2, 300


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person decided. `key` names one of the possibilities; `by` is the staff's number;
    `door` is whose a session of nobody was."""

    session_id: str
    key: str
    reason: str
    by: int | None
    door: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """It is done. `amount_fen` is what it bills, or, of a session that was billed before, what is
    given back (negative). `month` is the statement it lands in; '' if nothing was posted."""

    session_id: str
    choice: Choice
    energy_wh: int
    amount_fen: int
    month: str = ""


@dataclass(frozen=True, slots=True)
class AlreadyDecided:
    """Somebody decided before; nothing changed."""

    session_id: str
    choice: Choice
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A no, and why. `known` is False where there is no such session at all."""

    sentence: Sentence
    known: bool = True


def decide(work: Work, wish: Wish) -> Decided | AlreadyDecided | Refused:
    """Decide once about a held session, with a reason that others can read later."""
    row = locked_session_row(work.uow, wish.session_id)
    sheet = evidence(work.uow, wish.session_id, work.now, work.house.settings.zone)
    if row is None or sheet is None:
        return Refused(Sentence(N_("There is no such charge.")), known=False)
    before = decision_of(work.uow, row.id)
    if before is not None:
        return AlreadyDecided(row.id, Choice(before.choice), before.decided_at)
    zone = work.house.settings.zone
    possible = possibilities(work.uow, row, sheet, zone)
    chosen = next((one for one in possible if one.key == wish.key), None)
    no = _why_not(row, wish)
    if no is not None or chosen is None:
        otherwise = N_("What you chose is not possible any more: look at the evidence again.")
        return Refused(Sentence(no or otherwise))
    given_to: int | None = None
    if row.household_id is None and chosen.choice is not Choice.WAIVE:
        payer = _payer(work, row, wish.door.strip())
        if isinstance(payer, Sentence):
            return Refused(payer)
        given_to = payer
    _write_down(work, row, chosen, sheet, wish, given_to)
    held_for = row.held_reason
    row.decided_at, row.held_reason = work.now, None
    row.household_id = row.household_id or given_to
    done = _again(work, row, chosen, wish) if row.posted_at else _first(work, row, chosen)
    alarms.held_no_more(work, row, held_for)
    work.count("decisions", chosen.choice)
    return done


def possibilities(uow: UnitOfWork, row: Session, sheet: Sheet, zone: tzinfo) -> list[Basis]:
    """What can be decided about a session, each with what it bills to the fen."""
    return to_decide(sheet, tariff_of(uow, row), zone)


def _why_not(row: Session, wish: Wish) -> str | None:
    if row.state != State.HELD:
        return N_("This charge is not held, so there is nothing to decide.")
    if len(wish.reason.strip()) < SHORTEST_REASON:
        return N_("A decision needs a reason that others can read later.")
    if len(wish.reason.strip()) > LONGEST_REASON:
        return N_("The reason is too long: at most 300 characters.")
    return None


def _payer(work: Work, row: Session, door: str) -> int | Sentence:
    """The household that a session of nobody is given to, or why it cannot be."""
    if not door:
        message = N_("Nobody asked for this charge: name the door that pays for it, or let it go.")
        return Sentence(message)
    household = find_household(work.uow, door)
    if household is None or household.id is None:
        return Sentence(N_("No household is registered for door {door}."), {"door": door})
    if household.moved_in_at > (row.ended_at or row.requested_at):
        message = N_("The household of door {door} moved in after this charge.")
        return Sentence(message, {"door": door})
    return household.id


def _write_down(
    work: Work, row: Session, chosen: Basis, sheet: Sheet, wish: Wish, given_to: int | None
) -> None:
    stretch = chosen.stretch
    decision = HeldDecision(
        session_id=row.id,
        choice=chosen.choice,
        held_for=row.held_reason or "",
        household_id=given_to,
        was_billed=row.posted_at is not None,
        register_id=stretch.register_id if stretch else None,
        start_wh=stretch.start_wh if stretch else None,
        end_wh=stretch.end_wh if stretch else None,
        since_ms=stretch.start_ms if stretch else None,
        until_ms=stretch.end_ms if stretch else None,
        reason=wish.reason.strip(),
        evidence=sheet,
        evidence_sha256=digest_of(sheet),
        decided_at=work.now,
        decided_by=wish.by,
    )
    work.uow.session.add(decision)
    work.uow.session.flush()


def _first(work: Work, row: Session, chosen: Basis) -> Decided:
    """The session was never billed: what was chosen becomes its energy, and is posted now."""
    stretch = chosen.stretch
    row.register_id = stretch.register_id if stretch else None
    row.start_wh = stretch.start_wh if stretch else None
    row.end_wh = stretch.end_wh if stretch else None
    row.energy_wh = stretch.energy_wh if stretch else None
    if stretch is not None and chosen.choice is Choice.RECORD:
        row.started_at, row.ended_at = from_ms(stretch.start_ms), from_ms(stretch.end_ms)
    row.ended_at = row.ended_at or row.requested_at
    if chosen.choice is Choice.WAIVE:
        advance(work.uow, row, Event.LET_GO, work.now)
        work.remember(row)
        return Decided(row.id, chosen.choice, chosen.energy_wh, 0)
    row.settled_at = row.settled_at or work.now
    advance(work.uow, row, Event.DECIDED, work.now)
    settling.post(work, [row])
    billed = billed_session(work.uow, row.id)
    month = billed.month if billed else ""
    return Decided(row.id, chosen.choice, chosen.energy_wh, chosen.total_fen, month)


def _again(work: Work, row: Session, chosen: Basis, wish: Wish) -> Decided:
    """It was billed before a second record contradicted the first: the bill stands, and what it
    was too much is given back. It never becomes more."""
    stretch, billing = chosen.stretch, chosen.choice is not Choice.WAIVE
    note = CreditNote(
        ref=f"D-{row.id}",
        session_id=row.id,
        right=chosen.priced or Priced(0, 0, ()),
        memo=wish.reason.strip(),
        written_by=f"committee:{wish.by}",
        register_id=stretch.register_id if stretch and billing else "",
        start_wh=stretch.start_wh if stretch and billing else None,
        end_wh=stretch.end_wh if stretch and billing else None,
    )
    posted = post_credit(work.uow, note, work.now, work.house.settings.zone)
    advance(work.uow, row, Event.DECIDED, work.now)
    work.remember(row)
    if isinstance(posted, Posted):
        return Decided(row.id, chosen.choice, chosen.energy_wh, posted.amount_fen, posted.month)
    return Decided(row.id, chosen.choice, chosen.energy_wh, 0)
