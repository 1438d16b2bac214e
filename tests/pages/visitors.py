"""Visitors of the pages for the tests: an app over a simulated compound, and people who sign in."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from service import door, pages
from service.clock import FixedClock
from service.households.actions import new_code, new_staff_code
from service.households.codes import key_of
from service.households.records import household_at, staff_with_login
from service.live import Hub
from service.seed import Plan
from service.store import Store
from service.store.engine import open_engine
from simulator.packs import Pack, catalogue
from simulator.scenario import load_scenario
from tests.house.collect_words import compile_words
from tests.support.compound import SECRET, Compound

KEY = key_of(SECRET)
PLAN = Plan(piles=8, households=24)
QUIET = load_scenario("quiet_evening").with_changes(piles=8, bikes=0)


@contextmanager
def empty_store(template: Path, folder: Path) -> Iterator[Store]:
    """A store of its own on SQLite; what differs between databases is tested with the records."""
    path = folder / "pages.db"
    shutil.copy(template, path)
    store = Store(open_engine(f"sqlite:///{path}"))
    yield store
    store.close()


def app_over(compound: Compound) -> FastAPI:
    """The pages over a compound, as the service joins them."""
    hub = Hub()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(hub.run())
        yield
        hub.close()
        await task

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.house, app.state.hub = compound.house, hub
    app.state.settings = compound.house.settings
    compound.house.listeners.append(app.state.hub.notice)
    door.install(app, compound.house.settings, compound.house.store, compound.clock)
    pages.install(app)
    door.check_routes(app)
    return app


class Person:
    """Somebody with a browser."""

    def __init__(self, app: FastAPI, compound: Compound, language: str = "en"):
        self.compound = compound
        self.client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=True)
        self.client.headers["accept"] = "text/html"
        self.client.cookies.set("lang", language)

    def get(self, path: str, **more: Any) -> Response:
        """Open a page."""
        return self.client.get(path, **more)

    def text(self, path: str) -> str:
        """The words of a page, without its tags."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return words(answer.text)

    def post(self, page: str, action: str, **fields: Any) -> Response:
        """Send the form of a page that posts to `action`, with its hidden fields."""
        html = self.get(page).text
        form = next(
            (f for f in re.findall(r"<form.*?</form>", html, re.S) if f'action="{action}"' in f),
            None,
        )
        assert form, f"{page} has no form for {action}"
        return self.client.post(action, data=hidden(form) | fields)

    def sign_in(self, code: str) -> "Person":
        """Type a code."""
        answer = self.post("/sign-in", "/sign-in", code=code)
        assert answer.status_code == 200, words(answer.text)
        return self


def hidden(form: str) -> dict[str, str]:
    """The hidden fields of a form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return dict(found)


def words(html: str) -> str:
    """What a reader reads."""
    body = re.sub(r"<(script|style|head).*?</\1>", " ", html, flags=re.S)
    text = re.sub(r"<[^>]+>", " ", body).replace("&#39;", "'").replace("&amp;", "&")
    return re.sub(r"\s+", " ", text)


class House:
    """A compound, its pages, and codes for everybody in it."""

    def __init__(self, compound: Compound):
        self.compound, self.clock = compound, compound.clock
        self.app = app_over(compound)

    def plug(self, pile: str, outlet: int, missing_wh: float = 500.0) -> None:
        """Somebody puts a charger in, on a battery that misses so much."""
        kind = catalogue()[0]
        self.compound.hear(self.compound.world.plug(pile, outlet, Pack(kind, missing_wh)))

    def unplug(self, pile: str, outlet: int) -> None:
        """The charger is pulled out."""
        self.compound.hear(self.compound.world.unplug(pile, outlet))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.compound.run(seconds, tick_every=5 if seconds <= 300 else 30)

    def public(self, language: str = "en") -> Person:
        """Somebody nobody knows."""
        return Person(self.app, self.compound, language)

    def code_of(self, door_name: str) -> str:
        """A fresh household code."""
        with self.compound.house.store.writing() as uow:
            household = household_at(uow, door_name)
            assert household is not None
            assert household.id is not None
            code = new_code(uow, household.id, self.clock.now(), KEY)
        assert isinstance(code, str)
        return code

    def staff_code(self, login: str) -> str:
        """A fresh code of a staff member."""
        with self.compound.house.store.writing() as uow:
            member = staff_with_login(uow, login)
            assert member is not None
            assert member.id is not None
            return new_staff_code(uow, member.id, self.clock.now(), KEY)

    def resident(self, door_name: str = "1-101", language: str = "en") -> Person:
        """A resident with a bound phone."""
        return self.public(language).sign_in(self.code_of(door_name))

    def staff(self, login: str, language: str = "en") -> Person:
        """A staff member who signed in."""
        return self.public(language).sign_in(self.staff_code(login))


def build_house(store: Store, clock: FixedClock, **more: Any) -> House:
    """A compound of eight piles that have said hello, nobody there yet."""
    compile_words()
    compound = Compound(store, clock, QUIET, plan=PLAN, **more)
    compound.run(90)
    return House(compound)
