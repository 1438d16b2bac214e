"""What hangs at the piles, as facts for the press: stickers with codes, and price boards."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from service.flow.house import House
from service.pages.boards_view import BoardText, PriceBlock, Sheet
from service.pages.labels_view import Label
from service.pages.paper.facts import common_facts
from service.pages.paper.press import Order
from service.pages.statement_paper import letterhead
from service.quantities import show_price, show_yuan
from service.words import N_, Sentence, say

LABELS, BOARDS = "labels.typ", "boards.typ"
ON_A_SHEET = 8
"""Two by four stickers of 105 x 74 mm, a size that sticker paper is sold in."""

LEVEL = "q"
"""A code on a sticker still reads with a quarter of it scratched away."""

RULES = (
    N_("By the meter only. Nothing per hour, nothing per start, no minimum."),
    N_("If a new price starts during a charge, that charge keeps the old one to its end."),
    N_(
        "Electricity is passed on at the government's price; the service fee is decided by the "
        "owners."
    ),
)


class _Words:
    """Says messages in the language of the paper."""

    def __init__(self, language: str):
        self.language = language

    def __call__(self, message: str, **values: object) -> str:
        return say(self.language, message, **values)

    def of(self, sentence: Sentence) -> str:
        return sentence.in_language(self.language)


def labels_order(house: House, labels: Sequence[Label], language: str) -> Order:
    """The order of these stickers, eight on a sheet."""
    words, now, settings = _Words(language), house.clock.now(), house.settings
    made = [
        {
            "pile": words(N_("Pile {pile}"), pile=one.pile),
            "outlet": words(N_("outlet {outlet}"), outlet=one.outlet),
            "entrance": words(N_("Entrance {entrance}"), entrance=one.entrance),
            "address": one.address,
            "qr": one.address,
            "qr_level": LEVEL,
            "qr_words": words(
                N_("QR code of pile {pile} outlet {outlet}"), pile=one.pile, outlet=one.outlet
            ),
        }
        for one in labels
    ]
    facts = {
        **common_facts(letterhead(house, now), language),
        "title": words(N_("Labels")),
        "labels": {
            "scan": words(N_("Scan to charge")),
            "service": words(N_("Service, day and night")),
            "phone": settings.service_phone,
            "beware": words(
                N_(
                    "The page that opens must begin with {host}. It never asks for money or a "
                    "bank password. If something was pasted over this code, do not scan: call us."
                ),
                host=urlsplit(settings.public_url).netloc,
            ),
        },
        "papers": [
            {"labels": made[first : first + ON_A_SHEET]}
            for first in range(0, len(made), ON_A_SHEET)
        ],
    }
    return Order(LABELS, facts, now)


def boards_order(house: House, board: BoardText, sheets: Sequence[Sheet], language: str) -> Order:
    """The order of these boards, one sheet each."""
    words, now, settings = _Words(language), house.clock.now(), house.settings
    facts = {
        **common_facts(letterhead(house, now), language),
        "title": words(N_("Price boards")),
        "labels": {
            "title": words(N_("What charging costs")),
            "dense": board.is_full,
            "electricity": words(N_("electricity")),
            "service_fee": words(N_("service fee")),
            "per_kwh": words(N_("yuan per kWh")),
            "in_yuan": words(N_("In yuan per kWh.")),
            "columns": [
                words(N_("Time of day")),
                words(N_("Electricity")),
                words(N_("Service fee")),
                words(N_("Together")),
            ],
            "blocks": [_block(one, board, words) for one in board.blocks],
            "rules": [words(one) for one in RULES],
            "service_line": words(N_("Service, day and night")),
            "phone": settings.service_phone,
            "hotlines": " · ".join(
                (
                    f"{words(N_('City hotline'))} 12345",
                    f"{words(N_('Consumer hotline'))} 12315",
                )
            ),
            "version": words(
                N_("Version {number}, printed {day}"), number=board.version_id, day=board.printed
            ),
        },
        "papers": [{"place": _place(one, words)} for one in sheets],
    }
    return Order(BOARDS, facts, now)


def _place(sheet: Sheet, words: _Words) -> str:
    entrance = words(N_("Entrance {entrance}"), entrance=sheet.entrance)
    if sheet.pile is None:
        return entrance
    return f"{words(N_('Pile {pile}'), pile=sheet.pile)} · {entrance}"


def _block(block: PriceBlock, board: BoardText, words: _Words) -> dict[str, Any]:
    first = block.bands[0]
    if block.least_fen == block.most_fen:
        message = N_("A usual charge of {kwh} kWh costs {amount} yuan.")
        usual = words(message, kwh=board.usual_kwh, amount=show_yuan(block.least_fen))
    else:
        message = N_("A usual charge of {kwh} kWh costs {least} to {most} yuan.")
        usual = words(
            message,
            kwh=board.usual_kwh,
            least=show_yuan(block.least_fen),
            most=show_yuan(block.most_fen),
        )
    return {
        "heading": words.of(block.heading),
        "usual": usual,
        "electricity": show_price(first.electricity_e4),
        "service": show_price(first.service_e4),
        "together": show_price(first.together_e4),
        "bands": []
        if block.is_flat
        else [
            {
                "when": f"{band.name} {band.times}",
                "electricity": show_price(band.electricity_e4),
                "service": show_price(band.service_e4),
                "together": show_price(band.together_e4),
            }
            for band in block.bands
        ],
    }
