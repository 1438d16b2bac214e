"""Signing in and out: the cookie, the secret it carries, and the helpers the pages call.

The cookie is signed (so garbage never reaches the database) and carries a random secret whose
digest is a row in the books: revoking the row ends it at once, in the next request. Every sign-in
makes a new secret. The helpers wait for the database and for hashes: call them from `def` routes.
"""

import hmac
import secrets

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.door.limits import Flood, Key, Lane, network_of
from service.door.problems import No, Reason, no_entry
from service.door.state import Door, door_of, set_cookie
from service.door.visitor import YEAR_SECONDS, Visitor, recognised, stranger, who
from service.households import actions, passwords
from service.households.access import Role
from service.households.codes import digest, read_code
from service.households.outcomes import Bearer, Refused, SignedIn
from service.households.outcomes import Reason as HouseholdReason
from service.households.outcomes import refused as household_refusal
from service.store import UnitOfWork

COOKIE = "beimen"
KNOWN_COOKIE = "beimen_known"
_CODE_ACCOUNT = "code"


async def recognise(request: Request) -> Visitor:
    """Who asks: by bearer secret if one is shown, else by cookie, else a stranger.

    Raises NoEntryError for a bearer secret that is not valid: a program must not go on unnoticed.
    """
    door = door_of(request)
    shown = request.headers.get("authorization")
    if shown is not None:
        found = await _bearer(door, shown)
        if found is None:
            raise no_entry(Reason.BAD_BEARER)
    else:
        secret = door.unsign(COOKIE, request.cookies.get(door.cookie_name(COOKIE), ""))
        found = await run_in_threadpool(_signed_in, door, secret) if secret else None
    if found is None:
        return stranger(request)
    return recognised(
        request,
        role=found.role,
        household_id=found.household_id,
        staff_id=found.staff_id,
        sign_in_id=found.sign_in_id,
        pass_id=found.pass_id,
    )


def sign_in_with_code(request: Request, typed: str) -> SignedIn | Refused | No:
    """Bind this phone with a code from paper. On success the answer sets the cookie.

    What cannot be a code is refused without a look-up and without being counted as a guess.
    """
    door = door_of(request)
    if not door.flood.allows(Flood.SIGN_INS, who(request).address):
        return No(Reason.TOO_MANY_REQUESTS, None, 60)
    if read_code(typed) is None:
        return household_refusal(HouseholdReason.BAD_CODE)
    device = _known_device(request, _CODE_ACCOUNT)
    keys = [(Lane.CODE, device or network_of(who(request).address))]
    wait = door.tries.begin(keys)
    if wait:
        return No(Reason.TOO_MANY_TRIES, None, wait, seconds=wait)
    now = door.clock.now()
    with door.store.writing() as uow:
        outcome = actions.redeem_code(uow, typed, now, door.key, _agent(request))
        if isinstance(outcome, SignedIn):
            _rotate(uow, request, outcome, "code")
    if isinstance(outcome, SignedIn):
        door.tries.succeeded(keys)
        _welcome(request, outcome, _CODE_ACCOUNT, device)
    return outcome


def sign_in_with_password(request: Request, login: str, password: str) -> SignedIn | Refused | No:
    """Let staff in. The same answer, after the same work, for a wrong name or password."""
    door = door_of(request)
    address = who(request).address
    if not door.flood.allows(Flood.SIGN_INS, address):
        return No(Reason.TOO_MANY_REQUESTS, None, 60)
    account = digest(door.key, "account", login.strip().casefold())[:32]
    device = _known_device(request, account)
    keys = _lanes(account, device, network_of(address))
    wait = door.tries.begin(keys)
    if wait:
        return No(Reason.TOO_MANY_TRIES, None, wait, seconds=wait)
    with door.store.reading() as uow:
        staff_id, stored = actions.staff_to_check(uow, login)
    if not passwords.is_password(stored, password) or staff_id is None:
        return household_refusal(HouseholdReason.BAD_SIGN_IN)
    with door.store.writing() as uow:
        outcome = actions.sign_in_staff(uow, staff_id, door.clock.now(), door.key, _agent(request))
        if isinstance(outcome, SignedIn):
            _rotate(uow, request, outcome, "password")
    if isinstance(outcome, SignedIn):
        door.tries.succeeded(keys)
        _welcome(request, outcome, account, device)
    return outcome


def change_password(request: Request, current: str, new: str) -> SignedIn | No | Refused:
    """A staff member's new password; every other browser of theirs is signed out.

    Asks for the present one, unless there is none yet (the first sign-in was by code).
    """
    door, visitor = door_of(request), who(request)
    if visitor.staff_id is None:
        raise no_entry(Reason.NOT_FOR_YOU)
    keys = [(Lane.PAIR, f"password of {visitor.staff_id}")]
    wait = door.tries.begin(keys)
    if wait:
        return No(Reason.TOO_MANY_TRIES, None, wait, seconds=wait)
    with door.store.reading() as uow:
        login, stored = actions.login_and_hash(uow, visitor.staff_id)
    if stored is not None and not passwords.is_password(stored, current):
        return No(Reason.WRONG_CURRENT_PASSWORD)
    door.tries.succeeded(keys)
    weakness = passwords.weakness(new, login)
    if weakness is not None:
        return No(Reason.WEAK_CHOICE, weakness)
    hashed = passwords.hash_password(new)
    now = door.clock.now()
    with door.store.writing() as uow:
        actions.set_password(uow, visitor.staff_id, hashed, now)
        outcome = actions.sign_in_staff(uow, visitor.staff_id, now, door.key, _agent(request))
        actions.audit(uow, now, visitor.actor, "password.change_own")
    if isinstance(outcome, SignedIn):
        _set_sign_in_cookie(request, outcome)
    return outcome


def sign_out(request: Request) -> None:
    """End this sign-in; the answer deletes the cookie."""
    door, visitor = door_of(request), who(request)
    if visitor.sign_in_id is not None:
        with door.store.writing() as uow:
            actions.sign_out(uow, visitor.sign_in_id, door.clock.now())
    set_cookie(request, door.cookie_name(COOKIE), "")


def sign_out_everywhere(request: Request) -> int:
    """End every sign-in of this household or staff member, or of this helper's or guest's pass;
    how many there were."""
    door, visitor = door_of(request), who(request)
    now = door.clock.now()
    with door.store.writing() as uow:
        ended = actions.sign_out_everywhere(
            uow,
            now,
            household_id=visitor.household_id,
            staff_id=visitor.staff_id,
            pass_id=visitor.pass_id,
        )
        actions.audit(uow, now, visitor.actor, "sign_in.revoke_own", detail={"ended": ended})
    set_cookie(request, door.cookie_name(COOKIE), "")
    return ended


async def _bearer(door: Door, shown: str) -> Bearer | None:
    scheme, _, secret = shown.partition(" ")
    if scheme.casefold() != "bearer" or not secret:
        return None
    metrics = door.settings.metrics_token.get_secret_value()
    if metrics and hmac.compare_digest(metrics.encode(), secret.encode()):
        return Bearer(Role.VIEWER, None, None, None)
    return await run_in_threadpool(_api_secret, door, secret)


def _api_secret(door: Door, secret: str) -> Bearer | None:
    with door.store.reading() as uow:
        return actions.bearer_of(uow, secret, door.key)


def _signed_in(door: Door, secret: str) -> Bearer | None:
    with door.store.reading() as uow:
        return actions.sign_in_of(uow, secret, door.clock.now(), door.key)


def _lanes(account: str, device: str | None, address: str) -> list[Key]:
    if device is not None:
        return [(Lane.PAIR, f"{device} {account}")]
    return [(Lane.PAIR, f"{address} {account}"), (Lane.ADDRESS, address), (Lane.ACCOUNT, account)]


def _known_device(request: Request, account: str) -> str | None:
    """The device's id if this browser was let in to this account before."""
    door = door_of(request)
    signed = request.cookies.get(door.cookie_name(KNOWN_COOKIE), "")
    device, _, known_account = (door.unsign(KNOWN_COOKIE, signed) or "").partition(":")
    return device if device and known_account == account else None


def _rotate(uow: UnitOfWork, request: Request, signed_in: SignedIn, how: str) -> None:
    """The browser's earlier sign-in ends, and the trail tells of the new one."""
    visitor, now = who(request), door_of(request).clock.now()
    if visitor.sign_in_id is not None:
        actions.sign_out(uow, visitor.sign_in_id, now)
    newcomer = recognised(
        request,
        role=signed_in.role,
        household_id=signed_in.household_id,
        staff_id=signed_in.staff_id,
        pass_id=signed_in.pass_id,
    )
    actions.audit(uow, now, newcomer.actor, "sign_in.use", how)


def welcome(uow: UnitOfWork, request: Request, signed_in: SignedIn, how: str) -> None:
    """Let a browser in that was found right by other means; the answer sets the cookie."""
    _rotate(uow, request, signed_in, how)
    _set_sign_in_cookie(request, signed_in)


def _welcome(request: Request, signed_in: SignedIn, account: str, device: str | None) -> None:
    door = door_of(request)
    _set_sign_in_cookie(request, signed_in)
    known = door.sign(KNOWN_COOKIE, f"{device or secrets.token_urlsafe(12)}:{account}")
    set_cookie(request, door.cookie_name(KNOWN_COOKIE), known, YEAR_SECONDS)


def _set_sign_in_cookie(request: Request, signed_in: SignedIn) -> None:
    door = door_of(request)
    value = door.sign(COOKIE, signed_in.secret)
    set_cookie(request, door.cookie_name(COOKIE), value, signed_in.lasts_seconds)


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")
