"""Who owes since when, and reminders on paper."""

from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from service.billing.actions import accounts
from service.billing.ledger import Account
from service.desk.actions.owing import arrears, held_back
from service.desk.arrears import Arrears, HeldBack
from service.desk.records.received import rows_in
from service.door import Visitor, guard
from service.flow.house import House
from service.households.records import Household, every_household
from service.pages.arrears_view import Slip, arrears_view, day_of, slips
from service.pages.context import house_of, note_deed
from service.pages.draw import draw
from service.pages.say_time import full_day
from service.store import UnitOfWork

router = APIRouter(include_in_schema=False)
Record = Annotated[Visitor, Depends(guard("payment.record"))]


@router.get("/committee/arrears")
def table(request: Request, visitor: Record) -> Response:
    """Every household that owes, by age, with the sum that the ledger says."""
    house = house_of(request)
    zone, now = house.settings.zone, house.clock.now()
    with house.store.reading() as uow:
        found, homes, held = _look(house, uow)
        view = arrears_view(
            found,
            homes,
            held,
            accounts(uow).get(Account.RECEIVABLE, 0),
            house.settings.reminder_after_days,
            day_of(now, zone),
            zone,
        )
        nobodys = rows_in(uow, "unmatched")
        to_print = slips(found, homes, held, None)
    context = {
        "view": view,
        "today": full_day(now, zone),
        "nobodys": len(nobodys),
        "nobodys_fen": sum(row.amount_fen for row in nobodys),
        "slips": len(to_print),
        "entrances": sorted({slip.entrance for slip in to_print}),
    }
    return draw(request, "arrears.html", context)


@router.get("/committee/arrears/slips")
def reminders(request: Request, visitor: Record, entrance: int | None = None) -> Response:
    """A slip for each door that is late, eight on a sheet, to cut and put into letter boxes."""
    house = house_of(request)
    with house.store.reading() as uow:
        found, homes, held = _look(house, uow)
    made = slips(found, homes, held, entrance)
    with house.work() as work:
        note_deed(work, visitor, "payment.record", "reminders", printed=len(made))
    by_entrance: dict[int, list[Slip]] = defaultdict(list)
    for slip in made:
        by_entrance[slip.entrance].append(slip)
    context = {
        "entrances": sorted(by_entrance.items()),
        "count": len(made),
        "today": full_day(house.clock.now(), house.settings.zone),
    }
    return draw(request, "arrear_slips.html", context)


def _look(house: House, uow: UnitOfWork) -> tuple[list[Arrears], dict[int, Household], HeldBack]:
    settings = house.settings
    found = arrears(uow, house.clock.now(), settings.reminder_after_days, settings.zone)
    homes = {one.id or 0: one for one in every_household(uow)}
    return found, homes, held_back(uow)
