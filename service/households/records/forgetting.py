"""Forgetting people: what is deleted at a move, and what only becomes empty after a time."""

from datetime import datetime

from sqlmodel import col, delete, select, update

from service.households.records.tables import AuditEntry, Household, Pass, Resident, SignIn
from service.store import UnitOfWork


def take_residents(uow: UnitOfWork, household_id: int, count: int) -> None:
    """Forget so many people of a household, those without a label first."""
    people = uow.session.exec(
        select(Resident)
        .where(Resident.household_id == household_id)
        .order_by(col(Resident.label), col(Resident.id).desc())
        .limit(count)
    )
    for one in people:
        uow.session.delete(one)
    uow.session.flush()


def forget_residents(uow: UnitOfWork, household_id: int) -> None:
    """Delete who lived there; the household stays, because its statements do."""
    uow.session.exec(
        update(Pass)
        .where(col(Pass.household_id) == household_id, col(Pass.resident_id).is_not(None))
        .values(resident_id=None)
    )
    uow.session.exec(delete(Resident).where(col(Resident.household_id) == household_id))


def forget_passes(uow: UnitOfWork, before: datetime) -> int:
    """Delete codes, cards and sign-ins of households that moved out before a moment; how many."""
    gone = select(Household.id).where(col(Household.moved_out_at) < before)
    passes = delete(Pass).where(col(Pass.household_id).in_(gone))
    sign_ins = delete(SignIn).where(col(SignIn.household_id).in_(gone))
    return uow.session.exec(passes).rowcount + uow.session.exec(sign_ins).rowcount


def forget_agents(uow: UnitOfWork, before: datetime) -> int:
    """Erase which browser signed in before a moment; how many."""
    statement = (
        update(SignIn)
        .where(col(SignIn.created_at) < before, col(SignIn.agent) != "")
        .values(agent="")
    )
    return uow.session.exec(statement).rowcount


def forget_addresses(uow: UnitOfWork, before: datetime) -> int:
    """Erase from where deeds of before a moment were done; what was done stays written."""
    statement = (
        update(AuditEntry)
        .where(col(AuditEntry.at) < before, col(AuditEntry.from_address) != "")
        .values(from_address="")
    )
    return uow.session.exec(statement).rowcount
