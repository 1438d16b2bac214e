"""What a person may choose to bill: an energy that somebody measured, never a number of their own.

Each basis says from which register value to which, when, and what it costs to the fen by the one
pricing function and the tariff that the session began with. Pure: everything comes from the sheet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import Any

from service.billing.pricing import Piece, Priced, price
from service.billing.tariff import TariffVersion, band_at, borders
from service.clock import from_ms, to_ms
from service.metering.energy import Point, is_too_fast
from service.metering.proven import Stretch, between, measure, proven
from service.usage.evidence import Sheet, own_record, points_of
from service.words import N_, Sentence


class Choice(StrEnum):
    """Where an energy comes from."""

    RECORD = "record"  # the registers of a final record of the session's own pile
    READINGS = "readings"  # what our own readings prove
    BETWEEN = "between"  # from one reading of the evidence to another
    WAIVE = "waive"  # nothing is billed


@dataclass(frozen=True, slots=True)
class Basis:
    """One possibility. `key` names it in a form; `priced` is None where no tariff was in force.

    Of `waive` the stretch is what is let go, as far as anything shows how much it was.
    """

    key: str
    choice: Choice
    stretch: Stretch | None
    priced: Priced | None
    warning: Sentence | None = None

    @property
    def total_fen(self) -> int:
        """What it bills."""
        return self.priced.total_fen if self.priced else 0

    @property
    def energy_wh(self) -> int:
        """The energy it is about."""
        return self.stretch.energy_wh if self.stretch else 0


def to_decide(sheet: Sheet, tariff: TariffVersion | None, zone: tzinfo) -> list[Basis]:
    """What can be decided about a held session: its records, its readings, or nothing at all."""
    found = [] if tariff is None else [*_records(sheet, tariff, zone)]
    readings = by_readings(sheet, tariff, zone)
    if readings is not None and tariff is not None:
        found.append(readings)
    return [*found, Basis(Choice.WAIVE, Choice.WAIVE, _let_go(sheet), _nothing(tariff))]


def to_answer(sheet: Sheet, tariff: TariffVersion, zone: tzinfo) -> list[Basis]:
    """What a questioned line can be put right to, besides two readings: nothing, or the proof."""
    readings = by_readings(sheet, tariff, zone)
    nothing = Basis(Choice.WAIVE, Choice.WAIVE, None, _nothing(tariff))
    return [nothing, *([readings] if readings else [])]


def by_readings(sheet: Sheet, tariff: TariffVersion | None, zone: tzinfo) -> Basis | None:
    """What our own readings prove; None if they prove nothing."""
    stretch = proven(points_of(sheet), sheet["session"]["max_power_w"])
    if stretch is None:
        return None
    priced = price_of(stretch, points_of(sheet), tariff, zone)
    return Basis(Choice.READINGS, Choice.READINGS, stretch, priced)


def between_readings(
    sheet: Sheet, first: int, last: int, tariff: TariffVersion, zone: tzinfo
) -> Basis | None:
    """From one point of the evidence to a later one of the same register (by their places in
    `points_of`); None if they are no such pair or the register fell on the way."""
    points = points_of(sheet)
    if not 0 <= first < last < len(points):
        return None
    part = points[first : last + 1]
    rises = all(before.energy_wh <= after.energy_wh for before, after in pairwise(part))
    if not rises or len({point.register_id for point in part}) != 1:
        return None
    stretch = between(part[0], part[-1])
    priced = price_of(stretch, points, tariff, zone)
    return Basis(f"between:{first}:{last}", Choice.BETWEEN, stretch, priced)


def price_of(
    stretch: Stretch, points: Sequence[Point], tariff: TariffVersion | None, zone: tzinfo
) -> Priced | None:
    """What a stretch costs, cut at the borders of the tariff as metering cuts every session."""
    if tariff is None:
        return None
    begin, end = from_ms(stretch.start_ms), from_ms(stretch.end_ms)
    cuts = [to_ms(cut) for cut in borders(tariff, begin, end, zone)]
    slices = measure(stretch, points, cuts).slices
    pieces = [
        Piece(band_at(tariff, from_ms(part.start_ms), zone), part.energy_wh, part.interpolated)
        for part in slices
    ]
    return price(tariff, pieces)


def _records(sheet: Sheet, tariff: TariffVersion, zone: tzinfo) -> list[Basis]:
    """The registers of every differing record of the session's own pile, the first one first."""
    found: list[Basis] = []
    seen: set[Stretch] = set()
    for record in sheet["records"]:
        stretch = _stretch_of(record)
        if stretch is None or stretch in seen or not record["own"]:
            continue
        seen.add(stretch)
        key = f"record:{record['content'][:12]}"
        priced = price_of(stretch, points_of(sheet), tariff, zone)
        found.append(Basis(key, Choice.RECORD, stretch, priced, _warning(stretch, sheet)))
    return found


def _stretch_of(record: dict[str, Any]) -> Stretch | None:
    start_wh, end_wh = record["energy_start_wh"], record["energy_end_wh"]
    if start_wh is None or end_wh is None or end_wh < start_wh:
        return None
    return Stretch(record["register_id"], start_wh, end_wh, record["start_ms"], record["end_ms"])


def _warning(stretch: Stretch, sheet: Sheet) -> Sentence | None:
    """An outlet cannot deliver more than its limit: a person should know before billing it."""
    limit_w = sheet["session"]["max_power_w"]
    if not is_too_fast(stretch.energy_wh, stretch.end_ms - stretch.start_ms, limit_w):
        return None
    message = N_("An outlet of {watts} W cannot deliver that much in that time.")
    return Sentence(message, {"watts": limit_w})


def _let_go(sheet: Sheet) -> Stretch | None:
    """The energy that is not billed: by the record if that can be true, else by the readings."""
    record = own_record(sheet)
    stretch = _stretch_of(record) if record else None
    if stretch is not None and _warning(stretch, sheet) is None:
        return stretch
    return proven(points_of(sheet), sheet["session"]["max_power_w"])


def _nothing(tariff: TariffVersion | None) -> Priced:
    return Priced(tariff.id if tariff else 0, 0, ())
