"""What the door keeps between requests, and the cookies a request has yet to set."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, Signer
from starlette.requests import HTTPConnection

from service.clock import Clock
from service.door.limits import Flood, Tries
from service.door.passkey import Challenges
from service.households.codes import digest
from service.settings import Settings
from service.store import Store


@dataclass
class Door:
    """The store, the clock and the keys; one for each app."""

    settings: Settings
    store: Store
    clock: Clock
    key: bytes
    seconds: Callable[[], float]
    flood: Flood = field(default_factory=Flood)
    tries: Tries = field(init=False)
    challenges: Challenges = field(init=False)

    def __post_init__(self) -> None:
        self.tries = Tries(self.seconds)
        self.challenges = Challenges(self.seconds)

    @property
    def https(self) -> bool:
        """Whether people reach us by https, so that cookies may insist on it."""
        return self.settings.public_url.startswith("https://")

    @property
    def public_host(self) -> str:
        """Host and port of the public address, as browsers name it."""
        return urlsplit(self.settings.public_url).netloc.lower()

    def cookie_name(self, name: str) -> str:
        """Over https the browser itself refuses such a name from anywhere but this very host."""
        return f"__Host-{name}" if self.https else name

    def sign(self, purpose: str, value: str) -> str:
        """A cookie's value that only we can have made."""
        return self._signer(purpose).sign(value).decode()

    def unsign(self, purpose: str, signed: str) -> str | None:
        """What was signed, or None if it was not us."""
        try:
            return self._signer(purpose).unsign(signed).decode()
        except (BadSignature, UnicodeDecodeError):
            return None

    def _signer(self, purpose: str) -> Signer:
        return Signer(digest(self.key, "cookie", purpose), salt=purpose)


def door_of(request: HTTPConnection) -> Door:
    """The door of the app that serves this request."""
    door: Any = request.app.state.door
    if not isinstance(door, Door):
        raise RuntimeError("door.install(app, ...) was not called")
    return door


def set_cookie(
    request: HTTPConnection, name: str, value: str, max_age_seconds: int | None = None
) -> None:
    """Have the answer to this request, whatever it will be, set a cookie; '' deletes it.

    HttpOnly, SameSite=Lax, Secure when the public address is https. None: until the browser ends.
    """
    door = door_of(request)
    parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if door.https:
        parts.append("Secure")
    if not value:
        parts.append("Max-Age=0")
    elif max_age_seconds is not None:
        parts.append(f"Max-Age={max_age_seconds}")
    pending: dict[str, str] = request.scope["state"].setdefault("cookies", {})
    pending[name] = "; ".join(parts)
