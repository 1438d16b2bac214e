"""The board: silence is the dangerous state, and a pile's uptime is mapped to our time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.piles.board import (
    LONGEST_LIFE_MS,
    SILENT_AFTER_MS,
    Board,
    BootNow,
    Face,
    OutletNow,
    PileNow,
)
from service.piles.received import Received

NOW = 1_772_449_200_000


def a_boot(offset_ms: int | None = None) -> BootNow:
    return BootNow(1, "LB-001", "9f3a61c2", 1, offset_ms, Received())


def a_pile(**changes) -> PileNow:
    outlets = {n: OutletNow("LB-001", n, state="empty") for n in (1, 2)}
    fields = {"said": "online", "heard_ms": NOW, "conn_id": "5d0e77a1", "boot": a_boot(NOW - 1000)}
    return PileNow("LB-001", 1, 1, "entrance-1", outlets, **{**fields, **changes})


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 120_000)), min_size=1))
def test_the_smallest_delay_is_believed_whatever_the_order_of_the_messages(heard):
    began_ms, one, other = NOW - 10**9, a_boot(), a_boot()
    for uptime_ms, delay_ms in heard:
        one.hear(uptime_ms, began_ms + uptime_ms + delay_ms)
    for uptime_ms, delay_ms in reversed(heard):
        other.hear(uptime_ms, began_ms + uptime_ms + delay_ms)
    assert one.offset_ms == other.offset_ms == began_ms + min(delay for _, delay in heard)


def test_an_absurd_uptime_moves_no_life():
    boot = a_boot()
    boot.hear(1_000, NOW)
    assert not boot.hear(LONGEST_LIFE_MS + 1, NOW)
    assert boot.time_of(1_000) == NOW


def test_what_was_never_heard_live_has_no_time():
    assert a_boot().time_of(5) is None
    assert a_pile(boot=a_boot()).uptime_at(NOW) is None
    assert a_pile(boot=None).uptime_at(NOW) is None


def test_an_uptime_is_never_negative():
    assert a_pile(boot=a_boot(NOW + 500)).uptime_at(NOW) == 0


@pytest.mark.parametrize(
    ("changes", "after_ms", "silent"),
    [
        ({}, SILENT_AFTER_MS, False),
        ({}, SILENT_AFTER_MS + 1, True),
        ({"said": "lost"}, 0, True),
        ({"said": "offline"}, 0, True),
        ({"said": "unknown"}, 0, True),
        ({"heard_ms": 0}, 0, True),
        ({"heard_ms": 0, "listening_since_ms": NOW}, 1_000, False),
    ],
)
def test_silence_is_three_heartbeats_without_a_word_or_a_last_will(changes, after_ms, silent):
    assert a_pile(**changes).is_silent(NOW + after_ms) is silent


@pytest.mark.parametrize(
    "changes", [{"conn_id": None}, {"boot": None}, {"boot": a_boot()}, {"said": "lost"}]
)
def test_only_a_pile_with_a_connection_and_an_uptime_can_be_told_something(changes):
    assert a_pile().can_be_told(NOW)
    assert not a_pile(**changes).can_be_told(NOW)


@pytest.mark.parametrize(
    ("pile", "outlet", "held", "face"),
    [
        ({}, {}, False, Face.FREE),
        ({}, {"state": "plugged"}, False, Face.FREE),
        ({}, {}, True, Face.IN_USE),
        ({}, {"state": "charging"}, False, Face.IN_USE),
        ({}, {"state": "full"}, False, Face.FULL),
        ({}, {"state": "finished_not_removed"}, True, Face.FULL),
        ({"said": "lost"}, {"state": "charging"}, True, Face.SILENT),
        ({"said": "lost"}, {"fault": True}, False, Face.OUT_OF_ORDER),
        ({}, {"state": "fault"}, True, Face.OUT_OF_ORDER),
        ({"in_service": False}, {}, False, Face.OUT_OF_ORDER),
        ({}, {"state": "levitating"}, False, Face.FREE),
    ],
)
def test_a_person_sees_one_of_five_faces(pile, outlet, held, face):
    seen = a_pile(**pile)
    shown = OutletNow("LB-001", 1, **{"state": "empty", **outlet})
    assert seen.face(shown, held=held, now_ms=NOW) is face


@pytest.mark.parametrize(
    ("outlet", "may_be_on"),
    [
        ({"state": "empty"}, False),
        ({"state": "empty", "power_w": 0.9}, False),
        ({"state": "empty", "power_w": 1.0}, True),
        ({"state": "paused"}, True),
        ({"state": "starting"}, True),
    ],
)
def test_an_outlet_may_be_on_by_its_state_or_by_what_it_draws(outlet, may_be_on):
    assert OutletNow("LB-001", 1, **outlet).may_be_on is may_be_on


def test_a_heartbeat_carries_power_only_and_the_current_follows_it():
    outlet = OutletNow("LB-001", 1, power_w=100.0, current_ma=700)
    outlet.sample(50.0, NOW)
    assert (outlet.power_w, outlet.current_ma, outlet.sample_ms) == (50.0, 350, NOW)
    unmeasured = OutletNow("LB-001", 1)
    unmeasured.sample(50.0, NOW)
    assert unmeasured.current_ma is None


def test_an_outlet_that_does_not_exist_is_not_found():
    board = Board({"LB-001": a_pile()})
    assert board.outlet("LB-001", 1) is board.piles["LB-001"].outlets[1]
    assert board.outlet("LB-001", 3) is None
    assert board.outlet("LB-002", 1) is None
    assert len(board.outlets()) == 2
