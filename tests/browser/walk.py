"""Finds every page of the app by following its links, as each kind of visitor.

The routes are the app's own. What no link leads to and no state of the stage shows is named, so a
new page has to be reachable, or shown, before the checks of all pages are content.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from service.door import check_routes
from service.households.access import ACCESS, Role
from tests.browser.stage import DOOR, STAFF, Evening, visitor
from tests.pages.visitors import Person

ADDRESS = re.compile(r'(?:href|action|hx-get|sse-connect|data-src)="(/[^"#]*)"')
HABITS = re.compile(r"[?&](?:amp;)?(lang|large)=[^&\"]*")
A_FILE = re.compile(
    r"(/pdf|/xlsx|/csv|/file|\.csv|\.json|\.txt|\.py|\.html|\.js|\.webmanifest|\.pdf|\.xlsx|\.png|\.css|/whole|/public"
    r"|/printable|/download|/photos?/\{\w+\}|/vouchers/\{sha256\})$"
)
A_PART = re.compile(r"^/(live/|static|token|api/)|/progress$")

FOR_ALL = {action for action, roles in ACCESS.items() if Role.PUBLIC in roles}
"""What those who are signed in see of these differs by a menu, which their own pages show."""


@dataclass(frozen=True, slots=True)
class Place:
    """One page as one visitor sees it. `name` tells a state of the stage, or its route."""

    login: str
    path: str
    route: str
    name: str


@dataclass(frozen=True)
class Walk:
    """Where it led."""

    places: list[Place]
    unreached: set[str]
    """Routes that no link leads to."""
    broken: list[str]
    """Links that lead nowhere."""


def page_routes(evening: Evening) -> dict[str, str]:
    """The routes that somebody opens, in the order in which the app tries them: their actions."""
    asked = {path: action for method, path, action in check_routes(evening.app) if method == "GET"}
    return {path: action for path, action in asked.items() if path and not A_PART.search(path)}


def walk(evening: Evening) -> Walk:
    """All pages: the states of the stage first, then one page of each route for each visitor."""
    found = _Walker(evening)
    logins = ["", DOOR, *STAFF]
    for login in dict.fromkeys([*logins, *(state.login for state in evening.states)]):
        states = [state for state in evening.states if state.login == login]
        found.visit_as(login, {state.path: state.name for state in states}, follow=login in logins)
    files = {route for route in found.routes if A_FILE.search(route)}
    unreached = set(found.routes) - found.reached - files
    return Walk(found.places, unreached, found.broken)


class _Walker:
    def __init__(self, evening: Evening):
        self.evening = evening
        self.actions = page_routes(evening)
        self.routes = list(self.actions)
        self.shapes = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", route) + "$"), route) for route in self.routes
        ]
        self.places: list[Place] = []
        self.reached: set[str] = set()
        self.broken: list[str] = []

    def visit_as(self, login: str, states: dict[str, str], *, follow: bool) -> None:
        """Open these states, then one page of every route that their links lead to."""
        person = visitor(self.evening, login)
        waiting = ["/"]
        for path, name in states.items():
            waiting += self._open(person, Place(login, path, self.route_of(path), name))
        seen = {self.route_of(path) for path in states} - {"/"}
        while waiting and follow:
            path = waiting.pop(0)
            route = self.route_of(path)
            if not route or route in seen or A_FILE.search(route):
                continue
            seen.add(route)
            place = Place(login, path, route, f"{login or 'public'}-{_slug(route)}")
            waiting += self._open(person, place)

    def route_of(self, path: str) -> str:
        bare = path.partition("?")[0]
        return next((route for shape, route in self.shapes if shape.match(bare)), "")

    def _open(self, person: Person, place: Place) -> Iterable[str]:
        answer = person.get(place.path)
        if answer.status_code >= 400 and not place.name.startswith(("not-found", "refused")):
            if answer.status_code not in (401, 403):
                self.broken.append(f"{place.login or 'public'} {place.path}: {answer.status_code}")
            return []
        if "html" not in answer.headers["content-type"]:
            return []
        self.reached.add(place.route)
        is_state = any(place.name == state.name for state in self.evening.states)
        if is_state or not place.login or self.actions[place.route] not in FOR_ALL:
            self.places.append(place)
        links = [
            HABITS.sub("", link).replace("&amp;", "&") for link in ADDRESS.findall(answer.text)
        ]
        return dict.fromkeys(links)


def _slug(route: str) -> str:
    return re.sub(r"\W+", "-", re.sub(r"[{}]", "", route)).strip("-") or "front"
