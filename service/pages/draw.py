"""Templates to answers: one environment per language, sentences translated where they are shown.

Nothing here computes: money, energy and times arrive as figures or sentences and are only written.
"""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from service.door import form_token, who
from service.door.state import door_of
from service.feeders.risk import amps
from service.pages.context import wish_of_visitor
from service.quantities import show_e7, show_kwh, show_price, show_yuan
from service.words import Sentence, translations

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"
HTML_LANGUAGE = {"zh_CN": "zh-CN", "en": "en"}


@cache
def environment(language: str) -> Environment:
    """The templates in one language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )

    def translate(message: str, **values: object) -> Markup:
        text = Markup(escape(translations(language).gettext(message)))  # noqa: S704 - escaped
        ready = {name: say(value) for name, value in values.items()}
        return text.format(**ready) if ready else text

    def say(value: object) -> object:
        if isinstance(value, Sentence):
            return value.in_language(language)
        return "" if value is None else value

    made.globals.update(_=translate, static=static_url, language=language)
    made.globals["html_language"] = HTML_LANGUAGE[language]
    made.filters.update(
        yuan=show_yuan, kwh=show_kwh, kwh2=show_kwh_short, price=show_price, e7=show_e7, amps=amps
    )
    made.finalize = say
    made.globals["ui"] = made.get_template("parts.html").module
    return made


def show_kwh_short(energy_wh: int) -> str:
    """Wh as kWh with two decimals, cut and not rounded up: a running figure never runs ahead."""
    return show_kwh(energy_wh)[:-1]


@cache
def static_url(name: str) -> str:
    """The address of a file of ours; it changes with the content, so browsers may keep it.

    'beimen.css+desk.css' is one file of both: a page waits for one style before it paints.
    """
    mark = sha256(static_bytes(name)).hexdigest()[:10]
    return f"/static/{name}?v={mark}"


def static_bytes(name: str) -> bytes:
    """The content of a file of ours, or of several joined by '+'. OSError where there is none."""
    return b"".join((STATIC / one).read_bytes() for one in name.split("+"))


def fragment(language: str, template: str, facts: Mapping[str, Any]) -> str:
    """A piece of a page, the same for everyone who reads this language."""
    return environment(language).get_template(template).render(facts)


def draw(
    request: Request, template: str, facts: Mapping[str, Any], status: int = 200
) -> HTMLResponse:
    """A whole page for whoever asks."""
    visitor, settings = who(request), door_of(request).settings
    common = {
        "visitor": visitor,
        "compound": settings.compound,
        "phone": settings.service_phone,
        "demo": settings.demo,
        "path": request.url.path,
        "query": {k: v for k, v in request.query_params.items() if k not in ("lang", "large")},
        "csrf": lambda: form_token(request),
        "error": None,
        "household_wish": lambda: wish_of_visitor(request),
    }
    text = environment(visitor.language).get_template(template).render({**common, **facts})
    headers = {"Content-Language": HTML_LANGUAGE[visitor.language], "Vary": "Accept-Language"}
    return HTMLResponse(text, status, headers)
