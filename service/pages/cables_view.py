"""The cables of a month: each day's highest load against the rating, and one day as a curve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from service.clock import from_ms, to_ms
from service.feeders.forecast import Outlook
from service.feeders.risk import percent
from service.feeders.tree import Cable, Tree
from service.pages.charts import Band, Chart, Level, Line
from service.pages.gate_view import FeederBar
from service.pages.say_time import clock_time, moment, on_day
from service.pages.sheets import Cell, Column, Kind, Quantity, Sheet, words
from service.usage.actions.month import Cables
from service.usage.peaks import QUARTER_MS, DayPeak, Quarter, highest
from service.words import N_, Sentence

NEAR = 0.8
"""The mark at which a cable counts as nearly full (see feeders/risk.py)."""
STEPS_PER_QUARTER = 3
"""The outlook has a value every five minutes, the chart one every quarter of an hour."""


@dataclass(frozen=True, slots=True)
class CableCard:
    """One cable: how full now, its highest of the month, and its day as a chart."""

    name: str
    bar: FeederBar | None
    rating: str
    peak: Sentence | None
    warning: Sentence | None
    chart: Chart


@dataclass(frozen=True, slots=True)
class CablesView:
    """The page of the cables. `measured`: until when the chart is measured."""

    day: Sentence
    day_text: str
    is_today: bool
    measured: Sentence | None
    cards: tuple[CableCard, ...]
    days: Sheet
    quarters: Sheet


@dataclass(frozen=True, slots=True)
class CableFacts:
    """What was looked up. `outlooks`: the coming three hours of each cable, where there are any."""

    now: datetime
    day: date
    midnight: datetime
    next_midnight: datetime
    tree: Tree
    bars: Mapping[str, FeederBar]
    found: Cables
    outlooks: Mapping[str, Outlook]


def cables_view(facts: CableFacts, zone: tzinfo) -> CablesView:
    """The cables of a month, and one day of it in quarters of an hour."""
    last = max((one.at_ms for one in facts.found.today), default=None)
    is_today = facts.midnight <= facts.now < facts.next_midnight
    tops = highest(facts.found.days)
    cards = [
        _card(facts, cable, tops.get(feeder_id), is_today, zone)
        for feeder_id, cable in facts.tree.cables.items()
    ]
    return CablesView(
        day=on_day(facts.midnight, zone),
        day_text=facts.day.isoformat(),
        is_today=is_today,
        measured=moment(min(from_ms(last + QUARTER_MS), facts.now), facts.now, zone)
        if last is not None
        else None,
        cards=tuple(cards),
        days=cable_days_sheet(facts.found.days, facts.tree, zone),
        quarters=_quarters_sheet(facts, zone),
    )


def _card(
    facts: CableFacts, cable: Cable, peak: DayPeak | None, is_today: bool, zone: tzinfo
) -> CableCard:
    bar = facts.bars.get(cable.id) if is_today else None
    outlook = facts.outlooks.get(cable.id) if is_today else None
    flag = (outlook.likely_passes or outlook.may_pass) if outlook else None
    said = None
    if peak is not None and peak.peak_ma:
        said = Sentence(
            N_("highest this month {amps} A ({percent} %), {when}"),
            {
                "amps": Quantity(peak.peak_ma, Kind.AMPS).text,
                "percent": percent(peak.peak_ma, cable.rating_ma),
                "when": moment(from_ms(peak.at_ms), facts.now, zone),
            },
        )
    return CableCard(
        cable.name,
        bar,
        Quantity(cable.rating_ma, Kind.AMPS).text,
        said,
        flag.sentence if flag else None,
        day_chart(facts, cable, outlook, zone),
    )


def day_chart(facts: CableFacts, cable: Cable, outlook: Outlook | None, zone: tzinfo) -> Chart:
    """A cable through one day: the highest of each quarter, its rating, and what is expected."""
    start, length = to_ms(facts.midnight), facts.next_midnight - facts.midnight
    slots = length // timedelta(milliseconds=QUARTER_MS)
    peaks: list[float | None] = [None] * slots
    for one in facts.found.today:
        if one.feeder_id == cable.id and 0 <= (one.at_ms - start) // QUARTER_MS < slots:
            peaks[(one.at_ms - start) // QUARTER_MS] = one.peak_ma / 1000
    times = [facts.midnight + timedelta(milliseconds=QUARTER_MS * n) for n in range(slots)]
    rating = cable.rating_ma / 1000
    first = (to_ms(facts.now) - start) // QUARTER_MS
    return Chart(
        f"cable-{cable.id}",
        "lines",
        Sentence(N_("{name}: load through the day"), {"name": cable.name}),
        Sentence(N_("A")),
        Sentence(N_("From")),
        [clock_time(at, zone) for at in times],
        (Line(Sentence(N_("highest in each quarter of an hour")), peaks),),
        (
            Level(Sentence(N_("limit {rating} A"), {"rating": f"{rating:g}"}), rating),
            Level(Sentence(N_("80 % of it")), round(NEAR * rating, 2), "warn"),
        ),
        band_of(outlook, first, slots) if outlook else None,
        every=12,
        digits=1,
    )


def band_of(outlook: Outlook, first: int, slots: int) -> Band:
    """The coming three hours on the quarters of a day: 95 of 100 outcomes are inside the band."""

    def on_axis(values: Sequence[int]) -> list[float | None]:
        row: list[float | None] = [None] * slots
        coming = values[STEPS_PER_QUARTER - 1 :: STEPS_PER_QUARTER]
        for place, value in enumerate(coming, first + 1):
            if place < slots:
                row[place] = round(value / 1000, 2)
        return row

    return Band(
        Sentence(N_("expected")),
        Sentence(N_("hardly less (1 time in 40)")),
        Sentence(N_("hardly more (1 time in 40)")),
        on_axis(outlook.low95_ma),
        on_axis(outlook.expected_ma),
        on_axis(outlook.high95_ma),
    )


def cable_days_sheet(days: Mapping[date, Mapping[str, DayPeak]], tree: Tree, zone: tzinfo) -> Sheet:
    """The highest current of each cable on each day, against what it may carry now."""
    cables = list(tree.cables.values())
    rows = []
    for day, peaks in days.items():
        row = [
            _of_rating(peaks[one.id].peak_ma, one.rating_ma) if one.id in peaks else None
            for one in cables
        ]
        rows.append((day, *row))
    return Sheet(
        "cables",
        Sentence(N_("Highest load of each day")),
        Sentence(
            N_("In amps of the fullest phase, and in percent of what the cable may carry today.")
        ),
        (
            words(N_("Day")),
            *(
                Column(Sentence(N_("{name}, {rating} A"), {
                    "name": one.name, "rating": Quantity(one.rating_ma, Kind.AMPS).text,
                }))
                for one in cables
            ),
        ),
        tuple(rows),
    )  # fmt: skip


def _of_rating(peak_ma: int, rating_ma: int) -> str:
    return f"{Quantity(peak_ma, Kind.AMPS).text} ({percent(peak_ma, rating_ma)} %)"


def _quarters_sheet(facts: CableFacts, zone: tzinfo) -> Sheet:
    at: dict[int, dict[str, Quarter]] = {}
    for one in facts.found.today:
        at.setdefault(one.at_ms, {})[one.feeder_id] = one
    cables = list(facts.tree.cables.values())
    rows: list[tuple[Cell, ...]] = [
        (
            clock_time(from_ms(quarter_ms), zone),
            *(
                Quantity(here[one.id].peak_ma, Kind.AMPS) if one.id in here else None
                for one in cables
            ),
        )
        for quarter_ms, here in at.items()
    ]
    rows += _coming_rows(facts, zone)
    return Sheet(
        "quarters",
        Sentence(N_("The day as a table")),
        Sentence(
            N_(
                "The highest current of each quarter of an hour, in amps; of what is to come the "
                "expected one and, in brackets, between what it stays 95 of 100 times."
            )
        ),
        (
            words(N_("From")),
            *(Column(one.name) for one in cables),
        ),
        tuple(rows),
    )


def _coming_rows(facts: CableFacts, zone: tzinfo) -> list[tuple[Cell, ...]]:
    """What is expected of the next quarters, beside the measured ones."""
    if not (facts.outlooks and facts.midnight <= facts.now < facts.next_midnight):
        return []
    ahead = max(len(one.expected_ma) for one in facts.outlooks.values())
    start = to_ms(facts.now) // QUARTER_MS * QUARTER_MS
    rows: list[tuple[Cell, ...]] = []
    for number, step in enumerate(range(STEPS_PER_QUARTER - 1, ahead, STEPS_PER_QUARTER), 1):
        time = clock_time(from_ms(start + number * QUARTER_MS), zone)
        rows.append(
            (
                Sentence(N_("{time}, expected"), {"time": time}),
                *(_expected(facts.outlooks.get(key), step) for key in facts.tree.cables),
            )
        )
    return rows


def _expected(outlook: Outlook | None, step: int) -> str | None:
    if outlook is None:
        return None
    low, middle, high = (
        Quantity(row[step], Kind.AMPS).text
        for row in (outlook.low95_ma, outlook.expected_ma, outlook.high95_ma)
    )
    return f"{middle} ({low}–{high})"
