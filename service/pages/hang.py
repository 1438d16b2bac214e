"""Hangs the pages into an app: routes, files, refusals in words, live renderers, compression."""

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from service.door import GuardedApp, show_refusals_with
from service.pages import (
    answers,
    arrears,
    blinks,
    boards,
    committee,
    doors,
    entries,
    exports,
    figures_files,
    fix,
    fix_incident,
    gate,
    gate_desk,
    held,
    installed,
    labels,
    live_pages,
    me,
    money,
    open_books,
    own_prices,
    payments,
    prices,
    proofs,
    proposals,
    public,
    questions,
    receipts,
    resident,
    rights,
    statement_files,
    statement_papers,
    statements,
    styleguide,
    wishes,
)
from service.pages import sign_in_pages as sign_in
from service.pages.draw import STATIC, draw, static_bytes
from service.pages.paper.jobs import Jobs
from service.words import N_, Sentence

YEAR_S = 31_536_000
SHEETS = {f"beimen.css+{rest}.css" for rest in ("desk", "duty", "desk.css+vendor/uplot")}
"""Styles that are sent as one file."""

TITLES = {
    403: N_("This is not for you"),
    404: N_("Page not found"),
    429: N_("One moment please"),
    500: N_("Something broke"),
    503: N_("One moment please"),
}
ROOMS = (
    public, installed, resident, blinks, wishes, sign_in, me, gate, gate_desk, fix,
    fix_incident, money, open_books, held, questions, answers, entries,
    receipts, payments, arrears, prices, proposals, own_prices, boards, proofs, exports,
    statement_files, statement_papers, statements, doors, committee, figures_files, labels,
    live_pages, styleguide, rights,
)  # fmt: skip
OTHERWISE = N_("This did not work")


class OurFiles(StaticFiles):
    """Files whose address changes with their content, so that browsers may keep them for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept for a year when its mark is in the address."""
        if path in SHEETS:
            response = Response(static_bytes(path), media_type="text/css")
        else:
            response = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b"") and response.status_code == 200:
            response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
        return response


def install(app: FastAPI) -> None:
    """Every page and its live parts, for the house and the hub in `app.state`.

    Call it after `door.install` and before `check_routes`.
    """
    app.add_middleware(GZipMiddleware, minimum_size=600, compresslevel=6)
    app.mount("/static", GuardedApp(OurFiles(directory=STATIC), "static.see"), name="static")
    for room in ROOMS:
        app.router.routes += room.router.routes  # as they are: including would analyse each again
    app.state.papers = Jobs()
    live_pages.register_renderers(app.state.hub, app.state.house)
    show_refusals_with(app, refusal_page)


def refusal_page(request: Request, status: int, text: str) -> Response:
    """A no for a person: what happened in one sentence, and a way back."""
    title = Sentence(TITLES.get(status, OTHERWISE))
    return draw(request, "refusal.html", {"title": title, "text": text, "path": "/"}, status)
