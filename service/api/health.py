"""/healthz, /readyz and /metrics: for programs that watch, not for people.

/metrics asks for `metrics.see`: Prometheus shows BEIMEN_METRICS_TOKEN as a bearer secret (role
viewer); staff may look with their sign-in. Without a token set nobody gets in by secret: figures of
a compound tell when its bikes are away, so they are not open to whoever reaches the port.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.api.context import house_of
from service.api.readiness import is_ready, readiness
from service.door import Visitor, guard
from service.gauges import Gauges, WireState

router = APIRouter(include_in_schema=False)

SeeHealth = Annotated[Visitor, Depends(guard("health.see"))]
SeeMetrics = Annotated[Visitor, Depends(guard("metrics.see"))]


def gauges_of(request: Request) -> Gauges:
    """The gauges of this app."""
    gauges: Any = request.app.state.gauges
    if not isinstance(gauges, Gauges):
        raise RuntimeError("app.state.gauges is not set")
    return gauges


def _wire_of(request: Request) -> Callable[[], WireState] | None:
    wire: Any = getattr(request.app.state, "wire", None)
    return None if wire is None else wire.health


@router.get("/healthz")
async def alive(visitor: SeeHealth) -> Response:
    """The process runs and answers; nothing else is looked at."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz")
def ready(request: Request, visitor: SeeHealth) -> Response:
    """Whether broker, database, tables, clock and timetable are fit to serve; 503 if one is not."""
    checks = readiness(house_of(request), gauges_of(request), _wire_of(request))
    body = {
        "status": "ready" if is_ready(checks) else "not ready",
        "checks": [
            {
                "name": check.name,
                "ok": check.ok,
                "needed": check.needed,
                "reason": check.reason.in_language(visitor.language),
            }
            for check in checks
        ],
    }
    return JSONResponse(body, 200 if is_ready(checks) else 503)


@router.get("/metrics")
def metrics(request: Request, visitor: SeeMetrics) -> Response:
    """Every figure in Prometheus' plain text format."""
    return Response(gauges_of(request).text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
