"""Looks at who was let in: phones, passkeys, shared passes, and the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, func, select, update

from service.households.records.tables import AuditEntry, Pass, Passkey, SignIn, Staff
from service.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class TrailWish:
    """What is asked of the audit trail; what is empty is not asked."""

    action: str = ""
    role: str = ""
    actor_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None


def audit_trail(uow: UnitOfWork, limit: int, wish: TrailWish | None = None) -> Sequence[AuditEntry]:
    """The newest entries first; `before_id` pages on."""
    asked = wish or TrailWish()
    statement = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)
    if asked.before_id is not None:
        statement = statement.where(col(AuditEntry.id) < asked.before_id)
    if asked.action:
        statement = statement.where(AuditEntry.action == asked.action)
    if asked.role:
        statement = statement.where(AuditEntry.actor_role == asked.role)
    if asked.actor_id is not None:
        statement = statement.where(AuditEntry.actor_id == asked.actor_id)
    if asked.since is not None:
        statement = statement.where(col(AuditEntry.at) >= asked.since)
    if asked.until is not None:
        statement = statement.where(col(AuditEntry.at) < asked.until)
    return uow.session.exec(statement).all()


def trail_actions(uow: UnitOfWork) -> Sequence[str]:
    """Every action there is an entry of."""
    return uow.session.exec(select(AuditEntry.action).distinct().order_by(AuditEntry.action)).all()


def phones_of(uow: UnitOfWork, household_id: int, now: datetime) -> Sequence[SignIn]:
    """The sign-ins of a household that are good now, newest first; helpers and guests too."""
    return uow.session.exec(
        select(SignIn)
        .outerjoin(Pass, col(Pass.id) == col(SignIn.pass_id))
        .where(
            SignIn.household_id == household_id,
            col(SignIn.revoked_at).is_(None),
            col(SignIn.expires_at) > now,
            col(Pass.revoked_at).is_(None),
        )
        .order_by(col(SignIn.id).desc())
    ).all()


def passkeys_of(uow: UnitOfWork, household_id: int) -> Sequence[Passkey]:
    """The passkeys of a household that work, oldest first."""
    return uow.session.exec(
        select(Passkey)
        .where(Passkey.household_id == household_id, col(Passkey.revoked_at).is_(None))
        .order_by(col(Passkey.id))
    ).all()


def passkey_with(uow: UnitOfWork, credential_id: str) -> Passkey | None:
    """The passkey of a credential, revoked or not."""
    return uow.session.exec(select(Passkey).where(Passkey.credential_id == credential_id)).first()


def count_up(uow: UnitOfWork, passkey_id: int, was: int, sign_count: int, now: datetime) -> bool:
    """Note a use of a passkey; False if it was used or revoked in between."""
    used = uow.session.exec(
        update(Passkey)
        .where(
            col(Passkey.id) == passkey_id,
            col(Passkey.sign_count) == was,
            col(Passkey.revoked_at).is_(None),
        )
        .values(sign_count=sign_count, used_at=now)
    )
    return used.rowcount == 1


def revoke_passkeys(uow: UnitOfWork, now: datetime, household_id: int) -> int:
    """Every passkey of a household ends; how many."""
    statement = (
        update(Passkey)
        .where(col(Passkey.household_id) == household_id, col(Passkey.revoked_at).is_(None))
        .values(revoked_at=now)
    )
    return uow.session.exec(statement).rowcount


def pass_row(uow: UnitOfWork, pass_id: int, *, lock: bool = False) -> Pass | None:
    """A pass by its id; with `lock` nobody else may change it until this unit ends."""
    return uow.session.get(Pass, pass_id, with_for_update=lock or None)


def passes_by_id(uow: UnitOfWork, ids: Sequence[int]) -> dict[int, Pass]:
    """Passes by their ids, ended or not."""
    rows = uow.session.exec(select(Pass).where(col(Pass.id).in_(ids)))
    return {row.id or 0: row for row in rows}


def households_with_phones(uow: UnitOfWork, now: datetime) -> set[int]:
    """The households that have a phone of their own signed in, or a phone that keeps a key."""
    phones = (
        select(SignIn.household_id)
        .outerjoin(Pass, col(Pass.id) == col(SignIn.pass_id))
        .where(
            col(SignIn.household_id).is_not(None),
            col(SignIn.revoked_at).is_(None),
            col(SignIn.expires_at) > now,
            (col(Pass.id).is_(None)) | (col(Pass.kind) == "code"),
        )
        .distinct()
    )
    keys = select(Passkey.household_id).where(col(Passkey.revoked_at).is_(None)).distinct()
    return {one or 0 for one in uow.session.exec(phones)} | set(uow.session.exec(keys))


def households_with_codes(uow: UnitOfWork, now: datetime) -> set[int]:
    """The households with a printed code that waits to be used."""
    rows = uow.session.exec(
        select(Pass.household_id)
        .where(
            Pass.kind == "code",
            col(Pass.household_id).is_not(None),
            col(Pass.used_at).is_(None),
            col(Pass.revoked_at).is_(None),
            col(Pass.expires_at) > now,
        )
        .distinct()
    )
    return {one or 0 for one in rows}


def revoke_waiting_codes(uow: UnitOfWork, household_ids: Sequence[int], now: datetime) -> int:
    """Printed codes of these households that were not used stop working; how many."""
    statement = (
        update(Pass)
        .where(
            col(Pass.kind) == "code",
            col(Pass.household_id).in_(household_ids),
            col(Pass.used_at).is_(None),
            col(Pass.revoked_at).is_(None),
        )
        .values(revoked_at=now)
    )
    return uow.session.exec(statement).rowcount


def last_sign_ins(uow: UnitOfWork) -> dict[int, datetime]:
    """When every staff member signed in last."""
    statement = (
        select(SignIn.staff_id, func.max(SignIn.created_at))
        .where(col(SignIn.staff_id).is_not(None))
        .group_by(col(SignIn.staff_id))
    )
    return {staff_id or 0: at for staff_id, at in uow.session.exec(statement)}


def committee_left(uow: UnitOfWork, without: int) -> int:
    """How many members of the committee could still sign in without this one."""
    rows = uow.session.exec(
        select(Staff)
        .where(Staff.role == "committee", col(Staff.disabled_at).is_(None))
        .order_by(col(Staff.id))
        .with_for_update()
    ).all()
    return sum(row.id != without and row.password_hash is not None for row in rows)
