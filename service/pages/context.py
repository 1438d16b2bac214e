"""What every route of the pages needs at hand: the house, the live hub, and who did what."""

from typing import Any

from starlette.requests import Request

from service.door import Visitor
from service.flow.house import House, Work
from service.households.actions import audit
from service.live import Hub
from service.sessions.may_start import Refused
from service.words import Sentence


def house_of(request: Request) -> House:
    """The house behind this app."""
    house: Any = request.app.state.house
    if not isinstance(house, House):
        raise RuntimeError("app.state.house is not set")
    return house


def hub_of(request: Request) -> Hub:
    """The hub of live pages."""
    hub: Any = request.app.state.hub
    if not isinstance(hub, Hub):
        raise RuntimeError("app.state.hub is not set")
    return hub


def note_deed(work: Work, visitor: Visitor, action: str, subject: str, **detail: Any) -> None:
    """A line in the audit trail, in the unit of work of the deed or right after it."""
    audit(work.uow, work.now, visitor.actor, action, subject, detail)


def in_words(visitor: Visitor, sentence: Sentence | Refused) -> str:
    """A sentence or a refusal in the visitor's language."""
    found = sentence.sentence if isinstance(sentence, Refused) else sentence
    return found.in_language(visitor.language)


def asked_by(visitor: Visitor) -> str:
    """Who asks, as it is kept with a session or a command: a role and an id, never a name."""
    number = visitor.staff_id or visitor.household_id
    return f"{visitor.role}:{number}" if number else visitor.role
