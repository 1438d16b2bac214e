"""What the committee asks of this room. Reads only: an open unit of work, a span, and `now`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.billing.months import month_of
from service.clock import from_ms
from service.feeders.actions import Peak, peaks
from service.store import UnitOfWork
from service.usage import balance, money, outages, records, utilisation, visits
from service.usage.balance import Balance, Register
from service.usage.money import MonthMoney
from service.usage.outages import Availability, Closing, Repairs
from service.usage.spans import Span, month_so_far, same_part_of_last_month
from service.usage.utilisation import HourUse, OutletUse
from service.usage.visits import Day, VisitFigures


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything about a span, `span` being the part of it that is over."""

    span: Span
    visits: VisitFigures
    by_entrance: Mapping[int, VisitFigures]
    by_day: Sequence[Day]
    by_outlet: Sequence[OutletUse]
    by_hour: Sequence[HourUse]
    utilisation: float
    availability: Sequence[Availability]
    mean_availability: float | None
    repairs: Repairs
    peaks: Mapping[str, Peak]


@dataclass(frozen=True, slots=True)
class PartOfMonth:
    """Sessions that ended in a part of a month. `billed_*`: only those that are in the ledger."""

    span: Span
    sessions: int
    energy_wh: int
    billed_wh: int
    billed_fen: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """This month so far, and last month up to the same day and time."""

    this: PartOfMonth
    last: PartOfMonth


@dataclass(frozen=True, slots=True)
class BooksCheck:
    """Meters against bills over a span: all together, and every register that does not agree."""

    span: Span
    total: Balance
    differing: Mapping[Register, Balance]

    @property
    def agrees(self) -> bool:
        """Whether every register agrees to the watt-hour."""
        return not self.differing


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for the service or for people."""

    unposted: int
    unposted_since: datetime | None
    held: int
    unsent_notifications: int
    last_closed_month: str | None
    last_closed_at: datetime | None


def figures(uow: UnitOfWork, span: Span, now: datetime, zone: tzinfo) -> Figures:
    """The figures of the part of a span that is over at `now`."""
    span = span.up_to(now)
    piles = records.piles(uow)
    seen = records.visits_touching(uow, span)
    broken = records.outages_touching(uow, span)
    places = utilisation.outlets_of({pile: count for pile, _, count, _ in piles})
    use = utilisation.by_outlet(seen, places, span)
    there_since = {pile: since for pile, _, _, since in piles}
    able = outages.availability(broken, places, span, there_since, closings(uow, span))
    return Figures(
        span=span,
        visits=visits.figures(seen, span),
        by_entrance=visits.by_entrance(seen, {pile: door for pile, door, _, _ in piles}, span),
        by_day=visits.by_day(seen, span, zone),
        by_outlet=use,
        by_hour=utilisation.by_hour(seen, len(places), span, zone),
        utilisation=utilisation.mean_share(use),
        availability=able,
        mean_availability=outages.mean_availability(able),
        repairs=outages.repairs(broken, span),
        peaks=peaks(uow, span.since, span.until),
    )


def closings(uow: UnitOfWork, span: Span) -> list[Closing]:
    """When piles were out of service up to the end of a span, as the audit trail tells it."""
    return outages.closings(records.wishes_for_service(uow, span.until))


def compare_months(uow: UnitOfWork, now: datetime, zone: tzinfo) -> Comparison:
    """This month so far against last month at the same day."""
    return Comparison(
        _part(uow, month_so_far(now, zone)), _part(uow, same_part_of_last_month(now, zone))
    )


def _part(uow: UnitOfWork, span: Span) -> PartOfMonth:
    all_of_it = visits.figures(records.visits_touching(uow, span), span)
    billed_fen, billed_wh = records.billed_between(uow, span)
    return PartOfMonth(span, all_of_it.ended, all_of_it.energy_wh, billed_wh, billed_fen)


def money_by_month(uow: UnitOfWork, first: str, last: str) -> list[MonthMoney]:
    """What the ledger moved in each month from the first to the last, both included."""
    return money.by_month(records.movements(uow, first, last))


def money_of_month(uow: UnitOfWork, month: str) -> MonthMoney:
    """What the ledger moved in one month."""
    return money.of_month(records.movements(uow, month, month), month)


def money_now(uow: UnitOfWork, now: datetime, zone: tzinfo) -> MonthMoney:
    """What the ledger moved in the month that runs."""
    return money_of_month(uow, month_of(now, zone))


def check_books(uow: UnitOfWork, span: Span, now: datetime) -> BooksCheck:
    """Do meters and bills agree? Reads every reading of the span, so it is no matter of a page's
    every second: two seconds of CPU for a million readings."""
    span = span.up_to(now)
    claims = records.claims_between(uow, span) + records.unsettled_claims(uow, span)
    by_register = balance.balances(records.seen_between(uow, span), claims)
    return BooksCheck(
        span,
        balance.total(by_register.values()),
        {register: one for register, one in by_register.items() if not one.agrees},
    )


def backlog(uow: UnitOfWork) -> Backlog:
    """What waits."""
    count, oldest_ms = records.unposted(uow)
    closed = records.last_close(uow)
    return Backlog(
        unposted=count,
        unposted_since=None if oldest_ms is None else from_ms(oldest_ms),
        held=records.held(uow),
        unsent_notifications=records.unsent_notifications(uow),
        last_closed_month=closed[0] if closed else None,
        last_closed_at=from_ms(closed[1]) if closed else None,
    )
