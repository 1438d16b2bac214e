"""One guard on every route, each asking for one action of the access table; no guard, no start.

`guard("outlet.see")` is a dependency that recognises the visitor, refuses who may not, and
refuses a change that no page of ours asked for. `check_routes(app)` names every route that lacks
one, and the threshold's middleware lets no answer out that passed none.
"""

from functools import cache

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.requests import Request
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from service.door.forms import is_our_form
from service.door.limits import Flood
from service.door.problems import Reason, no_entry
from service.door.sign_in import recognise
from service.door.state import door_of
from service.door.visitor import Visitor, stranger
from service.households.access import ACCESS, Role, may

_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})


class UnguardedError(RuntimeError):
    """The app has routes without exactly one guard; its message names them."""


class Guard:
    """A dependency that lets through who may do `action`, and answers with the Visitor."""

    def __init__(self, action: str):
        if action not in ACCESS:
            raise UnguardedError(f"'{action}' is not in the access table")
        self.action = action

    async def __call__(self, request: Request) -> Visitor:
        """The visitor; NoEntryError where the role may not or the form is not ours."""
        visitor = await recognise(request)
        request.state.visitor = visitor
        if not may(visitor.role, self.action):
            signed_in = visitor.role != Role.PUBLIC
            raise no_entry(Reason.NOT_FOR_YOU if signed_in else Reason.SIGN_IN_NEEDED)
        if request.method not in _HARMLESS:
            if not door_of(request).flood.allows(Flood.CHANGES, visitor.address):
                raise no_entry(Reason.TOO_MANY_REQUESTS, 60)
            # no browser sends a bearer secret by itself, so nobody can forge with one
            by_cookie = "authorization" not in request.headers
            if by_cookie and not await is_our_form(request):
                raise no_entry(Reason.FORGED_FORM)
        request.state.guarded = self.action
        return visitor


@cache
def guard(action: str) -> Guard:
    """The guard of an action, for `Depends(guard("outlet.see"))`. UnguardedError if unknown."""
    return Guard(action)


class GuardedApp:
    """A mounted app (static files) behind an action that everybody may do: no look-up needed."""

    def __init__(self, app: ASGIApp, action: str):
        if not may(Role.PUBLIC, action):
            raise UnguardedError(f"'{action}' is not open to all; give the mount routes of its own")
        self.app, self.action = app, action

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on reading requests; nothing mounted takes any other."""
        if scope["type"] != "http" or scope["method"] not in _HARMLESS:
            raise no_entry(Reason.NOT_FOUND)
        request = Request(scope)
        request.state.visitor = stranger(request)
        request.state.guarded = self.action
        await self.app(scope, receive, send)


def check_routes(app: FastAPI) -> list[tuple[str, str, str]]:
    """Every (method, path, action) of the app. UnguardedError naming routes without one guard."""
    found: list[tuple[str, str, str]] = []
    open_routes: list[str] = []
    for context in iter_route_contexts(app.router.routes):
        path, methods = context.path or "?", sorted(context.methods or {"*"})
        actions = _actions_of(context.original_route, getattr(context, "dependant", None))
        if len(actions) != 1:
            open_routes.append(f"{'/'.join(methods)} {path} has {actions or 'no guard'}")
        found += [(method, path, action) for method in methods for action in actions]
    if open_routes:
        raise UnguardedError("each route needs exactly one guard: " + "; ".join(open_routes))
    return found


def _actions_of(route: object, dependant: Dependant | None) -> list[str]:
    if isinstance(route, Mount):
        return [route.app.action] if isinstance(route.app, GuardedApp) else []
    if not isinstance(route, APIRoute) or dependant is None:
        return []
    return [found.action for found in _guards(dependant)]


def _guards(dependant: Dependant) -> list[Guard]:
    own = [dependant.call] if isinstance(dependant.call, Guard) else []
    return [*own, *(g for inner in dependant.dependencies for g in _guards(inner))]
