"""Challenges of passkeys: good once, for a while, for whom they were made."""

import pytest

from service.door.passkey import (
    CHALLENGE_SECONDS,
    MOST_CHALLENGES,
    Challenges,
    challenge_in,
    party_of,
    passkeys_possible,
)


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_challenge_is_good_once():
    challenges = Challenges(Seconds())
    challenges.give(b"one", "use sign_in 7")
    assert challenges.take(b"one", "use sign_in 7")
    assert not challenges.take(b"one", "use sign_in 7")


def test_a_challenge_of_somebody_else_or_for_something_else_is_used_up_and_refused():
    challenges = Challenges(Seconds())
    for holder in ("use sign_in 8", "make sign_in 7", "use None", ""):
        challenges.give(b"one", "use sign_in 7")
        assert not challenges.take(b"one", holder)
        assert not challenges.take(b"one", "use sign_in 7"), "gone in any case"
    assert not challenges.take(b"never given", "")


def test_a_challenge_ends_after_two_minutes():
    seconds = Seconds()
    challenges = Challenges(seconds)
    challenges.give(b"one", "a")
    seconds.now = CHALLENGE_SECONDS - 1
    assert challenges.take(b"one", "a")
    challenges.give(b"two", "a")
    seconds.now += CHALLENGE_SECONDS
    assert not challenges.take(b"two", "a")


def test_a_flood_of_challenges_is_bounded_and_the_newest_stay():
    challenges = Challenges(Seconds())
    for number in range(MOST_CHALLENGES + 10):
        challenges.give(str(number).encode(), "a")
    assert not challenges.take(b"9", "a")
    assert challenges.take(b"10", "a")
    assert challenges.take(str(MOST_CHALLENGES + 9).encode(), "a")


@pytest.mark.parametrize(
    ("url", "possible"),
    [
        ("https://beimen.example", True),
        ("https://beimen.example:8443", True),
        ("http://localhost:8080", True),
        ("http://127.0.0.1:8080", False),
        ("https://192.168.1.4", False),
        ("https://[::1]:8080", False),
        ("http://beimen.example", False),
        ("", False),
    ],
)
def test_browsers_make_keys_for_a_name_by_https_or_at_home(url: str, possible: bool):
    assert passkeys_possible(url) is possible
    if possible:
        party = party_of(url, "北门小区")
        assert url == party.origin
        assert party.id in url


@pytest.mark.parametrize(
    "answer",
    [{}, {"response": []}, {"response": {"clientDataJSON": 3}}, {"response": None},
     {"response": {"clientDataJSON": "e30"}}, {"response": {"clientDataJSON": "W10"}},
     {"response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOiAxfQ"}},
     {"response": {"clientDataJSON": "\udcff"}}],
)  # fmt: skip
def test_an_answer_that_names_no_challenge_is_none_and_no_crash(answer: dict):
    assert challenge_in(answer) is None
