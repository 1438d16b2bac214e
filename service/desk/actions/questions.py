"""What becomes of a questioned line: asked once, answered once, told until it was read."""

from datetime import datetime, tzinfo

from service.billing.actions.crediting import charged_still, post_credit
from service.billing.credit import CreditNote
from service.billing.outcomes import AlreadyPosted, Posted
from service.billing.outcomes import Refused as NotCredited
from service.billing.records import BilledSession
from service.billing.records.credits import billed_session
from service.desk.questions import (
    AlreadyAnswered,
    Answered,
    Asked,
    NewQuestion,
    Refused,
    Right,
    State,
    memo_of,
    ref_of,
    why_not_answer,
    why_not_ask,
)
from service.desk.records.questions import (
    Question,
    locked_question,
    question_about,
    questions_in,
    questions_of,
)
from service.store import UnitOfWork
from service.words import N_, Sentence


def ask(uow: UnitOfWork, new: NewQuestion, now: datetime) -> Asked | Refused:
    """A household questions one of its own billed charges; asking twice is the same question."""
    billed = uow.session.get(BilledSession, new.session_id, with_for_update=True)
    if billed is None or billed.household_id != new.household_id:
        return Refused(Sentence(N_("There is no such charge on your statements.")), known=False)
    earlier = question_about(uow, new.session_id)
    if earlier is not None:
        return Asked(earlier.id or 0, again=True)
    no = why_not_ask(new.what, new.words)
    if no is None and not charged_still(uow, billed.entry_id).total_fen:
        no = Sentence(N_("Nothing is charged for this line, so there is nothing to give back."))
    if no is not None:
        return Refused(no)
    row = Question(
        session_id=new.session_id,
        household_id=new.household_id,
        what=new.what,
        words=new.words.strip(),
        asked_at=now,
        evidence=new.evidence,
        evidence_sha256=new.evidence_sha256,
    )
    uow.session.add(row)
    uow.session.flush()
    return Asked(row.id or 0)


def answer_no(
    uow: UnitOfWork, question_id: int, answer: str, by: int | None, now: datetime
) -> Answered | AlreadyAnswered | Refused:
    """The line stays as it is, for a reason that the household can read."""
    row = _open(uow, question_id, answer)
    if not isinstance(row, Question):
        return row
    _close(uow, row, State.REFUSED, answer, by, now)
    return Answered(question_id, State.REFUSED)


def answer_credit(
    uow: UnitOfWork,
    question_id: int,
    right: Right,
    answer: str,
    by: int | None,
    now: datetime,
    zone: tzinfo,
) -> Answered | AlreadyAnswered | Refused:
    """What was charged too much is given back by a credit note on the open month's statement."""
    row = _open(uow, question_id, answer)
    if not isinstance(row, Question):
        return row
    billed = billed_session(uow, row.session_id)
    if billed is None:
        return Refused(Sentence(N_("This charge was never billed, so nothing can be given back.")))
    place = f"{billed.pile}/{billed.outlet}"
    energies = (billed.energy_wh, right.priced.energy_wh)
    note = CreditNote(
        ref=ref_of(question_id),
        session_id=row.session_id,
        right=right.priced,
        memo=memo_of(place, billed.ended_at, *energies, answer, zone),
        written_by=f"committee:{by}" if by is not None else "committee",
        register_id=right.basis.get("register_id") or "",
        start_wh=right.basis.get("start_wh"),
        end_wh=right.basis.get("end_wh"),
    )
    posted = post_credit(uow, note, now, zone)
    if isinstance(posted, NotCredited):
        return Refused(posted.reasons[0])
    row.basis, row.entry_id = right.basis, posted.entry_id
    _close(uow, row, State.CREDITED, answer, by, now)
    return _answered(question_id, posted)


def questioned_fen(uow: UnitOfWork) -> dict[int, int]:
    """What is charged for lines whose question is open, in fen by household: nobody is reminded of
    that part until the answer is there."""
    found: dict[int, int] = {}
    for row in questions_in(uow, State.OPEN):
        billed = billed_session(uow, row.session_id)
        if billed is not None:
            fen = charged_still(uow, billed.entry_id).total_fen
            found[billed.household_id] = found.get(billed.household_id, 0) + fen
    return found


def unread_answers(uow: UnitOfWork, household_id: int) -> list[Question]:
    """Answers that the household has not opened yet, newest first."""
    return [
        row
        for row in questions_of(uow, household_id)
        if row.state != State.OPEN and row.seen_at is None
    ]


def note_read(uow: UnitOfWork, question_id: int, household_id: int, now: datetime) -> bool:
    """The household has opened the answer; True the first time."""
    row = locked_question(uow, question_id)
    if row is None or row.household_id != household_id:
        return False
    if row.state == State.OPEN or row.seen_at is not None:
        return False
    row.seen_at = now
    uow.session.add(row)
    uow.session.flush()
    return True


def _open(uow: UnitOfWork, question_id: int, answer: str) -> Question | AlreadyAnswered | Refused:
    row = locked_question(uow, question_id)
    if row is None:
        return Refused(Sentence(N_("There is no such question.")), known=False)
    if row.state != State.OPEN:
        return AlreadyAnswered(question_id, State(row.state), row.answered_at)
    no = why_not_answer(answer)
    return row if no is None else Refused(no)


def _close(
    uow: UnitOfWork, row: Question, state: State, answer: str, by: int | None, now: datetime
) -> None:
    row.state, row.answer = state, answer.strip()
    row.answered_at, row.answered_by = now, by
    uow.session.add(row)
    uow.session.flush()


def _answered(question_id: int, posted: Posted | AlreadyPosted) -> Answered:
    if isinstance(posted, AlreadyPosted):
        return Answered(question_id, State.CREDITED)
    return Answered(question_id, State.CREDITED, -posted.amount_fen, posted.month)
