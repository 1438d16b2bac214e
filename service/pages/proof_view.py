"""A household's proof as it is shown: what it proves, the code to compare, and a QR code."""

import io
from dataclasses import dataclass
from typing import Any

import segno
from markupsafe import Markup

from service.billing.check_proof import check, code_of
from service.billing.proof import link_text
from service.pages.say_time import month as month_words
from service.words import Sentence


@dataclass(frozen=True, slots=True)
class ProofView:
    """Everything the template writes. `groups`: the code, four characters each."""

    month: Sentence
    door: str
    amount_fen: int
    energy_wh: int
    place: int
    leaves: int
    total_fen: int
    total_wh: int
    groups: tuple[str, ...]
    check_here: str
    qr: Markup


def proof_view(proof: str, public_url: str) -> ProofView:
    """The page of a proof; it is checked once more on the way, so none goes out that fails."""
    found = check(proof)
    link = link_text(proof)
    return ProofView(
        month=month_words(found.month),
        door=found.door,
        amount_fen=found.amount_fen,
        energy_wh=found.energy_wh,
        place=found.place,
        leaves=found.leaves,
        total_fen=found.total_fen,
        total_wh=found.total_wh,
        groups=tuple(code_of(found.root).split("-")),
        check_here=f"/check#{link}",
        qr=proof_qr(public_url, link),
    )


def proof_qr(public_url: str, link: str) -> Markup:
    """The address of the checking page with the proof behind its '#', as a QR code.

    The proof is a segment of its own: it needs only the small alphabet of such codes, which makes
    it a third smaller. It is shown on a screen or fresh paper, so level L is enough.
    """
    address = f"{public_url.rstrip('/')}/check#"
    out = io.BytesIO()
    segments: Any = [address, link]  # the library takes a list; its annotation says less
    segno.make(segments, error="l", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, svgclass=None,
        lineclass=None,
    )  # fmt: skip
    return Markup(out.getvalue().decode().strip())  # noqa: S704 - drawn here, holds no text


def file_name(month: str, door: str) -> str:
    """What a proof is called when it is kept: 'beimen-2026-10-3-201.txt'."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c == "-") else "_" for c in door)
    return f"beimen-{month}-{plain or 'proof'}.txt"
