"""The days of a bill of the grid, as each language says them."""

import pytest

from service.clock import to_ms
from service.pages.grid_view import period_words
from service.usage.grid import GridLoss
from tests.usage.compound import ZONE, local


@pytest.mark.parametrize(
    ("since", "until", "chinese", "english"),
    [
        ("2026-02-01", "2026-03-01", "2026年2月1日至2月28日", "1 February to 28 February 2026"),
        (
            "2025-12-25",
            "2026-01-25",
            "2025年12月25日至2026年1月24日",
            "25 December 2025 to 24 January 2026",
        ),
    ],
)
def test_a_period_names_its_year_where_the_language_does(since, until, chinese, english):
    ms = [to_ms(local(f"{day} 00:00")) for day in (since, until)]
    words = period_words(GridLoss("G-1", *ms, 1000, 990, 0, 500), ZONE)
    assert words.in_language("zh_CN").replace(" ", "") == chinese
    assert words.in_language("en") == english
