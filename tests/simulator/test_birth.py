"""Birth and death of a connection (contract, section 4): will, state, hello, welcome, heartbeat."""

import json
from itertools import pairwise

import pytest

from simulator.core import PileConfig
from simulator.pile import Pile
from tests.simulator.stage import EVENING, PILE, Stage, bytes_of


def test_a_pile_is_born_with_state_then_hello_and_numbers_them_from_one():
    stage = Stage(deaf=True).run(20)
    first, second, third = stage.desk.heard[:3]
    assert first[0].publish.topic == f"pile/1/{PILE}/up/state"
    assert first[0].publish.retain
    assert first[0].publish.qos == 1
    assert first[1]["state"] == "online"
    assert second[0].publish.topic == f"pile/1/{PILE}/up/hello"
    assert second[1]["seq"] == 1
    assert second[1]["conn_id"] == first[1]["conn_id"]
    assert third[1]["readings"][0]["reason"] == "boot"


def test_the_will_is_a_retained_lost_with_the_connections_id():
    pile = Pile(PileConfig("LB-009"), 1)
    pile.power_back(EVENING)
    will = pile.prepare_connection()
    online = json.loads(pile.connect(EVENING + 8000)[0].payload)
    lost = json.loads(will.payload)
    assert will.topic == "pile/1/LB-009/up/state"
    assert will.retain
    assert (lost["state"], lost["conn_id"]) == ("lost", online["conn_id"])


def test_each_connection_has_its_own_id():
    pile = Pile(PileConfig("LB-009"), 1)
    pile.power_back(EVENING)
    ids = set()
    for n in range(5):
        ids.add(json.loads(pile.connect(EVENING + n * 60_000)[0].payload)["conn_id"])
        pile.connection_lost(EVENING + n * 60_000 + 30_000)
    assert len(ids) == 5


def test_hello_is_said_again_after_5_10_30_and_60_seconds_until_a_welcome():
    stage = Stage(deaf=True).run(250)
    times = stage.times("hello")
    gaps = [round(b - a) for a, b in pairwise(times)]
    assert gaps[:5] == [5, 10, 30, 60, 60]
    stage.desk.deaf = False
    stage.run(120)
    count = len(stage.said("hello"))
    stage.run(300)
    assert len(stage.said("hello")) == count


def test_a_welcome_for_another_connection_is_not_taken():
    stage = Stage(deaf=True).run(20)
    stage.tell("welcome", {"conn_id": "00000000", "server_time_utc": "2026-03-02T10:00:00.000Z"})
    assert not stage.pile.core.welcomed


def test_before_the_welcome_a_start_is_refused():
    stage = Stage(deaf=True).run(20)
    stage.plug()
    stage.desk.conn[PILE] = stage.pile.core.conn_id
    stage.desk.offset[PILE] = stage.pile.core.booted_ms
    stage.start()
    assert stage.results() == [("rejected", "not_welcome")]
    assert not stage.relay_is_closed()


def test_the_welcome_sets_the_intervals_and_drops_settlements_the_service_has():
    stage = Stage().charging()
    stage.desk.deaf = True
    stage.unplug()
    record = stage.pile.core.flash.settlements.records[0]
    stage.tell("welcome", {
        "conn_id": stage.pile.core.conn_id, "server_time_utc": "2026-03-02T10:00:00.000Z",
        "settlement_acked_seq": record["settlement_seq"], "heartbeat_s": 120, "meter_s": 30,
        "meter_idle_s": 600, "rebirth": False,
    })  # fmt: skip
    assert stage.pile.core.flash.settlements.records == []
    assert stage.pile.core.heartbeat_s == 120
    assert stage.pile.core.meter_s == 30


def test_a_rebirth_brings_config_states_faults_and_one_reading_for_each_outlet():
    stage = Stage().online().forget()
    stage.tell("welcome", {
        "conn_id": stage.pile.core.conn_id, "server_time_utc": "2026-03-02T10:00:00.000Z",
        "rebirth": True,
    })  # fmt: skip
    assert len(stage.said("config")) == 1
    assert [o["outlet"] for o in stage.said("heartbeat")[0]["outlets"]] == [1, 2]
    assert [r["outlet"] for r in stage.said("meter")[0]["readings"]] == [1, 2]


def test_heartbeats_come_each_minute_give_or_take_a_tenth_and_are_not_numbered():
    stage = Stage().online().run(3600)
    times = stage.times("heartbeat")
    gaps = [b - a for a, b in pairwise(times)]
    assert all(53.9 <= gap <= 66.1 for gap in gaps)
    assert max(gaps) - min(gaps) > 3
    assert all("seq" not in body and "last_seq" in body for body in stage.said("heartbeat"))


def test_the_numbers_of_a_boot_have_no_gap():
    stage = Stage().charging().run(3600)
    stage.unplug()
    numbers = [body["seq"] for _, body in stage.desk.heard if "seq" in body]
    assert numbers == list(range(1, len(numbers) + 1))
    assert stage.run(70).said("heartbeat")[-1]["last_seq"] >= len(numbers)


@pytest.mark.parametrize("tail", ["cmd", "welcome", "session_ack"])
def test_a_retained_message_under_down_is_ignored(tail):
    """Check 8: a retained start planted on down/cmd."""
    stage = Stage().online()
    stage.plug()
    before = len(stage.desk.heard)
    body = {
        "command_id": "X", "conn_id": stage.pile.core.conn_id, "cmd": "start", "outlet": 1,
        "valid_until_uptime_ms": 10**9, "session_id": "S9",
    }  # fmt: skip
    said = stage.world.deliver(PILE, f"pile/1/{PILE}/down/{tail}", bytes_of(body), True, stage.now)
    assert said == []
    assert len(stage.desk.heard) == before
    assert stage.pile.ignored == 1
    assert not stage.relay_is_closed()


@pytest.mark.parametrize("payload", [b"", b"{", b"[1]", b"\xff\xfe", b"null", b'{"cmd": 5}'])
def test_what_is_not_a_message_changes_nothing(payload):
    stage = Stage().online()
    before = len(stage.desk.heard)
    for tail in ("cmd", "welcome", "session_ack", "committed", "time", "card_result", "news"):
        topic = f"pile/1/{PILE}/down/{tail}"
        stage.desk.take(stage.world.deliver(PILE, topic, payload, False, stage.now))
    assert len(stage.desk.heard) == before
    assert stage.pile.core.welcomed


def test_unknown_fields_are_ignored():
    stage = Stage().online()
    stage.plug()
    stage.start(1, "S1", colour="green", nested={"a": [1]})
    assert stage.run(15).results() == [("accepted", None), ("done", None)]


def test_reconnecting_backs_off_to_two_minutes_with_jitter():
    stage = Stage().online()
    stage.world.link_down(PILE, stage.now, stage.now + 900_000)
    stage.pile.connection_lost(stage.now)
    waits, now = [], stage.now
    for _ in range(9):
        waits.append((stage.pile.connect_at - now) / 1000)
        now = stage.pile.connect_at
        stage.pile.connect_failed(now)
    for wait, planned in zip(waits, (2, 4, 8, 16, 32, 64, 120, 120, 120), strict=True):
        assert planned * 0.7 <= wait <= planned * 1.3


def test_38_piles_after_a_street_power_cut_do_not_come_in_one_second():
    stage = Stage(piles=38).run(60)
    for name in stage.world.piles:
        stage.world.power(name, False)
    stage.run(30).forget()
    for name in stage.world.piles:
        stage.world.power(name, True)
    stage.run(60)
    births = [u.at for u, b in stage.desk.heard if u.publish.topic.endswith("/up/hello")]
    assert len({u.pile for u, _ in stage.desk.heard}) == 38
    assert max(births) - min(births) > 3000
    assert all(pile.core.welcomed for pile in stage.world.piles.values())


def test_the_late_will_of_a_dead_connection_carries_its_old_id():
    """Check 10: the broker says lost 110 s later; by then the pile may have a new connection."""
    stage = Stage().online()
    old = stage.pile.core.conn_id
    stage.world.link_down(PILE, stage.now, stage.now + 20_000)
    stage.run(200)
    lost = [b for b in stage.said("state") if b["state"] == "lost"]
    assert [b["conn_id"] for b in lost] == [old]
    assert stage.said("state")[-1]["conn_id"] in (old, stage.pile.core.conn_id)
