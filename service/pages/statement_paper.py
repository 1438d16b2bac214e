"""What is printed of statements: orders for the press, with proofs where the month has them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from service.billing.actions.proving import tree_of
from service.billing.check_proof import code_of
from service.billing.proof import link_text
from service.flow.house import House
from service.pages.paper.facts import Letterhead, Proof, statements_facts
from service.pages.paper.press import Order
from service.pages.say_time import on_day
from service.pages.statement_look import Found, look_up_month, pages_of
from service.pages.statement_page import statement_number
from service.words import N_, Sentence

TEMPLATE = "statement.typ"


class Wish(NamedTuple):
    """All statements of a month, or of one entrance, in one file."""

    month: str
    entrance: int | None
    language: str
    both_sides: bool = False


def letterhead(house: House, now: datetime) -> Letterhead:
    """What stands on every paper of this compound today."""
    settings = house.settings
    return Letterhead(settings.compound, settings.service_phone, on_day(now, settings.zone))


def order_for(
    house: House, found: Sequence[Found], language: str, *, both_sides: bool = False
) -> Order:
    """The order of these statements, all of one month."""
    now = house.clock.now()
    proofs = proofs_of(house, found)
    facts = statements_facts(
        pages_of(house, found), letterhead(house, now), language, proofs, both_sides=both_sides
    )
    return Order(TEMPLATE, facts, now)


def order_of(house: House, wish: Wish) -> Order | Sentence:
    """The order of many statements; a sentence when there is none to print."""
    found = look_up_month(house, wish.month, wish.entrance)
    if not found:
        return Sentence(
            N_("There is no statement to print: nobody charged, paid or owed anything.")
        )
    return order_for(house, found, wish.language, both_sides=wish.both_sides)


def proofs_of(house: House, found: Sequence[Found]) -> Mapping[str, Proof]:
    """The proofs of published statements, by statement number."""
    final = [one for one in found if one.view.published_at is not None]
    if not final:
        return {}
    with house.store.reading() as uow:
        tree = tree_of(uow, final[0].view.month)
    if tree is None:
        return {}
    address, code = f"{house.settings.public_url.rstrip('/')}/check#", code_of(tree.root)
    texts = {statement_number(one.view): tree.proof_of(one.view.household_id) for one in final}
    return {number: Proof(address, link_text(text), code) for number, text in texts.items() if text}
