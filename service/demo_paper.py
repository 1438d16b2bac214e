"""Papers for the demo's books: a picture of a bill that says what its entry says.

Only the demo draws papers; everywhere else they are scanned. The picture says that it is not real.
"""

import json
from datetime import tzinfo
from pathlib import Path

import typst

from service.desk.vouchers import Paper, look_at
from service.desk.written import Wish
from service.quantities import show_kwh, show_yuan

FONTS = Path(__file__).parent / "pages/paper/fonts"
DOTS_AN_INCH = 110

TEMPLATE = Path(__file__).with_suffix(".typ")


def draw_paper(wish: Wish, zone: tzinfo) -> Paper:
    """A bill for an entry by hand. Raises ValueError if the drawing is not taken as a paper."""
    lines = [["项目", "金额（元）"], [wish.memo, show_yuan(wish.amount_fen)]]
    if wish.grid is not None:
        lines += [
            ["起数（度）", show_kwh(wish.grid.start_wh)],
            ["止数（度）", show_kwh(wish.grid.end_wh)],
        ]
    facts = {
        "title": "电费账单" if wish.grid is not None else "收款收据",
        "lines": lines,
        "day": f"{wish.happened_at.astimezone(zone):%Y-%m-%d}",
        "mark": "演示用，无效",
    }
    drawn = typst.compile(
        TEMPLATE,
        None,
        format="png",
        ppi=DOTS_AN_INCH,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"facts": json.dumps(facts)},
    )
    paper = look_at(drawn)
    if not isinstance(paper, Paper):
        raise ValueError("the demo's picture is not taken as a paper")
    return paper
