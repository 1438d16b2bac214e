"""What a household that waits for a free outlet is told, on every page it has open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from service.pages.say_time import clock_time, moment
from service.pages.statement_page import place_words
from service.sessions.records import Wish
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class WishView:
    """A wish. `told` is the outlet that is free, with its address; `mark` changes with each one."""

    where: Sentence
    until: str
    told: Sentence | None
    told_since: Sentence | None
    link: str
    mark: str


def wish_view(
    row: Wish | None, numbers: Mapping[str, int], now: datetime, zone: tzinfo
) -> WishView | None:
    """A household's wish at this moment; None if it has none, or the evening is over."""
    if row is None or now >= row.ends_at:
        return None
    where = Sentence(N_("Entrance {entrance}"), {"entrance": row.entrance})
    if row.pile is not None:
        where = Sentence(N_("Pile {pile}"), {"pile": numbers.get(row.pile, row.pile)})
    until = clock_time(row.ends_at, zone)
    if row.told_pile is None or row.told_outlet is None or row.told_at is None:
        return WishView(where, until, None, None, "", "")
    return WishView(
        where=where,
        until=until,
        told=place_words(row.told_pile, row.told_outlet, numbers),
        told_since=moment(row.told_at, now, zone),
        link=f"/p/{numbers.get(row.told_pile, row.told_pile)}/{row.told_outlet}",
        mark=row.told_at.isoformat(),
    )
