"""Forms only we can have made: a token for each sign-in, and a look at where a post came from.

Three locks, because each has old browsers or odd networks that open it: SameSite=Lax cookies,
Origin and Sec-Fetch-Site, and a token in the form. A page without sign-in has a token too, so
nobody can be signed in to a stranger's household by a link.
"""

import hmac
import secrets
from urllib.parse import urlsplit

from starlette.requests import Request

from service.door.state import door_of, set_cookie
from service.door.visitor import who
from service.households.codes import digest

FIELD = "form_token"
HEADER = "x-form-token"
GUEST_COOKIE = "beimen_guest"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def form_token(request: Request) -> str:
    """The token for the hidden field `form_token`, or the header X-Form-Token of a script.

    Gives a visitor without sign-in a cookie for it to belong to.
    """
    holder = holder_of(request)
    if holder is None:
        guest = secrets.token_urlsafe(16)
        set_cookie(request, door_of(request).cookie_name(GUEST_COOKIE), guest)
        request.state.guest = guest
        holder = holder_of(request)
    nonce = secrets.token_hex(8)
    return f"{nonce}.{_seal(request, holder or '', nonce)}"


async def is_our_form(request: Request) -> bool:
    """Whether a change was asked for by a page of ours, opened by this very visitor."""
    if not _came_from_here(request):
        return False
    token = request.headers.get(HEADER)
    if token is None and request.headers.get("content-type", "").startswith(_FORMS):
        fields = await request.form()
        if any("\x00" in value for value in fields.values() if isinstance(value, str)):
            return False  # no browser sends a NUL from a field, and PostgreSQL stores none
        token = str(fields.get(FIELD, ""))
    holder = holder_of(request)
    nonce, _, seal = (token or "").partition(".")
    if holder is None or not seal:
        return False
    return hmac.compare_digest(_seal(request, holder, nonce).encode(), seal.encode())


def _came_from_here(request: Request) -> bool:
    # a page with referrer policy no-referrer posts with 'Origin: null'; then the other two decide
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin", "null")
    if origin == "null":
        return True
    here = (request.headers.get("host", "").lower(), door_of(request).public_host)
    return urlsplit(origin.lower()).netloc in here


def holder_of(request: Request) -> str | None:
    """Whose browser this is, as far as forms go: a sign-in, or a stranger with our cookie."""
    visitor = who(request)
    if visitor.sign_in_id is not None:
        return f"sign_in {visitor.sign_in_id}"
    guest = getattr(request.state, "guest", None) or request.cookies.get(
        door_of(request).cookie_name(GUEST_COOKIE)
    )
    return f"guest {guest}" if guest else None


def _seal(request: Request, holder: str, nonce: str) -> str:
    return digest(door_of(request).key, "form", f"{holder} {nonce}")
