"""Hangs the door into an app: middleware, refusals in words, and the state it keeps."""

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import Response

from service.clock import Clock, monotonic
from service.door import problems
from service.door.headers import BODY_LIMIT_BYTES, Threshold, TooLargeInWords, dress
from service.door.state import Door, door_of
from service.households.codes import key_of
from service.households.passwords import TooBusyError
from service.settings import Settings
from service.store import Store

PageOfNo = Callable[[Request, int, str], Response]


def install(
    app: FastAPI,
    settings: Settings,
    store: Store,
    clock: Clock,
    seconds: Callable[[], float] = monotonic,
) -> Door:
    """Put the door before every route. `seconds` measures delays (a clock that never jumps).

    Raises ValueError with a sentence if BEIMEN_SECRET_KEY is missing or too short. A route may
    accept more than 64 KiB by its own `max_body_size`.
    """
    key = key_of(settings.secret_key.get_secret_value())
    door = app.state.door = Door(settings, store, clock, key, seconds)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=BODY_LIMIT_BYTES)
    app.add_middleware(TooLargeInWords)
    app.add_middleware(Threshold)
    app.add_exception_handler(problems.NoEntryError, problems.entry_no)
    app.add_exception_handler(HTTPException, problems.http_no)
    app.add_exception_handler(RequestValidationError, problems.input_no)
    app.add_exception_handler(TooBusyError, problems.busy_no)
    app.add_exception_handler(Exception, _broken)
    return door


def show_refusals_with(app: FastAPI, page: PageOfNo) -> None:
    """Let the pages room draw refusals for people: page(request, status, text) -> Response."""
    app.state.show_no = page


def _broken(request: Request, error: Exception) -> Response:
    # this answer is made outside all middleware, so it is dressed here
    response = problems.broken_no(request, error)
    dress(request, response.headers, door_of(request))
    return response
