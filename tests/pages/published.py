"""A month that is over and published, with a bill for every household of the small compound."""

from datetime import UTC, datetime

from service.billing import actions
from service.billing.outcomes import Closed
from service.households.records import households
from tests.billing.books import a_session
from tests.pages.visitors import House

MARCH = "2026-03"
APRIL_FIRST = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)


def bills_of_march(house: House) -> None:
    """Every household has charged once, each a little more than the one before."""
    conductor = house.compound.house
    with conductor.store.writing() as uow:
        numbers = [household.id or 0 for household in households(uow)]
        bills = [
            a_session(f"march {number}", number, "2026-03-02 18:00", 300 + 10 * number)
            for number in numbers
        ]
        actions.post_sessions(uow, bills, house.clock.now(), conductor.settings.zone)


def a_closed_march(house: House) -> None:
    """The statements and the root are written; nothing is published yet."""
    bills_of_march(house)
    house.clock.at = APRIL_FIRST
    conductor = house.compound.house
    with conductor.store.writing() as uow:
        actions.close(uow, MARCH, APRIL_FIRST, conductor.settings.zone)


def a_published_march(house: House) -> Closed:
    """Everybody may check."""
    a_closed_march(house)
    conductor = house.compound.house
    with conductor.store.writing() as uow:
        closed = actions.close_month(uow, MARCH, APRIL_FIRST, conductor.settings.zone)
    assert isinstance(closed, Closed), closed
    return closed
