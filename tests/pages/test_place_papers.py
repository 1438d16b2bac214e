"""What hangs at the piles: stickers whose codes lead where they say, and price boards."""

import io
import re
from pathlib import Path

import pypdfium2
import zxingcpp
from pypdf import PdfReader

from service.pages import print_labels
from service.pages.labels_view import labels_of
from service.pages.paper.press import print_now
from service.pages.place_papers import ON_A_SHEET, labels_order
from tests.pages.visitors import House, hidden, words

MILLIMETRE = 72 / 25.4
DOTS_PER_POINT = 150 / 72


def codes_on(pdf: bytes) -> list[tuple[str, bool]]:
    """What another program reads of every page as a printer at 150 dots per inch would set it:
    the text of each code, and whether all of it lies on one sticker."""
    found = []
    for page in pypdfium2.PdfDocument(pdf):
        bitmap = page.render(scale=DOTS_PER_POINT, grayscale=True)
        pixels = memoryview(bitmap.buffer).cast("B", (bitmap.height, bitmap.stride))
        for code in zxingcpp.read_barcodes(pixels, formats=zxingcpp.BarcodeFormat.QRCode):
            corners = [getattr(code.position, name) for name in CORNERS]
            places = {sticker_at(corner.x, corner.y) for corner in corners}
            found.append((code.text, len(places) == 1))
    return found


CORNERS = ("top_left", "top_right", "bottom_left", "bottom_right")


def sticker_at(x: int, y: int) -> tuple[int, int]:
    dots = DOTS_PER_POINT * MILLIMETRE
    return int(x / dots // 105), int(y / dots // 74.25)


def test_all_76_codes_of_the_38_piles_lead_to_their_outlets(house: House):
    whole = house.compound.house
    piles = [(pile, outlet, 1 + pile // 10) for pile in range(1, 39) for outlet in (1, 2)]
    labels = labels_of(piles, "https://beimen.example/")
    pdf = print_now(labels_order(whole, labels, "zh_CN"))
    assert isinstance(pdf, bytes)
    read = codes_on(pdf)
    assert all(alone for _, alone in read), "no code lies across a cut"
    wanted = [f"https://beimen.example/p/{pile}/{outlet}" for pile, outlet, _ in piles]
    assert sorted(text for text, _ in read) == sorted(wanted)
    pages = PdfReader(io.BytesIO(pdf)).pages
    assert len(pages) == -(-76 // ON_A_SHEET)
    assert {(round(p.mediabox.width), round(p.mediabox.height)) for p in pages} == {(595, 842)}


def test_a_sticker_says_where_it_is_what_to_do_and_how_to_tell_a_false_one(house: House):
    whole = house.compound.house
    label = labels_of([(17, 2, 2)], "https://beimen.example")
    pdf = print_now(labels_order(whole, label, "zh_CN"))
    assert isinstance(pdf, bytes)
    text = re.sub(r"\s", "", PdfReader(io.BytesIO(pdf)).pages[0].extract_text())
    for said in ("17号桩", "2号口", "2单元", "扫码充电", "0358-000-0000", "12345·12315", "北门小区",
                 "beimen.example", "https://beimen.example/p/17/2"):  # fmt: skip
        assert said in text, said
    assert "0.487" not in text, "a sticker outlives a price"


def test_labels_are_printed_for_all_for_an_entrance_or_for_one_pile(house: House, tmp_path: Path):
    clerk = house.staff("maintenance")
    page = clerk.get("/labels?entrance=2")
    assert 'href="/labels/print.pdf?entrance=2"' in page.text
    for query, count in (("", 16), ("?entrance=1", 4), ("?pile=3", 2)):
        answer = clerk.get(f"/labels/print.pdf{query}")
        assert answer.headers["content-type"] == "application/pdf"
        assert len(codes_on(answer.content)) == count, query
    assert clerk.get("/labels/print.pdf?pile=99").status_code == 404
    assert house.staff("viewer").get("/labels/print.pdf").status_code == 403
    out = tmp_path / "labels.pdf"
    assert print_labels(house.compound.house, out) == len(codes_on(out.read_bytes())) == 16


def test_a_board_as_a_pdf_says_what_the_page_says(house: House):
    clerk = house.staff("committee")
    page = clerk.get("/committee/boards/print?kind=piles&version=1&entrance=1")
    link = re.search(r'href="(/committee/boards/print\.pdf[^"]*)"', page.text)
    assert link
    answer = clerk.get(link[1].replace("&amp;", "&"))
    pages = PdfReader(io.BytesIO(answer.content)).pages
    assert len(pages) == 2
    for number, paper in enumerate(pages, 1):
        text = " ".join(paper.extract_text().split())
        for said in (f"Pile {number} · Entrance 1", "0.487", "0.20", "0.687", "yuan per kWh",
                     "A usual charge of 0.6 kWh costs 0.41 yuan.", "12345"):  # fmt: skip
            assert said in text, said
        assert said in words(page.text)
    assert hidden(page.text) is not None
    assert clerk.get("/committee/boards/print.pdf?version=9").status_code == 404
