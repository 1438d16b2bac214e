#!/usr/bin/env python3
"""Makes, renews and removes logins in a Mosquitto password file. Needs Python and nothing else.

A pile's password is made here, shown once, and kept only as a hash. Mosquitto reads the file again
on SIGHUP (`systemctl reload mosquitto`), so adding or revoking one pile disturbs no other.

    ./make_passwords.py /etc/mosquitto/passwords core core-commands view LB-001 LB-002
    ./make_passwords.py /etc/mosquitto/passwords --renew LB-017
    ./make_passwords.py /etc/mosquitto/passwords --remove LB-017
    printf 'LB-001:a-password-that-you-have\n' | ./make_passwords.py passwords --given
"""

import argparse
import base64
import hashlib
import os
import re
import secrets
import sys
from pathlib import Path

NAME = re.compile(r"(?!pile$)[A-Za-z0-9][A-Za-z0-9-]{2,22}")
"""As the contract has it. `pile` is the root of every topic and must not be a login."""

ITERATIONS = 101
"""As mosquitto_passwd does. A password made here is 24 random bytes: stretching adds nothing."""


def hashed(password: str, salt: bytes) -> str:
    """The password as Mosquitto 2 keeps it: `$7$`, PBKDF2 with SHA-512."""
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


def read(path: Path) -> dict[str, str]:
    """The logins of the file, each with its hash; none when there is no file yet."""
    if not path.exists():
        return {}
    return dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)


def write(path: Path, logins: dict[str, str]) -> None:
    """Replace the file in one step, keeping its owner; only owner and group may read it."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text("".join(f"{name}:{kept}\n" for name, kept in logins.items()))
    fresh.chmod(0o640)
    if path.exists():
        old = path.stat()
        os.chown(fresh, old.st_uid, old.st_gid)
    fresh.replace(path)


def wanted(options: argparse.Namespace) -> dict[str, str]:
    """The names asked for, each with the password to set."""
    if options.given:
        pairs = [line.rstrip("\n").split(":", 1) for line in sys.stdin if ":" in line]
        return dict(pairs)
    return {name: secrets.token_urlsafe(24) for name in options.names}


def main() -> int:
    """Do what the command line says; 0, or 2 with a sentence for what cannot be done."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("names", nargs="*", help="a pile's name is its login and its client id")
    parser.add_argument("--renew", action="store_true", help="give known logins a new password")
    parser.add_argument("--remove", action="store_true", help="take the logins out")
    parser.add_argument("--given", action="store_true", help="read name:password lines from stdin")
    options = parser.parse_intermixed_args()
    logins = read(options.file)
    asked = wanted(options)

    for name in asked:
        if not NAME.fullmatch(name):
            parser.error(f"'{name}' cannot be a login: 3 to 23 letters, digits and hyphens")
        if options.remove and name not in logins:
            parser.error(f"'{name}' is not in {options.file}")
        if name in logins and not (options.remove or options.renew or options.given):
            parser.error(f"'{name}' has a password already; --renew gives it a new one")

    for name, password in asked.items():
        if options.remove:
            del logins[name]
        else:
            logins[name] = hashed(password, secrets.token_bytes(12))
    write(options.file, logins)
    if not (options.remove or options.given):
        for name, password in asked.items():
            print(f"{name}\t{password}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
