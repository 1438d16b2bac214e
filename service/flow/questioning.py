"""A household questions a line, and the committee answers: evidence, question and books together.

The evidence is taken down when the question is asked and never changes; what can be given back is
worked out from it alone, so that the answer rests on what everybody could see.
"""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from service.billing.actions.crediting import charged_still
from service.billing.actions.tariffs import tariff_version
from service.billing.credit import Charged, too_much
from service.billing.records.credits import billed_session
from service.billing.tariff import TariffVersion
from service.desk.actions.questions import answer_credit, answer_no, ask
from service.desk.questions import AlreadyAnswered, Answered, Asked, NewQuestion, Refused, Right
from service.desk.records.questions import Question, question_row
from service.flow.house import Work
from service.store import UnitOfWork
from service.usage.actions.evidence import evidence
from service.usage.bases import Basis, between_readings, to_answer
from service.usage.evidence import Sheet, digest_of
from service.words import N_, Sentence

NO = "no"
"""The key of the answer that changes nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One possible answer: the right energy with its price, and what would be given back."""

    basis: Basis
    back: Charged


def question(
    work: Work, session_id: str, household_id: int, what: str, words: str
) -> Asked | Refused:
    """Question a line of one's own. The evidence of this moment is kept with the question."""
    sheet = evidence(work.uow, session_id, work.now, work.house.settings.zone)
    if sheet is None:
        return Refused(Sentence(N_("There is no such charge on your statements.")), known=False)
    new = NewQuestion(session_id, household_id, what, words, sheet, digest_of(sheet))
    return ask(work.uow, new, work.now)


def answer(
    work: Work, question_id: int, key: str, words: str, by: int | None
) -> Answered | AlreadyAnswered | Refused:
    """Answer once. `key` is 'no', or names an outcome: 'waive', 'readings', 'between:3:9'."""
    if key == NO:
        return answer_no(work.uow, question_id, words, by, work.now)
    row = question_row(work.uow, question_id)
    if row is None:
        return Refused(Sentence(N_("There is no such question.")), known=False)
    zone = work.house.settings.zone
    possible = outcomes(work.uow, row, zone, key)
    chosen = next((one for one in possible if one.basis.key == key), None)
    if chosen is None or chosen.basis.priced is None:
        return Refused(Sentence(N_("Please choose one of the answers.")))
    right = Right(chosen.basis.priced, kept(chosen.basis))
    return answer_credit(work.uow, question_id, right, words, by, work.now, zone)


def outcomes(uow: UnitOfWork, row: Question, zone: tzinfo, key: str = "") -> list[Outcome]:
    """Every possible answer with what it would give back: nothing should have been billed, only
    what the readings prove, and, if `key` names two readings, the energy between them."""
    billed = billed_session(uow, row.session_id)
    tariff = tariff_version(uow, billed.tariff_id) if billed else None
    if billed is None or tariff is None:
        return []
    still = charged_still(uow, billed.entry_id)
    bases = [*to_answer(row.evidence, tariff, zone), *_named(row.evidence, key, tariff, zone)]
    return [
        Outcome(basis, too_much(still, basis.priced)) for basis in bases if basis.priced is not None
    ]


def _named(sheet: Sheet, key: str, tariff: TariffVersion, zone: tzinfo) -> list[Basis]:
    parts = key.split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts[1:]):
        return []
    if parts[0] != "between" or max(map(len, parts[1:])) > 6:
        return []
    basis = between_readings(sheet, int(parts[1]), int(parts[2]), tariff, zone)
    return [basis] if basis else []


def kept(basis: Basis) -> dict[str, Any]:
    """What of a basis is kept with the question, so that anyone can work it out again."""
    stretch = basis.stretch
    return {
        "choice": basis.choice.value,
        "register_id": stretch.register_id if stretch else None,
        "start_wh": stretch.start_wh if stretch else None,
        "end_wh": stretch.end_wh if stretch else None,
        "start_ms": stretch.start_ms if stretch else None,
        "end_ms": stretch.end_ms if stretch else None,
    }
