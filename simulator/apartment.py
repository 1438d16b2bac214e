"""An evening of a real apartment compound, turned into an evening of e-bikes.

The file is one compound in Trondheim (Mendeley Data, DOI 10.17632/jbks2rcwyj): cars, so arrivals,
stays and the faults of recording are used as they are, and energy is scaled by about 1/20. Users
become households, garages become entrances; the curves are those of the measured e-bike chargers.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from simulator.packs import PackKind, catalogue
from simulator.residents import Card, Resident, Visit
from simulator.times import DAY, HOUR, MINUTE, to_ms

SESSIONS = Path(__file__).parent / "data" / "apartment_sessions.csv"
NORWAY = ZoneInfo("Europe/Oslo")
ENERGY_SCALE = 1 / 20
FORMAT = "%d.%m.%Y %H:%M"
EVENING_BEGINS_H, EVENING_ENDS_H = 12, 28
"""Of the local day: plug-ins from noon until four in the morning."""


@dataclass(frozen=True)
class Stay:
    """One row of the file: aware local times, energy as a car took it."""

    number: str
    garage: str
    user: str
    plugged_in: datetime
    plugged_out: datetime | None
    energy_wh: int


@dataclass(frozen=True)
class BadRow:
    """A row that could not be taken, and why."""

    line: int
    why: str


def read_sessions(path: Path = SESSIONS) -> tuple[list[Stay], list[BadRow]]:
    """All rows that can be taken, and a sentence for each that cannot.

    A missing plug-out is taken (nobody unplugged before the file ended) and noted; a stay of zero
    minutes is noted and left out. ValueError when it is not such a file.
    """
    stays: list[Stay] = []
    bad: list[BadRow] = []
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, delimiter=";")
        needed = {"session_ID", "Garage_ID", "User_ID", "Start_plugin", "End_plugout", "El_kWh"}
        missing = needed - set(reader.fieldnames or [])
        if missing:
            raise ValueError(f"{path.name} has no column {', '.join(sorted(missing))}")
        for row in reader:
            taken = _stay(row)
            if isinstance(taken, str):
                bad.append(BadRow(reader.line_num, taken))
            else:
                stays.append(taken)
                if taken.plugged_out is None:
                    why = f"session {taken.number}: no plug-out; it stays until the next morning"
                    bad.append(BadRow(reader.line_num, why))
    return stays, bad


def _stay(row: dict[str, str]) -> Stay | str:
    number = (row.get("session_ID") or "?").strip()
    try:
        begins = _local(row["Start_plugin"])
        out = (row["End_plugout"] or "").strip()
        ends = None if out in ("", "NA") else _local(out)
        energy_wh = round(float(row["El_kWh"].replace(",", ".")) * 1000)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        return f"session {number}: {error}"
    if energy_wh < 0:
        return f"session {number}: negative energy"
    if ends is not None and ends <= begins:
        length = "zero" if ends == begins else "negative"
        return f"session {number}: a stay of {length} length"
    garage, user = row["Garage_ID"].strip(), row["User_ID"].strip()
    return Stay(number, garage, user, begins, ends, energy_wh)


def _local(text: str) -> datetime:
    return datetime.strptime(text.strip(), FORMAT).replace(tzinfo=NORWAY)


def busiest_day(stays: list[Stay]) -> date:
    """The day with the most plug-ins in its evening."""
    return Counter(_evening_of(stay) for stay in stays).most_common(1)[0][0]


def _evening_of(stay: Stay) -> date:
    """A plug-in after midnight belongs to the evening before."""
    return (stay.plugged_in - timedelta(hours=EVENING_ENDS_H - 24)).date()


def parse_evening(text: str, stays: list[Stay]) -> date:
    """`busiest`, or a date such as 2019-12-20 (also 20.12.2019). ValueError with a sentence."""
    if text == "busiest":
        return busiest_day(stays)
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            day = datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
        if not any(_evening_of(stay) == day for stay in stays):
            first, last = min(map(_evening_of, stays)), max(map(_evening_of, stays))
            raise ValueError(f"nobody charged on {day}; the file goes from {first} to {last}")
        return day
    raise ValueError(f"{text!r} is neither a date such as 2019-12-20 nor `busiest`")


class Cast:
    """Which household and entrance stands for which user and garage: the same every time."""

    def __init__(self, stays: list[Stay], cards: list[Card]):
        garages = [garage for garage, _ in Counter(s.garage for s in stays).most_common()]
        entrances = sorted({card.entrance for card in cards})
        self.entrance = {g: entrances[n % len(entrances)] for n, g in enumerate(garages)}
        by_entrance: dict[int, list[Card]] = {e: [] for e in entrances}
        for card in {card.household: card for card in cards}.values():
            by_entrance[card.entrance].append(card)
        used: Counter[int] = Counter()
        self.card: dict[str, Card] = {}
        for garage, user in sorted({(s.garage, s.user) for s in stays}):
            entrance = self.entrance[garage]
            own = by_entrance[entrance]
            self.card.setdefault(user, own[used[entrance] % len(own)])
            used[entrance] += 1


def evening_visits(
    stays: list[Stay], day: date, cards: list[Card], midnight_ms: int
) -> list[Visit]:
    """The plug-ins of that evening, at the same local hours of the day at `midnight_ms`."""
    cast = Cast(stays, cards)
    measured = [kind for kind in catalogue() if kind.name.startswith("lithium")]
    visits: list[Visit] = []
    for stay in stays:
        hour = stay.plugged_in.hour + (24 if stay.plugged_in.hour < EVENING_ENDS_H - 24 else 0)
        if _evening_of(stay) != day or not EVENING_BEGINS_H <= hour < EVENING_ENDS_H:
            continue
        comes = midnight_ms + hour * HOUR + stay.plugged_in.minute * MINUTE
        visits.append(_visit(stay, cast, measured, comes, midnight_ms))
    return sorted(visits, key=lambda visit: visit.comes_ms)


def _visit(stay: Stay, cast: Cast, measured: list[PackKind], comes: int, midnight_ms: int) -> Visit:
    card = cast.card[stay.user]
    kind = measured[sum(map(ord, stay.user)) % len(measured)]
    resident = Resident(
        card.household, cast.entrance[stay.garage], card.card_uid, kind, peak_factor=1.0,
        likely=1.0, comes_h=0.0, need_wh=0.0, overnight=0.0,
    )  # fmt: skip
    leaves = midnight_ms + DAY + 7 * HOUR
    if stay.plugged_out is not None:
        leaves = comes + to_ms(stay.plugged_out) - to_ms(stay.plugged_in)
    needs = max(20.0, stay.energy_wh * ENERGY_SCALE)
    return Visit(resident, comes, max(leaves, comes + MINUTE), needs)
