"""What last month would have cost by other prices: bills and readings brought to the rules.

It reads much, so it reads outside the conductor's lock: no pile waits for it.
"""

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from service.billing.actions import tariff_versions
from service.billing.actions.reading import load_blocks
from service.billing.records.queries import sessions_of_month
from service.billing.statement import SessionBlock
from service.billing.tariff import TariffVersion
from service.desk.whatif import Again, WhatIf, again_from_bill, again_from_readings, sum_up
from service.metering.energy import Point
from service.metering.records import register_values
from service.piles.records import boots_by_no
from service.store import UnitOfWork

AT_ONCE = 200
"""Sessions whose readings are held in memory together: some ten thousand readings."""


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
        readings = _readings(uow, [block.bill.session_id for block in part])
        for block in part:
            own = readings.get(block.bill.session_id, ())
            yield again_from_readings(block, version, own, zone)


def _readings(uow: UnitOfWork, session_ids: Sequence[str]) -> dict[str, list[Point]]:
    """Register values of sessions at the service's time, as settling places them."""
    values = register_values(uow, session_ids)
    boots = boots_by_no(uow, {value.boot_no for value in values})
    found: dict[str, list[Point]] = {}
    for value in values:
        offset_ms = boots[value.boot_no].offset_ms
        if offset_ms is not None:
            point = Point(offset_ms + value.uptime_ms, value.energy_total_wh, value.register_id)
            found.setdefault(value.session_id, []).append(point)
    return found
