"""What the ledger moved in a month, in the words of the committee. Sums only, nothing is stored."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from service.billing.ledger import Account, Cause


class Movement(NamedTuple):
    """Postings of a month with the same cause and account, added up. Debits are positive.

    A counter-entry has the cause of the entry that it takes back.
    """

    month: str
    cause: str
    account: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class MonthMoney:
    """One month of the books in fen. Income, payments and costs are positive."""

    month: str
    electricity_fen: int = 0
    service_fen: int = 0
    payments_fen: int = 0
    costs_fen: int = 0

    @property
    def billed_fen(self) -> int:
        """Electricity and service fee together, corrections taken off."""
        return self.electricity_fen + self.service_fen

    @property
    def net_fen(self) -> int:
        """What was billed minus what was spent."""
        return self.billed_fen - self.costs_fen


COSTS = frozenset({Account.GRID_COST, Account.REPAIRS, Account.OTHER_COST})


def by_month(movements: Iterable[Movement]) -> list[MonthMoney]:
    """Every month that has a movement, oldest first."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for movement in movements:
        part = _part_of(movement)
        if part is not None:
            name, sign = part
            sums[movement.month][name] += sign * movement.amount_fen
    return [MonthMoney(month, **sums[month]) for month in sorted(sums)]


def _part_of(movement: Movement) -> tuple[str, int] | None:
    if movement.account == Account.ELECTRICITY_INCOME:
        return "electricity_fen", -1
    if movement.account == Account.SERVICE_INCOME:
        return "service_fen", -1
    if movement.account == Account.RECEIVABLE and movement.cause == Cause.PAYMENT:
        return "payments_fen", -1
    if movement.account in COSTS:
        return "costs_fen", 1
    return None


def of_month(movements: Iterable[Movement], month: str) -> MonthMoney:
    """One month; zeros if nothing moved in it."""
    return next((one for one in by_month(movements) if one.month == month), MonthMoney(month))
