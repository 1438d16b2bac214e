"""The feeders room on both databases: the tree, its ratings, the peaks."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from service.clock import FixedClock
from service.feeders.actions import (
    FeedersKept,
    RatingSet,
    Refused,
    keep_feeders,
    load_tree,
    peaks,
    quarters_of,
    record_peaks,
    set_rating,
)
from service.feeders.peaks import QuarterPart, Tally, quarter_of
from service.feeders.tree import BadTreeError, Cable
from service.store import Store
from tests.feeders.compound import site


@pytest.fixture
def compound(store: Store) -> Store:
    """A store with one site cable and four entrances."""
    with store.writing() as uow:
        assert isinstance(keep_feeders(uow, list(site().cables.values())), FeedersKept)
    return store


def test_what_was_kept_is_what_is_loaded(compound: Store):
    with compound.reading() as uow:
        assert load_tree(uow).cables == site().cables


def test_keeping_the_same_feeders_again_changes_nothing(compound: Store):
    with compound.writing() as uow:
        keep_feeders(uow, list(site().cables.values()))
        assert len(load_tree(uow).cables) == 5


def test_a_change_that_makes_a_circle_is_refused_as_a_whole(compound: Store):
    with compound.writing() as uow:
        circle = replace(site().cables["site"], parent_id="e1")
        refused = keep_feeders(uow, [Cable("e5", "site", "Entrance 5", 5, "L2", 1000), circle])
        assert isinstance(refused, Refused)
        assert "circle" in refused.sentence.in_language("en")
    with compound.reading() as uow:
        assert load_tree(uow).cables == site().cables


def test_the_same_feeder_twice_is_refused(compound: Store):
    twice = Cable("e5", "site", "Entrance 5", 5, "L2", 1000)
    with compound.writing() as uow:
        assert isinstance(keep_feeders(uow, [twice, twice]), Refused)


def test_the_committee_lowers_a_rating(compound: Store):
    with compound.writing() as uow:
        assert set_rating(uow, "e3", 25_000) == RatingSet("e3", 40_000, 25_000)
    with compound.reading() as uow:
        assert load_tree(uow).cables["e3"].rating_ma == 25_000


@pytest.mark.parametrize(("feeder_id", "rating_ma"), [("e9", 25_000), ("e3", 0), ("e3", -1)])
def test_a_rating_of_nothing_or_of_no_feeder_is_refused(
    compound: Store, feeder_id: str, rating_ma: int
):
    with compound.writing() as uow:
        refused = set_rating(uow, feeder_id, rating_ma)
        assert isinstance(refused, Refused)
        assert feeder_id in refused.sentence.in_language("en")


def test_rows_that_are_no_tree_are_not_loaded(compound: Store):
    with compound.writing() as uow:
        uow.session.connection().execute(text("update feeder set parent_id = 'e1' where id = 'e1'"))
    with compound.reading() as uow, pytest.raises(BadTreeError, match="circle"):
        load_tree(uow)


def test_peaks_written_in_parts_add_up(compound: Store, clock: FixedClock):
    tally = Tally()
    for minute in range(30):
        tally.note({"e1": 1000 + minute, "site": 2000}, clock.now())
        if minute % 7 == 0:
            with compound.writing() as uow:
                record_peaks(uow, tally.drain())
        clock.advance(60)
    with compound.writing() as uow:
        record_peaks(uow, tally.drain())
    began = clock.now() - timedelta(minutes=30)
    with compound.reading() as uow:
        first, second = quarters_of(uow, began, clock.now(), "e1")
        assert (first.peak_ma, first.watched_ms, first.mean_ma) == (1014, 900_000, 1007)
        assert (second.peak_ma, second.watched_ms) == (1029, 14 * 60_000)
        highest = peaks(uow, began, clock.now())
        assert (highest["e1"].peak_ma, highest["e1"].quarter_at) == (1029, second.quarter_at)
        assert highest["site"].quarter_at == quarter_of(began)
        assert len(quarters_of(uow, began, clock.now())) == 4


def test_a_quarter_that_was_only_glimpsed_has_its_peak_for_a_mean(
    compound: Store, clock: FixedClock
):
    with compound.writing() as uow:
        record_peaks(uow, [QuarterPart("e1", quarter_of(clock.now()), 700, 0, 0)])
        (row,) = quarters_of(uow, quarter_of(clock.now()), clock.now() + timedelta(hours=1))
        assert row.mean_ma == 700


def test_a_full_quarter_at_a_hundred_amps_fits(compound: Store, clock: FixedClock):
    """The integral of a full quarter at 100 A is 90 billion: more than 32 bits."""
    part = QuarterPart("site", quarter_of(clock.now()), 100_000, 100_000 * 900_000, 900_000)
    with compound.writing() as uow:
        record_peaks(uow, [part])
        (row,) = quarters_of(uow, part.quarter_at, part.quarter_at + timedelta(minutes=1))
        assert row.mean_ma == 100_000
