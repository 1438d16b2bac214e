"""Who stands at the door: role, household, and how they like to read. Known after the guard."""

from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import HTTPConnection

from service.households.access import Charge, Role, may, may_follow, may_touch
from service.households.outcomes import Actor
from service.words import DEFAULT_LANGUAGE, LANGUAGES

YEAR_SECONDS = 365 * 86_400
SIZES = ("0", "1", "2")
"""Usual, large and very large type: main text of 17, 22 and 30 px."""
_SPOKEN = {"zh": "zh_CN", "en": "en"}


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person or program that asks for something. `language` is 'zh_CN' or 'en'."""

    role: str = Role.PUBLIC
    household_id: int | None = None
    staff_id: int | None = None
    sign_in_id: int | None = None
    pass_id: int | None = None
    language: str = DEFAULT_LANGUAGE
    large: int = 0
    address: str = ""

    def may(self, action: str) -> bool:
        """Whether this role may do the action (for what a page offers; the guard decides)."""
        return may(self.role, action)

    def may_touch(self, action: str, whose: int) -> bool:
        """Whether the visitor may do `action` ('statement.see') to household `whose`'s things.

        Where not, say 'not found': a stranger should not learn that it exists.
        """
        return may_touch(self.role, action, self.household_id, whose)

    def may_follow(self, charge: Charge) -> bool:
        """Whether the visitor may see and end this charge; where not, say 'not found'."""
        return may_follow(self.role, self.household_id, self.pass_id, charge)

    @property
    def home_id(self) -> int | None:
        """The household whose affairs these are; a helper or a guest has none of their own."""
        return self.household_id if self.pass_id is None else None

    @property
    def number(self) -> int | None:
        """Who it is, with the role: a staff account, the pass of a helper or guest, a household."""
        return self.staff_id or self.pass_id or self.household_id

    @property
    def actor(self) -> Actor:
        """The visitor in the words of the audit trail."""
        return Actor(self.role, self.number, self.address)


def who(request: HTTPConnection) -> Visitor:
    """The visitor the guard recognised; before the guard, nobody in particular."""
    found: Any = getattr(request.state, "visitor", None)
    return found if isinstance(found, Visitor) else stranger(request)


def stranger(request: HTTPConnection) -> Visitor:
    """Somebody not signed in, who still has a language, a letter size and an address."""
    return Visitor(
        language=language_of(request),
        large=_size(request.query_params.get("large") or request.cookies.get("large")),
        address=request.client.host if request.client else "",
    )


def recognised(request: HTTPConnection, **known: Any) -> Visitor:
    """The stranger, with what is known of them."""
    return replace(stranger(request), **known)


def language_of(request: HTTPConnection) -> str:
    """Asked for by ?lang=, else remembered, else spoken by the browser, else Chinese."""
    for wish in (request.query_params.get("lang", ""), request.cookies.get("lang", "")):
        if _known(wish):
            return _known(wish)
    for wish in request.headers.get("accept-language", "").split(","):
        if _known(wish):
            return _known(wish)
    return DEFAULT_LANGUAGE


def habit_cookies(request: HTTPConnection) -> dict[str, str]:
    """What ?lang= and ?large= ask to be remembered, by cookie name."""
    habits = {}
    language = _known(request.query_params.get("lang", ""))
    if language:
        habits["lang"] = language
    if request.query_params.get("large") in SIZES:
        habits["large"] = request.query_params["large"]
    return habits


def _size(wish: str | None) -> int:
    return int(wish) if wish in SIZES else 0


def _known(wish: str) -> str:
    language = _SPOKEN.get(wish.strip()[:2].casefold(), "")
    return language if language in LANGUAGES else ""
