"""Looks statements up for the pages and files: one household's, or a month's by doors."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.billing.actions import statement_of, statements_of
from service.billing.statement import StatementView
from service.billing.table import Listed
from service.desk.records.questions import marks_of
from service.door import Reason, no_entry
from service.flow.house import House
from service.households.actions import household_of
from service.pages import look
from service.pages.questions_view import marked
from service.pages.statement_page import StatementPage, statement_number, statement_page

_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Found:
    """A statement and where it belongs. `door` is a dash when the household is not known."""

    door: str
    entrance: int
    view: StatementView

    @property
    def listed(self) -> Listed:
        """As a row of a file."""
        return Listed(self.door, statement_number(self.view), self.view)


def look_up(house: House, household_id: int, month: str) -> Found:
    """One household's statement. NoEntryError where there is none."""
    with house.look() as work:
        household = household_of(work.uow, household_id)
        view = statement_of(work.uow, household_id, month) if household else None
    if household is None or view is None:
        raise no_entry(Reason.NOT_FOUND)
    return Found(household.door, household.entrance, view)


def look_up_month(house: House, month: str, entrance: int | None = None) -> list[Found]:
    """Every statement of a month, or of an entrance, in the order of the doors.

    A long read, so it stays outside the house's lock: no pile waits for a file.
    """
    with house.store.reading() as uow:
        found = []
        for view in statements_of(uow, month):
            household = household_of(uow, view.household_id)
            where = (household.door, household.entrance) if household else ("–", 0)
            found.append(Found(*where, view))
    shown = [one for one in found if entrance in (None, one.entrance)]
    return sorted(shown, key=_place)


def _place(one: Found) -> tuple[int, list[tuple[int, str]], int]:
    return one.entrance, door_order(one.door), one.view.household_id


def pages_of(house: House, found: Sequence[Found]) -> list[StatementPage]:
    """What the templates and the press write; a questioned line says so."""
    numbers, zone = look.pile_numbers(house), house.settings.zone
    only = found[0].view.household_id if len(found) == 1 else None
    with house.store.reading() as uow:
        marks = marks_of(uow, only)
    return [marked(statement_page(one.view, one.door, numbers, zone), marks) for one in found]


def door_order(door: str) -> list[tuple[int, str]]:
    """Doors as people count them: 1-201 before 1-1001."""
    return [
        (int(part), "") if part.isascii() and part.isdigit() else (0, part)
        for part in _NUMBERS.split(door)
    ]
