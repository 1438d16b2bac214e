"""The two exchanges of a passkey with a browser: making one when signed in, and signing in with it.

In the first step the browser gets options with a challenge, in the second it answers them. Both are
posts of a page of ours, so the guard has checked the form token before.
"""

from typing import Any

from starlette.requests import Request

from service.door.forms import holder_of
from service.door.limits import Flood, Key, Lane, network_of
from service.door.passkey import (
    Made,
    Proven,
    challenge_in,
    check_made,
    check_used,
    options_to_make,
    options_to_use,
    party_of,
    passkeys_possible,
)
from service.door.problems import No, Reason
from service.door.sign_in import welcome
from service.door.state import Door, door_of
from service.door.visitor import who
from service.households import actions
from service.households.outcomes import Reason as HouseholdReason
from service.households.outcomes import Refused, SignedIn
from service.households.outcomes import refused as household_refusal
from service.households.records import Passkey

_MAKE, _USE = "make", "use"


def passkey_options(request: Request, *, to_make: bool) -> str | No:
    """The options (JSON) of a new exchange, remembered for this browser only."""
    door, visitor = door_of(request), who(request)
    if not passkeys_possible(door.settings.public_url):
        return No(Reason.NOT_FOUND)
    if not door.flood.allows(Flood.SIGN_INS, visitor.address):
        return No(Reason.TOO_MANY_REQUESTS, None, 60)
    party = party_of(door.settings.public_url, door.settings.compound)
    if to_make:
        challenge, options = options_to_make(door.store, party, door.key, visitor.household_id or 0)
    else:
        challenge, options = options_to_use(party)
    door.challenges.give(challenge, _holder(request, _MAKE if to_make else _USE))
    return options


def make_passkey(request: Request, credential: dict[str, Any]) -> Passkey | Refused | No:
    """Keep the key that this phone has made for its household."""
    door, visitor = door_of(request), who(request)
    challenge = _take(door, request, credential, _MAKE)
    if challenge is None:
        return household_refusal(HouseholdReason.BAD_PASSKEY)
    party = party_of(door.settings.public_url, door.settings.compound)
    made = check_made(party, credential, challenge)
    if not isinstance(made, Made):
        return made
    now, own = door.clock.now(), visitor.household_id or 0
    agent = request.headers.get("user-agent", "")[: actions.AGENT_LENGTH]
    with door.store.writing() as uow:
        kept = actions.keep_passkey(
            uow, own, made.credential_id, made.public_key, made.sign_count, agent, now
        )
        if isinstance(kept, Passkey):
            detail = {"what": "made"}
            actions.audit(
                uow, now, visitor.actor, "passes.manage_own", f"passkey {kept.id}", detail
            )
    return kept


def sign_in_with_passkey(request: Request, credential: dict[str, Any]) -> SignedIn | Refused | No:
    """Let a resident in whose phone proves its key. On success the answer sets the cookie."""
    door, visitor = door_of(request), who(request)
    if not door.flood.allows(Flood.SIGN_INS, visitor.address):
        return No(Reason.TOO_MANY_REQUESTS, None, 60)
    keys: list[Key] = [(Lane.CODE, network_of(visitor.address))]
    wait = door.tries.begin(keys)
    if wait:
        return No(Reason.TOO_MANY_TRIES, None, wait, seconds=wait)
    challenge = _take(door, request, credential, _USE)
    if challenge is None:
        return household_refusal(HouseholdReason.BAD_PASSKEY)
    party = party_of(door.settings.public_url, door.settings.compound)
    proven = check_used(door.store, party, credential, challenge)
    if not isinstance(proven, Proven):
        return proven
    now, agent = door.clock.now(), request.headers.get("user-agent", "")
    with door.store.writing() as uow:
        used = actions.use_passkey(uow, proven.passkey.id or 0, proven.was, proven.sign_count, now)
        if isinstance(used, Refused):
            return used
        outcome = actions.sign_in_resident(uow, used, now, door.key, agent)
        if isinstance(outcome, SignedIn):
            welcome(uow, request, outcome, "passkey")
    if isinstance(outcome, SignedIn):
        door.tries.succeeded(keys)
    return outcome


def _take(door: Door, request: Request, credential: dict[str, Any], what: str) -> bytes | None:
    """The challenge that an answer names, if we gave it to this browser for this; used up now."""
    challenge = challenge_in(credential)
    if challenge is None or not door.challenges.take(challenge, _holder(request, what)):
        return None
    return challenge


def _holder(request: Request, what: str) -> str:
    return f"{what} {holder_of(request)}"
