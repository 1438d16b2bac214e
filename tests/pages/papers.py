"""Statements for the stories of paper: a view in a few words, its page, its order for the press."""

import io
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from pypdf import PdfReader
from pypdf.generic import IndirectObject

from service.billing.pricing import Piece
from service.billing.statement import Movement, SessionBlock, StatementView
from service.billing.table import Listed
from service.pages.paper.facts import Letterhead, Proof, statements_facts
from service.pages.paper.press import Order
from service.pages.say_time import on_day
from service.pages.statement_page import StatementPage, statement_page
from service.words import Sentence
from tests.billing.books import THE_LIS, a_session
from tests.billing.days import FLAT, PEAK, SHANGHAI, TWO_BANDS, VALLEY, local

MADE = local("2026-04-03 09:00")
HEAD = Letterhead("北门小区", "0358-000-0000", on_day(MADE, SHANGHAI))
PUBLISHED = local("2026-04-02 10:00")


def a_block(number: int, wh: int | list[Piece] = 613, late: bool = False) -> SessionBlock:
    """A charge; several pieces are priced by two bands."""
    ended = local("2026-03-01 20:00") + timedelta(hours=11 * number)
    tariff = TWO_BANDS if isinstance(wh, list) else FLAT
    sent = a_session(f"S{number:04d}", ended=ended, wh=wh, tariff=tariff, start_wh=402_118)
    return SessionBlock(*sent, entry_id=number, late=late)


def many_blocks(count: int) -> list[SessionBlock]:
    """Charges of one and of two bands, some late, some split between two readings."""
    return [
        a_block(
            n,
            [Piece(PEAK, 400 + n, interpolated=n % 3 == 0), Piece(VALLEY, 600)] if n % 2 else 613,
            late=n % 7 == 3,
        )
        for n in range(count)
    ]


def paid(fen: int, memo: str = "") -> Movement:
    return Movement(7, local("2026-03-10 10:00"), fen, Sentence("Payment R-0001"), memo)


def corrected(fen: int, memo: str = "") -> Movement:
    return Movement(8, local("2026-03-11 10:00"), fen, Sentence("Correction of entry 3"), memo)


def a_view(
    *blocks: SessionBlock,
    household: int = THE_LIS,
    opening: int = 500,
    payments: Sequence[Movement] = (),
    corrections: Sequence[Movement] = (),
    published_at: datetime | None = PUBLISHED,
) -> StatementView:
    return StatementView(
        household, "2026-03", opening, tuple(blocks), tuple(payments), tuple(corrections),
        published_at, published_at,
    )  # fmt: skip


def a_page(view: StatementView, door: str = "1-101") -> StatementPage:
    return statement_page(view, door, {"LB-017": 17}, SHANGHAI)


def facts_of(*views: StatementView, language: str = "zh_CN", proof: Proof | None = None) -> dict:
    pages = [a_page(view, f"1-{100 + view.household_id}") for view in views]
    proofs = {page.number: proof for page in pages} if proof else None
    return statements_facts(pages, HEAD, language, proofs)


def an_order(*views: StatementView, **how: object) -> Order:
    return Order("statement.typ", facts_of(*views, **how), MADE)


def listed(*views: StatementView) -> list[Listed]:
    return [Listed(f"1-{100 + view.household_id}", a_page(view).number, view) for view in views]


def texts_of(pdf: bytes) -> list[str]:
    """What a program reads on each page, without the spaces that only typesetting put there."""
    return [squeezed(page.extract_text()) for page in PdfReader(io.BytesIO(pdf)).pages]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def fonts_of(pdf: bytes) -> dict[str, bool]:
    """Every font of a PDF, and whether its shapes are inside the file."""
    found = {}
    for page in PdfReader(io.BytesIO(pdf)).pages:
        for font in page["/Resources"].get("/Font", {}).values():
            plain = font.get_object() if isinstance(font, IndirectObject) else font
            for one in plain.get("/DescendantFonts", [plain]):
                shapes = one.get_object()["/FontDescriptor"].get_object()
                found[str(plain["/BaseFont"])] = any(
                    name in shapes for name in ("/FontFile", "/FontFile2", "/FontFile3")
                )
    return found
