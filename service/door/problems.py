"""How a no is said over HTTP: the one file that knows status codes.

A refusal's reason becomes a status; its sentence is said in the visitor's language, to programs as
problem details (RFC 9457), to people on a page. Nothing of the inside is ever in an answer.
"""

from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from service.door.visitor import who
from service.words import N_, Sentence

SIGN_IN_PATH = "/sign-in"
PROBLEM_TYPE = "application/problem+json"


class Reason(StrEnum):
    """Why the door itself says no."""

    SIGN_IN_NEEDED = "sign_in_needed"
    BAD_BEARER = "bad_bearer"
    NOT_FOR_YOU = "not_for_you"
    FORGED_FORM = "forged_form"
    TOO_MANY_TRIES = "too_many_tries"
    TOO_MANY_REQUESTS = "too_many_requests"
    TOO_BUSY = "too_busy"
    NOT_FOUND = "not_found"
    BAD_INPUT = "bad_input"
    BROKEN = "broken"
    WRONG_CURRENT_PASSWORD = "wrong_current_password"  # noqa: S105 - a reason, not a password
    WEAK_CHOICE = "weak_choice"


STATUS: dict[str, int] = {
    Reason.SIGN_IN_NEEDED: 401,
    Reason.BAD_BEARER: 401,
    "bad_code": 401,
    "bad_sign_in": 401,
    "bad_passkey": 401,
    Reason.NOT_FOR_YOU: 403,
    Reason.FORGED_FORM: 403,
    "not_yours": 404,  # a stranger should not learn that it exists
    Reason.NOT_FOUND: 404,
    "outlet_unknown": 404,
    "household_unknown": 404,
    Reason.BAD_INPUT: 422,
    "bad_request": 422,
    "not_a_card": 422,
    "unknown_role": 422,
    "not_a_login": 422,
    "bad_limit": 422,
    Reason.WEAK_CHOICE: 422,
    Reason.WRONG_CURRENT_PASSWORD: 422,
    Reason.TOO_MANY_TRIES: 429,
    Reason.TOO_MANY_REQUESTS: 429,
    Reason.BROKEN: 500,
    Reason.TOO_BUSY: 503,
    "pile_silent": 503,
}

SENTENCES = {
    Reason.SIGN_IN_NEEDED: N_("Please sign in first."),
    Reason.BAD_BEARER: N_("This secret is not valid or was revoked."),
    Reason.NOT_FOR_YOU: N_("Your role does not allow this."),
    Reason.FORGED_FORM: N_(
        "Nothing was done, because this page was open too long or came from elsewhere. "
        "Please open it again and repeat."
    ),
    Reason.TOO_MANY_TRIES: N_("Too many wrong tries. Please wait {seconds} seconds and try again."),
    Reason.TOO_MANY_REQUESTS: N_("Too many requests from this address. Please wait a minute."),
    Reason.TOO_BUSY: N_("The service is busy. Nothing was done. Please try again in a moment."),
    Reason.NOT_FOUND: N_("There is nothing here."),
    Reason.BAD_INPUT: N_("Something in the request is missing or wrong: {where}."),
    Reason.BROKEN: N_("Something broke on our side. It has been noted. Charging is not affected."),
    Reason.WRONG_CURRENT_PASSWORD: N_("The present password is wrong."),
}

BY_STATUS = {
    400: N_("The request could not be read."),
    404: N_("There is nothing here."),
    405: N_("This cannot be done here."),
    413: N_("This is too large to be accepted."),
    421: N_("This address is not known here. Please use the address on the label."),
}


class Spoken(Protocol):
    """What every room's refusal has: a reason for programs and a sentence for people."""

    @property
    def reason(self) -> str:
        """For programs: a short name."""
        ...

    @property
    def sentence(self) -> Sentence:
        """For people: what happened and what to do."""
        ...


class No:
    """A refusal of the door; `retry_after_seconds` where waiting helps."""

    def __init__(
        self,
        reason: Reason,
        sentence: Sentence | None = None,
        retry_after_seconds: int = 0,
        **values: object,
    ):
        self.reason = reason
        self.sentence = sentence or Sentence(SENTENCES[reason], values)
        self.retry_after_seconds = retry_after_seconds


class NoEntryError(Exception):
    """Ends a request with a refusal, from any depth of the edge."""

    def __init__(self, no: Spoken):
        super().__init__(no.reason)
        self.no = no


def status_of(reason: str) -> int:
    """The HTTP status of any room's reason; 404 for 'no_such_...', 409 unless listed."""
    return STATUS.get(reason, 404 if reason.startswith("no_such_") else 409)


def no_entry(reason: Reason, retry_after_seconds: int = 0, **values: object) -> NoEntryError:
    """To be raised: `raise no_entry(Reason.NOT_FOUND)`."""
    return NoEntryError(No(reason, None, retry_after_seconds, **values))


def refuse(request: Request, no: Spoken) -> Response:
    """A refusal as an answer: problem details, a page, or the way to the sign-in."""
    if no.reason == Reason.SIGN_IN_NEEDED and not wants_problem(request):
        return _to_sign_in(request)
    after = getattr(no, "retry_after_seconds", 0)
    headers = {"Retry-After": str(after)} if after else {}
    status = status_of(no.reason)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return answer(request, status, no.reason, no.sentence, headers)


def answer(
    request: Request,
    status: int,
    reason: str,
    sentence: Sentence,
    headers: dict[str, str] | None = None,
) -> Response:
    """A no with its status, as problem details or through the page the pages room has set."""
    language = who(request).language
    text = sentence.in_language(language)
    show: Callable[[Request, int, str], Response] | None
    show = getattr(request.app.state, "show_no", None)
    response: Response
    if wants_problem(request):
        body = {
            "type": f"urn:beimen:problem:{reason.replace('_', '-')}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": text,
            "reason": reason,
            "instance": request.url.path,
        }
        response = JSONResponse(body, status, media_type=PROBLEM_TYPE)
    elif show is not None:
        response = show(request, status, text)
    else:
        response = PlainTextResponse(text, status)
    response.headers["Content-Language"] = language.replace("_", "-")
    response.headers.update(headers or {})
    return response


def wants_problem(request: Request) -> bool:
    """Whether a program asks (the API, or who asks for JSON) rather than a person."""
    accept = request.headers.get("accept", "")
    return request.url.path.startswith("/api/") or ("json" in accept and "html" not in accept)


def http_no(request: Request, error: Exception) -> Response:
    """The framework's own refusals (404, 405, 413 ...) in our words."""
    if not isinstance(error, HTTPException):
        raise error
    status = error.status_code
    message = BY_STATUS.get(status, BY_STATUS[400])
    reason = HTTPStatus(status).phrase.lower().replace(" ", "_")
    return answer(request, status, reason, Sentence(message), dict(error.headers or {}))


def input_no(request: Request, error: Exception) -> Response:
    """Names the fields that are wrong, never echoes what was sent."""
    if not isinstance(error, RequestValidationError):
        raise error
    places = {
        ".".join(str(part) for part in e["loc"][1:]) or str(e["loc"][0]) for e in error.errors()
    }
    where = ", ".join(sorted(places))[:200]
    return refuse(request, No(Reason.BAD_INPUT, where=where))


def entry_no(request: Request, error: Exception) -> Response:
    """The refusal a NoEntryError carries."""
    if not isinstance(error, NoEntryError):
        raise error
    return refuse(request, error.no)


def busy_no(request: Request, error: Exception) -> Response:
    """More password checks at once than the machine should work on."""
    return refuse(request, No(Reason.TOO_BUSY, None, 5))


def broken_no(request: Request, error: Exception) -> Response:
    """Our own error: said plainly, without its inside; the server logs it."""
    return refuse(request, No(Reason.BROKEN))


def safe_next(path: str | None) -> str:
    """Where to go after the sign-in: a path of ours, else the front page."""
    if not path or not path.startswith("/") or path[1:2] in ("/", "\\"):
        return "/"
    return "/" if any(ord(c) < 32 or c == "\\" for c in path) else path


def _to_sign_in(request: Request) -> Response:
    back = request.url.path if request.method == "GET" else "/"
    if request.method == "GET" and request.url.query:
        back += f"?{request.url.query}"
    address = f"{SIGN_IN_PATH}?next={quote(back, safe='')}"
    if request.headers.get("hx-request") == "true":
        # a followed redirect would put the whole sign-in page into a corner of this one
        return Response(status_code=401, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)
