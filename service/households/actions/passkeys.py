"""Passkeys of a household: kept, used, ended. What they prove is checked at the door."""

from datetime import datetime

from service.households.outcomes import Reason, Refused, refused
from service.households.records import (
    Household,
    Passkey,
    add,
    count_up,
    passkey_with,
    passkeys_of,
    revoke_sign_ins,
)
from service.store import UnitOfWork

MOST_PASSKEYS = 20


def keep_passkey(
    uow: UnitOfWork,
    household_id: int,
    credential_id: str,
    public_key: str,
    sign_count: int,
    agent: str,
    now: datetime,
) -> Passkey | Refused:
    """Keep the public half of a key that a phone of this household has just made."""
    household = uow.session.get(Household, household_id, with_for_update=True)
    if household is None or household.moved_out_at is not None:
        return refused(Reason.NO_SUCH_HOUSEHOLD)
    if passkey_with(uow, credential_id) is not None:
        return refused(Reason.BAD_PASSKEY)
    if len(passkeys_of(uow, household_id)) >= MOST_PASSKEYS:
        return refused(Reason.TOO_MANY_PASSES, most=MOST_PASSKEYS)
    row = Passkey(
        household_id=household_id,
        credential_id=credential_id,
        public_key=public_key,
        sign_count=sign_count,
        agent=agent,
        created_at=now,
    )
    add(uow, row)
    return row


def use_passkey(
    uow: UnitOfWork, passkey_id: int, was: int, sign_count: int, now: datetime
) -> Passkey | Refused:
    """Note that a passkey was found right; refused if it ended, or was used, in between."""
    if not count_up(uow, passkey_id, was, sign_count, now):
        return refused(Reason.BAD_PASSKEY)
    return uow.session.get_one(Passkey, passkey_id)


def end_passkey(uow: UnitOfWork, household_id: int, passkey_id: int, now: datetime) -> bool:
    """A household takes a phone's key away, and every sign-in by it; False if it has no such."""
    row = uow.session.get(Passkey, passkey_id)
    if row is None or row.household_id != household_id or row.revoked_at is not None:
        return False
    row.revoked_at = now
    revoke_sign_ins(uow, now, passkey_id=passkey_id)
    return True
