"""All statements of a month or an entrance as one PDF: begun with a form, made behind a page that
shows how far it is (with or without JavaScript), fetched from there for an hour."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.billing.records.closing import close_of
from service.clock import from_ms, to_ms
from service.door import Reason, Visitor, guard, no_entry
from service.pages import look_desk
from service.pages.context import asked_by, house_of, note_deed
from service.pages.draw import draw
from service.pages.me import Month
from service.pages.paper.jobs import KEPT_S, UNDER_WAY, Job, Jobs, State
from service.pages.say_time import clock_time
from service.pages.say_time import month as month_words
from service.pages.statement_files import PDF, named
from service.pages.statement_paper import Wish, order_of
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Any = Annotated[Visitor, Depends(guard("statement.see_any"))]

LOST = N_(
    "The service was started anew before the file was fetched, and the file is gone. No figure was "
    "changed. Please have it made again."
)
GONE = N_("The file was kept for an hour and then removed. Please have it made again.")
SHARED = N_("Somebody else waits for the same file, so it is still being made.")
STOPPED = N_("The file was not made, as you wished.")


@router.get("/committee/statements/{month}/paper")
def paper_page(
    request: Request, visitor: Any, month: Month, job: str = "", left: bool = False
) -> Response:
    """The form, or how far the file is. `left`: one has just stopped waiting for it."""
    return _page(request, month, job, Sentence(SHARED) if left else None)


@router.post("/committee/statements/{month}/paper")
def begin(
    request: Request,
    visitor: Any,
    month: Month,
    entrance: Annotated[str, Form()] = "",
    both_sides: Annotated[bool, Form()] = False,
) -> Response:
    """Have a file made, or join those who wait for the same one."""
    house, papers = house_of(request), papers_of(request)
    known = {str(number): number for number in look_desk.entrances_of(house)}
    if entrance and entrance not in known:
        raise no_entry(Reason.BAD_INPUT, where="entrance")
    wish = Wish(month, known.get(entrance), visitor.language, both_sides)
    with house.work() as work:
        close = close_of(work.uow, month)
        note_deed(
            work, visitor, "statement.see_any", f"month {month}", pdf=entrance or "all entrances"
        )
        now = work.now
    # a published month never changes, so an hour-old file of it is as good as a new one
    job = papers.begin(
        wish,
        asked_by(visitor),
        now,
        lambda: order_of(house, wish),
        reuse=close is not None and close.published_at is not None,
    )
    if isinstance(job, Sentence):
        return _page(request, month, said=job, status=503)
    return _to(month, job.id)


@router.get("/committee/statements/{month}/paper/progress")
def progress(request: Request, visitor: Any, month: Month, job: str = "") -> Response:
    """The bar alone; asks the page to fetch itself anew when there is no bar to show any more."""
    found = _find(request, month, job)
    if found is None or found.state not in UNDER_WAY:
        return Response(headers={"HX-Refresh": "true"})
    return draw(request, "statements_paper_bar.html", {"job": found})


@router.get("/committee/statements/{month}/paper/file")
def fetch(request: Request, visitor: Any, month: Month, job: str = "") -> Response:
    """The file."""
    house, found = house_of(request), _find(request, month, job)
    data = papers_of(request).read(found) if found else None
    if found is None or data is None:
        return _to(month, job)
    wish = found.wanted
    entrance = wish.entrance if isinstance(wish, Wish) else None
    with house.work() as work:
        note_deed(work, visitor, "statement.see_any", f"month {month}", fetched=entrance or "all")
    name = f"beimen-{month}" if entrance is None else f"beimen-{month}-{entrance}"
    return Response(data, media_type=PDF, headers=named(f"{name}.pdf"))


@router.post("/committee/statements/{month}/paper/cancel")
def cancel(
    request: Request, visitor: Any, month: Month, job: Annotated[str, Form()] = ""
) -> Response:
    """Wait no longer; the file is given up when nobody else waits for it."""
    found = _find(request, month, job)
    if found is not None and not papers_of(request).cancel(found, asked_by(visitor)):
        return RedirectResponse(f"/committee/statements/{month}/paper?left=true", 303)
    return _to(month, job)


def papers_of(request: Request) -> Jobs:
    """The jobs of this app."""
    papers = request.app.state.papers
    if not isinstance(papers, Jobs):
        raise RuntimeError("app.state.papers is not set")
    return papers


def _page(
    request: Request,
    month: str,
    job_id: str = "",
    said: Sentence | None = None,
    status: int = 200,
) -> Response:
    house = house_of(request)
    job = _find(request, month, job_id)
    if job_id and said is None:
        said = _what_became_of(papers_of(request), job, job_id)
    zone = house.settings.zone
    context = {
        "month": month,
        "name": month_words(month),
        "job": job,
        "which": _which(job),
        "said": said,
        "failed": job is not None and job.state == State.FAILED,
        "working": job is not None and job.state in UNDER_WAY,
        "ready": job is not None and job.state == State.DONE,
        "begun": clock_time(job.begun_at, zone) if job else None,
        "until": clock_time(from_ms(to_ms(job.begun_at) + 1000 * KEPT_S), zone) if job else None,
        "others": [
            (one.id, _which(one), one.state == State.DONE, clock_time(one.begun_at, zone))
            for one in papers_of(request).at_hand(lambda wish: _is_of(wish, month))
            if one is not job
        ],
        "entrances": look_desk.entrances_of(house),
    }
    return draw(request, "statements_paper.html", context, status)


def _what_became_of(papers: Jobs, job: Job | None, job_id: str) -> Sentence | None:
    """Why there is nothing to fetch; None while there is, or will be."""
    if job is None:
        return Sentence(LOST if papers.is_of_another_start(job_id) else GONE)
    if job.state == State.FAILED:
        return job.why
    return {State.STOPPED: Sentence(STOPPED), State.GONE: Sentence(GONE)}.get(job.state)


def _which(job: Job | None) -> Sentence | None:
    if job is None or not isinstance(job.wanted, Wish):
        return None
    if job.wanted.entrance is None:
        return Sentence(N_("All entrances"))
    return Sentence(N_("Entrance {entrance}"), {"entrance": job.wanted.entrance})


def _find(request: Request, month: str, job_id: str) -> Job | None:
    """A job of this month."""
    job = papers_of(request).find(job_id)
    return job if job is not None and _is_of(job.wanted, month) else None


def _is_of(wish: object, month: str) -> bool:
    return isinstance(wish, Wish) and wish.month == month


def _to(month: str, job_id: str) -> Response:
    query = urlencode({"job": job_id})
    return RedirectResponse(f"/committee/statements/{month}/paper?{query}", 303)
