"""A month as tables: against the month before, by day, by hour, by weekday, by entrance."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo

from service.feeders.tree import Tree
from service.pages.say_time import moment, weekday
from service.pages.sheets import Cell, Column, Kind, Quantity, Sheet, count, lasted, numbers, words
from service.usage.actions import Figures
from service.usage.actions.month import TwoMonths, Used
from service.usage.peaks import DayPeak
from service.usage.utilisation import HourUse, profile
from service.words import N_, Sentence

Take = Callable[[Used], Cell]
"""Takes one figure out of a part of a month."""


def compare_sheet(months: TwoMonths, tree: Tree, now: datetime, zone: tzinfo) -> Sheet:
    """Every figure of the month beside the same part of the one before."""
    this, last = months.this, months.last
    rows: list[tuple[Cell, ...]] = [
        _row(N_("Energy, kWh"), this, last, lambda u: Quantity(u.visits.energy_wh, Kind.KWH)),
        _row(N_("Charges"), this, last, lambda u: count(u.visits.ended)),
        _row(N_("Billed, yuan"), this, last, lambda u: Quantity(u.billed_fen, Kind.YUAN)),
        _row(N_("Households that charged"), this, last, lambda u: count(u.households)),
        _row(N_("Had to wait in the queue"), this, last, lambda u: count(u.visits.queued)),
        _row(N_("Mean wait of those"), this, last, lambda u: _wait(u, u.visits.waits_mean_s)),
        _row(N_("Longest wait"), this, last, lambda u: _wait(u, u.visits.waits_longest_s)),
        _row(N_("Highest load, A"), this, last, lambda u: _peak(u, tree)),
        _row(N_("Paused because a cable was full"), this, last, lambda u: count(u.sheds)),
        _row(N_("Times a cable was above its rating"), this, last, lambda u: count(u.over)),
    ]
    message = (
        N_("Both months whole.")
        if months.is_over
        else N_("Last month only up to the same day and time ({until}), so that like is compared.")
    )
    return Sheet(
        "compare",
        Sentence(N_("This month and the one before")),
        Sentence(message, {"until": moment(last.span.until, now, zone)}),
        (
            words(N_("Figure")),
            numbers(N_("This month")),
            numbers(N_("Month before")),
            numbers(N_("Change")),
        ),
        tuple(rows),
    )


def _row(message: str, this: Used, last: Used, take: Take) -> tuple[Cell, ...]:
    now, then = take(this), take(last)
    step: Cell = None
    if isinstance(now, Quantity) and isinstance(then, Quantity) and then.value > 0:
        step = Quantity(percent_change(now.value, then.value), Kind.CHANGE)
    return Sentence(message), now, then, step


def _wait(used: Used, seconds: int) -> Cell:
    return lasted(seconds) if used.visits.queued else None


def _peak(used: Used, tree: Tree) -> Cell:
    found = highest_at_root(used.peaks, tree)
    return None if found is None else Quantity(found.peak_ma, Kind.AMPS)


def highest_at_root(peaks: Mapping[str, DayPeak], tree: Tree) -> DayPeak | None:
    """The peak of the cable that everything hangs on."""
    roots = [peaks[key] for key, one in tree.cables.items() if not one.parent_id and key in peaks]
    return max(roots, key=lambda one: one.peak_ma, default=None)


def percent_change(this: int, last: int) -> int:
    """The change in whole percent, rounded half up. `last` is above 0."""
    return (200 * (this - last) + last) // (2 * last)


def days_sheet(figures: Figures) -> Sheet:
    """Charges and energy of each day."""
    return Sheet(
        "days",
        Sentence(N_("Day by day")),
        Sentence(N_("A charge counts on the day on which it ended, as on the bill.")),
        (words(N_("Day")), numbers(N_("Charges")), numbers(N_("kWh"))),
        tuple((d.day, count(d.sessions), Quantity(d.energy_wh, Kind.KWH)) for d in figures.by_day),
        (
            Sentence(N_("Total")),
            count(sum(d.sessions for d in figures.by_day)),
            Quantity(sum(d.energy_wh for d in figures.by_day), Kind.KWH),
        ),
    )


def hours_sheet(figures: Figures) -> Sheet:
    """How many outlets are taken in each hour of a day."""
    rows = tuple(
        (f"{one.hour}:00", _tenths(one.workdays), _tenths(one.weekend))
        for one in profile(figures.by_hour)
    )
    return Sheet(
        "hours",
        Sentence(N_("A usual day")),
        Sentence(N_("Outlets taken at the same time, on average over the month.")),
        (words(N_("Hour")), numbers(N_("Monday to Friday")), numbers(N_("Saturday and Sunday"))),
        rows,
    )


def _tenths(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"


def heat_sheet(hours: Sequence[HourUse]) -> Sheet:
    """The same in percent, for files and print."""
    rows = [
        (
            weekday(day),
            *(
                None if one.share is None else count(round(one.share * 100))
                for one in hours
                if one.weekday == day
            ),
        )
        for day in range(7)
    ]
    return Sheet(
        "week",
        Sentence(N_("When it is used")),
        Sentence(N_("Percent of all outlets that were taken, on average, by hour and weekday.")),
        (words(N_("Day")), *(Column(str(hour)) for hour in range(24))),
        tuple(rows),
    )


def entrances_sheet(figures: Figures) -> Sheet:
    """How much each entrance was used."""
    found = sorted(figures.by_entrance.items())
    return Sheet(
        "entrances",
        Sentence(N_("By entrance")),
        Sentence(N_("The wait is the mean of those who had to queue.")),
        (
            words(N_("Entrance")),
            numbers(N_("Charges")),
            numbers(N_("kWh")),
            numbers(N_("Waited")),
            numbers(N_("Wait in the queue")),
        ),
        tuple(
            (
                str(entrance),
                count(one.ended),
                Quantity(one.energy_wh, Kind.KWH),
                count(one.queued),
                lasted(one.waits_mean_s) if one.queued else None,
            )
            for entrance, one in found
        ),
        (
            Sentence(N_("Total")),
            count(sum(one.ended for _, one in found)),
            Quantity(sum(one.energy_wh for _, one in found), Kind.KWH),
            count(sum(one.queued for _, one in found)),
            None,
        ),
    )
