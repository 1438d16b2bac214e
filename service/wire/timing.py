"""When to try again, and when a connection that looks alive is dead. Pure: time is handed in."""

import random

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 15.0
LOOPBACK_EVERY_S = 15.0
LOOPBACK_LOST_S = 45.0


class Backoff:
    """Growing waits with jitter, so that all who lost a broker do not come back in one moment."""

    def __init__(self, first_s: float = FIRST_WAIT_S, longest_s: float = LONGEST_WAIT_S):
        self._first_s, self._longest_s = first_s, longest_s
        self._next_s = first_s

    def wait_s(self) -> float:
        """Seconds until the next try: never less than the first, never more than the longest."""
        ceiling = self._next_s
        self._next_s = min(self._longest_s, ceiling * 2)
        return random.uniform(max(self._first_s, ceiling / 2), ceiling)  # noqa: S311 - jitter

    def reset(self) -> None:
        """It worked: begin small again."""
        self._next_s = self._first_s


class LoopbackWatch:
    """A message to ourselves each 15 s. A link on which it does not come back for 45 s is dead,
    whatever its socket says. Time in which we did not listen ourselves is not held against it.
    """

    def __init__(self, now: float):
        self.heard_at = now
        self._trusted_from = now
        self._sent_at: float | None = None

    def connected(self, now: float) -> None:
        """A new connection: it gets its full time, and a first message at once."""
        self._trusted_from = now
        self._sent_at = None

    def was_deaf(self, now: float) -> None:
        """We did not read until now: nothing could have come back."""
        self._trusted_from = now

    def should_send(self, now: float) -> bool:
        """Whether a message is due; says yes once per 15 s."""
        if self._sent_at is not None and now - self._sent_at < LOOPBACK_EVERY_S:
            return False
        self._sent_at = now
        return True

    def returned(self, now: float) -> None:
        """It came back."""
        self.heard_at = self._trusted_from = now

    def age_s(self, now: float) -> float:
        """Seconds since one came back; since the start if none ever did."""
        return now - self.heard_at

    def is_dead(self, now: float) -> bool:
        """Whether the link should be replaced."""
        return now - self._trusted_from > LOOPBACK_LOST_S
