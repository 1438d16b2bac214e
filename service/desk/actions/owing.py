"""Who owes since when, from the books as they stand."""

from collections import defaultdict
from datetime import datetime, tzinfo

from service.desk.actions.questions import questioned_fen
from service.desk.actions.written import payments_waiting
from service.desk.arrears import Arrears, Charge, HeldBack, arrears_of
from service.desk.records.owed import months_owed
from service.store import UnitOfWork


def arrears(
    uow: UnitOfWork,
    now: datetime,
    term_days: int,
    zone: tzinfo,
    household_id: int | None = None,
) -> list[Arrears]:
    """Every household that owes or has a credit (or the one asked for), by its number."""
    months: dict[int, list[Charge]] = defaultdict(list)
    for one in months_owed(uow, household_id):
        months[one.household_id].append(
            Charge(one.month, one.charged_fen, one.paid_fen, one.published_at)
        )
    found = (
        arrears_of(household, charges, now, term_days, zone)
        for household, charges in sorted(months.items())
    )
    return [one for one in found if any(one.open_fen) or one.credit_fen]


def held_back(uow: UnitOfWork) -> HeldBack:
    """What nobody is reminded of, although it is open."""
    return HeldBack(payments_waiting(uow), questioned_fen(uow))
