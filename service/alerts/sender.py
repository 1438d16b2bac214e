"""Notifications leave here, through apprise: WeCom, DingTalk, Feishu, mail, ntfy, a webhook.

Call it outside of every unit of work: a mail server may take seconds. Addresses carry secrets, so
they are never stored and never part of an error text.
"""

from collections.abc import Sequence
from typing import Protocol

import apprise

TIMEOUT_S = 4.0
"""Seconds to connect and seconds to wait for an answer, per address."""


class Messenger(Protocol):
    """Whoever can send; the tests have one that writes down what it was given."""

    def send(self, urls: Sequence[str], title: str, body: str) -> str | None:
        """None when every address took it, otherwise what went wrong."""
        ...


class Notifier:
    """Sends through apprise addresses (`mailto://`, `wecombot://`, `json://` and 170 others)."""

    def __init__(self, timeout_seconds: float = TIMEOUT_S):
        self.timeout_seconds = timeout_seconds

    def send(self, urls: Sequence[str], title: str, body: str) -> str | None:
        """Send to every address, each on its own; None when all took it, otherwise which kinds of
        address failed. With no address at all nothing can be told, which is a failure too."""
        if not urls:
            return "no address is set (BEIMEN_NOTIFY_URLS)"
        failed = [reason for url in urls if (reason := self._send_one(url, title, body))]
        return "; ".join(failed) or None

    def _send_one(self, url: str, title: str, body: str) -> str | None:
        kind = url.partition("://")[0][:20] if "://" in url else "address"
        plugin = apprise.Apprise.instantiate(url)
        if plugin is None:
            return f"{kind}: not an address that apprise knows"
        plugin.socket_connect_timeout = self.timeout_seconds
        plugin.socket_read_timeout = self.timeout_seconds
        try:
            taken = plugin.notify(title=title, body=body)
        except (OSError, TypeError, ValueError) as error:
            return f"{kind}: {type(error).__name__}"
        return None if taken else f"{kind}: not taken"
