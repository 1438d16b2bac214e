"""Signing in: residents with the code on paper, once per phone; staff with name and password."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.door import (
    Visitor,
    guard,
    passkeys_possible,
    safe_next,
    sign_in_with_code,
    sign_in_with_password,
    sign_out,
    status_of,
    who,
)
from service.door.state import door_of
from service.households.access import Role
from service.households.actions import login_and_hash
from service.households.outcomes import SignedIn
from service.pages.draw import draw

router = APIRouter(include_in_schema=False)
Use = Annotated[Visitor, Depends(guard("sign_in.use"))]
Leave = Annotated[Visitor, Depends(guard("sign_in.revoke_own"))]

HOME = {
    Role.RESIDENT: "/me",
    Role.HELPER: "/shared",
    Role.GUEST: "/shared",
    Role.GATEHOUSE: "/gate",
    Role.MAINTENANCE: "/fix",
    Role.COMMITTEE: "/committee",
    Role.VIEWER: "/committee",
}


def home_of(role: str) -> str:
    """Where somebody of this role begins."""
    return HOME.get(Role(role), "/")


def after_sign_in(role: str, wanted: str) -> str:
    """The page that was asked for before the sign-in, else the role's own."""
    path = safe_next(wanted)
    return home_of(role) if path == "/" else path


@router.get("/sign-in")
def code_form(request: Request, visitor: Use, next: str = "/", code: str = "") -> Response:  # noqa: A002
    """Ask for the code. One in the address is filled in, but used only when it is sent."""
    return _code_page(request, next, code)


@router.post("/sign-in")
def use_code(
    request: Request,
    visitor: Use,
    code: Annotated[str, Form(max_length=60)],
    next: Annotated[str, Form(max_length=200)] = "/",  # noqa: A002
) -> Response:
    """Bind this phone, or say why not and what to do."""
    outcome = sign_in_with_code(request, code)
    if isinstance(outcome, SignedIn):
        then = after_sign_in(outcome.role, next)
        if outcome.staff_id is not None and not _has_password(request, outcome.staff_id):
            then = "/staff/password"
        return RedirectResponse(then, status_code=303)
    words = outcome.sentence.in_language(visitor.language)
    return _code_page(request, next, code, words, status_of(outcome.reason))


def _has_password(request: Request, staff_id: int) -> bool:
    with door_of(request).store.reading() as uow:
        return login_and_hash(uow, staff_id)[1] is not None


def _code_page(
    request: Request,
    wanted: str,
    code: str,
    error: str | None = None,
    status: int = 200,
) -> Response:
    visitor = who(request)
    context = {
        "next": safe_next(wanted),
        "code": code[:20],
        "error": error,
        "is_in": visitor.sign_in_id is not None,
        "passkeys": not code and passkeys_possible(door_of(request).settings.public_url),
    }
    return draw(request, "sign_in.html", context, status)


@router.get("/staff/sign-in")
def password_form(
    request: Request,
    visitor: Use,
    next: str = "/",  # noqa: A002
    login: str = "",
) -> Response:
    """Ask staff for name and password; a link may bring the name along."""
    return draw(request, "staff_sign_in.html", {"next": safe_next(next), "name": login[:60]})


@router.post("/staff/sign-in")
def use_password(
    request: Request,
    visitor: Use,
    name: Annotated[str, Form(max_length=60)],
    password: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=200)] = "/",  # noqa: A002
) -> Response:
    """Let staff in, or say that name or password is wrong."""
    outcome = sign_in_with_password(request, name, password)
    if isinstance(outcome, SignedIn):
        return RedirectResponse(after_sign_in(outcome.role, next), status_code=303)
    words = outcome.sentence.in_language(visitor.language)
    context = {"next": safe_next(next), "name": name, "error": words}
    return draw(request, "staff_sign_in.html", context, status_of(outcome.reason))


@router.post("/sign-out")
def leave(request: Request, visitor: Leave) -> Response:
    """End this sign-in."""
    sign_out(request)
    return RedirectResponse("/", status_code=303)
