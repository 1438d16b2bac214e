"""The states of an incident, and the law of one open incident per key in any order of news."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from service.alerts import actions
from service.alerts.lifecycle import (
    Deed,
    OnClear,
    OnRaise,
    State,
    Times,
    closes_by_itself,
    heartbeat_clears,
    on_clear,
    on_raise,
    state_of,
    why_not,
)
from service.alerts.records import Incident
from service.alerts.trouble import HeartbeatFaults, Trouble
from service.store import Store

T0 = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


RAISED = Times(at(0))
ACKNOWLEDGED = Times(at(0), acknowledged_at=at(10))
TAKEN = Times(at(0), acknowledged_at=at(10), taken_at=at(20))
CLEARED = Times(at(0), acknowledged_at=at(10), cleared_at=at(100))
CLOSED = Times(at(0), cleared_at=at(100), closed_at=at(200))
CLOSED_UNCLEARED = Times(at(0), closed_at=at(200))


@pytest.mark.parametrize(
    ("times", "state"),
    [
        (RAISED, State.RAISED),
        (ACKNOWLEDGED, State.ACKNOWLEDGED),
        (TAKEN, State.TAKEN),
        (CLEARED, State.CLEARED),
        (CLOSED, State.CLOSED),
        (CLOSED_UNCLEARED, State.CLOSED),
    ],
)
def test_the_moments_amount_to_a_state(times: Times, state: State):
    assert state_of(times) is state


@pytest.mark.parametrize(
    ("times", "happened_at", "does"),
    [
        (None, 0, OnRaise.OPEN),
        (RAISED, 5, OnRaise.REFRESH),
        (RAISED, -5, OnRaise.REFRESH),
        (TAKEN, 5000, OnRaise.REFRESH),
        (CLEARED, 50, OnRaise.STALE),
        (CLEARED, 100, OnRaise.STALE),
        (CLEARED, 101, OnRaise.REOPEN),
        (CLEARED, 999, OnRaise.REOPEN),
        (CLEARED, 1000, OnRaise.SUCCEED),
        (CLOSED, 100, OnRaise.STALE),
        (CLOSED, 150, OnRaise.REOPEN),
        (CLOSED, 1099, OnRaise.REOPEN),
        (CLOSED, 1100, OnRaise.OPEN),
        (CLOSED_UNCLEARED, 199, OnRaise.STALE),
        (CLOSED_UNCLEARED, 201, OnRaise.REOPEN),
        (CLOSED_UNCLEARED, 1100, OnRaise.OPEN),
    ],
)
def test_what_a_raise_does(times: Times | None, happened_at: float, does: OnRaise):
    assert on_raise(times, at(happened_at)) is does


@pytest.mark.parametrize(
    ("times", "happened_at", "does"),
    [
        (RAISED, 0, OnClear.CLEAR),
        (RAISED, -1, OnClear.STALE),
        (TAKEN, 60, OnClear.CLEAR),
        (CLEARED, 500, OnClear.STALE),
        (CLOSED, 500, OnClear.STALE),
    ],
)
def test_what_a_clear_does(times: Times, happened_at: float, does: OnClear):
    assert on_clear(times, at(happened_at)) is does


def test_only_a_heartbeat_newer_than_the_raise_clears():
    assert not heartbeat_clears(RAISED, at(-1))
    assert not heartbeat_clears(RAISED, at(0))
    assert heartbeat_clears(RAISED, at(0.001))
    assert not heartbeat_clears(CLEARED, at(500))


def test_ordinary_incidents_close_by_themselves_and_critical_ones_never():
    assert not closes_by_itself(CLEARED, is_critical=False, now=at(999))
    assert closes_by_itself(CLEARED, is_critical=False, now=at(1000))
    assert not closes_by_itself(CLEARED, is_critical=True, now=at(100_000))
    assert not closes_by_itself(RAISED, is_critical=False, now=at(100_000))
    assert not closes_by_itself(CLOSED, is_critical=False, now=at(100_000))


MAY = {
    State.RAISED: {Deed.ACKNOWLEDGE, Deed.TAKE, Deed.NOTE, Deed.PHOTO, Deed.SNOOZE, Deed.CLOSE},
    State.ACKNOWLEDGED: {Deed.TAKE, Deed.NOTE, Deed.PHOTO, Deed.SNOOZE, Deed.CLOSE},
    State.TAKEN: {Deed.TAKE, Deed.NOTE, Deed.PHOTO, Deed.SNOOZE, Deed.CLOSE},
    State.CLEARED: {Deed.ACKNOWLEDGE, Deed.TAKE, Deed.NOTE, Deed.PHOTO, Deed.SNOOZE, Deed.CLOSE},
    State.CLOSED: {Deed.NOTE, Deed.PHOTO},
}


@pytest.mark.parametrize("times", [RAISED, ACKNOWLEDGED, TAKEN, CLEARED, CLOSED])
@pytest.mark.parametrize("deed", list(Deed))
def test_every_state_and_every_deed_is_decided(times: Times, deed: Deed):
    reason = why_not(times, deed)
    assert (reason is None) == (deed in MAY[state_of(times)])
    if reason is not None:
        assert reason.in_language("en").endswith(".")


# --- the law, on both databases --------------------------------------------------------------

EPISODES = st.lists(
    st.tuples(st.sampled_from(["raise", "clear", "listed", "unlisted"]), st.integers(0, 4000)),
    min_size=1,
    max_size=14,
)
numbers = count()


def tell(store: Store, pile: str, what: str, when: datetime, now: datetime) -> None:
    trouble = Trouble("leakage", pile=pile, outlet=1, at=when, source="pile")
    with store.writing() as uow:
        if what == "raise":
            actions.raise_incident(uow, trouble, now)
        elif what == "clear":
            actions.clear(uow, trouble.key, now, at=when)
        else:
            active = {("leakage", 1)} if what == "listed" else set()
            actions.recheck(uow, {pile: HeartbeatFaults(when, active)}, now)


def incidents_of(store: Store, pile: str) -> list[Incident]:
    with store.reading() as uow:
        return list(uow.session.exec(select(Incident).where(Incident.pile == pile)).all())


LAW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@LAW
@given(EPISODES)
def test_one_incident_is_open_per_key_under_any_order_of_news(store: Store, news):
    """The news arrives in the order of the list, but happened at the moments beside it."""
    pile = f"BM-{next(numbers)}"
    for arrival, (what, happened_s) in enumerate(news):
        tell(store, pile, what, at(happened_s), at(5000 + arrival))
        open_now = [row for row in incidents_of(store, pile) if row.closed_at is None]
        assert len(open_now) <= 1
    raises = sum(what in ("raise",) for what, _ in news)
    assert sum(row.count for row in incidents_of(store, pile)) >= raises


@LAW
@given(EPISODES, st.booleans(), st.randoms(use_true_random=False))
def test_after_the_next_heartbeat_every_order_of_news_agrees(
    store: Store, news, is_active: bool, chance
):
    """Lost, doubled and late messages do not matter for longer than one heartbeat."""
    shuffled = [*news, chance.choice(news)]
    chance.shuffle(shuffled)
    endings = set()
    for story in (news, shuffled):
        pile = f"BM-{next(numbers)}"
        for arrival, (what, happened_s) in enumerate(story):
            tell(store, pile, what, at(happened_s), at(5000 + arrival))
        tell(store, pile, "listed" if is_active else "unlisted", at(6000), at(6000))
        endings.add(
            sum(
                row.closed_at is None and row.cleared_at is None
                for row in incidents_of(store, pile)
            )
        )
    assert endings == {int(is_active)}
