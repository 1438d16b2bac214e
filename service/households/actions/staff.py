"""Staff accounts: who works here, in which role, and how they get in for the first time."""

import re
from datetime import datetime

from service.households.access import STAFF_ROLES, Role
from service.households.actions.passes import new_staff_code
from service.households.outcomes import Reason, Refused, refused
from service.households.records import (
    Staff,
    add,
    committee_left,
    revoke_passes,
    revoke_sign_ins,
    staff_with_login,
)
from service.store import UnitOfWork

_LOGIN = re.compile(r"[a-z][a-z0-9.-]{1,39}")


def hire(
    uow: UnitOfWork, login: str, role: str, display: str, now: datetime, key: bytes
) -> tuple[Staff, str] | Refused:
    """A new account and the one-time code of its first sign-in, which nobody can read again."""
    if not _LOGIN.fullmatch(login.strip().casefold()):
        return refused(Reason.NOT_A_LOGIN)
    member = add_staff(uow, login, role, " ".join(display.split())[:40])
    if isinstance(member, Refused):
        return member
    return member, new_staff_code(uow, member.id or 0, now, key)


def reset_staff(uow: UnitOfWork, staff_id: int, now: datetime, key: bytes) -> str | None:
    """Somebody forgot the password: it ends, with every sign-in, and a one-time code takes its
    place. None if the account is disabled."""
    member = uow.session.get_one(Staff, staff_id)
    if member.disabled_at is not None:
        return None
    member.password_hash = None
    revoke_sign_ins(uow, now, staff_id=staff_id)
    revoke_passes(uow, now, staff_id=staff_id)
    return new_staff_code(uow, staff_id, now, key)


def may_go(uow: UnitOfWork, staff_id: int) -> Refused | None:
    """Whether an account may be disabled or reset: somebody of the committee must be able to sign
    in afterwards, with a password of their own."""
    member = uow.session.get_one(Staff, staff_id)
    if member.role == Role.COMMITTEE and committee_left(uow, staff_id) == 0:
        return refused(Reason.LAST_OF_COMMITTEE)
    return None


def enable_staff(uow: UnitOfWork, staff_id: int, now: datetime, key: bytes) -> str:
    """A disabled account comes back with a one-time code; its old password does not."""
    member = uow.session.get_one(Staff, staff_id)
    member.disabled_at, member.password_hash = None, None
    return new_staff_code(uow, staff_id, now, key)


def add_staff(
    uow: UnitOfWork, login: str, role: str, display: str = "", password_hash: str | None = None
) -> Staff | Refused:
    """A staff account; without a password hash it can only be entered with a code."""
    if role not in STAFF_ROLES:
        return refused(Reason.UNKNOWN_ROLE)
    name = login.strip().casefold()
    if staff_with_login(uow, name) is not None:
        return refused(Reason.LOGIN_TAKEN)
    member = Staff(login=name, role=role, display=display, password_hash=password_hash)
    add(uow, member)
    return member


def set_password(uow: UnitOfWork, staff_id: int, password_hash: str, now: datetime) -> None:
    """A new password: every sign-in and code from before it ends."""
    member = uow.session.get_one(Staff, staff_id)
    member.password_hash = password_hash
    revoke_sign_ins(uow, now, staff_id=staff_id)
    revoke_passes(uow, now, staff_id=staff_id)


def disable_staff(uow: UnitOfWork, staff_id: int, now: datetime) -> None:
    """The account ends at once, in every browser."""
    uow.session.get_one(Staff, staff_id).disabled_at = now
    revoke_sign_ins(uow, now, staff_id=staff_id)
    revoke_passes(uow, now, staff_id=staff_id)


def staff_to_check(uow: UnitOfWork, login: str) -> tuple[int | None, str | None]:
    """Id and stored hash to check a password against; (None, None) for unknown or disabled."""
    member = staff_with_login(uow, login.strip().casefold())
    if member is None or member.disabled_at is not None:
        return None, None
    return member.id, member.password_hash


def login_and_hash(uow: UnitOfWork, staff_id: int) -> tuple[str, str | None]:
    """A staff member's sign-in name and stored hash (None: only codes so far)."""
    member = uow.session.get_one(Staff, staff_id)
    return member.login, member.password_hash
