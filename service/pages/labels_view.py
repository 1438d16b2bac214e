"""The stickers of the outlets: which there are, and the address in the code of each.

They name no price: a sticker outlives a tariff. The price hangs beside them on a board (boards.py).
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass

import segno
from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Label:
    """One sticker."""

    pile: int
    outlet: int
    entrance: int
    address: str
    qr: Markup


def labels_of(places: Iterable[tuple[int, int, int]], public_url: str) -> list[Label]:
    """A label for every place (pile, outlet, entrance), in their order."""
    base = public_url.rstrip("/")
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


def is_local(url: str) -> bool:
    """An address that only this machine can open is no good on a sticker."""
    return "://127." in url or "://localhost" in url
