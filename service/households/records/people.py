"""Every look at households, passes, sign-ins, staff and the audit trail, and ending them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, inspect
from sqlalchemy import select as core_select
from sqlmodel import SQLModel, col, func, select, update

from service.households.records.tables import Household, Pass, Resident, SignIn, Staff
from service.store import UnitOfWork


def add(uow: UnitOfWork, *rows: SQLModel) -> None:
    """Store new rows and give them their ids."""
    uow.session.add_all(rows)
    uow.session.flush()


def household_at(uow: UnitOfWork, door: str) -> Household | None:
    """The household living behind a door now."""
    return uow.session.exec(
        select(Household).where(Household.door == door, col(Household.moved_out_at).is_(None))
    ).first()


def households_of_door(uow: UnitOfWork, door: str) -> Sequence[Household]:
    """Everybody who lives or has lived behind a door; who lives there now comes first."""
    return uow.session.exec(
        select(Household)
        .where(Household.door == door)
        .order_by(col(Household.moved_out_at).is_not(None), col(Household.id).desc())
    ).all()


def living_doors(uow: UnitOfWork, doors: Iterable[str]) -> set[str]:
    """Which of these doors have a household now."""
    return set(
        uow.session.exec(
            select(Household.door).where(
                col(Household.door).in_(list(doors)), col(Household.moved_out_at).is_(None)
            )
        )
    )


def households(uow: UnitOfWork) -> Sequence[Household]:
    """All who live here now, by entrance and door."""
    return uow.session.exec(
        select(Household)
        .where(col(Household.moved_out_at).is_(None))
        .order_by(col(Household.entrance), col(Household.door))
    ).all()


def every_household(uow: UnitOfWork) -> Sequence[Household]:
    """All who ever lived here, by door and by when they came."""
    order = (col(Household.door), col(Household.moved_in_at), col(Household.id))
    return uow.session.exec(select(Household).order_by(*order)).all()


LIVE_PASS = select(Pass).where(
    col(Pass.digest) == bindparam("digest"), col(Pass.revoked_at).is_(None)
)


def live_pass(uow: UnitOfWork, digest: str) -> Pass | None:
    """The unrevoked pass with this digest; expiry and use are the caller's to judge."""
    return uow.session.exec(LIVE_PASS, params={"digest": digest}).first()


def live_digests(uow: UnitOfWork, digests: Iterable[str]) -> set[str]:
    """Which of these digests belong to an unrevoked pass."""
    return set(
        uow.session.exec(
            select(Pass.digest).where(
                col(Pass.digest).in_(list(digests)), col(Pass.revoked_at).is_(None)
            )
        )
    )


def newest_pass(uow: UnitOfWork, digest: str) -> Pass | None:
    """The last pass with this digest, revoked or not."""
    return uow.session.exec(
        select(Pass).where(Pass.digest == digest).order_by(col(Pass.id).desc())
    ).first()


def passes_of(uow: UnitOfWork, household_id: int) -> Sequence[Pass]:
    """Every unrevoked pass of a household, oldest first."""
    return uow.session.exec(
        select(Pass)
        .where(Pass.household_id == household_id, col(Pass.revoked_at).is_(None))
        .order_by(col(Pass.id))
    ).all()


def live_passes(uow: UnitOfWork, household_id: int, kind: str) -> Sequence[Pass]:
    """The unrevoked passes of a household of one kind, oldest first."""
    return [one for one in passes_of(uow, household_id) if one.kind == kind]


def card_counts(uow: UnitOfWork) -> dict[int, int]:
    """How many cards of each household work."""
    statement = (
        select(Pass.household_id, func.count())
        .where(Pass.kind == "card", col(Pass.revoked_at).is_(None))
        .group_by(col(Pass.household_id))
    )
    return {household or 0: int(count) for household, count in uow.session.exec(statement)}


def residents_of(uow: UnitOfWork, household_id: int) -> int:
    """How many people a household has."""
    statement = select(func.count()).where(Resident.household_id == household_id)
    return int(uow.session.exec(statement).one())


def use_once(uow: UnitOfWork, pass_id: int, now: datetime) -> bool:
    """Mark a code used; False if somebody was quicker."""
    used = uow.session.exec(
        update(Pass)
        .where(col(Pass.id) == pass_id, col(Pass.used_at).is_(None), col(Pass.revoked_at).is_(None))
        .values(used_at=now)
    )
    return used.rowcount == 1


class FoundSignIn(NamedTuple):
    """A sign-in with what its staff account, if it is one, says today."""

    id: int
    household_id: int | None
    staff_id: int | None
    expires_at: datetime
    revoked_at: datetime | None
    staff_role: str | None
    staff_disabled_at: datetime | None
    pass_id: int | None
    pass_kind: str | None
    pass_revoked_at: datetime | None


_sign_in, _staff = inspect(SignIn).local_table, inspect(Staff).local_table
_pass = inspect(Pass).local_table
_SIGN_IN_WITH = (
    core_select(
        *(_sign_in.c[name] for name in FoundSignIn._fields[:5]),
        _staff.c.role,
        _staff.c.disabled_at,
        _sign_in.c.pass_id,
        _pass.c.kind,
        _pass.c.revoked_at.label("pass_revoked_at"),
    )
    .select_from(
        _sign_in.outerjoin(_staff, _staff.c.id == _sign_in.c.staff_id).outerjoin(
            _pass, _pass.c.id == _sign_in.c.pass_id
        )
    )
    .where(_sign_in.c.digest == bindparam("digest"))
)


def sign_in_with(uow: UnitOfWork, digest: str) -> FoundSignIn | None:
    """The sign-in with this digest. Every request asks, so it goes without building objects."""
    row = uow.session.connection().execute(_SIGN_IN_WITH, {"digest": digest}).first()
    return FoundSignIn._make(row) if row else None


def staff_with_login(uow: UnitOfWork, login: str) -> Staff | None:
    """The staff member of a sign-in name, disabled or not."""
    return uow.session.exec(select(Staff).where(Staff.login == login)).first()


def staff(uow: UnitOfWork) -> Sequence[Staff]:
    """All staff accounts by name."""
    return uow.session.exec(select(Staff).order_by(col(Staff.login))).all()


def revoke_sign_ins(
    uow: UnitOfWork,
    now: datetime,
    *,
    sign_in_id: int | None = None,
    household_id: int | None = None,
    staff_id: int | None = None,
    pass_id: int | None = None,
    passkey_id: int | None = None,
) -> int:
    """Revoke one sign-in, or all of a household, a staff member, a pass or a passkey; how many."""
    statement = update(SignIn).where(col(SignIn.revoked_at).is_(None)).values(revoked_at=now)
    if sign_in_id is not None:
        statement = statement.where(col(SignIn.id) == sign_in_id)
    elif pass_id is not None:
        statement = statement.where(col(SignIn.pass_id) == pass_id)
    elif passkey_id is not None:
        statement = statement.where(col(SignIn.passkey_id) == passkey_id)
    elif household_id is not None:
        statement = statement.where(col(SignIn.household_id) == household_id)
    else:
        statement = statement.where(col(SignIn.staff_id) == staff_id)
    return uow.session.exec(statement).rowcount


def revoke_passes(
    uow: UnitOfWork,
    now: datetime,
    *,
    household_id: int | None = None,
    staff_id: int | None = None,
    kind: str | None = None,
) -> int:
    """Revoke the live passes of a household or a staff member (of one kind); how many."""
    statement = update(Pass).where(col(Pass.revoked_at).is_(None)).values(revoked_at=now)
    if household_id is not None:
        statement = statement.where(col(Pass.household_id) == household_id)
    else:
        statement = statement.where(col(Pass.staff_id) == staff_id)
    if kind is not None:
        statement = statement.where(col(Pass.kind) == kind)
    return uow.session.exec(statement).rowcount
