"""Every route has one guard, and the guard is the access table."""

from pathlib import Path

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from service import door
from service.door.guard import UnguardedError
from service.households import actions
from service.households.access import ACCESS, Role, may
from tests.door.conftest import METRICS, Gate, token

JSON = {"accept": "application/json"}


@pytest.mark.parametrize("role", list(Role))
def test_every_role_gets_exactly_what_the_table_says_on_every_route(gate: Gate, role: Role):
    browser = gate.signed_in(role)
    for action in ACCESS:
        status = browser.get(f"/do/{action}", headers=JSON).status_code
        expected = 200 if may(role, action) else 401 if role == Role.PUBLIC else 403
        assert status == expected, (role, action)


@pytest.mark.parametrize("role", list(Role))
def test_every_change_without_our_form_is_refused_whatever_the_role(gate: Gate, role: Role):
    browser = gate.signed_in(role)
    for action in ACCESS:
        assert browser.post(f"/do/{action}", headers=JSON).status_code in (401, 403), action
    allowed = [action for action in ACCESS if may(role, action)]
    ours = {"x-form-token": token(browser)}
    for action in allowed:
        assert browser.post(f"/do/{action}", headers=ours).status_code == 200, action


def test_a_route_without_a_guard_stops_the_start_by_name(growing_gate: Gate):
    router = APIRouter(prefix="/api/v1")
    router.add_api_route("/forgotten", lambda: "open", methods=["GET", "PUT"])
    growing_gate.app.include_router(router)
    with pytest.raises(UnguardedError, match="GET/PUT /api/v1/forgotten has no guard"):
        door.check_routes(growing_gate.app)


def test_two_guards_on_one_route_stop_the_start_too(growing_gate: Gate):
    both = APIRouter(prefix="/twice", dependencies=[Depends(door.guard("usage.see"))])
    both.add_api_route("", lambda: "?", dependencies=[Depends(door.guard("outlet.see"))])
    growing_gate.app.include_router(both)
    with pytest.raises(UnguardedError, match=r"/twice has \['usage.see', 'outlet.see'\]"):
        door.check_routes(growing_gate.app)


def test_a_guard_of_a_router_covers_all_that_is_in_it(growing_gate: Gate):
    inner = APIRouter()
    inner.add_api_route("/inner", lambda: "in")
    outer = APIRouter(prefix="/outer", dependencies=[Depends(door.guard("audit.see"))])
    outer.include_router(inner)
    growing_gate.app.include_router(outer)
    assert ("GET", "/outer/inner", "audit.see") in door.check_routes(growing_gate.app)
    assert growing_gate.browser().get("/outer/inner", headers=JSON).status_code == 401


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/redoc"])
def test_what_the_framework_would_add_by_itself_is_found(path: str):
    with pytest.raises(UnguardedError, match=path):
        door.check_routes(FastAPI())


def test_bare_mounts_plain_routes_and_sockets_are_found(tmp_path: Path):
    app = FastAPI(openapi_url=None)
    app.mount("/static", StaticFiles(directory=tmp_path))
    app.router.routes.append(Route("/plain", lambda request: None))

    @app.websocket("/live")
    async def live() -> None: ...

    with pytest.raises(UnguardedError, match=r"/static.*/plain.*/live"):
        door.check_routes(app)


def test_an_action_that_is_not_in_the_table_cannot_be_asked_for():
    with pytest.raises(UnguardedError, match=r"'outlet\.steal' is not in the access table"):
        door.guard("outlet.steal")
    with pytest.raises(UnguardedError, match="not open to all"):
        door.GuardedApp(FastAPI(), "audit.see")


def test_a_route_added_after_the_check_still_answers_nobody(growing_gate: Gate):
    growing_gate.app.add_api_route("/late", lambda: "secret")
    answer = growing_gate.browser(raise_server_exceptions=False).get("/late")
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_every_route_is_listed_with_its_action(gate: Gate):
    listed = door.check_routes(gate.app)
    assert ("GET", "/do/audit.see", "audit.see") in listed
    assert ("POST", "/api/v1/number", "session.start") in listed
    assert ("*", "/static", "static.see") in listed


def test_people_are_led_to_the_sign_in_and_back(gate: Gate):
    answer = gate.browser().get("/do/session.start?x=1&y=2", headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fdo%2Fsession.start%3Fx%3D1%26y%3D2"


def test_a_part_of_a_page_sends_the_whole_page_to_the_sign_in(gate: Gate):
    answer = gate.browser().get("/do/session.start", headers={"hx-request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in?next=%2Fdo%2Fsession.start"


def test_programs_get_problem_details(gate: Gate):
    answer = gate.browser().post("/api/v1/number?lang=en", json={"number": 1})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {
        "type": "urn:beimen:problem:sign-in-needed",
        "title": "Unauthorized",
        "status": 401,
        "detail": "Please sign in first.",
        "reason": "sign_in_needed",
        "instance": "/api/v1/number",
    }


def test_another_household_s_statement_is_not_found_rather_than_forbidden(gate: Gate):
    ours, theirs = gate.resident("3-201"), gate.household("3-202")
    mine = ours.get("/").json()["household"]
    assert ours.get(f"/households/{mine}").text == "the statement"
    strange, missing = (ours.get(f"/households/{n}?lang=en") for n in (theirs, 999_999))
    assert (strange.status_code, strange.text) == (missing.status_code, missing.text)
    assert strange.status_code == 404
    assert gate.signed_in("committee").get(f"/households/{theirs}").status_code == 200
    for role in ("public", "gatehouse", "maintenance", "viewer"):
        assert gate.signed_in(role).get(f"/households/{mine}").status_code == 404, role


@pytest.fixture
def secret(gate: Gate) -> str:
    household_id = gate.household()
    with gate.store.writing() as uow:
        made = actions.new_api_secret(uow, household_id, gate.clock.now(), gate.door.key, "script")
    assert isinstance(made, str)
    return made


def posted(browser: TestClient, secret: str, scheme: str = "Bearer") -> tuple[int, str]:
    answer = browser.post(
        "/api/v1/number", json={"number": 7}, headers={"authorization": f"{scheme} {secret}"}
    )
    return answer.status_code, answer.json().get("reason", "")


def test_a_program_starts_with_its_household_s_secret_and_needs_no_form(gate: Gate, secret: str):
    assert posted(gate.browser(), secret) == (200, "")
    assert posted(gate.browser(), secret, "bearer") == (200, "")


def test_a_wrong_secret_is_refused_and_never_falls_back_to_the_cookie(gate: Gate, secret: str):
    browser = gate.resident("3-202")
    assert posted(browser, secret + "x") == (401, "bad_bearer")
    assert posted(browser, secret, "Basic") == (401, "bad_bearer")
    assert posted(browser, "") == (401, "bad_bearer")
    assert browser.get("/", headers={"authorization": "Bearer x"}).status_code == 401


def test_the_scraper_s_secret_sees_figures_and_nothing_else(gate: Gate):
    scraper = gate.browser(headers={"authorization": f"Bearer {METRICS}", **JSON})
    seen = [a for a in ACCESS if scraper.get(f"/do/{a}").status_code == 200]
    assert seen == [a for a in ACCESS if may(Role.VIEWER, a)]


def test_without_a_scraper_s_secret_nobody_is_the_scraper(gate: Gate):
    gate.door.settings = gate.door.settings.model_copy(update={"metrics_token": SecretNothing()})
    answer = gate.browser().get("/do/metrics.see", headers={"authorization": "Bearer ", **JSON})
    assert answer.status_code == 401


class SecretNothing:
    def get_secret_value(self) -> str:
        return ""


def test_static_files_are_read_by_all_and_written_by_none(gate: Gate):
    assert gate.browser().get("/static/style.css").status_code == 200
    for method in ("POST", "PUT", "DELETE"):
        assert gate.browser().request(method, "/static/style.css").status_code == 404
    assert gate.browser().get("/static/../conftest.py").status_code == 404
