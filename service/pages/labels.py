"""QR labels of every outlet, to print and stick on.

They name no price: a sticker outlives a tariff. The price hangs beside them on a board (boards.py).
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import segno
from fastapi import APIRouter, Depends
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from service.door import Visitor, guard
from service.flow.house import House
from service.pages.context import house_of
from service.pages.draw import STATIC, draw, environment
from service.pages.price_view import PriceView, price_view
from service.words import DEFAULT_LANGUAGE

router = APIRouter()
Print = Annotated[Visitor, Depends(guard("labels.print"))]


@dataclass(frozen=True, slots=True)
class Label:
    """One sticker."""

    pile: int
    outlet: int
    entrance: int
    address: str
    qr: Markup


@router.get("/labels")
def label_sheet(request: Request, visitor: Print, entrance: int | None = None) -> Response:
    """The sheet of all labels, or of one entrance."""
    house = house_of(request)
    every = labels_of(house)
    shown = [label for label in every if entrance in (None, label.entrance)]
    context = {
        "labels": shown,
        "entrances": sorted({label.entrance for label in every}),
        "entrance": entrance,
        "local": is_local(house.settings.public_url),
    }
    return draw(request, "labels.html", context)


def labels_of(house: House) -> list[Label]:
    """A label for every outlet, by pile number."""
    base = house.settings.public_url.rstrip("/")
    with house.look():
        piles = sorted(house.board.piles.values(), key=lambda pile: pile.number)
        places = [(p.number, n, p.entrance) for p in piles for n in sorted(p.outlets)]
    return [
        Label(pile, outlet, entrance, address, qr_svg(address))
        for pile, outlet, entrance in places
        for address in [f"{base}/p/{pile}/{outlet}"]
    ]


def qr_svg(address: str) -> Markup:
    """The address as a QR code that still reads with a quarter of it scratched away (level Q)."""
    out = io.BytesIO()
    segno.make(address, error="q", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=3, svgclass=None,
        lineclass=None,
    )  # fmt: skip
    return Markup(out.getvalue().decode().strip())  # noqa: S704 - drawn here, holds no text


def price_now(house: House) -> PriceView | None:
    """The price in force, as the front page shows it."""
    with house.look() as work:
        return price_view(
            house.tariff(work.uow, None, work.now),
            work.now,
            house.settings.zone,
            house.settings.session_energy_wh,
        )


def is_local(url: str) -> bool:
    """An address that only this machine can open is no good on a sticker."""
    return "://127." in url or "://localhost" in url


def print_labels(house: House, out: Path) -> int:
    """Write all labels as one page that needs no service to be printed; how many there are.

    Raises OSError when the file cannot be written.
    """
    labels: Sequence[Label] = labels_of(house)
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
