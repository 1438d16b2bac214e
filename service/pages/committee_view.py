"""A month of use in figures, with the same part of the month before beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from service.billing.ledger import Account
from service.feeders.tree import Tree
from service.pages.charts import Chart, Line
from service.pages.month_sheets import (
    compare_sheet,
    days_sheet,
    entrances_sheet,
    hours_sheet,
    percent_change,
)
from service.pages.say_time import month, weekday
from service.pages.sheets import Kind, Quantity, Sheet
from service.usage.actions import Backlog, Figures
from service.usage.actions.month import TwoMonths
from service.usage.utilisation import HourUse, profile
from service.words import N_, Sentence

HEAT_STEPS = 9


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One hour of the week: the share taken in percent, and its shade from 0 to 9."""

    hour: int
    percent: int | None
    shade: int


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One day of the week."""

    day: Sentence
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """One large figure: what it is, how it compares, and a sentence beside it."""

    words: Sentence
    figure: Quantity
    unit: Sentence | None
    change: Sentence | None
    beside: Sentence | None = None


@dataclass(frozen=True, slots=True)
class CommitteeView:
    """Everything the page of a month writes."""

    tiles: tuple[Tile, ...]
    compare: Sheet
    days: Sheet
    day_charts: tuple[Chart, ...]
    heat: tuple[HeatRow, ...]
    busiest_hour: Sentence | None
    hours: Sheet
    hour_chart: Chart
    entrances: Sheet
    owed_fen: int
    held: int
    unposted: int
    last_closed: Sentence | None


@dataclass(frozen=True, slots=True)
class CommitteeFacts:
    """What was looked up."""

    now: datetime
    figures: Figures
    months: TwoMonths
    accounts: Mapping[Account, int]
    backlog: Backlog
    tree: Tree


def committee_view(facts: CommitteeFacts, zone: tzinfo) -> CommitteeView:
    """The overview of a month."""
    figures = facts.figures
    return CommitteeView(
        tiles=_tiles(facts.months, figures),
        compare=compare_sheet(facts.months, facts.tree, facts.now, zone),
        days=days_sheet(figures),
        day_charts=_day_charts(figures),
        heat=heat_map(figures.by_hour),
        busiest_hour=_busiest(figures.by_hour),
        hours=hours_sheet(figures),
        hour_chart=_hour_chart(figures),
        entrances=entrances_sheet(figures),
        owed_fen=facts.accounts.get(Account.RECEIVABLE, 0),
        held=facts.backlog.held,
        unposted=facts.backlog.unposted,
        last_closed=_month_or_none(facts.backlog.last_closed_month),
    )


# --- this month against the last -----------------------------------------------------------------


def _tiles(months: TwoMonths, figures: Figures) -> tuple[Tile, ...]:
    this, last = months.this, months.last
    success = figures.visits.success_share
    sure = None
    if success is not None:
        sure = Sentence(N_("{percent} % started as asked"), {"percent": tenth_percent(success)})
    return (
        Tile(
            Sentence(N_("Energy")),
            Quantity(this.visits.energy_wh, Kind.KWH),
            Sentence(N_("kWh")),
            change(this.visits.energy_wh, last.visits.energy_wh),
        ),
        Tile(
            Sentence(N_("Billed")),
            Quantity(this.billed_fen, Kind.YUAN),
            Sentence(N_("yuan")),
            change(this.billed_fen, last.billed_fen),
        ),
        Tile(
            Sentence(N_("Charges")),
            Quantity(this.visits.ended, Kind.COUNT),
            None,
            change(this.visits.ended, last.visits.ended),
            sure,
        ),
        Tile(
            Sentence(N_("Households that charged")),
            Quantity(this.households, Kind.COUNT),
            None,
            change(this.households, last.households),
        ),
    )


def change(this: int, last: int) -> Sentence | None:
    """More or less than in the same part of last month; None when there was none."""
    if last <= 0:
        return None
    points = percent_change(this, last)
    if points == 0:
        return Sentence(N_("as in the same part of last month"))
    if points > 0:
        return Sentence(N_("{percent} % more than last month"), {"percent": points})
    return Sentence(N_("{percent} % less than last month"), {"percent": -points})


# --- days and hours ------------------------------------------------------------------------------


def _day_charts(figures: Figures) -> tuple[Chart, ...]:
    labels = [_short(one.day) for one in figures.by_day]
    day = Sentence(N_("Day"))
    energy = Line(Sentence(N_("kWh")), [one.energy_wh / 1000 for one in figures.by_day])
    charges = Line(Sentence(N_("Charges")), [one.sessions for one in figures.by_day], "in_use")
    of_energy, of_charges = Sentence(N_("Energy by day")), Sentence(N_("Charges by day"))
    unit = Sentence(N_("charges"))
    return (
        Chart("energy", "bars", of_energy, energy.words, day, labels, (energy,), digits=1),
        Chart("charges", "bars", of_charges, unit, day, labels, (charges,)),
    )


def _short(day: date) -> str:
    return f"{day.month}/{day.day}"


def _hour_chart(figures: Figures) -> Chart:
    hours = profile(figures.by_hour)
    return Chart(
        "hours",
        "lines",
        Sentence(N_("Outlets taken at each hour")),
        Sentence(N_("outlets")),
        Sentence(N_("Hour")),
        [f"{one.hour}:00" for one in hours],
        (
            Line(Sentence(N_("Monday to Friday")), [_round(one.workdays) for one in hours]),
            Line(
                Sentence(N_("Saturday and Sunday")),
                [_round(one.weekend) for one in hours],
                "in_use",
                dash=True,
            ),
        ),
        every=3,
        digits=1,
    )


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def heat_map(hours: Sequence[HourUse]) -> tuple[HeatRow, ...]:
    """Seven rows of 24 hours; the shade is relative to the busiest hour."""
    top = max((one.share or 0.0 for one in hours), default=0.0)
    rows = []
    for day in range(7):
        cells = tuple(
            HeatCell(
                one.hour,
                None if one.share is None else round(one.share * 100),
                0 if not one.share or top == 0 else max(1, round(HEAT_STEPS * one.share / top)),
            )
            for one in hours
            if one.weekday == day
        )
        rows.append(HeatRow(weekday(day), cells))
    return tuple(rows)


def _busiest(hours: Sequence[HourUse]) -> Sentence | None:
    top = max(hours, key=lambda one: one.share or 0.0, default=None)
    if top is None or not top.share:
        return None
    return Sentence(
        N_("Busiest: {day} {hour}:00, {percent} % of all outlets taken."),
        {"day": weekday(top.weekday), "hour": top.hour, "percent": round(top.share * 100)},
    )


def tenth_percent(share: float) -> str:
    """A share with one decimal, never rounded up to a full 100: 0.98749 -> '98.7'."""
    tenths = int(share * 1000) if share < 1 else 1000
    return f"{tenths // 10}.{tenths % 10}"


def _month_or_none(text: str | None) -> Sentence | None:
    return None if text is None else month(text)
