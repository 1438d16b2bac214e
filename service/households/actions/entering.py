"""Signing in and out.

Passwords are checked by the caller between two units of work, because hashing is too slow to do
inside one.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.households import codes
from service.households.access import SIGN_IN_LASTS, Role
from service.households.actions.passes import BY_CODE, CODE, GUEST, HELPER
from service.households.outcomes import Bearer, Reason, Refused, SignedIn, refused
from service.households.records import (
    Household,
    Pass,
    Passkey,
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
_ROLE_OF_KIND = {HELPER: Role.HELPER, GUEST: Role.GUEST}

GUEST_LOOKS_BACK = timedelta(days=1)
"""So long after the end of a pass its guest still sees how the last charge went."""

AGENT_LENGTH = 80


@dataclass(frozen=True, slots=True)
class _LetIn:
    """Who is let in, and by what."""

    role: Role
    household_id: int | None = None
    staff_id: int | None = None
    by: Pass | None = None
    passkey_id: int | None = None


def redeem_code(
    uow: UnitOfWork, typed: str, now: datetime, key: bytes, agent: str = ""
) -> SignedIn | Refused:
    """Sign in with a code. Wrong, used, old and revoked codes get the same answer."""
    code = codes.read_code(typed)
    found = live_pass(uow, codes.digest(key, CODE, code)) if code else None
    if found is None or found.kind not in BY_CODE:
        return refused(Reason.BAD_CODE)
    if found.expires_at is None or found.expires_at <= now:
        return refused(Reason.BAD_CODE)
    member = uow.session.get(Staff, found.staff_id) if found.staff_id else None
    if member is not None and member.disabled_at is not None:
        return refused(Reason.BAD_CODE)
    if found.id is None or not use_once(uow, found.id, now):
        return refused(Reason.BAD_CODE)
    if member is not None:
        who = _LetIn(Role(member.role), None, member.id, found)
    else:
        who = _LetIn(_ROLE_OF_KIND.get(found.kind, Role.RESIDENT), found.household_id, None, found)
    return _sign_in(uow, who, now, key, agent)


def sign_in_staff(
    uow: UnitOfWork, staff_id: int, now: datetime, key: bytes, agent: str = ""
) -> SignedIn | Refused:
    """Let a staff member in whose password was found right a moment ago."""
    member = uow.session.get(Staff, staff_id)
    if member is None or member.disabled_at is not None:
        return refused(Reason.BAD_SIGN_IN)
    return _sign_in(uow, _LetIn(Role(member.role), None, member.id), now, key, agent)


def sign_in_resident(
    uow: UnitOfWork, passkey: Passkey, now: datetime, key: bytes, agent: str = ""
) -> SignedIn | Refused:
    """Let a resident in whose passkey was found right a moment ago."""
    household = uow.session.get(Household, passkey.household_id)
    if passkey.revoked_at is not None or household is None or household.moved_out_at is not None:
        return refused(Reason.BAD_PASSKEY)
    who = _LetIn(Role.RESIDENT, household.id, passkey_id=passkey.id)
    return _sign_in(uow, who, now, key, agent)


def sign_in_of(uow: UnitOfWork, secret: str, now: datetime, key: bytes) -> Bearer | None:
    """Whom a browser's secret stands for now; None if revoked, expired, disabled or unknown.

    The role is the staff account's of this moment, not that of the day of the sign-in.
    """
    found = sign_in_with(uow, codes.digest(key, _SIGN_IN, secret))
    if found is None:
        return None
    ended = found.revoked_at or found.staff_disabled_at or found.pass_revoked_at
    if ended or found.expires_at <= now:
        return None
    kind = found.pass_kind or CODE
    role = found.staff_role or _ROLE_OF_KIND.get(kind, Role.RESIDENT)
    # only who was let in by the household is told apart by their pass
    pass_id = found.pass_id if kind in _ROLE_OF_KIND else None
    return Bearer(role, found.household_id, found.staff_id, found.id, pass_id)


def sign_out(uow: UnitOfWork, sign_in_id: int, now: datetime) -> bool:
    """End one sign-in; False if it had ended before."""
    return revoke_sign_ins(uow, now, sign_in_id=sign_in_id) > 0


def sign_out_everywhere(
    uow: UnitOfWork,
    now: datetime,
    household_id: int | None = None,
    staff_id: int | None = None,
    pass_id: int | None = None,
) -> int:
    """End every sign-in of a household, a staff member or (alone) a pass; how many there were."""
    if pass_id is not None:
        return revoke_sign_ins(uow, now, pass_id=pass_id)
    if household_id is None and staff_id is None:
        return 0
    return revoke_sign_ins(uow, now, household_id=household_id, staff_id=staff_id)


def _sign_in(uow: UnitOfWork, who: _LetIn, now: datetime, key: bytes, agent: str) -> SignedIn:
    lasts = SIGN_IN_LASTS[who.role]
    if who.role is Role.GUEST and who.by is not None and who.by.expires_at is not None:
        lasts = min(lasts, who.by.expires_at + GUEST_LOOKS_BACK - now)
    secret = secrets.token_urlsafe(32)
    row = SignIn(
        digest=codes.digest(key, _SIGN_IN, secret),
        household_id=who.household_id,
        staff_id=who.staff_id,
        pass_id=who.by.id if who.by is not None else None,
        passkey_id=who.passkey_id,
        created_at=now,
        expires_at=now + lasts,
        agent=agent[:AGENT_LENGTH],
    )
    add(uow, row)
    if row.id is None:
        raise RuntimeError("the database gave a sign-in no id")
    return SignedIn(
        row.id,
        secret,
        who.role,
        who.household_id,
        who.staff_id,
        int(lasts.total_seconds()),
        row.pass_id if who.role in (Role.HELPER, Role.GUEST) else None,
    )
