"""A messenger that writes down what it was given; it can be told to fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class RecordingMessenger:
    """Keeps every message; `failing` is the error it answers with, None while all is well."""

    failing: str | None = None
    sent: list[tuple[tuple[str, ...], str, str]] = field(default_factory=list)
    attempts: int = 0

    def send(self, urls: Sequence[str], title: str, body: str) -> str | None:
        """Like Notifier.send."""
        self.attempts += 1
        if self.failing is None:
            self.sent.append((tuple(urls), title, body))
        return self.failing
