"""Codes, cards and API secrets, given and taken.

Secrets are made here, handed out once and kept as digests under `key` (codes.key_of of the
installation's secret key).
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from service.households import codes
from service.households.access import Role
from service.households.outcomes import Bearer, Reason, Refused, refused
from service.households.records import (
    Household,
    Pass,
    add,
    live_pass,
    newest_pass,
    revoke_waiting_codes,
)
from service.store import UnitOfWork

CODE_LASTS = timedelta(days=14)
STAFF_CODE_LASTS = timedelta(days=1)

CODE, CARD, API = "code", "card", "api"
HELPER, GUEST = "helper", "guest"
BY_CODE = (CODE, HELPER, GUEST)
"""The kinds that are typed, or scanned, as a code."""


def new_code(
    uow: UnitOfWork,
    household_id: int,
    now: datetime,
    key: bytes,
    label: str = "",
    lasts: timedelta = CODE_LASTS,
) -> str | Refused:
    """A one-time code for a household, as printed; nobody can read it again later."""
    household = uow.session.get(Household, household_id)
    if household is None or household.moved_out_at is not None:
        return refused(Reason.NO_SUCH_HOUSEHOLD)
    code, found = unused_code(uow, key)
    add_pass(uow, CODE, found, now, household=household, label=label, expires_at=now + lasts)
    return codes.show_code(code)


def new_codes(
    uow: UnitOfWork, households: Sequence[Household], now: datetime, key: bytes
) -> list[tuple[Household, str]]:
    """A fresh code for each household; codes of theirs that were printed before and not used stop
    working, so that a lost sheet opens nothing."""
    revoke_waiting_codes(uow, [id_of(one) for one in households], now)
    made = []
    for one in households:
        code, found = unused_code(uow, key)
        add_pass(uow, CODE, found, now, household=one, expires_at=now + CODE_LASTS)
        made.append((one, codes.show_code(code)))
    return made


def new_staff_code(uow: UnitOfWork, staff_id: int, now: datetime, key: bytes) -> str:
    """A one-time code for a staff member: the first sign-in, or after a forgotten password."""
    code, found = unused_code(uow, key)
    row = Pass(
        staff_id=staff_id,
        kind=CODE,
        digest=found,
        created_at=now,
        expires_at=now + STAFF_CODE_LASTS,
    )
    add(uow, row)
    return codes.show_code(code)


def add_card(
    uow: UnitOfWork, household_id: int, card_uid: str, now: datetime, key: bytes, label: str = ""
) -> Pass | Refused:
    """Register a card. The same card for the same household again changes nothing."""
    uid = codes.read_card_uid(card_uid)
    if uid is None:
        return refused(Reason.NOT_A_CARD)
    household = uow.session.get(Household, household_id)
    if household is None or household.moved_out_at is not None:
        return refused(Reason.NO_SUCH_HOUSEHOLD)
    found = codes.digest(key, CARD, uid)
    existing = live_pass(uow, found)
    if existing is not None:
        return existing if existing.household_id == household_id else refused(Reason.CARD_TAKEN)
    return add_pass(uow, CARD, found, now, household=household, label=label)


def household_of_card(uow: UnitOfWork, card_uid: str, key: bytes) -> Household | Refused:
    """Whose card was swiped at a pile; a refusal says whether it is unknown or blocked."""
    uid = codes.read_card_uid(card_uid)
    found = newest_pass(uow, codes.digest(key, CARD, uid)) if uid else None
    if found is None or found.household_id is None:
        return refused(Reason.UNKNOWN_CARD)
    if found.revoked_at is not None:
        return refused(Reason.BLOCKED_CARD)
    household = uow.session.get(Household, found.household_id)
    if household is None:
        return refused(Reason.UNKNOWN_CARD)
    return household if household.moved_out_at is None else refused(Reason.BLOCKED_CARD)


def new_api_secret(
    uow: UnitOfWork, household_id: int, now: datetime, key: bytes, label: str
) -> str | Refused:
    """A bearer secret with which a program may act for a household; shown once."""
    household = uow.session.get(Household, household_id)
    if household is None or household.moved_out_at is not None:
        return refused(Reason.NO_SUCH_HOUSEHOLD)
    secret = secrets.token_urlsafe(32)
    add_pass(uow, API, codes.digest(key, API, secret), now, household=household, label=label)
    return secret


def bearer_of(uow: UnitOfWork, secret: str, key: bytes) -> Bearer | None:
    """Whom an API secret stands for, or None."""
    found = live_pass(uow, codes.digest(key, API, secret))
    if found is None or found.kind != API:
        return None
    return Bearer(Role.RESIDENT, found.household_id, None, None)


def revoke_pass(uow: UnitOfWork, pass_id: int, now: datetime) -> bool:
    """End a code, a card or an API secret; False if there was nothing to end."""
    found = uow.session.get(Pass, pass_id)
    if found is None or found.revoked_at is not None:
        return False
    found.revoked_at = now
    return True


def unused_code(uow: UnitOfWork, key: bytes) -> tuple[str, str]:
    """A code that opens nothing yet, and its digest. Codes of every kind look alike."""
    while True:
        code = codes.make_code(secrets.randbelow)
        found = codes.digest(key, CODE, code)
        if live_pass(uow, found) is None:
            return code, found


def add_pass(
    uow: UnitOfWork, kind: str, digest: str, now: datetime, *, household: Household, **more: Any
) -> Pass:
    """Store a pass of a household."""
    row = Pass(kind=kind, digest=digest, household_id=id_of(household), created_at=now, **more)
    add(uow, row)
    return row


def id_of(household: Household) -> int:
    """The number of a stored household. RuntimeError if it is not stored yet (a bug)."""
    if household.id is None:
        raise RuntimeError("the household is not stored yet")
    return household.id
