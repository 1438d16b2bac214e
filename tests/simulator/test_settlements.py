"""Settlements are a debt of the pile: kept in flash and resent until the service has them."""

from itertools import pairwise

import pytest

from simulator.times import DAY
from tests.simulator.stage import Stage


def finished(**scenario) -> Stage:
    """A session has ended while nobody answers."""
    stage = Stage(**scenario).charging()
    stage.desk.deaf = True
    stage.unplug()
    return stage


def records(stage: Stage) -> list[dict]:
    return stage.pile.core.flash.settlements.records


def ack(stage: Stage, result: str, n: int = 0) -> None:
    record = records(stage)[n]
    stage.tell("session_ack", {"conn_id": stage.pile.core.conn_id, "acked": [{
        "settlement_seq": record["settlement_seq"], "session_id": record["session_id"],
        "result": result,
    }]})  # fmt: skip


def test_a_settlement_is_resent_by_the_contracts_times_until_acknowledged():
    stage = finished().run(4 * 3600)
    gaps = [round(b - a) for a, b in pairwise(stage.times("session"))]
    assert gaps[:8] == [30, 60, 120, 300, 900, 1800, 1800, 1800]


def test_copies_differ_in_their_attempt_only():
    stage = finished().run(600)
    copies = [dict(body) for body in stage.said("session")]
    assert [copy.pop("attempt") for copy in copies] == list(range(1, len(copies) + 1))
    assert all(copy == copies[0] for copy in copies)


@pytest.mark.parametrize("word", ["stored", "duplicate", "held"])
def test_stored_duplicate_and_held_end_the_debt(word):
    stage = finished().run(5)
    ack(stage, word)
    assert records(stage) == []
    stage.forget().run(2 * 3600)
    assert stage.said("session") == []


def test_later_keeps_it_and_tries_again_in_ten_minutes():
    """Check 22: the service's disk is full."""
    stage = finished().run(5)
    ack(stage, "later")
    stage.forget()
    asked = stage.now
    stage.run(3600)
    first = next(u.at for u, b in stage.desk.heard if u.publish.topic.endswith("/session"))
    assert first - asked == 600_000
    assert len(records(stage)) == 1


def test_an_ack_of_another_session_deletes_nothing():
    stage = finished().run(5)
    record = records(stage)[0]
    for seq, session_id in (
        (record["settlement_seq"], "S9"), (record["settlement_seq"] + 1, "S1"), ("x", None),
    ):  # fmt: skip
        stage.tell("session_ack", {"conn_id": "?", "acked": [
            {"settlement_seq": seq, "session_id": session_id, "result": "stored"}, 7, "x",
        ]})  # fmt: skip
    assert len(records(stage)) == 1


def test_an_unknown_word_in_an_ack_keeps_the_record():
    stage = finished().run(5)
    ack(stage, "perhaps")
    assert len(records(stage)) == 1


def test_settlements_go_oldest_first_and_the_next_a_second_after_the_ack():
    stage = Stage().online()
    stage.desk.deaf = True
    for n in range(3):
        stage.plug()
        stage.start(1, f"S{n}")
        stage.run(15)
        stage.unplug()
    stage.desk.deaf = False
    stage.forget()
    ack(stage, "stored")
    acked = stage.now
    stage.run(60)
    sent = [(u.at - acked, b["session_id"]) for u, b in stage.desk.heard
            if u.publish.topic.endswith("/session")]  # fmt: skip
    assert sent == [(1000, "S1"), (2000, "S2")]


def test_after_a_boot_it_waits_two_seconds_and_up_to_ten_of_jitter():
    delays = []
    for seed in range(12):
        stage = finished(seed=seed).power(False).run(10).forget()
        stage.desk.deaf = False
        stage.power(True).run(60)
        welcomed = stage.times("hello")[-1]
        delays.append(stage.times("session")[0] - welcomed)
    assert all(2.0 <= delay <= 12.0 for delay in delays)
    assert max(delays) - min(delays) > 3


def test_it_survives_any_number_of_power_cuts():
    stage = finished()
    for _ in range(4):
        stage.power(False).run(300).power(True).run(60)
    assert len(records(stage)) == 1
    stage.desk.deaf = False
    stage.run(3 * 3600)
    assert records(stage) == []
    assert len(stage.desk.settlements) == 1


def test_the_numbers_rise_by_one_so_a_hole_would_be_seen():
    stage = Stage().online()
    for n in range(5):
        stage.plug()
        stage.start(1, f"S{n}")
        stage.run(20)
        stage.unplug()
        stage.run(5)
    numbers = sorted(seq for _, seq in stage.desk.settlements)
    assert numbers == list(range(numbers[0], numbers[0] + 5))


def test_a_full_store_is_never_overwritten_and_refuses_starts():
    stage = Stage().online()
    sample = {"settlement_seq": 1, "attempt": 1, "session_id": "OLD"}
    store = stage.pile.core.flash.settlements
    store.records = [sample | {"settlement_seq": n, "session_id": f"O{n}"} for n in range(63)]
    stage.desk.deaf = True
    stage.plug()
    stage.start(1, "S1")
    stage.run(15)
    stage.unplug()
    assert len(store.records) == 64
    assert stage.said("fault")[-1]["code"] == "storage_full"
    stage.plug()
    stage.start(1, "S2")
    assert stage.results()[-1] == ("rejected", "storage_fault")
    ack(stage, "stored")
    assert stage.said("fault")[-1]["active"] is False


def test_a_service_that_is_away_for_a_day_gets_every_settlement():
    """Check 21, the pile's part."""
    stage = Stage(bikes=40, piles=10).run(3600)
    stage.desk.deaf = True
    stage.run(DAY / 1000)
    truth = stage.world.oracle.sessions
    ended = {s.session_id for s in truth.values() if s.ended_ms is not None}
    stage.desk.deaf = False
    stage.run(2 * 3600)
    assert ended <= {b["session_id"] for b in stage.desk.settlements.values()}
