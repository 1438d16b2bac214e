"""The proof that a bill is inside the published total, and the page that checks it."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from service.billing import check_proof
from service.billing.actions.closing import State
from service.billing.actions.proving import proof_of, root_of
from service.billing.check_proof import check, code_of
from service.billing.records.closing import close_of
from service.door import Reason, Visitor, guard, no_entry
from service.flow.house import House
from service.pages.context import house_of, note_deed
from service.pages.draw import HTML_LANGUAGE, STATIC, draw, environment
from service.pages.me import Month
from service.pages.proof_view import file_name, proof_view
from service.pages.say_time import month as month_words
from service.store import UnitOfWork

router = APIRouter(include_in_schema=False)
Own = Annotated[Visitor, Depends(guard("statement.see_own"))]
Desk = Annotated[Visitor, Depends(guard("statement.see_any"))]
Public = Annotated[Visitor, Depends(guard("books.see"))]


@router.get("/me/statements/{month}/proof")
def my_proof(request: Request, visitor: Own, month: Month) -> Response:
    """One's own proof: check now, compare the code, keep it."""
    return _page(request, visitor.household_id or 0, month)


@router.get("/me/statements/{month}/proof.txt")
def my_proof_file(request: Request, visitor: Own, month: Month) -> Response:
    """The file to keep."""
    return _file(request, visitor.household_id or 0, month)


@router.get("/committee/statements/{month}/{household}/proof")
def any_proof(request: Request, visitor: Desk, month: Month, household: int) -> Response:
    """The proof of a household that cannot fetch it itself: it moved out, it has no phone."""
    page = _page(request, household, month)
    with house_of(request).work() as work:
        note_deed(work, visitor, "statement.see_any", f"household {household}", proof_of=month)
    return page


@router.get("/committee/statements/{month}/{household}/proof.txt")
def any_proof_file(request: Request, visitor: Desk, month: Month, household: int) -> Response:
    """The same as a file to hand over."""
    file = _file(request, household, month)
    with house_of(request).work() as work:
        note_deed(work, visitor, "statement.see_any", f"household {household}", proof_of=month)
    return file


@router.get("/open/{month}/root.json")
def published_root(request: Request, visitor: Public, month: Month) -> Response:
    """The root that the notice shows, for programs; the page that checks a proof asks for it."""
    with house_of(request).store.reading() as uow:
        root = root_of(uow, month) if _is_published(uow, month) else None
    if root is None:
        raise no_entry(Reason.NOT_FOUND)
    told = {
        "format": "beimen-proof-1",
        "month": root.month,
        "leaves": root.leaves,
        "amount_fen": root.amount_fen,
        "energy_wh": root.energy_wh,
        "root": root.root,
        "code": code_of(root.root),
    }
    return JSONResponse(told)


@router.get("/check")
def check_page(request: Request, visitor: Public) -> Response:
    """Checks a proof in the browser; what stands behind the '#' never reaches the service."""
    return draw(request, "check.html", {})


@router.get("/check/saved.html")
def saved_page(request: Request, visitor: Public) -> Response:
    """The same in one file to keep: it works from a memory stick, without a network."""
    text = (
        environment(visitor.language)
        .get_template("check_saved.html")
        .render(
            compound=house_of(request).settings.compound,
            css=Markup((STATIC / "beimen.css").read_text(encoding="utf-8")),  # noqa: S704 - ours
            script=Markup((STATIC / "check.js").read_text(encoding="utf-8")),  # noqa: S704 - ours
        )
    )
    headers = {
        "Content-Disposition": 'attachment; filename="beimen-check.html"',
        "Content-Language": HTML_LANGUAGE[visitor.language],
    }
    return Response(text, media_type="text/html; charset=utf-8", headers=headers)


@router.get("/check/check_proof.py")
def checking_program(request: Request, visitor: Public) -> Response:
    """The checker for whoever trusts no browser: one file of Python."""
    path = Path(check_proof.__file__)
    return FileResponse(path, media_type="text/x-python; charset=utf-8", filename=path.name)


def _page(request: Request, household_id: int, month: str) -> Response:
    house = house_of(request)
    proof = _proof(house, household_id, month)
    view = None if proof is None else proof_view(proof, house.settings.public_url)
    context = {"view": view, "month": month_words(month), "file": f"{request.url.path}.txt"}
    return draw(request, "proof.html", context)


def _file(request: Request, household_id: int, month: str) -> Response:
    proof = _proof(house_of(request), household_id, month)
    if proof is None:
        raise no_entry(Reason.NOT_FOUND)
    name = file_name(month, check(proof).door)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(proof, media_type="text/plain; charset=utf-8", headers=headers)


def _proof(house: House, household_id: int, month: str) -> str | None:
    """A proof; None before its month is published. NoEntryError where there is no bill to prove."""
    with house.store.reading() as uow:  # outside the house's lock: a large tree takes a moment
        if not _is_published(uow, month):
            return None
        proof = proof_of(uow, month, household_id)
    if proof is None:
        raise no_entry(Reason.NOT_FOUND)
    return proof


def _is_published(uow: UnitOfWork, month: str) -> bool:
    close = close_of(uow, month)
    return close is not None and close.state == State.PUBLISHED
