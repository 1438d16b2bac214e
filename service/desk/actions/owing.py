"""Who owes since when, from the books as they stand."""

from collections import defaultdict
from datetime import datetime, tzinfo

from service.desk.arrears import Arrears, Charge, arrears_of
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
