"""A month's figures as facts for the press: every table, one after the other, on A4."""

from collections.abc import Sequence
from typing import Any

from service.flow.house import House
from service.pages.figures_look import Asked
from service.pages.paper.facts import common_facts
from service.pages.paper.press import Order
from service.pages.sheets import Pen, Sheet
from service.pages.statement_paper import letterhead
from service.words import N_, Sentence

TEMPLATE = "figures.typ"
SHADED = "week"
"""The table that is printed as a map: the darker, the busier."""


def figures_order(house: House, asked: Asked, sheets: Sequence[Sheet], language: str) -> Order:
    """The order of a month's figures."""
    pen = Pen(language, house.settings.zone)
    now = house.clock.now()
    facts = {
        **common_facts(letterhead(house, now), language),
        "title": pen.say(Sentence(N_("Figures {month}"), {"month": asked.title})),
        "papers": [
            {
                "heading": pen.say(asked.title),
                "as_of": pen.say(Sentence(N_("As of {time}"), {"time": asked.updated})),
                "sheets": [_sheet(sheet, pen) for sheet in sheets if sheet.rows],
            }
        ],
    }
    return Order(TEMPLATE, facts, now)


def _sheet(sheet: Sheet, pen: Pen) -> dict[str, Any]:
    def words(text: Sentence | str) -> str:
        return pen.say(text) if isinstance(text, Sentence) else text

    return {
        "title": pen.say(sheet.title),
        "means": pen.say(sheet.means),
        "shaded": sheet.key == SHADED,
        "columns": [{"words": words(c.words), "number": c.is_number} for c in sheet.columns],
        "rows": [[pen.text(cell) for cell in row] for row in sheet.rows],
        "total": [pen.text(cell) for cell in sheet.total] if sheet.total else None,
    }
