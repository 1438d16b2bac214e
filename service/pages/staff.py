"""Staff accounts: the committee lets people in and out; everybody changes their own password."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.door import Reason, Visitor, change_password, guard, no_entry, status_of
from service.flow.house import Work
from service.households.actions import (
    disable_staff,
    enable_staff,
    hire,
    login_and_hash,
    may_go,
    reset_staff,
)
from service.households.outcomes import Refused, SignedIn
from service.households.passwords import SHORTEST
from service.households.records import Staff, last_sign_ins
from service.households.records import staff as every_account
from service.pages.context import house_of, in_words, note_deed
from service.pages.draw import draw
from service.pages.sign_in_pages import home_of
from service.pages.staff_view import role_choices, staff_lines
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Manage = Annotated[Visitor, Depends(guard("staff.manage"))]
Own = Annotated[Visitor, Depends(guard("password.change_own"))]
Id = Annotated[int, InPath(ge=1, le=2**31 - 1)]

HOME = "/committee/staff"
PASSWORD = "/staff/password"  # noqa: S105 - an address
NOT_TWICE = N_("The two new passwords are not the same.")


@router.get(HOME)
def accounts(request: Request, visitor: Manage, said: str = "") -> Response:
    """Every account of the staff."""
    return _page(request, visitor, said=said)


@router.post(HOME)
def add(
    request: Request,
    visitor: Manage,
    login: Annotated[str, Form(max_length=60)] = "",
    role: Annotated[str, Form(max_length=16)] = "",
    display: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """A new account, and the code of its first sign-in, shown once."""
    house = house_of(request)
    with house.work() as work:
        made = hire(work.uow, login, role, display, work.now, house.key)
        if not isinstance(made, Refused):
            _note(work, visitor, made[0], "added")
    if isinstance(made, Refused):
        typed = {"login": login, "role": role, "display": display}
        return _page(request, visitor, error=made.sentence, typed=typed)
    return _code_page(request, made[0].login, made[1])


@router.post(f"{HOME}/{{staff_id}}/reset")
def reset(request: Request, visitor: Manage, staff_id: Id) -> Response:
    """The password is forgotten: a one-time code takes its place."""
    house = house_of(request)
    code: str | None = None
    with house.work() as work:
        member = _member(work, staff_id)
        no = may_go(work.uow, staff_id)
        if no is None:
            code = reset_staff(work.uow, staff_id, work.now, house.key)
            _note(work, visitor, member, "reset")
        login = member.login
    if no is not None:
        return _page(request, visitor, error=no.sentence)
    if code is None:
        raise no_entry(Reason.NOT_FOUND)
    return _code_page(request, login, code)


@router.post(f"{HOME}/{{staff_id}}/disable")
def disable(request: Request, visitor: Manage, staff_id: Id) -> Response:
    """The account ends at once, in every browser; never the last one of the committee."""
    with house_of(request).work() as work:
        member = _member(work, staff_id)
        no = may_go(work.uow, staff_id)
        if no is None and member.disabled_at is None:
            disable_staff(work.uow, staff_id, work.now)
            _note(work, visitor, member, "disabled")
    if no is not None:
        return _page(request, visitor, error=no.sentence)
    return RedirectResponse(f"{HOME}?said=disabled", status_code=303)


@router.post(f"{HOME}/{{staff_id}}/enable")
def enable(request: Request, visitor: Manage, staff_id: Id) -> Response:
    """A disabled account comes back, with a one-time code."""
    house = house_of(request)
    with house.work() as work:
        member = _member(work, staff_id)
        if member.disabled_at is None:
            raise no_entry(Reason.NOT_FOUND)
        code = enable_staff(work.uow, staff_id, work.now, house.key)
        _note(work, visitor, member, "enabled")
        login = member.login
    return _code_page(request, login, code)


@router.get(PASSWORD)
def password_form(request: Request, visitor: Own, said: str = "") -> Response:
    """Ask for a new password, and for the present one if there is one."""
    return _password_page(request, visitor, said=said)


@router.post(PASSWORD)
def new_password(
    request: Request,
    visitor: Own,
    new: Annotated[str, Form(max_length=300)],
    again: Annotated[str, Form(max_length=300)],
    current: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Set it, or say what is wrong with it; every other browser of this account is signed out."""
    if new != again:
        return _password_page(request, visitor, error=Sentence(NOT_TWICE), status=422)
    outcome = change_password(request, current, new)
    if isinstance(outcome, SignedIn):
        return RedirectResponse(f"{PASSWORD}?said=done", status_code=303)
    return _password_page(
        request, visitor, error=outcome.sentence, status=status_of(outcome.reason)
    )


def _password_page(
    request: Request,
    visitor: Visitor,
    *,
    said: str = "",
    error: Sentence | None = None,
    status: int = 200,
) -> Response:
    with house_of(request).store.reading() as uow:
        login, stored = login_and_hash(uow, visitor.staff_id or 0)
    context: dict[str, object] = {
        "login": login,
        "has_one": stored is not None,
        "done": said == "done",
        "home": home_of(visitor.role),
        "shortest": SHORTEST,
        "error": in_words(visitor, error) if error else None,
    }
    return draw(request, "staff_password.html", context, status)


def _page(
    request: Request,
    visitor: Visitor,
    *,
    said: str = "",
    error: Sentence | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    house = house_of(request)
    with house.store.reading() as uow:
        rows, last = every_account(uow), last_sign_ins(uow)
    context: dict[str, object] = {
        "lines": staff_lines(rows, last, visitor.staff_id, house.clock.now(), house.settings.zone),
        "roles": role_choices(),
        "said": said == "disabled",
        "error": error,
        "typed": typed or {},
        "path": HOME,
        "query": {},
    }
    return draw(request, "staff.html", context, 422 if error else 200)


def _code_page(request: Request, login: str, code: str) -> Response:
    """The code of a first sign-in; the only time that anybody sees it."""
    base = house_of(request).settings.public_url.rstrip("/")
    context = {"login": login, "code": code, "address": f"{base}/sign-in", "path": HOME}
    return draw(request, "staff_code.html", {**context, "query": {}})


def _member(work: Work, staff_id: int) -> Staff:
    found = work.uow.session.get(Staff, staff_id)
    if found is None:
        raise no_entry(Reason.NOT_FOUND)
    return found


def _note(work: Work, visitor: Visitor, member: Staff, what: str) -> None:
    note_deed(work, visitor, "staff.manage", f"staff {member.id}", what=what, role=member.role)
