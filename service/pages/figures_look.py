"""Looks a month's figures up for the committee's pages and files, outside of the house's lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from service.billing.actions import accounts
from service.billing.months import month_of
from service.feeders.forecast import Outlook
from service.feeders.tree import Tree
from service.flow.house import House
from service.pages import look, look_desk
from service.pages.cables_view import CableFacts
from service.pages.committee_view import CommitteeFacts
from service.pages.gate_view import FeederBar
from service.pages.say_time import moment, month, on_day
from service.store import UnitOfWork
from service.usage import actions as usage
from service.usage.actions.month import cables, longest_outages, months_known, two_months
from service.usage.outages import Outage
from service.usage.spans import Span, month_span
from service.words import N_, Sentence

LONGEST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """Which month is looked at, and what stands above its figures. `updated`: how old they are."""

    month: str
    now: datetime
    span: Span
    months: tuple[tuple[str, Sentence], ...]
    title: Sentence
    updated: Sentence

    @property
    def is_running(self) -> bool:
        """The month is not over."""
        return self.span.until > self.now


def asked_month(uow: UnitOfWork, wanted: str | None, now: datetime, zone: tzinfo) -> Asked | None:
    """The wanted month, else the running one; None when there are no figures of it."""
    known = months_known(uow, now, zone)
    chosen = wanted or month_of(now, zone)
    if chosen not in known:
        return None
    span = month_span(chosen, zone)
    title = month(chosen)
    if span.until > now:
        values = {"month": month(chosen), "day": on_day(now, zone)}
        title = Sentence(N_("{month}, up to {day}"), values)
    return Asked(
        chosen, now, span, tuple((one, month(one)) for one in known), title,
        moment(now, now, zone),
    )  # fmt: skip


def committee_facts(uow: UnitOfWork, asked: Asked, tree: Tree, zone: tzinfo) -> CommitteeFacts:
    """What the overview of a month is made of."""
    return CommitteeFacts(
        now=asked.now,
        figures=usage.figures(uow, asked.span, asked.now, zone),
        months=two_months(uow, asked.month, asked.now, zone),
        accounts=accounts(uow),
        backlog=usage.backlog(uow),
        tree=tree,
    )


class CablesNow(NamedTuple):
    """How full every cable is at this moment, and what is expected of the next three hours."""

    bars: Mapping[str, FeederBar]
    outlooks: Mapping[str, Outlook]


def cables_now(house: House) -> CablesNow:
    """Every cable at this moment."""
    with house.look() as work:
        return CablesNow(look_desk.bars_now(work), dict(house.outlooks))


def tree_of(house: House) -> Tree:
    """The cables, also before the first pile has spoken."""
    with house.look():
        return house.tree


def numbers_of(house: House) -> dict[str, int]:
    """The number on the label of every pile."""
    with house.look():
        return look.pile_numbers(house)


def entrances_of(house: House) -> dict[str, int]:
    """The entrance of every pile."""
    with house.look():
        return {pile.id: pile.entrance for pile in house.board.piles.values()}


def cable_facts(
    house: House, uow: UnitOfWork, asked: Asked, wanted: date | None, now: CablesNow | None = None
) -> CableFacts | None:
    """The cables of a month, and one day of it; None when that day is not in the month."""
    zone = house.settings.zone
    last = min(asked.now, asked.span.until - timedelta(milliseconds=1)).astimezone(zone).date()
    day = wanted or last
    since, until = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    if since < asked.span.since or day > last:
        return None
    return CableFacts(
        now=asked.now,
        day=day,
        midnight=since,
        next_midnight=until,
        tree=house.tree,
        bars=now.bars if now else {},
        found=cables(uow, asked.span, Span(since, until), zone),
        outlooks=now.outlooks if now else {},
    )


def midnight(day: date, zone: tzinfo) -> datetime:
    """The beginning of a day by the compound's clock."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def longest_of(uow: UnitOfWork, asked: Asked) -> list[tuple[Outage, int]]:
    """The incidents of a month that lasted longest."""
    return longest_outages(uow, asked.span.up_to(asked.now), LONGEST_SHOWN)
