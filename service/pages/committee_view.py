"""The month so far in figures, with the same part of the last month beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from service.billing.ledger import Account
from service.billing.months import month_of
from service.feeders.actions import Peak
from service.feeders.risk import amps, percent
from service.feeders.tree import Tree
from service.pages.gate_view import FeederBar
from service.pages.say_time import moment, month, on_day, span, weekday
from service.pages.statement_page import place_words
from service.usage.actions import Backlog, Comparison, Figures
from service.usage.money import MonthMoney
from service.usage.utilisation import HourUse
from service.words import N_, Sentence

HEAT_STEPS = 9
BUSIEST, IDLEST = 10, 5


@dataclass(frozen=True, slots=True)
class Change:
    """A figure against the same part of last month."""

    sentence: Sentence


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
class OutletRow:
    """How much one outlet was used."""

    place: Sentence
    sessions: int
    energy_wh: int
    percent: int
    available_percent: str


@dataclass(frozen=True, slots=True)
class EntranceRow:
    """How much one entrance was used."""

    entrance: int
    sessions: int
    energy_wh: int
    waited: Sentence | None


@dataclass(frozen=True, slots=True)
class FeederRow:
    """One cable: now and its highest in the month."""

    bar: FeederBar
    rating: str
    peak_percent: int | None
    peak: str | None
    peak_when: Sentence | None


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day of the month."""

    day: Sentence
    sessions: int
    energy_wh: int
    percent: int


@dataclass(frozen=True, slots=True)
class CommitteeView:
    """Everything the template writes."""

    title: Sentence
    updated: Sentence
    sessions: int
    sessions_change: Sentence | None
    energy_wh: int
    energy_change: Sentence | None
    billed_fen: int
    electricity_fen: int
    service_fen: int
    success: str | None
    raised: int
    still_open: int
    mended: Sentence | None
    answered: Sentence | None
    available: str | None
    utilisation: str
    heat: tuple[HeatRow, ...]
    busiest_hour: Sentence | None
    outlets: tuple[OutletRow, ...]
    idle: tuple[OutletRow, ...]
    entrances: tuple[EntranceRow, ...]
    feeders: tuple[FeederRow, ...]
    days: tuple[DayRow, ...]
    owed_fen: int
    held: int
    unposted: int
    last_closed: Sentence | None


@dataclass(frozen=True, slots=True)
class CommitteeFacts:
    """What was looked up."""

    now: datetime
    figures: Figures
    comparison: Comparison
    money: MonthMoney
    accounts: Mapping[Account, int]
    backlog: Backlog
    bars: Mapping[str, FeederBar]
    tree: Tree
    numbers: Mapping[str, int]


def committee_view(facts: CommitteeFacts, zone: tzinfo) -> CommitteeView:
    """The overview at this moment."""
    now, figures, repairs = facts.now, facts.figures, facts.figures.repairs
    this, last = facts.comparison.this, facts.comparison.last
    ranked = _outlets(facts)
    success = figures.visits.success_share
    return CommitteeView(
        title=Sentence(
            N_("{month}, up to {day}"),
            {"month": month(month_of(now, zone)), "day": on_day(now, zone)},
        ),
        updated=moment(now, now, zone),
        sessions=this.sessions,
        sessions_change=change(this.sessions, last.sessions),
        energy_wh=this.energy_wh,
        energy_change=change(this.energy_wh, last.energy_wh),
        billed_fen=facts.money.billed_fen,
        electricity_fen=facts.money.electricity_fen,
        service_fen=facts.money.service_fen,
        success=None if success is None else tenth_percent(success),
        raised=repairs.raised,
        still_open=repairs.open,
        mended=span(repairs.mean_seconds) if repairs.mean_seconds is not None else None,
        answered=_or_none(repairs.mean_to_answer_seconds),
        available=_share(figures.mean_availability),
        utilisation=tenth_percent(figures.utilisation),
        heat=heat_map(figures.by_hour),
        busiest_hour=_busiest(figures.by_hour),
        outlets=tuple(row for row in ranked[:BUSIEST] if row.sessions),
        idle=tuple(ranked[-IDLEST:]) if len(ranked) > BUSIEST + IDLEST else (),
        entrances=_entrances(figures),
        feeders=_feeders(facts, zone),
        days=_days(figures),
        owed_fen=facts.accounts.get(Account.RECEIVABLE, 0),
        held=facts.backlog.held,
        unposted=facts.backlog.unposted,
        last_closed=_month_or_none(facts.backlog.last_closed_month),
    )


def change(this: int, last: int) -> Sentence | None:
    """More or less than in the same part of last month; None when there was none."""
    if last <= 0:
        return None
    points = (200 * (this - last) + last) // (2 * last)
    if points == 0:
        return Sentence(N_("as in the same part of last month"))
    if points > 0:
        return Sentence(N_("{percent} % more than last month"), {"percent": points})
    return Sentence(N_("{percent} % less than last month"), {"percent": -points})


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


def tenth_percent(share: float) -> str:
    """A share with one decimal, never rounded up to a full 100: 0.98749 -> '98.7'."""
    tenths = int(share * 1000) if share < 1 else 1000
    return f"{tenths // 10}.{tenths % 10}"


def _share(share: float | None) -> str | None:
    return None if share is None else tenth_percent(share)


def _or_none(seconds: int | None) -> Sentence | None:
    return None if seconds is None else span(seconds)


def _month_or_none(text: str | None) -> Sentence | None:
    return None if text is None else month(text)


def _busiest(hours: Sequence[HourUse]) -> Sentence | None:
    top = max(hours, key=lambda one: one.share or 0.0, default=None)
    if top is None or not top.share:
        return None
    return Sentence(
        N_("Busiest: {day} {hour}:00, {percent} % of all outlets taken."),
        {"day": weekday(top.weekday), "hour": top.hour, "percent": round(top.share * 100)},
    )


def _outlets(facts: CommitteeFacts) -> list[OutletRow]:
    able = {(one.pile, one.outlet): one.share for one in facts.figures.availability}
    used = sorted(
        facts.figures.by_outlet,
        key=lambda u: (-u.share, facts.numbers.get(u.pile, 0), u.outlet),
    )
    return [
        OutletRow(
            place_words(use.pile, use.outlet, facts.numbers),
            use.sessions,
            use.energy_wh,
            round(use.share * 100),
            tenth_percent(able.get((use.pile, use.outlet), 1.0)),
        )
        for use in used
    ]


def _entrances(figures: Figures) -> tuple[EntranceRow, ...]:
    return tuple(
        EntranceRow(
            entrance,
            one.ended,
            one.energy_wh,
            span(one.waits_mean_s) if one.queued else None,
        )
        for entrance, one in sorted(figures.by_entrance.items())
    )


def _feeders(facts: CommitteeFacts, zone: tzinfo) -> tuple[FeederRow, ...]:
    rows = []
    for feeder_id, bar in facts.bars.items():
        cable = facts.tree.cables[feeder_id]
        peak: Peak | None = facts.figures.peaks.get(feeder_id)
        rows.append(
            FeederRow(
                bar=bar,
                rating=amps(cable.rating_ma),
                peak_percent=percent(peak.peak_ma, cable.rating_ma) if peak else None,
                peak=amps(peak.peak_ma) if peak and peak.peak_ma else None,
                peak_when=moment(peak.quarter_at, facts.now, zone) if peak else None,
            )
        )
    return tuple(rows)


def _days(figures: Figures) -> tuple[DayRow, ...]:
    top = max((one.energy_wh for one in figures.by_day), default=0)
    return tuple(
        DayRow(
            _date(one.day),
            one.sessions,
            one.energy_wh,
            round(100 * one.energy_wh / top) if top else 0,
        )
        for one in figures.by_day
    )


def _date(day: date) -> Sentence:
    return Sentence(N_("{month}/{day}"), {"month": day.month, "day": day.day})
