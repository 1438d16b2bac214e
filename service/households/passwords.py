"""Staff passwords: Argon2id, a bounded number at a time, and the same work for unknown names.

The parameters are the OWASP Password Storage Cheat Sheet's (19 MiB, two passes, one lane): two at
a time stay inside the memory the service may use. Never call these inside a transaction: they
take tens of milliseconds, and a writer would make every pile wait.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.words import N_, Sentence

AT_ONCE = 2
MAY_WAIT = 8
SHORTEST, LONGEST = 10, 200

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_working = threading.BoundedSemaphore(AT_ONCE)
_places = threading.BoundedSemaphore(AT_ONCE + MAY_WAIT)
_NOBODY = _hasher.hash("nobody has this password")


class TooBusyError(Exception):
    """More sign-ins at once than the machine should work on; try again in a moment."""


def hash_password(password: str) -> str:
    """The Argon2id hash to store. TooBusyError if too many wait already."""
    with _place():
        return _hasher.hash(password)


def is_password(stored: str | None, password: str) -> bool:
    """Whether the password fits the stored hash; takes as long when there is none.

    TooBusyError if too many wait already.
    """
    with _place():
        try:
            _hasher.verify(stored or _NOBODY, password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def weakness(password: str, login: str) -> Sentence | None:
    """What is wrong with a new password, or None if it will do."""
    if len(password) < SHORTEST:
        return Sentence(N_("Use at least {count} characters."), {"count": SHORTEST})
    if len(password) > LONGEST:
        return Sentence(N_("Use at most {count} characters."), {"count": LONGEST})
    if login.casefold() in password.casefold() or len(set(password)) < 5:
        return Sentence(N_("This password is easy to guess. Use three or four unrelated words."))
    return None


@contextmanager
def _place() -> Iterator[None]:
    """A bounded queue: the HTTP threads must not all end up waiting for hashes."""
    if not _places.acquire(blocking=False):
        raise TooBusyError
    try:
        with _working:
            yield
    finally:
        _places.release()
