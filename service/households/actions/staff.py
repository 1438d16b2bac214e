"""Staff accounts."""

from datetime import datetime

from service.households.access import STAFF_ROLES
from service.households.outcomes import Reason, Refused, refused
from service.households.records import (
    Staff,
    add,
    revoke_passes,
    revoke_sign_ins,
    staff_with_login,
)
from service.store import UnitOfWork


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
