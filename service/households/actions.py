"""What the room can do: let households in and out, give and take codes and cards, sign people in.

Every action takes an open unit of work and `now`. Secrets are made here, handed out once and kept
as digests under `key` (codes.key_of of the installation's secret key). Passwords are checked by the
caller between two units of work, because hashing is too slow to do inside one.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from service.households import codes
from service.households.access import SIGN_IN_LASTS, STAFF_ROLES, Role
from service.households.csv_import import HouseholdRow, RowError
from service.households.outcomes import Actor, Bearer, Reason, Refused, SignedIn, refused
from service.households.records import (
    AuditEntry,
    Household,
    Pass,
    Resident,
    SignIn,
    Staff,
    add,
    forget_residents,
    household_at,
    live_digests,
    live_pass,
    living_doors,
    newest_pass,
    revoke_passes,
    revoke_sign_ins,
    sign_in_with,
    staff_with_login,
    use_once,
)
from service.store import UnitOfWork
from service.words import N_, Sentence

CODE_LASTS = timedelta(days=14)
STAFF_CODE_LASTS = timedelta(days=1)

_CODE, _CARD, _API, _SIGN_IN = "code", "card", "api", "sign_in"


def check_households(
    uow: UnitOfWork, rows: Sequence[HouseholdRow], key: bytes
) -> tuple[RowError, ...]:
    """What the database knows against these rows: doors lived in, cards in use. The dry run."""
    taken_doors = living_doors(uow, (row.door for row in rows))
    digests = {row.row: codes.digest(key, _CARD, row.card_uid) for row in rows if row.card_uid}
    taken_cards = live_digests(uow, digests.values())
    errors = []
    for row in rows:
        if row.door in taken_doors:
            sentence = Sentence(N_("Door {door} already has a household."), {"door": row.door})
            errors.append(RowError(row.row, sentence))
        if digests.get(row.row) in taken_cards:
            errors.append(RowError(row.row, refused(Reason.CARD_TAKEN).sentence))
    return tuple(errors)


def add_households(
    uow: UnitOfWork, rows: Sequence[HouseholdRow], now: datetime, key: bytes
) -> list[Household] | tuple[RowError, ...]:
    """Add them all with their residents and cards, or none and the errors by row."""
    errors = check_households(uow, rows, key)
    if errors:
        return errors
    added = [Household(door=row.door, entrance=row.entrance, moved_in_at=now) for row in rows]
    add(uow, *added)
    for household, row in zip(added, rows, strict=True):
        labels = [row.label, *[""] * (row.residents - 1)] if row.residents or row.label else []
        add(uow, *(Resident(household_id=_id(household), label=label) for label in labels))
        if row.card_uid:
            _add_pass(uow, _CARD, codes.digest(key, _CARD, row.card_uid), now, household=household)
    return added


def move_out(uow: UnitOfWork, household_id: int, now: datetime) -> bool:
    """The household leaves: passes and sign-ins end, residents are forgotten, its books stay."""
    household = uow.session.get(Household, household_id)
    if household is None or household.moved_out_at is not None:
        return False
    household.moved_out_at = now
    revoke_passes(uow, now, household_id=household_id)
    revoke_sign_ins(uow, now, household_id=household_id)
    forget_residents(uow, household_id)
    return True


def find_household(uow: UnitOfWork, door: str) -> Household | None:
    """The household living behind a door as a person says it ('3-201'), or None."""
    return household_at(uow, door.strip().upper())


def household_of(uow: UnitOfWork, household_id: int) -> Household | None:
    """A household by its id, moved out or not."""
    return uow.session.get(Household, household_id)


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
    code, found = _unused_code(uow, key)
    _add_pass(uow, _CODE, found, now, household=household, label=label, expires_at=now + lasts)
    return codes.show_code(code)


def new_staff_code(uow: UnitOfWork, staff_id: int, now: datetime, key: bytes) -> str:
    """A one-time code for a staff member: the first sign-in, or after a forgotten password."""
    code, found = _unused_code(uow, key)
    row = Pass(
        staff_id=staff_id,
        kind=_CODE,
        digest=found,
        created_at=now,
        expires_at=now + STAFF_CODE_LASTS,
    )
    add(uow, row)
    return codes.show_code(code)


def redeem_code(
    uow: UnitOfWork, typed: str, now: datetime, key: bytes, agent: str = ""
) -> SignedIn | Refused:
    """Sign in with a code. Wrong, used, old and revoked codes get the same answer."""
    code = codes.read_code(typed)
    found = live_pass(uow, codes.digest(key, _CODE, code)) if code else None
    if found is None or found.expires_at is None or found.expires_at <= now:
        return refused(Reason.BAD_CODE)
    member = uow.session.get(Staff, found.staff_id) if found.staff_id else None
    if member is not None and member.disabled_at is not None:
        return refused(Reason.BAD_CODE)
    if found.id is None or not use_once(uow, found.id, now):
        return refused(Reason.BAD_CODE)
    return _sign_in(uow, found.household_id, member, now, key, agent)


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
    found = codes.digest(key, _CARD, uid)
    existing = live_pass(uow, found)
    if existing is not None:
        return existing if existing.household_id == household_id else refused(Reason.CARD_TAKEN)
    return _add_pass(uow, _CARD, found, now, household=household, label=label)


def household_of_card(uow: UnitOfWork, card_uid: str, key: bytes) -> Household | Refused:
    """Whose card was swiped at a pile; a refusal says whether it is unknown or blocked."""
    uid = codes.read_card_uid(card_uid)
    found = newest_pass(uow, codes.digest(key, _CARD, uid)) if uid else None
    if found is None or found.household_id is None:
        return refused(Reason.UNKNOWN_CARD)
    if found.revoked_at is not None:
        return refused(Reason.BLOCKED_CARD)
    household = uow.session.get(Household, found.household_id)
    return household or refused(Reason.UNKNOWN_CARD)


def new_api_secret(
    uow: UnitOfWork, household_id: int, now: datetime, key: bytes, label: str
) -> str | Refused:
    """A bearer secret with which a program may act for a household; shown once."""
    household = uow.session.get(Household, household_id)
    if household is None or household.moved_out_at is not None:
        return refused(Reason.NO_SUCH_HOUSEHOLD)
    secret = secrets.token_urlsafe(32)
    _add_pass(uow, _API, codes.digest(key, _API, secret), now, household=household, label=label)
    return secret


def bearer_of(uow: UnitOfWork, secret: str, key: bytes) -> Bearer | None:
    """Whom an API secret stands for, or None."""
    found = live_pass(uow, codes.digest(key, _API, secret))
    if found is None or found.kind != _API:
        return None
    return Bearer(Role.RESIDENT, found.household_id, None, None)


def revoke_pass(uow: UnitOfWork, pass_id: int, now: datetime) -> bool:
    """End a code, a card or an API secret; False if there was nothing to end."""
    found = uow.session.get(Pass, pass_id)
    if found is None or found.revoked_at is not None:
        return False
    found.revoked_at = now
    return True


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


def audit(
    uow: UnitOfWork,
    now: datetime,
    actor: Actor,
    action: str,
    subject: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Add a line to the audit trail, in the same transaction as what it tells of."""
    entry = AuditEntry(
        at=now,
        actor_role=actor.role,
        actor_id=actor.id,
        action=action,
        subject=subject,
        detail=detail or {},
        from_address=actor.from_address,
    )
    uow.session.add(entry)


def _unused_code(uow: UnitOfWork, key: bytes) -> tuple[str, str]:
    while True:
        code = codes.make_code(secrets.randbelow)
        found = codes.digest(key, _CODE, code)
        if live_pass(uow, found) is None:
            return code, found


def _add_pass(
    uow: UnitOfWork, kind: str, digest: str, now: datetime, *, household: Household, **more: Any
) -> Pass:
    row = Pass(kind=kind, digest=digest, household_id=_id(household), created_at=now, **more)
    add(uow, row)
    return row


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


def _id(household: Household) -> int:
    if household.id is None:
        raise RuntimeError("the household is not stored yet")
    return household.id
