"""Household codes, card numbers and the digests under which secrets are kept.

A code is printed on paper and typed once, perhaps by someone of 75 in a dim shed: eight
characters in two groups, none that looks like 0, 1, I, L or O, the last one a check that catches
every single wrong character and every swapped pair before the database is asked. Plain secrets are
never stored, only HMAC-SHA256 under the installation's key: whoever copies the database can
sign in nowhere, though a code alone is short enough to be guessed through.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""31 characters: a prime, which is what makes the weighted check catch every swap."""

LENGTH = 8
SHORTEST_KEY = 16
_BASE = len(ALPHABET)
_IGNORED = re.compile(r"[\s\-_.·\u2010-\u2015\u2212]+")
_CARD = re.compile(r"(?:[0-9A-F]{2}){4}|(?:[0-9A-F]{2}){7}|(?:[0-9A-F]{2}){10}")


def make_code(draw: Callable[[int], int]) -> str:
    """A new code, without its hyphen. `draw(n)` gives a random number from 0 to n - 1."""
    values = [draw(_BASE) for _ in range(LENGTH - 1)]
    # the weights are 1..8; the last place gets what brings the weighted sum to 0 modulo 31
    rest = -_weighted(values) * pow(LENGTH, -1, _BASE) % _BASE
    return "".join(ALPHABET[value] for value in (*values, rest))


def show_code(code: str) -> str:
    """As it is printed: 'K7QM-4TXB'."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def read_code(typed: str) -> str | None:
    """The code a person meant, or None if it cannot be one (so nothing needs to be looked up).

    Accepts small letters, spaces, any hyphen, and the full-width forms a Chinese keyboard gives.
    """
    plain = _plain(typed)
    if len(plain) != LENGTH or any(c not in ALPHABET for c in plain):
        return None
    return plain if _weighted([ALPHABET.index(c) for c in plain]) % _BASE == 0 else None


def read_card_uid(typed: str) -> str | None:
    """A card's number as 8, 14 or 20 hexadecimal characters (4, 7 or 10 bytes), or None."""
    plain = _plain(typed).replace(":", "")
    return plain if _CARD.fullmatch(plain) else None


def key_of(secret_key: str) -> bytes:
    """The installation's key as bytes. ValueError with a sentence if it is missing or too short."""
    if len(secret_key) < SHORTEST_KEY:
        raise ValueError(
            f"BEIMEN_SECRET_KEY must have at least {SHORTEST_KEY} characters; make one with "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return secret_key.encode()


def digest(key: bytes, purpose: str, secret: str) -> str:
    """What is stored instead of a secret; one purpose's digest is of no use for another."""
    return hmac.new(key, f"{purpose}:{secret}".encode(), hashlib.sha256).hexdigest()


def _plain(typed: str) -> str:
    return _IGNORED.sub("", unicodedata.normalize("NFKC", typed)).upper()


def _weighted(values: list[int]) -> int:
    return sum(weight * value for weight, value in enumerate(values, start=1))
