"""What every route of the pages needs at hand: the house, the live hub, and who did what."""

from typing import Any

from starlette.requests import Request

from service.door import Visitor, who
from service.flow.house import House, OpenSession, Work
from service.households.access import Charge
from service.households.actions import audit
from service.live import Hub
from service.pages.look import pile_numbers
from service.pages.wish_view import WishView, wish_view
from service.sessions.lifecycle import OPEN
from service.sessions.may_start import Refused
from service.sessions.records import Session, wish_of
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
    return f"{visitor.role}:{visitor.number}" if visitor.number else visitor.role


def charge_of(row: Session | OpenSession) -> Charge:
    """What must be known of a session to say who may follow it."""
    return Charge(row.household_id, row.pass_id, row.state in OPEN)


def wish_of_visitor(request: Request) -> WishView | None:
    """What the visitor's household waits for, for the line on top of every page it opens."""
    house, visitor = house_of(request), who(request)
    if visitor.home_id is None:
        return None
    with house.store.reading() as uow:
        row = wish_of(uow, visitor.home_id)
        return wish_view(row, pile_numbers(house), house.clock.now(), house.settings.zone)
