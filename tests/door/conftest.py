"""A small app behind the real door: a route for each kind of action, on a store of one database."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import pytest
from argon2 import PasswordHasher
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from pydantic import BaseModel
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from service import door
from service.clock import FixedClock, to_ms
from service.door.state import Door
from service.households import actions, passwords
from service.households.access import ACCESS, Role
from service.households.codes import key_of
from service.households.csv_import import HouseholdRow
from service.households.guests import Limit
from service.households.records import Staff
from service.settings import Settings
from service.store import Store
from service.store.engine import open_engine

PASSWORD = "three unrelated words"
METRICS = "a secret of the scraper, long"
HTTPS = "https://beimen.example"


class Body(BaseModel):
    number: int


def routes() -> APIRouter:  # noqa: C901 - a list of routes, not a path through code
    router = APIRouter()

    @router.get("/", dependencies=[Depends(door.guard("outlet.see"))])
    def front(request: Request) -> Response:
        visitor = door.who(request)
        return JSONResponse({"role": visitor.role, "household": visitor.household_id,
                             "language": visitor.language, "large": visitor.large})  # fmt: skip

    @router.get("/sign-in", dependencies=[Depends(door.guard("sign_in.use"))])
    def form(request: Request) -> Response:
        return HTMLResponse(door.form_token(request))

    @router.post("/sign-in", dependencies=[Depends(door.guard("sign_in.use"))])
    async def sign_in(request: Request) -> Response:
        return await in_thread(request, sign_in_posted)

    @router.post("/sign-out", dependencies=[Depends(door.guard("sign_in.revoke_own"))])
    def sign_out(request: Request, everywhere: bool = False) -> Response:
        (door.sign_out_everywhere if everywhere else door.sign_out)(request)
        return RedirectResponse("/", 303)

    @router.post("/password", dependencies=[Depends(door.guard("password.change_own"))])
    async def password(request: Request) -> Response:
        return await in_thread(request, password_posted)

    @router.post("/api/v1/number")
    def number(
        body: Body, visitor: Annotated[door.Visitor, Depends(door.guard("session.start"))]
    ) -> dict[str, int | None]:
        return {"number": body.number, "household": visitor.household_id}

    @router.get("/broken", dependencies=[Depends(door.guard("outlet.see"))])
    def broken() -> None:
        raise ZeroDivisionError("the inside of the house")

    @router.get("/households/{whose}", dependencies=[Depends(door.guard("outlet.see"))])
    def statement(request: Request, whose: int) -> Response:
        if not door.who(request).may_touch("statement.see", whose):
            raise door.no_entry(door.Reason.NOT_FOUND)
        return PlainTextResponse("the statement")

    for action in ACCESS:
        router.add_api_route(f"/do/{action}", lambda: "done", methods=["GET", "POST"],
                             dependencies=[Depends(door.guard(action))])  # fmt: skip
    return router


async def in_thread(
    request: Request, call: Callable[[Request, dict[str, str]], Response]
) -> Response:
    from starlette.concurrency import run_in_threadpool

    fields = {name: str(value) for name, value in (await request.form()).items()}
    return await run_in_threadpool(call, request, fields)


def sign_in_posted(request: Request, fields: dict[str, str]) -> Response:
    if "code" in fields:
        outcome = door.sign_in_with_code(request, fields["code"])
    else:
        outcome = door.sign_in_with_password(request, fields["login"], fields["password"])
    return told(outcome, fields.get("next"))


def password_posted(request: Request, fields: dict[str, str]) -> Response:
    return told(door.change_password(request, fields.get("current", ""), fields["new"]), "/")


def told(outcome: object, then: str | None) -> Response:
    reason = getattr(outcome, "reason", None)
    if reason is None:
        return RedirectResponse(door.safe_next(then), 303)
    sentence = outcome.sentence.in_language("en")  # type: ignore[attr-defined]
    return PlainTextResponse(sentence, door.status_of(reason))


@dataclass
class Gate:
    """The app, its store and clock, and what a test says to it."""

    app: FastAPI
    store: Store
    clock: FixedClock
    door: Door
    url: str

    def browser(
        self,
        address: str = "203.0.113.7",
        headers: dict[str, str] | None = None,
        cookies: dict[str, str] | None = None,
        raise_server_exceptions: bool = True,
    ) -> TestClient:
        return TestClient(
            self.app,
            base_url=self.url,
            follow_redirects=False,
            client=(address, 50_000),
            headers={"accept-language": "en", **(headers or {})},
            cookies=cookies,
            raise_server_exceptions=raise_server_exceptions,
        )

    def household(self, number: str = "3-201") -> int:
        with self.store.writing() as uow:
            row = HouseholdRow(2, number, 3)
            added = actions.add_households(uow, [row], self.clock.now(), self.door.key)
            assert isinstance(added, list)
            return added[0].id or 0

    def code(self, household_id: int) -> str:
        with self.store.writing() as uow:
            code = actions.new_code(uow, household_id, self.clock.now(), self.door.key)
        assert isinstance(code, str)
        return code

    def staff(self, role: str = Role.COMMITTEE, login: str = "li") -> int:
        hashed = passwords.hash_password(PASSWORD)
        with self.store.writing() as uow:
            member = actions.add_staff(uow, login, role, "", hashed)
            assert isinstance(member, Staff)
            return member.id or 0

    def staff_code(self, staff_id: int) -> str:
        with self.store.writing() as uow:
            return actions.new_staff_code(uow, staff_id, self.clock.now(), self.door.key)

    def resident(self, number: str = "3-201") -> TestClient:
        browser = self.browser()
        answer = post_code(browser, self.code(self.household(number)))
        assert answer.status_code == 303
        return browser

    def let_in(self, role: str) -> TestClient:
        """A helper, or a guest, of a household."""
        now, whose = self.clock.now(), self.household()
        limit = Limit(1000, None, 3, now + timedelta(days=3))
        with self.store.writing() as uow:
            if role == Role.HELPER:
                invited = actions.invite_helper(uow, whose, "", now, self.door.key)
            else:
                invited = actions.give_guest_pass(uow, whose, "", limit, now, self.door.key)
        assert isinstance(invited, actions.Invited)
        browser = self.browser()
        assert post_code(browser, invited.code).status_code == 303
        return browser

    def signed_in(self, role: str) -> TestClient:
        if role == Role.PUBLIC:
            return self.browser()
        if role == Role.RESIDENT:
            return self.resident()
        if role in (Role.HELPER, Role.GUEST):
            return self.let_in(role)
        browser = self.browser()
        self.staff(role, login=role)
        assert post_password(browser, role, PASSWORD).status_code == 303
        return browser


def token(browser: TestClient) -> str:
    return str(browser.get("/sign-in").text)


def post_code(browser: TestClient, code: str, **fields: str):  # type: ignore[no-untyped-def]
    return browser.post("/sign-in", data={"code": code, "form_token": token(browser), **fields})


def post_password(browser: TestClient, login: str, password: str):  # type: ignore[no-untyped-def]
    fields = {"login": login, "password": password, "form_token": token(browser)}
    return browser.post("/sign-in", data=fields)


def settings_for(public_url: str) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        public_url=public_url,
        secret_key="a key of the tests, long enough",  # type: ignore[arg-type]
        metrics_token=METRICS,  # type: ignore[arg-type]
    )


def hang(app: FastAPI, store: Store, clock: FixedClock, url: str) -> Gate:
    settings = settings_for(url)
    if not hasattr(app.state, "door"):
        door.install(app, settings, store, clock)
    key = key_of(settings.secret_key.get_secret_value())
    app.state.show_no = None
    app.state.door = Door(settings, store, clock, key, lambda: to_ms(clock.now()) / 1000)
    return Gate(app, store, clock, app.state.door, url)


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """The routes, built once: every test hangs a door of its own before them."""
    folder = tmp_path_factory.mktemp("static")
    (folder / "style.css").write_text("p { color: green }")
    app = FastAPI(openapi_url=None)
    app.include_router(routes())
    app.mount("/static", door.GuardedApp(StaticFiles(directory=folder), "static.see"))
    door.check_routes(app)
    return app


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """SQLite is enough here: the actions behind the door are tested on both databases."""
    shutil.copy(sqlite_template, tmp_path / "beimen.db")
    opened = Store(open_engine(f"sqlite:///{tmp_path}/beimen.db"))
    yield opened
    opened.close()


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real algorithm with little work: what the full work costs is tested with passwords."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    monkeypatch.setattr(passwords, "_NOBODY", quick.hash("nobody"))


@pytest.fixture
def gate(app: FastAPI, store: Store, clock: FixedClock, quick_hashes: None) -> Gate:
    """The door on plain http, as at home."""
    return hang(app, store, clock, "http://127.0.0.1:8080")


@pytest.fixture
def https_gate(app: FastAPI, store: Store, clock: FixedClock, quick_hashes: None) -> Gate:
    """The door as the compound has it: a name and https."""
    return hang(app, store, clock, HTTPS)


@pytest.fixture
def growing_gate(store: Store, clock: FixedClock, quick_hashes: None) -> Gate:
    """A door before an app of the test's own, to which it adds routes."""
    app = FastAPI(openapi_url=None)
    app.include_router(routes())
    return hang(app, store, clock, "http://127.0.0.1:8080")
