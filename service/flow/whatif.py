"""What last month would have cost by other prices: bills and readings brought to the rules.

It reads much, so it reads outside the conductor's lock: no pile waits for it.
"""

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from service.billing.actions import tariff_versions
from service.billing.actions.reading import load_blocks
from service.billing.records.queries import sessions_of_month
from service.billing.statement import SessionBlock
from service.billing.tariff import TariffVersion, borders
from service.clock import to_ms
from service.desk.whatif import Again, WhatIf, again_from_bill, again_from_readings, sum_up
from service.metering.energy import Point
from service.metering.records import around, boots_of_sessions
from service.piles.records import boots_by_no
from service.store import UnitOfWork

AT_ONCE = 200
"""Sessions whose lives of piles are looked up together."""


def what_if(
    uow: UnitOfWork,
    version: TariffVersion,
    month: str,
    zone: tzinfo,
    household_id: int | None = None,
) -> WhatIf:
    """Every session billed in a month, of one household or of all, priced again by a version."""
    blocks = load_blocks(uow, sessions_of_month(uow, month, household_id))
    return sum_up(month, _again(uow, blocks, version, zone))


def _again(
    uow: UnitOfWork, blocks: Sequence[SessionBlock], version: TariffVersion, zone: tzinfo
) -> Iterator[Again]:
    known = {one.id: one for one in tariff_versions(uow)}
    to_measure: list[SessionBlock] = []
    for block in blocks:
        again = again_from_bill(block, known[block.priced.version_id], version, zone)
        if again is None:
            to_measure.append(block)
        else:
            yield again
    for start in range(0, len(to_measure), AT_ONCE):
        part = to_measure[start : start + AT_ONCE]
        offsets = _offsets(uow, [block.bill.session_id for block in part])
        for block in part:
            points = _points(uow, block, version, zone, offsets.get(block.bill.session_id, ()))
            yield again_from_readings(block, version, points, zone)


def _offsets(uow: UnitOfWork, session_ids: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    """Each life of a pile in which a session was read, with its offset to the service's time."""
    read_in = boots_of_sessions(uow, session_ids)
    boots = boots_by_no(uow, {number for numbers in read_in.values() for number in numbers})
    return {
        session_id: [
            (number, offset_ms)
            for number in numbers
            if (offset_ms := boots[number].offset_ms) is not None
        ]
        for session_id, numbers in read_in.items()
    }


def _points(
    uow: UnitOfWork,
    block: SessionBlock,
    version: TariffVersion,
    zone: tzinfo,
    offsets: Sequence[tuple[int, int]],
) -> list[Point]:
    """The register on both sides of every border of the new bands: all that a split needs."""
    bill, points = block.bill, []
    cuts = borders(version, bill.started_at, bill.ended_at, zone) if offsets else []
    for border in cuts:
        for boot_no, offset_ms in offsets:
            near = around(uow, bill.session_id, boot_no, to_ms(border) - offset_ms)
            if near.before_ms is not None and near.before_wh is not None:
                points.append(Point(offset_ms + near.before_ms, near.before_wh))
            if near.after_ms is not None and near.after_wh is not None:
                points.append(Point(offset_ms + near.after_ms, near.after_wh))
    return points
