"""The API under any input its own description allows, and much that it does not: never a 500."""

import contextlib

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from starlette.testclient import TestClient

from service import api
from service.api.hang import document
from tests.api.conftest import ADDRESS, Town


def described() -> list:
    bare = FastAPI(openapi_url=None)
    api.install(bare)
    schema = schemathesis.openapi.from_dict(document(bare))
    return [found.ok() for found in schema.get_all_operations()]


def role_for(path: str) -> str:
    if path.startswith("/api/v1/desk"):
        return "gatehouse"
    own = path.startswith(("/api/v1/me", "/api/v1/sessions"))
    return "resident" if own else "committee"


def aim(case) -> None:
    """Values that hit something: a made-up pile or incident is refused before anything is done."""
    if case.path_parameters and "incident_id" in case.path_parameters:
        case.path_parameters["incident_id"] = 1
    if isinstance(case.body, dict) and "pile" in case.body:
        case.body = {**case.body, "pile": "LB-001"}


def send(visitor: TestClient, case):
    wish = case.as_transport_kwargs(base_url=ADDRESS)
    allowed = ("method", "url", "params", "json", "data", "content")
    kwargs = {name: wish[name] for name in allowed if wish.get(name) is not None}
    if isinstance(kwargs.get("data"), bytes):
        kwargs["content"] = kwargs.pop("data")
    return visitor.request(**kwargs, headers=dict(wish.get("headers") or {}))


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", described(), ids=lambda op: op.label)
def test_no_input_breaks_the_api(town: Town, operation, mode):
    town.pile.fault("smoke")
    visitor = town.as_role(role_for(operation.path))

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=10,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    def check(case) -> None:
        if mode is GenerationMode.POSITIVE:
            aim(case)
        answer = send(visitor, case)
        quiet = answer.status_code < 500 or answer.json()["reason"] == "pile_silent"
        assert quiet, (case.method, case.path, answer.text)

    with contextlib.suppress(Unsatisfiable):  # an address that takes no input cannot be given wrong
        check()


NUL = "a\0b"


def test_a_character_that_no_database_stores_is_refused_not_broken_on(town: Town):
    town.pile.fault("smoke")
    resident, desk, repair = (town.as_role(r) for r in ("resident", "gatehouse", "maintenance"))
    wish = {"pile": "LB-001", "outlet": 1, "idempotency_key": "a-key-of-mine"}
    nowhere = [
        resident.get("/api/v1/sessions/a%00b"),
        resident.delete("/api/v1/sessions/a%00b"),
        resident.get("/api/v1/outlets/a%00b/1"),
    ]
    odd = [
        resident.post("/api/v1/sessions", json={**wish, "pile": NUL}),
        desk.post("/api/v1/desk/sessions", json={**wish, "door": NUL}),
        repair.post("/api/v1/incidents/1/notes", json={"text": NUL}),
        repair.post("/api/v1/incidents/1/close", json={"text": NUL}),
        repair.post("/api/v1/incidents/1/snooze", json={"minutes": 5, "reason": NUL}),
    ]
    assert {answer.status_code for answer in nowhere} == {404}
    assert {answer.status_code for answer in odd} == {422}
