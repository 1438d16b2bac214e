"""A month of use beside the one before it, and its cables. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from service.billing.months import month_of
from service.billing.months import span as months_between
from service.clock import from_ms
from service.store import UnitOfWork
from service.usage import outages, peaks, records, visits
from service.usage.outages import Outage
from service.usage.peaks import DayPeak, Quarter
from service.usage.spans import (
    Span,
    before,
    month_so_far,
    month_span,
    months_before,
    same_part_of_last_month,
)
from service.usage.visits import VisitFigures

MOST_MONTHS = 36
"""So many months can be looked back at; the open books go further."""


@dataclass(frozen=True, slots=True)
class Used:
    """What a part of a month came to. `billed_fen` is of sessions that are in the ledger.

    `sheds` are sessions that were switched off for a while because a cable was too full, `over`
    how often a cable was above its rating.
    """

    span: Span
    visits: VisitFigures
    households: int
    billed_fen: int
    peaks: Mapping[str, DayPeak]
    sheds: int
    over: int


@dataclass(frozen=True, slots=True)
class TwoMonths:
    """A month, and of the month before it the same part (all of it when the month is over)."""

    this: Used
    last: Used
    is_over: bool


@dataclass(frozen=True, slots=True)
class Cables:
    """The cables of a month by day, and one day of it quarter by quarter."""

    days: Mapping[date, Mapping[str, DayPeak]]
    today: Sequence[Quarter]


def months_known(uow: UnitOfWork, now: datetime, zone: tzinfo) -> list[str]:
    """The months that there are figures of, the running one first."""
    this, first_ms = month_of(now, zone), records.first_asked_ms(uow)
    first = this if first_ms is None else month_of(from_ms(first_ms), zone)
    since = max(min(first, this), months_before(this, MOST_MONTHS - 1))
    return list(reversed(months_between(since, this)))


def two_months(uow: UnitOfWork, month: str, now: datetime, zone: tzinfo) -> TwoMonths:
    """A month so far against the same part of the one before; both whole once it is over."""
    whole = month_span(month, zone)
    if whole.until <= now:
        last = month_span(before(month), zone)
        return TwoMonths(_used(uow, whole, zone), _used(uow, last, zone), True)
    this, last = month_so_far(now, zone), same_part_of_last_month(now, zone)
    return TwoMonths(_used(uow, this, zone), _used(uow, last, zone), False)


def cables(uow: UnitOfWork, month: Span, day: Span, zone: tzinfo) -> Cables:
    """The cables of a month by day, and the quarters of one day."""
    of_month = records.quarters_between(uow, month)
    return Cables(peaks.by_day(of_month, zone), records.quarters_between(uow, day))


def longest_outages(uow: UnitOfWork, span: Span, count: int) -> list[tuple[Outage, int]]:
    """The incidents at piles that lasted longest, with their seconds."""
    return outages.longest(records.outages_touching(uow, span), span, count)


def _used(uow: UnitOfWork, span: Span, zone: tzinfo) -> Used:
    seen = records.visits_touching(uow, span)
    return Used(
        span=span,
        visits=visits.figures(seen, span),
        households=visits.households(seen, span),
        billed_fen=records.billed_between(uow, span)[0],
        peaks=peaks.highest(peaks.by_day(records.quarters_between(uow, span), zone)),
        sheds=visits.sheds(seen, span),
        over=records.incidents_of(uow, span, "feeder_over"),
    )
