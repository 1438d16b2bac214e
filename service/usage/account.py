"""The account of a month: the figures of the open books, each a whole number of fen, Wh or seconds.

It names no person and no door. What is not known is `None` and never 0. Once published its text is
sealed in the ledger, so a figure that becomes known later appears in a later account.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from service.billing.facts import StatementFigures, totals_of
from service.billing.ledger import Account, Cause
from service.billing.outcomes import LeftOpen
from service.usage.grid import GridLoss

FORMAT = "beimen-account-1"

INCOME = frozenset({Account.ELECTRICITY_INCOME, Account.SERVICE_INCOME})
COSTS = frozenset({Account.GRID_COST, Account.REPAIRS, Account.OTHER_COST})


class Moved(NamedTuple):
    """Postings of a month with the same cause and account, added up; debits positive."""

    cause: str
    account: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Running:
    """The pay-back up to a month: what the piles cost, what income left over costs, in fen."""

    invested_fen: int = 0
    earned_fen: int = 0


@dataclass(frozen=True, slots=True)
class Service:
    """How well the piles served in a month. `availability_e4` is in 1/10,000, cut, not rounded."""

    faults: int
    mended: int
    repair_seconds: int | None
    availability_e4: int | None


@dataclass(frozen=True, slots=True)
class Unbilled:
    """Energy of a month that no bill has: sessions that wait for a person (held), those that a
    person let go (waived), and what no session claims."""

    held: int = 0
    held_wh: int = 0
    waived: int = 0
    waived_wh: int = 0
    unattributed_wh: int = 0


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """Everything that an account is made of, as it was read. `grid_unknown`: the months of the
    books up to this one for which the grid's meter is not known."""

    month: str
    closed_ms: int
    statements: Sequence[StatementFigures]
    moved: Sequence[Moved]
    before: Running
    bills: Sequence[GridLoss]
    grid_unknown: Sequence[str]
    unbilled: Unbilled
    service: Service
    left_open: Sequence[LeftOpen]
    root: str | None


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """A month's account as it is published. See `account_of` for what each figure is."""

    month: str
    closed_ms: int
    energy_wh: int
    sessions: int
    households: int
    statements: int
    electricity_fen: int
    service_fen: int
    lines_fen: int
    corrections_fen: int
    grid_fen: int | None
    repairs_fen: int
    other_fen: int
    net_fen: int | None
    payments_fen: int
    owed_fen: int
    paid_ahead_fen: int
    invested_fen: int
    earned_fen: int
    left_fen: int
    grid_bills: tuple[GridLoss, ...]
    grid_unknown: tuple[str, ...]
    unbilled: Unbilled
    service: Service
    left_open: tuple[LeftOpen, ...]
    root: str | None

    @property
    def running(self) -> Running:
        """What the next month's pay-back goes on from."""
        return Running(self.invested_fen, self.earned_fen)

    def as_mapping(self) -> dict[str, Any]:
        """As plain values for the canonical text; the losses are printed beside what makes them."""
        found = {"format": FORMAT, **asdict(self)}
        found["grid_bills"] = [
            {
                **asdict(one),
                "loss_wh": one.loss_wh,
                "loss_permille": one.loss_permille,
                "is_high": one.is_high,
            }
            for one in self.grid_bills
        ]
        return found

    @staticmethod
    def from_text(text: str) -> "AccountFigures | None":
        """A published account from its text; None where it is of another make."""
        said = json.loads(text)
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            return None
        plain = {one.name: said[one.name] for one in fields(AccountFigures)}
        known = [one.name for one in fields(GridLoss)]
        return AccountFigures(
            **plain
            | {
                "grid_bills": tuple(
                    GridLoss(**{name: bill[name] for name in known}) for bill in said["grid_bills"]
                ),
                "grid_unknown": tuple(said["grid_unknown"]),
                "unbilled": Unbilled(**said["unbilled"]),
                "service": Service(**said["service"]),
                "left_open": tuple(LeftOpen(**one) for one in said["left_open"]),
            }
        )


def account_of(facts: MonthFacts) -> AccountFigures:
    """The account of a month from what was read of it.

    Electricity and service fee are what the sessions' lines say; corrections are everything else on
    the income accounts (credit notes, counter-entries). The grid is None while nothing of it is in
    the month's books, and then so is the net.
    """
    totals = totals_of(facts.statements)
    moved = _by_account(facts.moved)
    electricity = -moved.get((True, Account.ELECTRICITY_INCOME), 0)
    service = -moved.get((True, Account.SERVICE_INCOME), 0)
    corrections = -sum(moved.get((False, account), 0) for account in INCOME)
    grid = _sum_of(facts.moved, Account.GRID_COST)
    repairs = _sum_of(facts.moved, Account.REPAIRS) or 0
    other = _sum_of(facts.moved, Account.OTHER_COST) or 0
    net = electricity + service + corrections - (grid or 0) - repairs - other
    invested = facts.before.invested_fen + (_sum_of(facts.moved, Account.INVESTMENT) or 0)
    earned = facts.before.earned_fen + net
    closing = [one.closing_fen for one in facts.statements]
    return AccountFigures(
        month=facts.month,
        closed_ms=facts.closed_ms,
        energy_wh=totals["energy_wh"],
        sessions=totals["sessions"],
        households=sum(one.sessions > 0 for one in facts.statements),
        statements=totals["statements"],
        electricity_fen=electricity,
        service_fen=service,
        lines_fen=totals["lines_fen"],
        corrections_fen=corrections,
        grid_fen=grid,
        repairs_fen=repairs,
        other_fen=other,
        net_fen=None if grid is None else net,
        payments_fen=totals["payments_fen"],
        owed_fen=sum(fen for fen in closing if fen > 0),
        paid_ahead_fen=-sum(fen for fen in closing if fen < 0),
        invested_fen=invested,
        earned_fen=earned,
        left_fen=max(0, invested - earned),
        grid_bills=tuple(facts.bills),
        grid_unknown=tuple(facts.grid_unknown),
        unbilled=facts.unbilled,
        service=facts.service,
        left_open=tuple(facts.left_open),
        root=facts.root,
    )


def running_of(moved: Iterable[Moved]) -> Running:
    """The pay-back from postings of many months."""
    rows = list(moved)
    income = -sum(one.amount_fen for one in rows if one.account in INCOME)
    costs = sum(one.amount_fen for one in rows if one.account in COSTS)
    return Running(_sum_of(rows, Account.INVESTMENT) or 0, income - costs)


def _by_account(moved: Iterable[Moved]) -> Mapping[tuple[bool, str], int]:
    """Sums by whether a session moved it, and account."""
    sums: dict[tuple[bool, str], int] = {}
    for one in moved:
        key = (one.cause == Cause.SESSION, one.account)
        sums[key] = sums.get(key, 0) + one.amount_fen
    return sums


def _sum_of(moved: Iterable[Moved], account: Account) -> int | None:
    """What moved on an account; None where nothing did."""
    found = [one.amount_fen for one in moved if one.account == account]
    return sum(found) if found else None
