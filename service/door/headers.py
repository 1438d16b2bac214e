"""What every answer carries and every request must fit: headers, host, cookies, and a last lock.

No inline script or style, no frames, no referrer, no sniffing. A request for a host that is not
ours is refused (a stranger's name pointing at our address), and an answer of a route that passed no
guard never leaves the house.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.door.problems import BY_STATUS, answer
from service.door.sign_in import COOKIE
from service.door.state import Door, door_of, set_cookie
from service.door.visitor import YEAR_SECONDS, habit_cookies
from service.words import Sentence

BODY_LIMIT_BYTES = 64 * 1024

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Threshold:
    """The middleware; plain ASGI, so that live streams pass through without being gathered."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the host, pass on, dress the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["state"] = dict(scope.get("state") or {})
        request = Request(scope)
        door = door_of(request)

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] < 300 and "guarded" not in scope["state"]:
                    raise RuntimeError(f"{scope['path']} answered without a guard")
                dress(request, MutableHeaders(scope=message), door)
            await send(message)

        if not is_our_host(request.headers.get("host", ""), door.public_host):
            refusal = answer(request, 421, "wrong_host", Sentence(BY_STATUS[421]))
            await refusal(scope, receive, send_dressed)
            return
        if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
            # PostgreSQL stores no NUL and no address of ours holds one
            refusal = answer(request, 404, "not_found", Sentence(BY_STATUS[404]))
            await refusal(scope, receive, send_dressed)
            return
        for name, value in habit_cookies(request).items():
            set_cookie(request, name, value, YEAR_SECONDS)
        await self.app(scope, receive, send_dressed)


class TooLargeInWords:
    """The limit of bodies answers past all handlers, in two bare words; these are ours."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; where the answer is a bare 413, say it as every other no is said."""
        said = False

        async def send_in_words(message: Message) -> None:
            nonlocal said
            if said:
                return
            if message["type"] == "http.response.start" and message["status"] == 413:
                said = True
                refusal = answer(Request(scope), 413, "content_too_large", Sentence(BY_STATUS[413]))
                await refusal(scope, receive, send)
                return
            await send(message)

        await self.app(scope, receive, send_in_words)


def dress(request: HTTPConnection, headers: MutableHeaders, door: Door) -> None:
    """Put the security headers, the caching rule and the waiting cookies on an answer."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if door.https:
        headers["Strict-Transport-Security"] = f"max-age={YEAR_SECONDS}"
    personal = door.cookie_name(COOKIE) in request.cookies or "authorization" in request.headers
    headers.setdefault("Cache-Control", "no-store" if personal else "no-cache")
    for cookie in request.scope.get("state", {}).get("cookies", {}).values():
        headers.append("Set-Cookie", cookie)


def is_our_host(host: str, public_host: str) -> bool:
    """The public name, this machine, or a bare IP address (no foreign name can be one)."""
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:  # brackets that do not hold an address
        return False
    if name is None:
        return False
    if name in ("localhost", urlsplit(f"//{public_host}").hostname):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
