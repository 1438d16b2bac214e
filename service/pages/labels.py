"""QR labels of every outlet, to look at, to print as a PDF, and to write into a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from service.door import Reason, Visitor, guard, no_entry
from service.door.problems import No, NoEntryError
from service.flow.house import House
from service.pages.context import house_of
from service.pages.draw import STATIC, draw, environment
from service.pages.labels_view import Label, is_local, labels_of
from service.pages.paper.press import print_now
from service.pages.place_papers import ON_A_SHEET, labels_order
from service.pages.statement_files import PDF, named
from service.words import DEFAULT_LANGUAGE, Sentence

router = APIRouter(include_in_schema=False)
Print = Annotated[Visitor, Depends(guard("labels.print"))]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get("/labels")
def label_sheet(request: Request, visitor: Print, entrance: Number = None) -> Response:
    """The sheet of all labels, or of one entrance."""
    house = house_of(request)
    every = every_label(house)
    shown = [label for label in every if entrance in (None, label.entrance)]
    context = {
        "labels": shown,
        "entrances": sorted({label.entrance for label in every}),
        "entrance": entrance,
        "local": is_local(house.settings.public_url),
        "sheets": -(-len(shown) // ON_A_SHEET),
    }
    return draw(request, "labels.html", context)


@router.get("/labels/print.pdf")
def label_paper(
    request: Request, visitor: Print, entrance: Number = None, pile: Number = None
) -> Response:
    """The same as a PDF with cut marks; one pile's, when a sticker has to be replaced."""
    house = house_of(request)
    shown = [
        label
        for label in every_label(house)
        if entrance in (None, label.entrance) and pile in (None, label.pile)
    ]
    if not shown:
        raise no_entry(Reason.NOT_FOUND)
    data = print_now(labels_order(house, shown, visitor.language))
    if isinstance(data, Sentence):
        raise NoEntryError(No(Reason.TOO_BUSY, data, retry_after_seconds=10))
    return Response(data, media_type=PDF, headers=named("beimen-labels.pdf"))


def every_label(house: House) -> list[Label]:
    """A label for every outlet, by pile number."""
    with house.look():
        piles = sorted(house.board.piles.values(), key=lambda pile: pile.number)
        places = [(p.number, n, p.entrance) for p in piles for n in sorted(p.outlets)]
    return labels_of(places, house.settings.public_url)


def print_labels(house: House, out: Path) -> int:
    """Write all labels into a file that needs no service to be printed: a PDF where its name ends
    so, else a page for a browser; how many there are.

    Raises OSError when the file cannot be written.
    """
    labels: Sequence[Label] = every_label(house)
    if out.suffix == ".pdf":
        data = print_now(labels_order(house, labels, DEFAULT_LANGUAGE))
        if isinstance(data, Sentence):
            raise OSError(data.in_language(DEFAULT_LANGUAGE))
        out.write_bytes(data)
        return len(labels)
    text = (
        environment(DEFAULT_LANGUAGE)
        .get_template("labels_file.html")
        .render(
            labels=labels,
            compound=house.settings.compound,
            phone=house.settings.service_phone,
            css=Markup((STATIC / "beimen.css").read_text(encoding="utf-8")),  # noqa: S704 - ours
        )
    )
    out.write_text(text, encoding="utf-8")
    return len(labels)
