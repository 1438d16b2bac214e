"""A published month to take along: the whole books for the committee, and a file for everyone."""

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from service.archive import file_name, write_archive
from service.billing.actions.closing import State
from service.billing.actions.proving import root_of
from service.billing.check_proof import code_of
from service.billing.outcomes import Refused
from service.billing.records.closing import close_of
from service.door import Reason, Visitor, guard
from service.door.problems import No, NoEntryError
from service.pages.context import house_of, note_deed
from service.pages.draw import draw
from service.pages.me import Month
from service.pages.say_time import month as month_words

router = APIRouter(include_in_schema=False)
Make = Annotated[Visitor, Depends(guard("export.make"))]

PIECE_BYTES = 1 << 16


@router.get("/committee/export/{month}")
def offer(request: Request, visitor: Make, month: Month) -> Response:
    """What there is to take along of a month, and how anybody can check it."""
    with house_of(request).store.reading() as uow:
        close, root = close_of(uow, month), root_of(uow, month)
        published = close is not None and close.state == State.PUBLISHED
    context = {
        "month": month,
        "name": month_words(month),
        "published": published,
        "code": code_of(root.root) if root is not None and published else None,
    }
    return draw(request, "export.html", context)


@router.get("/committee/export/{month}/whole")
def whole(request: Request, visitor: Make, month: Month) -> Response:
    """The whole books of a month, with doors and times: for the committee."""
    return _send(request, visitor, month, public=False)


@router.get("/committee/export/{month}/public")
def public(request: Request, visitor: Make, month: Month) -> Response:
    """The same without anything about one household: for everyone."""
    return _send(request, visitor, month, public=True)


def _send(request: Request, visitor: Visitor, month: str, *, public: bool) -> Response:
    """Built on disk and sent piece by piece, so that memory does not grow with the month."""
    house = house_of(request)
    settings = house.settings
    file = TemporaryFile()  # noqa: SIM115 - it is closed when the last piece has left
    with house.store.reading() as uow:
        done = write_archive(
            uow, month, settings.zone, file, compound=settings.compound, public=public
        )
    if isinstance(done, Refused):
        file.close()
        raise NoEntryError(No(Reason.NOT_FOUND, done.reasons[0]))
    with house.work() as work:
        kind = "public" if public else "whole"
        note_deed(work, visitor, "export.make", f"month {month}", kind=kind)
    headers = {
        "Content-Disposition": f'attachment; filename="{file_name(month, public=public)}"',
        "Content-Length": str(file.tell()),
    }
    return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece
