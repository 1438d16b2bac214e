"""Signing in and out.

Passwords are checked by the caller between two units of work, because hashing is too slow to do
inside one.
"""

import secrets
from datetime import datetime

from service.households import codes
from service.households.access import SIGN_IN_LASTS, Role
from service.households.actions.passes import CODE
from service.households.outcomes import Bearer, Reason, Refused, SignedIn, refused
from service.households.records import (
    SignIn,
    Staff,
    add,
    live_pass,
    revoke_sign_ins,
    sign_in_with,
    use_once,
)
from service.store import UnitOfWork

_SIGN_IN = "sign_in"


def redeem_code(
    uow: UnitOfWork, typed: str, now: datetime, key: bytes, agent: str = ""
) -> SignedIn | Refused:
    """Sign in with a code. Wrong, used, old and revoked codes get the same answer."""
    code = codes.read_code(typed)
    found = live_pass(uow, codes.digest(key, CODE, code)) if code else None
    if found is None or found.expires_at is None or found.expires_at <= now:
        return refused(Reason.BAD_CODE)
    member = uow.session.get(Staff, found.staff_id) if found.staff_id else None
    if member is not None and member.disabled_at is not None:
        return refused(Reason.BAD_CODE)
    if found.id is None or not use_once(uow, found.id, now):
        return refused(Reason.BAD_CODE)
    return _sign_in(uow, found.household_id, member, now, key, agent)


def sign_in_staff(
    uow: UnitOfWork, staff_id: int, now: datetime, key: bytes, agent: str = ""
) -> SignedIn | Refused:
    """Let a staff member in whose password was found right a moment ago."""
    member = uow.session.get(Staff, staff_id)
    if member is None or member.disabled_at is not None:
        return refused(Reason.BAD_SIGN_IN)
    return _sign_in(uow, None, member, now, key, agent)


def sign_in_of(uow: UnitOfWork, secret: str, now: datetime, key: bytes) -> Bearer | None:
    """Whom a browser's secret stands for now; None if revoked, expired, disabled or unknown.

    The role is the staff account's of this moment, not that of the day of the sign-in.
    """
    found = sign_in_with(uow, codes.digest(key, _SIGN_IN, secret))
    if found is None:
        return None
    if found.revoked_at or found.staff_disabled_at or found.expires_at <= now:
        return None
    role = found.staff_role or Role.RESIDENT
    return Bearer(role, found.household_id, found.staff_id, found.id)


def sign_out(uow: UnitOfWork, sign_in_id: int, now: datetime) -> bool:
    """End one sign-in; False if it had ended before."""
    return revoke_sign_ins(uow, now, sign_in_id=sign_in_id) > 0


def sign_out_everywhere(
    uow: UnitOfWork, now: datetime, household_id: int | None = None, staff_id: int | None = None
) -> int:
    """End every sign-in of a household, or of a staff member; how many there were."""
    if household_id is None and staff_id is None:
        return 0
    return revoke_sign_ins(uow, now, household_id=household_id, staff_id=staff_id)


def _sign_in(
    uow: UnitOfWork,
    household_id: int | None,
    member: Staff | None,
    now: datetime,
    key: bytes,
    agent: str,
) -> SignedIn:
    role = Role(member.role) if member is not None else Role.RESIDENT
    lasts = SIGN_IN_LASTS[role]
    secret = secrets.token_urlsafe(32)
    row = SignIn(
        digest=codes.digest(key, _SIGN_IN, secret),
        household_id=household_id,
        staff_id=member.id if member is not None else None,
        created_at=now,
        expires_at=now + lasts,
        agent=agent[:80],
    )
    add(uow, row)
    if row.id is None:
        raise RuntimeError("the database gave a sign-in no id")
    return SignedIn(row.id, secret, role, household_id, row.staff_id, int(lasts.total_seconds()))
