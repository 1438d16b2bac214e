"""The visual language on one page, in both themes: every token and every piece with its name.

Only a demo shows it. Tokens are read from the style itself, so the page is never behind it.
"""

from dataclasses import dataclass
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from service.door import Reason, Visitor, guard, no_entry
from service.pages.context import house_of
from service.pages.draw import draw, static_bytes
from service.pages.states import FACES
from service.pages.style import Tokens, guide_css, tokens_of
from service.piles.board import Face
from service.words import Sentence

router = APIRouter(include_in_schema=False)
See = Annotated[Visitor, Depends(guard("outlet.see"))]


@dataclass(frozen=True, slots=True)
class Shown:
    """A state as the pieces want it."""

    face: Face
    word: Sentence


@cache
def tokens() -> Tokens:
    """The tokens of the style."""
    return tokens_of(static_bytes("beimen.css").decode())


@router.get("/styleguide")
def styleguide(request: Request, visitor: See) -> Response:
    """Every token and piece in each of its states."""
    _only_in_a_demo(request)
    states = [Shown(face, Sentence(word)) for face, word in FACES.items()]
    return draw(request, "styleguide.html", {"tokens": tokens(), "states": states})


@router.get("/styleguide.css")
def styleguide_css(request: Request, visitor: See) -> Response:
    """A swatch for each colour, and both themes side by side."""
    _only_in_a_demo(request)
    return Response(guide_css(tokens()), media_type="text/css")


def _only_in_a_demo(request: Request) -> None:
    if not house_of(request).settings.demo:
        raise no_entry(Reason.NOT_FOUND)
