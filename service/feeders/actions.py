"""What the feeders room can do: load the tree, change it, keep and read the peaks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from service.feeders.peaks import QuarterPart
from service.feeders.records import Feeder, FeederPeak, feeder_rows, peak_row, peak_rows
from service.feeders.tree import BadTreeError, Cable, Tree, build_tree
from service.store import UnitOfWork
from service.words import N_, Sentence


@dataclass(frozen=True, slots=True)
class RatingSet:
    """The rating of a feeder was changed, in mA."""

    feeder_id: str
    before_ma: int
    after_ma: int


@dataclass(frozen=True, slots=True)
class FeedersKept:
    """The feeders are as they were handed in; this is their tree."""

    tree: Tree


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not done, and why."""

    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest current of a feeder in a span, and when its quarter began."""

    feeder_id: str
    peak_ma: int
    quarter_at: datetime


def load_tree(uow: UnitOfWork) -> Tree:
    """The feeders as a tree. Raises BadTreeError when the rows do not make one."""
    return build_tree(row.cable() for row in feeder_rows(uow))


def keep_feeders(uow: UnitOfWork, cables: Sequence[Cable]) -> FeedersKept | Refused:
    """Add or change feeders; refused as a whole when together they would not make a tree."""
    after = {row.id: row.cable() for row in feeder_rows(uow)}
    after.update((cable.id, cable) for cable in cables)
    if len({cable.id for cable in cables}) < len(cables):
        return Refused(Sentence(N_("A feeder is there twice.")))
    try:
        tree = build_tree(after.values())
    except BadTreeError as error:
        return Refused(error.sentence)
    for cable in cables:
        uow.session.merge(
            Feeder(
                id=cable.id,
                parent_id=cable.parent_id,
                name=cable.name,
                entrance=cable.entrance,
                phase=cable.phase,
                rating_ma=cable.rating_ma,
                time_constant_s=cable.time_constant_s,
            )
        )
    uow.session.flush()
    return FeedersKept(tree)


def set_rating(uow: UnitOfWork, feeder_id: str, rating_ma: int) -> RatingSet | Refused:
    """Change what a feeder may carry, in mA per phase; it holds from the next look at the load."""
    row = uow.session.get(Feeder, feeder_id)
    if row is None:
        return Refused(Sentence(N_("There is no feeder {feeder}."), {"feeder": feeder_id}))
    before = row.cable()
    kept = keep_feeders(uow, [replace(before, rating_ma=rating_ma)])
    if isinstance(kept, Refused):
        return kept
    return RatingSet(feeder_id, before.rating_ma, rating_ma)


def record_peaks(uow: UnitOfWork, parts: Sequence[QuarterPart]) -> None:
    """Add what a tally has collected to what is kept; call it once a minute."""
    for part in parts:
        kept = peak_row(uow, part.feeder_id, part.quarter_at)
        if kept is None:
            kept = FeederPeak(
                feeder_id=part.feeder_id,
                quarter_at=part.quarter_at,
                peak_ma=0,
                ma_ms=0,
                watched_ms=0,
            )
        kept.peak_ma = max(kept.peak_ma, part.peak_ma)
        kept.ma_ms += part.ma_ms
        kept.watched_ms += part.watched_ms
        uow.session.add(kept)
    uow.session.flush()


def quarters_of(
    uow: UnitOfWork, since: datetime, until: datetime, feeder_id: str | None = None
) -> Sequence[FeederPeak]:
    """The quarters of an hour that begin in [since, until), oldest first, for figures."""
    return peak_rows(uow, since, until, feeder_id)


def peaks(uow: UnitOfWork, since: datetime, until: datetime) -> dict[str, Peak]:
    """The highest current of each feeder in [since, until), with the quarter it happened in."""
    highest: dict[str, Peak] = {}
    for row in peak_rows(uow, since, until):
        known = highest.get(row.feeder_id)
        if known is None or row.peak_ma > known.peak_ma:
            highest[row.feeder_id] = Peak(row.feeder_id, row.peak_ma, row.quarter_at)
    return highest
