"""A small compound with its API: four piles, eight households, everybody who may knock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient

from service import api, door
from service.clock import FixedClock
from service.door.sign_in import COOKIE
from service.flow import House
from service.gauges import Gauges
from service.households.access import Role
from service.households.actions import (
    Invited,
    find_household,
    give_guest_pass,
    invite_helper,
    new_api_secret,
    redeem_code,
    sign_in_staff,
)
from service.households.guests import Limit
from service.households.outcomes import SignedIn
from service.households.records import staff_with_login
from service.store import Store
from service.wire.health import LaneHealth, WireHealth
from tests.support.compound import seeded_house
from tests.support.small import PaperPile

ADDRESS = "http://127.0.0.1:8080"
SCRAPER = "the secret of the scraper, long enough"


def lane(name: str, **changes: Any) -> LaneHealth:
    """A connection in good health."""
    well: dict[str, Any] = {
        "name": name,
        "connected": True,
        "mqtt5": True,
        "generation": 1,
        "session_durable": True,
        "loopback_age_s": 1.5,
        "inbox": 0,
        "outgoing": 0,
        "failing_s": 0.0,
    }
    return LaneHealth(**{**well, **changes})


@dataclass
class PaperWire:
    """A wire whose health a test writes."""

    state: WireHealth = field(
        default_factory=lambda: WireHealth(lane("telemetry"), lane("control"))
    )

    def health(self) -> WireHealth:
        return self.state


@dataclass
class Town:
    """The app, what is behind it, and who knocks."""

    app: FastAPI
    house: House
    clock: FixedClock
    gauges: Gauges
    wire: PaperWire
    pile: PaperPile

    def knock(self, headers: dict[str, str] | None = None) -> TestClient:
        """Somebody without sign-in."""
        return TestClient(
            self.app,
            base_url=ADDRESS,
            headers={"accept-language": "en", **(headers or {})},
            follow_redirects=False,
        )

    def household(self, number: str = "1-101") -> int:
        with self.house.store.reading() as uow:
            found = find_household(uow, number)
        assert found
        return found.id or 0

    def resident(self, number: str = "1-101") -> TestClient:
        """A program of a household, with its bearer secret."""
        with self.house.store.writing() as uow:
            secret = new_api_secret(
                uow, self.household(number), self.clock.now(), self.house.key, "a script"
            )
        return self.knock({"authorization": f"Bearer {secret}"})

    def let_in(self, role: str) -> TestClient:
        """A helper's or a guest's browser."""
        now, key, whose = self.clock.now(), self.house.key, self.household()
        limit = Limit(1000, None, 3, now + timedelta(days=3))
        with self.house.store.writing() as uow:
            if role == Role.HELPER:
                invited = invite_helper(uow, whose, "", now, key)
            else:
                invited = give_guest_pass(uow, whose, "", limit, now, key)
            assert isinstance(invited, Invited)
            signed_in = redeem_code(uow, invited.code, now, key)
        return self.browser_of(signed_in)

    def staff(self, role: str) -> TestClient:
        """A browser of the staff, with cookie and form token."""
        with self.house.store.writing() as uow:
            member = staff_with_login(uow, role)
            assert member
            signed_in = sign_in_staff(uow, member.id or 0, self.clock.now(), self.house.key)
        return self.browser_of(signed_in)

    def browser_of(self, signed_in: object) -> TestClient:
        assert isinstance(signed_in, SignedIn)
        browser = self.knock()
        browser.cookies.set(COOKIE, self.app.state.door.sign(COOKIE, signed_in.secret))
        browser.headers["x-form-token"] = browser.get("/token").text
        return browser

    def as_role(self, role: str) -> TestClient:
        """Any of the eight kinds of visitor."""
        if role == Role.PUBLIC:
            return self.knock()
        if role in (Role.HELPER, Role.GUEST):
            return self.let_in(role)
        return self.resident() if role == Role.RESIDENT else self.staff(role)


def token(
    request: Request, visitor: Annotated[door.Visitor, Depends(door.guard("health.see"))]
) -> Response:
    """What a page would carry in its forms."""
    return PlainTextResponse(door.form_token(request))


def make_town(store: Store, clock: FixedClock) -> Town:
    house = seeded_house(store, clock)
    settings = house.settings.model_copy(
        update={"metrics_token": type(house.settings.metrics_token)(SCRAPER)}
    )
    wire = PaperWire()
    gauges = Gauges(house, wire.health)
    house.listeners.append(gauges.take)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.house, app.state.gauges, app.state.wire = house, gauges, wire
    door.install(app, settings, store, clock)
    api.install(app)
    app.add_api_route("/token", token, include_in_schema=False)
    door.check_routes(app)
    pile = PaperPile(house, clock)
    pile.hello()
    pile.heartbeat()
    return Town(app, house, clock, gauges, wire, pile)


@pytest.fixture
def town(store: Store, clock: FixedClock) -> Town:
    """On SQLite and on PostgreSQL, at 19:00; LB-001 is online."""
    return make_town(store, clock)


@pytest.fixture
def charge(town: Town) -> Callable[..., str]:
    """A resident's session that the pile confirmed and that has drawn something."""

    def make(number: str = "1-101", outlet: int = 1, start_wh: int = 1000, energy_wh: int = 50):
        wish = {"pile": "LB-001", "outlet": outlet, "idempotency_key": f"charge-{number}-{outlet}"}
        made = town.resident(number).post("/api/v1/sessions", json=wish)
        assert made.status_code == 201, made.text
        session = made.json()["id"]
        (command,) = town.pile.commands()
        town.pile.result(command["command_id"], "done", session_id=session, outlet=outlet)
        for wh, reason in ((start_wh, "start"), (start_wh + energy_wh, "interval")):
            town.clock.advance(6 * energy_wh if reason == "interval" else 1)  # at 600 W
            reading = town.pile.reading(outlet, wh, session_id=session, reason=reason)
            town.pile.meter(reading)
        return session

    return make
