"""The visual language holds what it says: contrast in both themes, states by shape, one scale."""

import re

import pytest

from service.pages.draw import STATIC
from service.pages.style import contrast, guide_css, tokens_of
from service.piles.board import Face
from tests.pages.visitors import House

CSS = (STATIC / "beimen.css").read_text(encoding="utf-8")
TOKENS = tokens_of(CSS)
THEMES = {"light": TOKENS.light, "dark": {**TOKENS.light, **TOKENS.dark}}
STATES = [face.value for face in Face]
GROUNDS = ("paper", "card")

READ = [
    *((word, ground) for ground in GROUNDS for word in ("ink", "soft", "accent", "warn", *STATES)),
    ("warn", "warn-wash"), ("ink", "warn-wash"), ("accent", "warn-wash"), ("soft", "warn-wash"),
    ("ink", "bad-wash"), ("out_of_order", "bad-wash"), ("accent", "bad-wash"),
    ("ink", "accent-wash"), ("accent", "accent-wash"), ("soft", "accent-wash"),
    ("on-accent", "accent"), ("paper", "out_of_order"), ("ink", "track"),
]  # fmt: skip
"""What is written on what."""

SEEN = [("soft", "card"), ("accent", "paper"), ("accent", "card"), ("accent", "track")]
"""Edges of fields, the ring of the focus, the filling of a bar."""


def test_contrast_is_that_of_the_standard():
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#fff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("word", "ground"), READ)
def test_every_word_can_be_read_on_its_ground(theme: str, word: str, ground: str):
    colours = THEMES[theme]
    assert contrast(colours[word], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("edge", "ground"), SEEN)
def test_every_edge_that_means_something_can_be_seen(theme: str, edge: str, ground: str):
    colours = THEMES[theme]
    assert contrast(colours[edge], colours[ground]) >= 3


def test_both_themes_say_every_colour():
    assert set(TOKENS.light) == set(TOKENS.dark)


def test_each_state_has_a_shape_of_its_own():
    shapes = {re.sub(r"\s", "", rule) for state in STATES
              for rule in re.findall(rf"\.dot\.{state} {{([^}}]*)}}", CSS)}  # fmt: skip
    assert len(shapes) == len(STATES) == 5


@pytest.mark.parametrize("sheet", ["beimen.css", "desk.css"])
def test_type_on_the_screen_comes_from_the_scale(sheet: str):
    text = (STATIC / sheet).read_text(encoding="utf-8")
    assert re.findall(r"font-size: [\d.]+(?:rem|px)", text) == []


def test_the_largest_type_is_30_px_and_the_usual_is_not_below_17():
    sizes = {name: 16 * float(value) / 100 for name, value in
             re.findall(r"html(?:\.(\w*))? {[^}]*?([\d.]+)%", CSS)}  # fmt: skip
    assert sizes == {"": 17, "large": 22, "huge": 30}


def test_the_guide_shows_every_token(house: House):
    made = guide_css(TOKENS)
    assert all(f".c-{name} " in made for name in TOKENS.light)
    assert house.public().get("/styleguide").status_code == 404
    object.__setattr__(house.compound.house.settings, "demo", True)
    page = house.public().get("/styleguide").text
    for name in (*TOKENS.light, *TOKENS.type_sizes, *TOKENS.spaces):
        assert f"--{name}<" in page, name
    assert house.public().get("/styleguide.css").headers["content-type"].startswith("text/css")
    assert all(page.count(f'class="dot {state}"') == 2 for state in STATES)
