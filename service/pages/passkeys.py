"""A phone makes a passkey and signs in with it: four posts of a script; a code does without."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.door import (
    No,
    Visitor,
    guard,
    make_passkey,
    passkey_options,
    refuse,
    sign_in_with_passkey,
)
from service.households.outcomes import Refused
from service.pages.sign_in_pages import after_sign_in

router = APIRouter(include_in_schema=False)
Use = Annotated[Visitor, Depends(guard("sign_in.use"))]
Manage = Annotated[Visitor, Depends(guard("passes.manage_own"))]
Credential = Annotated[dict[str, Any], Body()]


@router.post("/passkey/options")
def options_to_sign_in(request: Request, visitor: Use) -> Response:
    """What the browser asks its phone to sign."""
    return _options(request, to_make=False)


@router.post("/passkey/sign-in")
def sign_in(
    request: Request,
    visitor: Use,
    credential: Credential,
    next: Annotated[str, Query(max_length=200)] = "/",  # noqa: A002
) -> Response:
    """Sign in with what the phone signed; tells the script where to go."""
    outcome = sign_in_with_passkey(request, credential)
    if isinstance(outcome, (No, Refused)):
        return refuse(request, outcome)
    return JSONResponse({"next": after_sign_in(outcome.role, next)})


@router.post("/me/passkey/options")
def options_to_make(request: Request, visitor: Manage) -> Response:
    """What the browser asks its phone to make."""
    return _options(request, to_make=True)


@router.post("/me/passkey")
def make(request: Request, visitor: Manage, credential: Credential) -> Response:
    """Keep the key that the phone made."""
    outcome = make_passkey(request, credential)
    if isinstance(outcome, (No, Refused)):
        return refuse(request, outcome)
    return JSONResponse({"next": "/me/people?said=kept"}, 201)


def _options(request: Request, *, to_make: bool) -> Response:
    found = passkey_options(request, to_make=to_make)
    if isinstance(found, No):
        return refuse(request, found)
    return JSONResponse(json.loads(found))
