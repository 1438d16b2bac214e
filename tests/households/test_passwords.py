"""Passwords: slow on purpose, bounded, and the same work whether the name exists or not."""

import statistics
import threading
import time

import pytest

from service.households import passwords

GOOD = "three unrelated words"


def test_a_stored_password_is_argon2id_and_fits_only_itself():
    stored = passwords.hash_password(GOOD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.is_password(stored, GOOD)
    assert not passwords.is_password(stored, GOOD + " ")
    assert not passwords.is_password(None, GOOD)
    assert not passwords.is_password(None, "nobody has this password")
    assert not passwords.is_password("not a hash", GOOD)


def test_two_hashes_of_one_password_differ():
    assert passwords.hash_password(GOOD) != passwords.hash_password(GOOD)


def test_an_unknown_name_takes_as_long_as_a_wrong_password():
    stored = passwords.hash_password(GOOD)
    spans: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(12):
        for known in (True, False):
            began = time.process_time()
            passwords.is_password(stored if known else None, "a wrong password")
            spans[known].append(time.process_time() - began)
    known, unknown = (min(spans[k]) for k in (True, False))
    assert 0.7 < known / unknown < 1.4, statistics.mean(spans[True])


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "Use at least 10 characters."),
        ("x" * 201, "Use at most 200 characters."),
        ("aaaaaaaaaaaaaa", "This password is easy to guess."),
        ("Gatehouse-2026", "This password is easy to guess."),
    ],
)
def test_a_weak_new_password_gets_a_sentence(password: str, said: str):
    found = passwords.weakness(password, "gatehouse")
    assert found is not None
    assert said in found.in_language("en")


def test_a_good_new_password_will_do():
    assert passwords.weakness(GOOD, "gatehouse") is None


def test_when_too_many_wait_the_next_is_told_at_once(monkeypatch: pytest.MonkeyPatch):
    held, release = threading.Event(), threading.Event()

    class Slow:
        def hash(self, password: str) -> str:
            held.set()
            release.wait(10)
            return password

    monkeypatch.setattr(passwords, "_hasher", Slow())
    most = passwords.AT_ONCE + passwords.MAY_WAIT
    threads = [threading.Thread(target=passwords.hash_password, args=("x",)) for _ in range(most)]
    for thread in threads:
        thread.start()
    held.wait(10)
    deadline = time.monotonic() + 10
    while passwords._places._value > 0 and time.monotonic() < deadline:
        time.sleep(0.005)
    with pytest.raises(passwords.TooBusyError):
        passwords.hash_password("y")
    release.set()
    for thread in threads:
        thread.join(10)
    assert passwords.hash_password("z") == "z"
