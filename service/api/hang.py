"""Hangs the API into an app, and describes it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.api import health, incidents, outlets, sessions, statements, usage
from service.api.context import PREFIX
from service.door import Visitor, guard

SeeOpenApi = Annotated[Visitor, Depends(guard("openapi.see"))]

ROOMS = (sessions, outlets, statements, incidents, usage)

ABOUT = """
Beimen's JSON API. Energy is in Wh, money in fen (0.01 yuan), prices in 0.0001 yuan per kWh, current
in mA, power in W, times in UTC (RFC 3339). A refusal is a problem document (RFC 9457) with a
`reason` for programs and a `detail` for people.

A household makes a bearer secret for a program of its own; browsers use the cookie of the sign-in
and send the page's token as X-Form-Token with everything that changes something.
"""

description = APIRouter(include_in_schema=False)


def install(app: FastAPI) -> None:
    """Every route of the API, and /healthz, /readyz, /metrics.

    Needs `app.state.house` and `app.state.gauges`, and `app.state.wire` for a service that talks
    to piles. Call it after `door.install` and before `check_routes`.
    """
    for router in (*(room.router for room in ROOMS), health.router, description):
        app.router.routes += router.routes  # as they are: including would analyse each again


@description.get(f"{PREFIX}/openapi.json")
def openapi(request: Request, visitor: SeeOpenApi) -> Response:
    """What can be asked, as OpenAPI."""
    return JSONResponse(document(request.app))


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the API's own routes; made once per app."""
    known: dict[str, Any] | None = getattr(app.state, "api_document", None)
    if known is None:
        known = get_openapi(
            title="Beimen", version="1", description=ABOUT.strip(), routes=app.routes
        )
        known["components"].setdefault("securitySchemes", {})["bearer"] = {
            "type": "http",
            "scheme": "bearer",
        }
        known["security"] = [{"bearer": []}, {}]
        app.state.api_document = known
    return known
