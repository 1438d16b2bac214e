"""The routes of the price boards: printed per entrance and per pile, and noted when they hang.

Prices must be shown at the place itself; a code to scan or a page does not replace the board
(Guangdong's rules on charging prices, as told by governmentruinseverything.com, news 1567035).
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.billing.actions import tariff_versions
from service.door import Reason, Visitor, guard, no_entry
from service.door.problems import No, NoEntryError
from service.flow.house import House
from service.pages.boards_view import (
    BoardFacts,
    BoardsView,
    BoardText,
    Sheet,
    board_text,
    boards_view,
    printable,
)
from service.pages.context import house_of, note_deed
from service.pages.draw import draw
from service.pages.paper.press import print_now
from service.pages.place_papers import boards_order
from service.pages.statement_files import PDF, named
from service.piles.actions import hang_boards
from service.piles.records import Pile, pile_rows
from service.store import UnitOfWork
from service.words import N_, Sentence

router = APIRouter(include_in_schema=False)
Print = Annotated[Visitor, Depends(guard("labels.print"))]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Kind = Literal["entrances", "piles"]
HERE = "/committee/boards"

SAID = N_("Noted: these boards hang.")
GONE = N_(
    "This price is neither in force nor the next one. Print the boards again; nothing was noted."
)
NO_PILE = N_("There is no such pile or entrance; nothing was noted.")


@router.get("/committee/boards")
def boards(request: Request, visitor: Print, version: Number = None, said: str = "") -> Response:
    """Which pile carries which board, and the boards to print."""
    return _page(request, version, said=Sentence(SAID) if said == "hung" else None)


@router.get("/committee/boards/print")
def print_boards(
    request: Request,
    visitor: Print,
    kind: Kind = "piles",
    version: Number = None,
    entrance: Number = None,
    pile: Number = None,
) -> Response:
    """The boards themselves, one A4 sheet each."""
    board, sheets = _wanted(house_of(request), kind, version, entrance, pile)
    context = {"board": board, "sheets": sheets, "kind": kind, "same": request.url.query}
    return draw(request, "boards_print.html", context)


@router.get("/committee/boards/print.pdf")
def boards_paper(
    request: Request,
    visitor: Print,
    kind: Kind = "piles",
    version: Number = None,
    entrance: Number = None,
    pile: Number = None,
) -> Response:
    """The same as a PDF, which every printer sets alike."""
    house = house_of(request)
    board, sheets = _wanted(house, kind, version, entrance, pile)
    data = print_now(boards_order(house, board, sheets, visitor.language))
    if isinstance(data, Sentence):
        raise NoEntryError(No(Reason.TOO_BUSY, data, retry_after_seconds=10))
    return Response(data, media_type=PDF, headers=named("beimen-price-boards.pdf"))


def _wanted(
    house: House, kind: str, version: int | None, entrance: int | None, pile: int | None
) -> tuple[BoardText, list[Sheet]]:
    now, zone = house.clock.now(), house.settings.zone
    with house.store.reading() as uow:
        versions = tariff_versions(uow)
        piles = sorted(pile_rows(uow), key=lambda row: row.number)
    ids = {choice.id for choice in printable(versions, now, zone)}
    wanted = next((one for one in versions if one.id == version and one.id in ids), None)
    if wanted is None:
        raise no_entry(Reason.NOT_FOUND)
    chosen = [p for p in piles if entrance in (None, p.entrance) and pile in (None, p.number)]
    sheets = [Sheet(p.entrance, p.number) for p in chosen]
    if kind == "entrances":
        sheets = [Sheet(number) for number in sorted({p.entrance for p in chosen})]
    if not sheets:
        raise no_entry(Reason.NOT_FOUND)
    return board_text(wanted, versions, now, zone), sheets


@router.post("/committee/boards/hung")
def boards_hang(
    request: Request,
    visitor: Print,
    version: Annotated[int, Form(ge=1, le=2**31 - 1)],
    where: Annotated[str, Form(max_length=40)],
) -> Response:
    """Somebody confirms what hangs: `where` is 'all', 'entrance 2' or 'pile 17'."""
    house = house_of(request)
    hung = 0
    with house.work() as work:
        versions = tariff_versions(work.uow)
        choices = printable(versions, work.now, house.settings.zone)
        is_printable = version in {choice.id for choice in choices}
        if is_printable:
            chosen = _at(pile_rows(work.uow), where)
            hung = hang_boards(work.uow, [row.id for row in chosen], version, work.now)
        if hung:
            note_deed(work, visitor, "labels.print", where, version=version, piles=hung)
    if not hung:
        error = Sentence(NO_PILE if is_printable else GONE)
        return _page(request, None, error=error, status=409)
    return RedirectResponse(f"{HERE}?version={version}&said=hung", status_code=303)


def _at(rows: Sequence[Pile], where: str) -> list[Pile]:
    kind, _, number = where.partition(" ")
    return [
        row
        for row in rows
        if where == "all"
        or (kind == "entrance" and number == str(row.entrance))
        or (kind == "pile" and number == str(row.number))
    ]


def _page(
    request: Request,
    version: int | None,
    said: Sentence | None = None,
    error: Sentence | None = None,
    status: int = 200,
) -> Response:
    house = house_of(request)
    with house.store.reading() as uow:
        view = view_of(uow, version, house.clock.now(), house.settings.zone)
    context = {"view": view, "said": said, "error": error}
    return draw(request, "boards.html", context, status)


def view_of(uow: UnitOfWork, version: int | None, now: datetime, zone: tzinfo) -> BoardsView:
    """Which pile carries which board; `version`: the one to print, else the one in force."""
    facts = [
        BoardFacts(row.id, row.number, row.entrance, row.board_tariff_id, row.board_printed_at)
        for row in pile_rows(uow)
    ]
    return boards_view(facts, tariff_versions(uow), version, now, zone)
