"""A household lets others in: a helper for as long as it likes, a guest within limits.

Either is a code that one phone redeems once. Ending the pass ends that phone's sign-in with it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.households import codes, guests
from service.households.actions.passes import GUEST, HELPER, add_pass, unused_code
from service.households.outcomes import Reason, Refused, refused
from service.households.records import Household, Pass, live_passes, pass_row, revoke_sign_ins
from service.store import UnitOfWork

INVITATION_LASTS = timedelta(days=3)
"""How long a helper's code waits to be used; who has used it stays until the household ends it."""

LABEL_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Invited:
    """A new pass and its code, which nobody can read again later."""

    row: Pass
    code: str


def invite_helper(
    uow: UnitOfWork, household_id: int, label: str, now: datetime, key: bytes
) -> Invited | Refused:
    """A code with which another person's phone may start, see and stop for this household."""
    household = _living(uow, household_id)
    if household is None:
        return refused(Reason.NO_SUCH_HOUSEHOLD)
    if len(shared_passes(uow, household_id, HELPER, now)) >= guests.MOST_HELPERS:
        return refused(Reason.TOO_MANY_PASSES, most=guests.MOST_HELPERS)
    return _invite(uow, household, HELPER, label, now, now + INVITATION_LASTS, key)


def give_guest_pass(
    uow: UnitOfWork,
    household_id: int,
    label: str,
    limit: guests.Limit,
    now: datetime,
    key: bytes,
) -> Invited | Refused:
    """A code with which a guest may charge on this household's account, within the limit."""
    household = _living(uow, household_id)
    if household is None:
        return refused(Reason.NO_SUCH_HOUSEHOLD)
    if (limit.energy_wh is None) == (limit.fen is None) or limit.charges is None:
        return refused(Reason.BAD_LIMIT)
    if limit.until is None or limit.until <= now:
        return refused(Reason.BAD_LIMIT)
    if len(shared_passes(uow, household_id, GUEST, now)) >= guests.MOST_GUESTS:
        return refused(Reason.TOO_MANY_PASSES, most=guests.MOST_GUESTS)
    invited = _invite(uow, household, GUEST, label, now, limit.until, key)
    invited.row.most_energy_wh = limit.energy_wh
    invited.row.most_fen = limit.fen
    invited.row.most_charges = limit.charges
    return invited


def end_shared(uow: UnitOfWork, household_id: int, pass_id: int, now: datetime) -> Pass | None:
    """The household ends a helper's or a guest's pass, and with it every sign-in by it; None if it
    has no such pass."""
    found = pass_row(uow, pass_id, lock=True)
    if found is None or found.household_id != household_id or found.kind not in (HELPER, GUEST):
        return None
    if found.revoked_at is None:
        # what the household called them serves nobody any more
        found.revoked_at, found.label = now, ""
        revoke_sign_ins(uow, now, pass_id=pass_id)
    return found


def shared_passes(uow: UnitOfWork, household_id: int, kind: str, now: datetime) -> list[Pass]:
    """The helpers, or the guests, of a household whose pass is good, or waits to be used."""
    return [one for one in live_passes(uow, household_id, kind) if is_good(one, now)]


def is_good(one: Pass, now: datetime) -> bool:
    """Whether a shared pass still lets somebody in, or may yet."""
    if one.revoked_at is not None:
        return False
    if one.kind == HELPER and one.used_at is not None:
        return True
    return one.expires_at is not None and one.expires_at > now


def limit_of(one: Pass) -> guests.Limit:
    """The limits of a guest pass."""
    return guests.Limit(one.most_energy_wh, one.most_fen, one.most_charges, one.expires_at)


def _living(uow: UnitOfWork, household_id: int) -> Household | None:
    household = uow.session.get(Household, household_id, with_for_update=True)
    if household is None or household.moved_out_at is not None:
        return None
    return household


def _invite(
    uow: UnitOfWork,
    household: Household,
    kind: str,
    label: str,
    now: datetime,
    until: datetime,
    key: bytes,
) -> Invited:
    code, digest = unused_code(uow, key)
    label = " ".join(label.split())[:LABEL_LENGTH]
    row = add_pass(uow, kind, digest, now, household=household, label=label, expires_at=until)
    return Invited(row, codes.show_code(code))
