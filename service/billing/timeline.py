"""Which version holds when, and whether a printed price board tells it right.

A board names one version. Printed before that version starts it also names the price that holds
until then, so it may be hung at any time and is right on the day the price changes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.billing.tariff import TariffVersion, in_force


@dataclass(frozen=True, slots=True)
class Reign:
    """A version and the time in which it prices; `until` is None for the last one."""

    version: TariffVersion
    since: datetime
    until: datetime | None


def reigns(versions: Iterable[TariffVersion]) -> list[Reign]:
    """Every version that ever prices anything, in time order; a version that was replaced before
    its start is not among them."""
    last_of: dict[datetime, TariffVersion] = {}
    for version in versions:
        known = last_of.get(version.starts_at)
        if known is None or version.id > known.id:
            last_of[version.starts_at] = version
    starts = sorted(last_of)
    ends: list[datetime | None] = [*starts[1:], None]
    return [Reign(last_of[start], start, end) for start, end in zip(starts, ends, strict=False)]


def coming(versions: Iterable[TariffVersion], at: datetime) -> list[TariffVersion]:
    """The published versions that will price later than this moment, the next one first."""
    return [reign.version for reign in reigns(versions) if reign.since > at]


def is_right(
    versions: Sequence[TariffVersion],
    board_version: int | None,
    printed_at: datetime | None,
    now: datetime,
) -> bool:
    """Does a board that was printed for a version at some time tell the price of now, and, if its
    version is still to come, the next one?"""
    if board_version is None or printed_at is None:
        return False
    holds = in_force(versions, now)
    if holds is not None and holds.id == board_version:
        return True
    following = coming(versions, now)
    return (
        bool(following)
        and following[0].id == board_version
        and in_force(versions, printed_at) == holds
    )
