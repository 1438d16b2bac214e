"""What makes the pages an app for who wants one: manifest, icons, and the worker that keeps the
last known state for a basement without signal. Nothing of it is needed to charge."""

from functools import cache
from hashlib import sha256
from typing import Annotated

import typst
from fastapi import APIRouter, Depends
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.door import Reason, Visitor, guard, no_entry
from service.door.state import door_of
from service.pages.draw import STATIC, draw, environment, static_url
from service.words import DEFAULT_LANGUAGE, N_, Sentence

router = APIRouter(include_in_schema=False)
See = Annotated[Visitor, Depends(guard("static.see"))]

SIZES = (180, 192, 512)
PAPER, GREEN = "#faf8f4", "#0f5c4d"
FILES = ("beimen.css", "beimen.js", "resident.js", "icon.svg")
A_DAY_S = 86_400

ICON = """
#set page(width: {size}pt, height: {size}pt, margin: 0pt, fill: rgb("{green}"))
#place(center + horizon, image(bytes(sys.inputs.icon), width: {inner}pt))
"""


@router.get("/manifest.webmanifest")
def manifest(request: Request, visitor: See) -> Response:
    """How the pages look once they are put on a phone's first screen."""
    name = door_of(request).settings.compound
    charging = Sentence(N_("{compound} charging"), {"compound": name})
    body = {
        "id": "/me",
        "name": charging.in_language(visitor.language),
        "short_name": name,
        "start_url": "/me",
        "scope": "/",
        "display": "standalone",
        "lang": visitor.language.replace("_", "-"),
        "theme_color": PAPER,
        "background_color": PAPER,
        "icons": [
            {"src": static_url("icon.svg"), "sizes": "any", "type": "image/svg+xml"},
            *(
                {
                    "src": f"/icon-{size}.png",
                    "sizes": f"{size}x{size}",
                    "type": "image/png",
                    "purpose": "any maskable",
                }
                for size in SIZES[1:]
            ),
        ],
    }
    return JSONResponse(body, media_type="application/manifest+json")


@router.get("/icon-{size}.png")
def icon(visitor: See, size: Annotated[int, InPath(ge=1, le=1024)]) -> Response:
    """The icon as a picture of fixed size, for phones that take no drawing."""
    if size not in SIZES:
        raise no_entry(Reason.NOT_FOUND)
    headers = {"Cache-Control": f"public, max-age={A_DAY_S}"}
    return Response(icon_png(size), media_type="image/png", headers=headers)


@cache
def icon_png(size: int) -> bytes:
    """Our own drawing, set on its green so that a phone may cut any shape out of it."""
    text = ICON.format(size=size, green=GREEN, inner=round(size * 0.8))
    drawing = (STATIC / "icon.svg").read_text(encoding="utf-8")
    made = typst.compile(text.encode(), format="png", ppi=72, sys_inputs={"icon": drawing})
    if not isinstance(made, bytes):
        raise TypeError("one page makes one picture")
    return made


@router.get("/offline")
def offline(request: Request, visitor: See) -> Response:
    """What a phone shows where there is no signal and no last known state."""
    return draw(request, "offline.html", {"path": "/"})


@router.get("/sw.js")
def worker(visitor: See) -> Response:
    """The worker; its text changes with the files it keeps, so that phones notice a new one."""
    files = ["/offline", *(static_url(name) for name in FILES)]
    template = environment(DEFAULT_LANGUAGE).get_template("worker.js")
    mark = sha256("".join(files).encode()).hexdigest()[:10]
    text = template.render(mark=mark, files=files)
    return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})
