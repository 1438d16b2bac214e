"""What every route of the API needs at hand: the house, who asks, and how a no is raised."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from service.door import NoEntryError, Visitor
from service.flow.house import House
from service.words import Sentence

PREFIX = "/api/v1"

NO_ANSWERS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Sign in, or show a bearer secret that is valid."},
    403: {"description": "Your role does not allow this."},
    422: {"description": "Something in the request is missing or wrong; the detail names it."},
}
"""Refusals are problem details (RFC 9457): `reason` is for programs, `detail` for people, in the
language of Accept-Language (zh-CN or en)."""


SPEAKABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
"""Text that every database can store: PostgreSQL knows no NUL, and nobody types control signs."""


def a_router(tag: str) -> APIRouter:
    """A router of /api/v1."""
    return APIRouter(prefix=PREFIX, tags=[tag], responses=NO_ANSWERS)


def house_of(request: Request) -> House:
    """The house behind this app."""
    house: Any = request.app.state.house
    if not isinstance(house, House):
        raise RuntimeError("app.state.house is not set")
    return house


def asked_by(visitor: Visitor) -> str:
    """Who asks, as it is kept with a session or a command: a role and an id, never a name."""
    number = visitor.staff_id or visitor.household_id
    return f"{visitor.role}:{number}" if number else visitor.role


@dataclass(frozen=True, slots=True)
class ApiNo:
    """A refusal of this edge: a reason for programs and a sentence for people."""

    reason: str
    sentence: Sentence


def no(reason: str, sentence: Sentence) -> NoEntryError:
    """To be raised where a room refuses with a sentence only."""
    return NoEntryError(ApiNo(reason, sentence))
