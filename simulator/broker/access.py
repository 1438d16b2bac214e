"""Who may come in, and who may say and hear what: Mosquitto's password and access files.

The subset that deploy/mosquitto uses: `user`, `topic` and `pattern` with `%u`; passwords hashed as
`$7$` (PBKDF2 with SHA-512). A line of any other kind is an error with its number, never ignored.
"""

import base64
import functools
import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from simulator.broker.topics import is_filter, matches


class Access(Protocol):
    """What the broker asks before it lets something through."""

    login_is_client_id: bool
    """True makes the login the client id: nobody can take another's session then."""

    def may_connect(self, login: str | None, password: bytes | None) -> bool:
        """Whether this login and password are known."""
        ...

    def may(self, login: str | None, topic: str, write: bool) -> bool:
        """Whether the login may publish on (or hear) this topic."""
        ...


class Open:
    """Everybody may do everything: for unit tests and demos on the loopback."""

    login_is_client_id = False

    def may_connect(self, login: str | None, password: bytes | None) -> bool:
        """Always."""
        return True

    def may(self, login: str | None, topic: str, write: bool) -> bool:
        """Always."""
        return True


@dataclass(frozen=True)
class Rule:
    """One line of the access file. `login` is None for a pattern, which is for everybody."""

    login: str | None
    read: bool
    write: bool
    levels: tuple[str, ...]

    def allows(self, login: str, topic: list[str], write: bool) -> bool:
        """Whether this line lets the login through."""
        if not (self.write if write else self.read) or self.login not in (None, login):
            return False
        levels = [level.replace("%u", login) for level in self.levels]
        return matches(levels, topic)


class Files:
    """Access by a password file and an access file; every login is its own client id."""

    login_is_client_id = True

    def __init__(self, passwords: str, rules: str):
        self._hashes = read_passwords(passwords)
        self._rules = read_rules(rules)
        self.may = functools.lru_cache(maxsize=20_000)(self._may)

    @classmethod
    def read(cls, passwords: Path, rules: Path) -> "Files":
        """From two files; OSError or ValueError with a sentence when they cannot be used."""
        return cls(passwords.read_text(), rules.read_text())

    def may_connect(self, login: str | None, password: bytes | None) -> bool:
        """Whether this login has this password."""
        kept = self._hashes.get(login or "")
        if kept is None or password is None or {"+", "#", "/"} & set(login or ""):
            return False
        iterations, salt, key = kept
        given = hashlib.pbkdf2_hmac("sha512", password, salt, iterations)
        return hmac.compare_digest(given, key)

    def _may(self, login: str | None, topic: str, write: bool) -> bool:
        levels = topic.split("/")
        return login is not None and any(rule.allows(login, levels, write) for rule in self._rules)


def read_passwords(content: str) -> dict[str, tuple[int, bytes, bytes]]:
    """Login -> (iterations, salt, key); ValueError with the line that cannot be used."""
    found = {}
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        login, _, kept = line.partition(":")
        parts = kept.strip().split("$")
        if len(parts) != 5 or parts[1] != "7":
            raise ValueError(f"line {number} of the password file is no $7$ hash of Mosquitto 2")
        salt, key = (base64.b64decode(part, validate=True) for part in parts[3:])
        found[login] = (int(parts[2]), salt, key)
    return found


def read_rules(content: str) -> list[Rule]:
    """The lines of an access file in order; ValueError with the line that cannot be used."""
    rules: list[Rule] = []
    login: str | None = None
    for number, line in enumerate(content.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "user" and len(words) == 2:
            login = words[1]
        elif words[0] == "pattern" or (words[0] == "topic" and login is not None):
            rules.append(_rule(None if words[0] == "pattern" else login, words[1:], number))
        else:
            raise ValueError(f"line {number} of the access file is not understood: {line.strip()}")
    return rules


def _rule(login: str | None, words: list[str], number: int) -> Rule:
    right = words[0] if len(words) == 2 else "readwrite"
    topic = words[-1] if words else ""
    if right not in ("read", "write", "readwrite") or "%c" in topic or not is_filter(topic):
        raise ValueError(f"line {number} of the access file is not understood: {' '.join(words)}")
    return Rule(login, "read" in right, "write" in right, tuple(topic.split("/")))
