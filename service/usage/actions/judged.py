"""Do decisions and answers still rest on what people saw? Worked out again from the evidence."""

from collections.abc import Iterator
from datetime import tzinfo

from sqlmodel import col, select

from service.billing.actions.tariffs import tariff_version
from service.billing.credit import CreditNote, facts_of
from service.billing.pricing import Priced
from service.billing.records import BilledSession, LedgerEntry
from service.billing.records.credits import billed_session
from service.desk.questions import State, ref_of
from service.desk.records.questions import Question
from service.metering.proven import Stretch
from service.sessions.records import HeldDecision
from service.store import UnitOfWork
from service.usage.bases import Choice, price_of
from service.usage.evidence import digest_of, points_of
from service.words import N_, Sentence


def misfitting_judgements(uow: UnitOfWork, zone: tzinfo) -> list[Sentence]:
    """Every decision whose bill is not what was decided, every question whose evidence was changed
    or whose credit note does not follow from it; empty when everything fits."""
    return [*_decisions(uow), *_questions(uow, zone)]


def _decisions(uow: UnitOfWork) -> Iterator[Sentence]:
    for row in uow.session.exec(select(HeldDecision).order_by(col(HeldDecision.session_id))):
        values = {"session": row.session_id}
        if digest_of(row.evidence) != row.evidence_sha256:
            message = N_("The evidence of the decision about charge {session} was changed.")
            yield Sentence(message, values)
        billed = billed_session(uow, row.session_id)
        if not row.was_billed and not _as_decided(row, billed):
            message = N_("Charge {session} is not billed as it was decided.")
            yield Sentence(message, values)


def _as_decided(row: HeldDecision, billed: BilledSession | None) -> bool:
    if row.choice == Choice.WAIVE or billed is None:
        return (row.choice == Choice.WAIVE) == (billed is None)
    return (billed.register_id, billed.start_wh, billed.end_wh) == (
        row.register_id,
        row.start_wh,
        row.end_wh,
    )


def _questions(uow: UnitOfWork, zone: tzinfo) -> Iterator[Sentence]:
    for row in uow.session.exec(select(Question).order_by(col(Question.id))):
        values = {"number": row.id}
        if digest_of(row.evidence) != row.evidence_sha256:
            yield Sentence(N_("The evidence of question {number} was changed."), values)
        elif row.state == State.CREDITED and not _follows(uow, row, zone):
            message = N_("The credit note of question {number} does not follow from its evidence.")
            yield Sentence(message, values)


def _follows(uow: UnitOfWork, row: Question, zone: tzinfo) -> bool:
    """Does the sealed entry say what its evidence and the chosen basis come to?"""
    entry = uow.session.get(LedgerEntry, row.entry_id or 0)
    billed = billed_session(uow, row.session_id)
    tariff = tariff_version(uow, billed.tariff_id) if billed else None
    basis = row.basis or {}
    if entry is None or tariff is None or entry.cause_ref != ref_of(row.id or 0):
        return False
    right: Priced | None = Priced(tariff.id, 0, ())
    if basis.get("start_wh") is not None:
        names = ("register_id", "start_wh", "end_wh", "start_ms", "end_ms")
        stretch = Stretch(*(basis[name] for name in names))
        right = price_of(stretch, points_of(row.evidence), tariff, zone)
    if right is None:
        return False
    note = CreditNote(
        ref=entry.cause_ref,
        session_id=row.session_id,
        right=right,
        memo=entry.memo,
        written_by=entry.written_by,
        register_id=basis.get("register_id") or "",
        start_wh=basis.get("start_wh"),
        end_wh=basis.get("end_wh"),
    )
    return facts_of(note) == entry.facts
