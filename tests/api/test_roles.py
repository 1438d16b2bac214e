"""The whole API, role by role: what the access table says is what the routes do."""

import pytest

from service import door
from service.clock import FixedClock
from service.households.access import Role, may
from service.store import Store
from service.store.engine import open_engine
from tests.api.conftest import Town, make_town

EXAMPLES = {
    "{session_id}": "01JNAX3K6ZQ4V8S2T7M9D1C5BH",
    "{incident_id}": "77",
    "{pile}": "LB-001",
    "{outlet}": "1",
    "{month}": "2026-03",
}
SECRETS = {"household_id", "password", "digest", "card_uid", "idempotency_key"}


@pytest.fixture
def quick_town(sqlite_template, tmp_path, clock: FixedClock) -> Town:
    path = tmp_path / "town.db"
    path.write_bytes(sqlite_template.read_bytes())
    return make_town(Store(open_engine(f"sqlite:///{path}")), clock)


def address(path: str) -> str:
    for name, value in EXAMPLES.items():
        path = path.replace(name, value)
    return path


@pytest.mark.parametrize("role", list(Role))
def test_every_route_lets_in_exactly_whom_the_table_names(quick_town: Town, role: Role):
    visitor = quick_town.as_role(role)
    seen = 0
    for method, path, action in door.check_routes(quick_town.app):
        if path == "/token" or method == "HEAD":
            continue
        headers = {"accept": "application/json"}
        status = visitor.request(method, address(path), headers=headers).status_code
        refused = status in (401, 403)
        assert refused is not may(role, action), (role, method, path, action, status)
        assert status < 500 or path == "/readyz", (role, method, path, status)
        seen += 1
    assert seen > 25


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in (Role.PUBLIC, Role.RESIDENT)]
)
def test_a_browsers_change_without_our_form_is_refused(quick_town: Town, role: Role):
    browser = quick_town.as_role(role)
    del browser.headers["x-form-token"]
    for method, path, action in door.check_routes(quick_town.app):
        if method in ("POST", "DELETE") and may(role, action):
            answer = browser.request(method, address(path))
            assert (answer.status_code, answer.json()["reason"]) == (403, "forged_form")


def test_the_document_describes_every_route_of_the_api_and_no_page(quick_town: Town):
    document = quick_town.knock().get("/api/v1/openapi.json").json()
    described = {
        (method.upper(), path) for path, ways in document["paths"].items() for method in ways
    }
    routes = {
        (method, path)
        for method, path, _ in door.check_routes(quick_town.app)
        if path.startswith("/api/v1/") and method != "HEAD" and "openapi" not in path
    }
    assert described == routes


def test_what_is_promised_to_programs_names_its_units_and_no_secret(quick_town: Town):
    document = quick_town.knock().get("/api/v1/openapi.json").json()
    for name, shape in document["components"]["schemas"].items():
        for field in shape.get("properties", {}):
            assert field not in SECRETS or name.startswith("Start"), (name, field)
            for bare in ("energy", "power", "amount", "cost", "duration", "current"):
                assert field != bare, f"{name}.{field} needs a unit"


def test_a_secret_that_is_not_valid_is_refused_and_not_taken_for_a_stranger(quick_town: Town):
    program = quick_town.knock({"authorization": "Bearer nonsense"})
    answer = program.get("/api/v1/outlets")
    assert (answer.status_code, answer.json()["reason"]) == (401, "bad_bearer")
