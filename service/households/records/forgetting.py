"""Forgetting people: what is deleted at a move, and what only becomes empty after a time."""

from datetime import datetime

from sqlmodel import col, delete, select, update

from service.households.records.tables import AuditEntry, Household, Pass, Passkey, Resident, SignIn
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
    """Delete passes, passkeys and sign-ins of households gone before a moment; how many."""
    gone = select(Household.id).where(col(Household.moved_out_at) < before)
    # sign-ins name the pass or the passkey that let them in, so they go first
    return sum(
        uow.session.exec(delete(table).where(col(table.household_id).in_(gone))).rowcount
        for table in (SignIn, Passkey, Pass)
    )


def forget_agents(uow: UnitOfWork, before: datetime) -> int:
    """Erase which browser signed in or made a passkey before a moment, and what a household called
    a guest whose pass ran out before it; how many."""
    erased = sum(
        uow.session.exec(
            update(table)
            .where(col(table.created_at) < before, col(table.agent) != "")
            .values(agent="")
        ).rowcount
        for table in (SignIn, Passkey)
    )
    guests = (
        update(Pass)
        .where(col(Pass.kind) == "guest", col(Pass.expires_at) < before, col(Pass.label) != "")
        .values(label="")
    )
    return erased + uow.session.exec(guests).rowcount


def forget_addresses(uow: UnitOfWork, before: datetime) -> int:
    """Erase from where deeds of before a moment were done; what was done stays written."""
    statement = (
        update(AuditEntry)
        .where(col(AuditEntry.at) < before, col(AuditEntry.from_address) != "")
        .values(from_address="")
    )
    return uow.session.exec(statement).rowcount
