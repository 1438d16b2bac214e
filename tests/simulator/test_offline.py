"""Without a link: what is kept, what gives way, in which order it comes back, what is repeated."""

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.buffer import BATCH_ROWS, EVENT_ROOM, ROW_ROOM, Buffer, Entry
from simulator.packs import Pack
from tests.simulator.stage import PILE, Stage, kind


def tails(stage: Stage) -> list[str]:
    return [u.publish.topic.rsplit("/", 1)[1] for u, _ in stage.desk.heard]


def cut(stage: Stage, seconds: int) -> Stage:
    stage.world.link_down(PILE, stage.now, stage.now + seconds * 1000)
    stage.pile.connection_lost(stage.now)
    stage.world.emit(PILE, [], stage.now)
    return stage


def test_readings_of_an_offline_hour_come_back_in_batches_of_six_under_a_kibibyte():
    stage = cut(Stage().charging().run(300), 3600).forget().run(3600 + 300)
    batches = [
        (u, b) for u, b in stage.desk.heard
        if u.publish.topic.endswith("/meter") and b.get("buffered")
    ]  # fmt: skip
    rows = [r for _, b in batches for r in b["readings"]]
    assert 58 <= len([r for r in rows if r["outlet"] == 1]) <= 68
    assert all(len(b["readings"]) <= BATCH_ROWS for _, b in batches)
    assert all(len(u.publish.payload) <= 1024 for u, _ in batches)
    times = [r["uptime_ms"] for r in rows]
    assert times == sorted(times)


def test_the_flush_is_at_most_five_messages_a_second():
    stage = cut(Stage().charging().run(300), 7200).forget().run(7200 + 300)
    at = [u.at for u, b in stage.desk.heard if b.get("buffered")]
    assert len(at) > 15
    for first in at:
        assert sum(first <= t < first + 1000 for t in at) <= 5


def test_settlements_come_back_first_then_events_then_readings():
    stage = cut(Stage().charging().run(300), 900)
    stage.unplug()
    stage.forget().run(1200)
    order = [t for t in tails(stage) if t in ("session", "outlet", "meter")]
    assert order.index("session") < order.index("outlet") < order.index("meter")
    event = stage.said("outlet")[0]
    assert event["buffered"] is True


def test_the_hello_counts_what_waits():
    stage = cut(Stage().charging().run(300), 1800).run(1740)
    stage.unplug()
    stage.forget().run(300)
    hello = stage.said("hello")[0]
    assert hello["buffered"] >= 25
    assert hello["settlements_unacked"] == 1


def test_heartbeats_are_never_kept():
    stage = cut(Stage().charging().run(300), 1800).forget().run(1790)
    assert stage.said("heartbeat") == []
    assert all(e.tail != "heartbeat" for e in stage.pile.core.flash.buffer.events)


def test_what_is_committed_is_dropped_and_what_lies_above_is_sent_again():
    stage = Stage().charging()
    stage.desk.commits = False
    stage.run(600)
    sent = [m["seq"] for m in stage.said("meter")]
    through = sent[-4]
    body = {"conn_id": stage.pile.core.conn_id, "boot_id": stage.pile.core.boot_id}
    stage.tell("committed", body | {"through_seq": through})
    cut(stage, 10).forget().run(60)
    again = [m["seq"] for m in stage.said("meter") if m["seq"] <= sent[-1]]
    assert again == sent[-3:]


def test_a_repeat_is_the_same_bytes_under_the_same_number():
    stage = Stage().charging()
    stage.desk.commits = False
    stage.run(600)
    first = {b["seq"]: u.publish.payload for u, b in stage.desk.heard
             if u.publish.topic.endswith(("/meter", "/outlet"))}  # fmt: skip
    cut(stage, 10).forget().run(60)
    again = [(b["seq"], u.publish.payload) for u, b in stage.desk.heard if b.get("seq") in first]
    assert len(again) > 8
    assert all(first[seq] == payload for seq, payload in again)


def test_what_the_service_misses_is_sent_again_at_once():
    stage = Stage().charging()
    stage.desk.commits = False
    stage.run(600)
    sent = [m["seq"] for m in stage.said("meter")]
    body = {"conn_id": stage.pile.core.conn_id, "boot_id": stage.pile.core.boot_id}
    stage.forget()
    stage.tell("committed", body | {"through_seq": sent[-1], "missing": [sent[2], sent[4]]})
    stage.run(5)
    assert [m["seq"] for m in stage.said("meter")][:2] == [sent[2], sent[4]]


def test_results_are_not_repeated_after_the_next_hello():
    stage = Stage().charging()
    stage.desk.commits = False
    cut(stage, 10).forget().run(60)
    assert stage.said("result") == []


def test_an_uplink_nobody_took_is_tried_again():
    """PUBACK 0x10: the broker had no subscriber."""
    stage = Stage().charging()
    stage.desk.commits = False
    stage.run(120)
    last = stage.said("meter")[-1]["seq"]
    stage.forget()
    stage.pile.not_delivered(stage.pile.core.boot_id, last, stage.now)
    stage.world.emit(PILE, [], stage.now)
    stage.run(40)
    assert stage.said("meter")[0]["seq"] == last


def test_readings_of_an_earlier_boot_come_under_that_boots_id():
    stage = cut(Stage().charging().run(300), 3600)
    old = stage.pile.core.boot_id
    stage.run(900).power(False).run(60).forget().power(True)
    stage.world.link_down(PILE, stage.now, stage.now)
    stage.run(4000)
    boots = {b["boot_id"] for b in stage.said("meter") if b.get("buffered")}
    assert old in boots
    assert stage.pile.core.boot_id != old
    numbers = [b["seq"] for b in stage.said("meter") if b["boot_id"] == old]
    assert len(numbers) == len(set(numbers))


# --- room ---


def row(n: int, reason: str = "interval") -> dict:
    return {"outlet": 1, "uptime_ms": n, "reason": reason}


def test_a_full_store_of_rows_drops_every_second_interval_and_keeps_the_turning_points():
    buffer = Buffer()
    for n in range(ROW_ROOM + 1):
        buffer.keep_row("b", row(n, "start" if n % 48 == 0 else "interval"))
    kept = [r for _, r in buffer.rows]
    assert sum(r["reason"] == "start" for r in kept) == 7
    assert len(kept) < ROW_ROOM * 0.6
    assert buffer.dropped == ROW_ROOM + 1 - len(kept)


def test_a_full_store_of_events_loses_the_oldest_and_says_how_many():
    buffer = Buffer()
    for n in range(EVENT_ROOM + 5):
        buffer.keep_event(Entry("b", n, "fault", b"{}", True))
    assert buffer.dropped == 5
    assert buffer.events[0].seq == 5


@given(st.lists(st.sampled_from(["row", "event", "flush", "commit", "hello"]), max_size=300),
       st.integers(0, 1000))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_nothing_is_forgotten_before_it_is_committed(deeds, seed):
    """Below its room the buffer loses nothing: what was never committed can still be flushed."""
    buffer, seqs, rng, given_rows, told = Buffer(), {}, Random(seed), 0, set()
    for deed in deeds:
        if deed == "row" and given_rows < 250:
            buffer.keep_row("b", row(given_rows))
            given_rows += 1
        elif deed == "event" and len(buffer.events) < 200:
            seqs["b"] = seqs.get("b", 0) + 1
            buffer.keep_event(Entry("b", seqs["b"], "fault", b"{}", True))
        elif deed == "flush":
            buffer.next_due(seqs, "b")
        elif deed == "hello":
            buffer.connection_begins()
        elif deed == "commit" and seqs.get("b"):
            through = rng.randrange(seqs["b"] + 1)
            sent = {e.seq for e in (*buffer.events, *buffer.meters) if e.sends}
            unsent = {e.seq for e in (*buffer.events, *buffer.meters) if not e.sends}
            missing = [n for n in unsent if n <= through]
            told |= {n for n in sent if n <= through}
            buffer.committed("b", through, missing)
    buffer.connection_begins()
    flushed = set()
    while buffer.has_due():
        entry = buffer.next_due(seqs, "b")
        flushed.add(entry.seq)
    assert flushed >= set(range(1, seqs.get("b", 0) + 1)) - told


@pytest.mark.parametrize(("watts", "goes_on"), [(300, True), (100, False)])
def test_without_the_service_an_outlet_takes_at_most_its_safe_share(watts, goes_on):
    stage = Stage().online()
    config = {"offline_max_power_w": watts}
    stage.command("config_set", if_rev=7, rev=8, config=config)
    stage.plug(1, 800)
    stage.start(1, "S1")
    stage.run(600)
    assert stage.relay_is_closed()
    cut(stage, 1200).run(600)
    assert stage.relay_is_closed() is goes_on
    stage.run(1200)
    assert {b["stop_reason"] for b in stage.said("session")} <= {"offline_limit"}


def test_while_the_link_is_dead_but_unnoticed_nothing_is_lost():
    stage = Stage().charging().run(300).forget()
    stage.world.link_down(PILE, stage.now, stage.now + 300_000)
    stage.run(900)
    rows = {r["uptime_ms"] for m in stage.said("meter") for r in m["readings"] if r["outlet"] == 1}
    assert len(rows) >= 14


def test_a_plug_in_during_the_outage_is_told_afterwards_with_its_own_time():
    stage = cut(Stage().online(), 600)
    stage.run(120)
    plugged = stage.pile.core.uptime(stage.now)
    stage.desk.take(stage.world.plug(PILE, 2, Pack(kind(), 300)))
    stage.run(900)
    event = stage.said("outlet")[0]
    assert (event["event"], event["uptime_ms"]) == ("plugged", plugged)
    assert json.dumps(event)
