"""Passkeys at the door: a phone that was let in by a code makes a key, and signs in with it later.

A challenge is ours, for this very visitor, good once and for two minutes. What is checked is
WebAuthn (W3C, Level 2): origin, relying party, challenge, signature, and a counter that only rises.
"""

import ipaddress
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from service.households import actions
from service.households.codes import digest
from service.households.outcomes import Reason as HouseholdReason
from service.households.outcomes import Refused
from service.households.outcomes import refused as household_refusal
from service.households.records import Passkey, passkey_with, passkeys_of
from service.store import Store

CHALLENGE_SECONDS = 120
MOST_CHALLENGES = 2_000
MOST_CHARACTERS = 16_000


class Challenges:
    """Challenges that were given out and not used: good once, for a while, for whom they were made.

    `seconds` is a clock that never jumps.
    """

    def __init__(self, seconds: Callable[[], float]):
        self._seconds = seconds
        self._open: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._lock = threading.Lock()

    def give(self, challenge: bytes, holder: str) -> None:
        """Remember a challenge for a holder. The oldest ones are forgotten in a flood."""
        with self._lock:
            self._open[challenge] = (holder, self._seconds() + CHALLENGE_SECONDS)
            while len(self._open) > MOST_CHALLENGES:
                self._open.popitem(last=False)

    def take(self, challenge: bytes, holder: str) -> bool:
        """Whether it was given to this holder and is still good; it is gone in any case."""
        with self._lock:
            whose, until = self._open.pop(challenge, ("", 0.0))
        return whose == holder and self._seconds() < until


@dataclass(frozen=True, slots=True)
class Party:
    """Who we are to a phone: the name its keys belong to, and the address of our pages."""

    id: str
    origin: str
    name: str


def passkeys_possible(public_url: str) -> bool:
    """Whether browsers make keys for this address: a name (not a number), by https or at home."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(host) and (parts.scheme == "https" or host == "localhost")
    return False


def party_of(public_url: str, name: str) -> Party:
    """The relying party of this address."""
    parts = urlsplit(public_url)
    return Party(parts.hostname or "", f"{parts.scheme}://{parts.netloc}", name)


def options_to_make(store: Store, party: Party, key: bytes, household_id: int) -> tuple[bytes, str]:
    """A challenge, and the options (JSON) with which a phone makes a key for a household."""
    with store.reading() as uow:
        household = actions.household_of(uow, household_id)
        known = [one.credential_id for one in passkeys_of(uow, household_id)]
    # the same handle for every key of a household, and nothing about it can be read from it
    handle = bytes.fromhex(digest(key, "passkey", str(household_id)))
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=handle,
        user_name=household.door if household else "",
        user_display_name=household.door if household else "",
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known
        ],
    )
    return options.challenge, webauthn.options_to_json(options)


def options_to_use(party: Party) -> tuple[bytes, str]:
    """A challenge, and the options (JSON) with which any key of this address signs in."""
    options = webauthn.generate_authentication_options(rp_id=party.id)
    return options.challenge, webauthn.options_to_json(options)


def challenge_in(credential: dict[str, Any]) -> bytes | None:
    """The challenge that a phone's answer names; None if it names none."""
    try:
        client = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))
        return base64url_to_bytes(client["challenge"])
    except (KeyError, TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Made:
    """A key that a phone made, checked; only its public half."""

    credential_id: str
    public_key: str
    sign_count: int


def check_made(party: Party, credential: dict[str, Any], challenge: bytes) -> Made | Refused:
    """The key in a phone's answer, if the answer is right."""
    try:
        found = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return household_refusal(HouseholdReason.BAD_PASSKEY)
    return Made(
        bytes_to_base64url(found.credential_id),
        bytes_to_base64url(found.credential_public_key),
        found.sign_count,
    )


@dataclass(frozen=True, slots=True)
class Proven:
    """A key that was found right: which, and how often it was used before and after."""

    passkey: Passkey
    was: int
    sign_count: int


def check_used(
    store: Store, party: Party, credential: dict[str, Any], challenge: bytes
) -> Proven | Refused:
    """Which key signed the challenge, if one of ours did and it was not copied."""
    no = household_refusal(HouseholdReason.BAD_PASSKEY)
    shown = credential.get("id")
    with store.reading() as uow:
        found = passkey_with(uow, shown) if isinstance(shown, str) and len(shown) < 1_400 else None
    if found is None or found.revoked_at is not None:
        return no
    try:
        proof = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=base64url_to_bytes(found.public_key),
            credential_current_sign_count=found.sign_count,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return no
    return Proven(found, found.sign_count, proof.new_sign_count)
