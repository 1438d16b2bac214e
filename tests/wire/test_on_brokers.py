"""The wire on real brokers, in stories: Mosquitto with the deployed files, and the demo broker."""

import time
from typing import Any

from service.piles.messages import Outgoing, topic_down
from service.wire.plan import CONTROL_FILTERS, TELEMETRY_FILTERS
from tests.support.processes import Mosquitto
from tests.wire.conductors import Recorder, pile_on, wait_until, wire_on

COMMAND = topic_down("LB-001", "cmd")


def test_every_message_of_the_contract_is_heard_once(broker: Any):
    recorder = Recorder()
    with wire_on(broker.port, recorder), pile_on(broker.port) as pile:
        tails = [*TELEMETRY_FILTERS, *CONTROL_FILTERS]
        for tail in tails:
            pile.says(tail, tail.encode(), qos=0 if tail in ("heartbeat", "time") else 1)
        wait_until(lambda: len(recorder.heard) >= len(tails))
        time.sleep(0.1)
    assert sorted(recorder.topics()) == sorted(f"pile/1/LB-001/up/{tail}" for tail in tails)
    assert sorted(recorder.payloads()) == sorted(tail.encode() for tail in tails)


def test_a_message_carries_when_it_was_heard_and_whether_it_was_retained(broker: Any):
    recorder = Recorder()
    with pile_on(broker.port) as pile:
        pile.says("state", b"kept", retain=True)
        before = int(time.time() * 1000)
        with wire_on(broker.port, recorder):
            wait_until(lambda: recorder.heard)
            pile.says("state", b"live", retain=True)
            wait_until(lambda: len(recorder.heard) == 2)
    kept, live = recorder.heard
    assert (kept.payload, kept.retain) == (b"kept", True)
    assert (live.payload, live.retain) == (b"live", False)
    assert before <= kept.received_ms <= live.received_ms <= before + 10_000


def test_an_answer_reaches_the_pile_with_its_expiry(broker: Any):
    recorder = Recorder(
        reply=lambda heard: Outgoing(topic_down("LB-001", "welcome"), b"hello", 1, expires_s=60)
    )
    with wire_on(broker.port, recorder), pile_on(broker.port) as pile:
        pile.says("hello")
        wait_until(lambda: pile.told)
    told: Any = pile.told[0]
    assert (told.topic, told.payload) == ("pile/1/LB-001/down/welcome", b"hello")
    assert told.properties.MessageExpiryInterval in (59, 60)
    assert told.properties.ContentType == "application/json"


def test_an_answer_to_telemetry_goes_by_the_lane_that_sends(broker: Any):
    recorder = Recorder(
        reply=lambda heard: Outgoing(topic_down("LB-001", "committed"), b"{}", 0, expires_s=60)
    )
    with wire_on(broker.port, recorder) as wire, pile_on(broker.port) as pile:
        pile.says("meter")
        wait_until(lambda: pile.told)
        health = wire.health()
    assert (health.telemetry.counts.sent, health.control.counts.sent) == (0, 1)


def test_a_command_leaves_when_the_wire_is_woken_and_is_reported_once_the_broker_has_it(
    broker: Any,
):
    recorder = Recorder()
    with wire_on(broker.port, recorder) as wire, pile_on(broker.port) as pile:
        recorder.due.append(Outgoing(COMMAND, b"start", 1, 30, "C1"))
        wire.wake()
        wait_until(lambda: recorder.sent == ["C1"])
        wait_until(lambda: pile.told)
        assert [message.payload for message in pile.told] == [b"start"]


def test_a_command_leaves_within_half_a_second_even_if_nobody_wakes_the_wire(broker: Any):
    recorder = Recorder()
    with wire_on(broker.port, recorder), pile_on(broker.port) as pile:
        recorder.due.append(Outgoing(COMMAND, b"start", 1, 30, "C1"))
        wait_until(lambda: pile.told, seconds=1.5)


def test_commands_wait_in_the_outbox_while_there_is_no_broker(mosquitto: Mosquitto):
    recorder = Recorder(due=[Outgoing(COMMAND, b"start", 1, 30, "C1")])
    mosquitto.stop()
    with wire_on(mosquitto.port, recorder, wait=False) as wire:
        wire.wake()
        time.sleep(0.3)
        assert recorder.sent == []
        assert not wire.health().connected
        mosquitto.start()
        with pile_on(mosquitto.port) as pile:
            wait_until(lambda: wire.health().connected and pile.told)
        assert recorder.sent == ["C1"]


def test_what_was_sent_while_the_service_was_away_is_heard_when_it_returns(broker: Any):
    recorder = Recorder()
    with wire_on(broker.port, recorder):
        pass
    with pile_on(broker.port) as pile:
        for number in range(50):
            pile.says("meter", b"%d" % number)
            pile.says("session", b"%d" % number)
    with wire_on(broker.port, recorder) as wire:
        wait_until(lambda: len(recorder.heard) == 100)
        assert wire.health().telemetry.session_durable
    by_lane = [
        [heard.payload for heard in recorder.heard if heard.topic.endswith(tail)]
        for tail in ("meter", "session")
    ]
    assert by_lane == [[b"%d" % number for number in range(50)]] * 2, "in order, each once"


def test_a_broker_that_restarts_in_mid_flow_is_found_again_and_loses_nothing(
    mosquitto: Mosquitto,
):
    recorder = Recorder()
    with wire_on(mosquitto.port, recorder) as wire, pile_on(mosquitto.port) as pile:
        pile.client.reconnect_delay_set(1, 1)
        for number in range(400):
            pile.client.publish("pile/1/LB-001/up/meter", b"%d" % number, 1)
            if number == 200:
                mosquitto.stop()
                mosquitto.start()
        expected = {b"%d" % number for number in range(400)}
        wait_until(lambda: expected <= set(recorder.payloads()), 20)
        health = wire.health()
    assert health.telemetry.counts.losses == health.control.counts.losses == 1
    assert health.telemetry.counts.sessions_lost == 0, "clean start was off from the first time"


def test_after_a_killed_broker_forgot_us_we_subscribe_anew(mosquitto: Mosquitto):
    recorder = Recorder()
    with wire_on(mosquitto.port, recorder) as wire:
        mosquitto.kill()
        for kept in (mosquitto.folder / "kept").iterdir():
            kept.unlink()
        mosquitto.start()
        wait_until(lambda: not wire.health().connected)
        wait_until(lambda: wire.health().connected)
        with pile_on(mosquitto.port) as pile:
            pile.says("meter")
            pile.says("hello")
            wait_until(lambda: len(recorder.heard) == 2)
        assert wire.health().telemetry.counts.sessions_lost == 1


def test_nothing_is_acknowledged_before_it_is_taken(broker: Any):
    """While take fails, the broker still has all of it; a second service finds every message."""
    broken = Recorder(breaks_with=OSError("database is locked"))
    with wire_on(broker.port, broken) as wire, pile_on(broker.port) as pile:
        for number in range(300):
            pile.client.publish("pile/1/LB-001/up/meter", b"%d" % number, 1)
        wait_until(lambda: wire.health().telemetry.counts.take_failures >= 3)
        health = wire.health().telemetry
        assert (health.counts.acknowledged, health.counts.taken) == (0, 0)
        assert health.failing_s > 0
    sound = Recorder()
    with wire_on(broker.port, sound) as wire:
        wait_until(lambda: len(sound.heard) == 300)
        wait_until(lambda: wire.health().telemetry.counts.acknowledged == 300)
    assert sound.payloads() == [b"%d" % number for number in range(300)]
    third = Recorder()
    with wire_on(broker.port, third):
        time.sleep(0.2)
    assert third.heard == [], "what was acknowledged does not come again"


def test_a_database_that_is_down_for_three_seconds_loses_nothing_and_keeps_the_link(broker: Any):
    recorder = Recorder(breaks_with=OSError("database is locked"))
    with wire_on(broker.port, recorder) as wire, pile_on(broker.port) as pile:
        until = time.monotonic() + 3
        number = 0
        while time.monotonic() < until:
            pile.says("meter", b"%d" % number)
            pile.says("result", b"%d" % number)
            number += 1
            time.sleep(0.02)
        assert wire.health().telemetry.counts.acknowledged == 0
        assert wire.health().inbox == 2 * number
        recorder.breaks_with = None
        wait_until(lambda: len(recorder.heard) == 2 * number)
        health = wire.health()
        assert health.failing_s == 0
        assert health.telemetry.generation == 2, "the same connection all the time"


def test_a_message_that_breaks_its_batch_is_set_aside_and_the_others_are_taken(broker: Any):
    recorder = Recorder()

    def breaks_on_poison(heard: Any) -> None:
        if any(message.payload == b"poison" for message in heard):
            raise ValueError("cannot be stored")

    recorder.before_take = breaks_on_poison
    with wire_on(broker.port, recorder) as wire, pile_on(broker.port) as pile:
        for payload in (b"1", b"2", b"poison", b"3"):
            pile.client.publish("pile/1/LB-001/up/meter", payload, 1)
        wait_until(lambda: len(recorder.heard) == 3)
        wait_until(lambda: wire.health().telemetry.counts.acknowledged == 4)
    assert [heard.payload for heard, _ in recorder.aside] == [b"poison"]


def test_a_full_inbox_stops_the_reading_and_nothing_is_lost(broker: Any):
    recorder = Recorder(breaks_with=OSError("database is locked"))
    few = {"inbox_limit": 50, "batch_messages": 10}
    with wire_on(broker.port, recorder, **few) as wire, pile_on(broker.port) as pile:
        for number in range(500):
            pile.client.publish("pile/1/LB-001/up/meter", b"%d" % number, 1)
        wait_until(lambda: wire.health().telemetry.counts.full)
        time.sleep(0.2)
        assert wire.health().telemetry.inbox == 50
        recorder.breaks_with = None
        wait_until(lambda: len(recorder.heard) == 500)
        assert wire.health().telemetry.counts.full >= 1


def test_an_over_size_publish_leaves_the_link_up_in_both_directions(broker: Any):
    recorder = Recorder()
    with wire_on(broker.port, recorder) as wire, pile_on(broker.port) as pile:
        pile.says("meter", b"x" * 60_000)
        recorder.due.append(Outgoing(COMMAND, b"x" * 60_000, 1, 30, "C1"))
        wire.wake()
        wait_until(lambda: recorder.sent == ["C1"])
        pile.says("meter", b"after")
        recorder.due.append(Outgoing(COMMAND, b"after", 1, 30, "C2"))
        wire.wake()
        wait_until(lambda: len(pile.told) == 1 and len(recorder.heard) == 2)
        health = wire.health()
    assert pile.told[0].payload == b"after"
    assert health.control.counts.oversize == 1
    assert [lane.counts.losses for lane in health.lanes] == [0, 0]


def test_a_message_beyond_the_broker_s_own_limit_costs_its_sender_the_link_not_us(
    mosquitto: Mosquitto,
):
    recorder = Recorder()
    with wire_on(mosquitto.port, recorder) as wire:
        with pile_on(mosquitto.port) as pile:
            pile.client.publish("pile/1/LB-001/up/meter", b"x" * 70_000, 1)
            time.sleep(0.2)
        with pile_on(mosquitto.port) as pile:
            pile.says("meter", b"after")
            wait_until(lambda: recorder.payloads() == [b"after"])
        assert [lane.counts.losses for lane in wire.health().lanes] == [0, 0]


def test_a_retained_command_is_shown_to_the_conductor_and_our_own_are_not(broker: Any):
    recorder = Recorder()
    with pile_on(broker.port, "core") as stranger:
        stranger.client.publish(COMMAND, b"planted", 1, retain=True).wait_for_publish(5)
        with wire_on(broker.port, recorder) as wire:
            wait_until(lambda: recorder.heard)
            recorder.due.append(Outgoing(COMMAND, b"ours", 1, 30, "C1"))
            wire.wake()
            wait_until(lambda: recorder.sent == ["C1"])
            stranger.client.publish(
                topic_down("LB-002", "cmd"), b"planted live", 1, retain=True
            ).wait_for_publish(5)
            wait_until(lambda: len(recorder.heard) == 2)
            stranger.client.publish(COMMAND, b"not ours", 1).wait_for_publish(5)
            wait_until(lambda: wire.health().control.counts.foreign_downlinks)
            time.sleep(0.1)
            counts = wire.health().control.counts
    assert recorder.payloads() == [b"planted", b"planted live"]
    assert all(heard.retain for heard in recorder.heard)
    assert (counts.retained_downlinks, counts.foreign_downlinks) == (2, 1)


def test_the_end_is_clean_and_quick_also_with_work_in_hand(broker: Any):
    recorder = Recorder(
        reply=lambda heard: Outgoing(topic_down("LB-001", "session_ack"), heard.payload)
    )
    with pile_on(broker.port) as pile:
        with wire_on(broker.port, recorder, batch_wait_ms=5000) as wire:
            pile.says("meter", b"in the inbox")
            pile.says("session", b"answered")
            time.sleep(0.1)
            began = time.monotonic()
            assert wire.stop()
            assert time.monotonic() - began < 2
        wait_until(lambda: len(pile.told) == 2)
    assert sorted(recorder.payloads()) == [b"answered", b"in the inbox"]
    again = Recorder()
    with wire_on(broker.port, again):
        time.sleep(0.2)
    assert again.heard == [], "it was acknowledged before the goodbye"


def test_the_end_is_quick_while_the_database_or_the_broker_is_down(mosquitto: Mosquitto):
    recorder = Recorder(breaks_with=OSError("database is locked"))
    with wire_on(mosquitto.port, recorder) as wire, pile_on(mosquitto.port) as pile:
        pile.says("meter")
        wait_until(lambda: wire.health().telemetry.counts.take_failures)
        mosquitto.stop()
        wait_until(lambda: not wire.health().connected)
        began = time.monotonic()
        assert wire.stop()
        assert time.monotonic() - began < 2


def test_the_same_holds_over_tls_with_the_pinned_authority(mosquitto: Mosquitto):
    recorder = Recorder()
    secured = {"mqtt_tls_ca": mosquitto.ca_file, "batch_messages": 20}
    with wire_on(mosquitto.tls_port, recorder, **secured) as wire, pile_on(mosquitto.port) as pile:
        for number in range(300):
            pile.client.publish("pile/1/LB-001/up/meter", b"%d" % number, 1)
        recorder.due.append(Outgoing(COMMAND, b"start", 1, 30, "C1"))
        wire.wake()
        wait_until(lambda: len(recorder.heard) == 300 and pile.told)
        wait_until(lambda: wire.health().telemetry.counts.acknowledged == 300)
    assert recorder.payloads() == [b"%d" % number for number in range(300)]


def test_a_broker_with_another_authority_is_not_spoken_to(mosquitto: Mosquitto):
    recorder = Recorder()
    elsewhere = mosquitto.folder / "certs" / "server.crt"
    with wire_on(
        mosquitto.tls_port, recorder, wait=False, mqtt_tls_ca=elsewhere, mqtt_host="localhost"
    ) as wire:
        wait_until(lambda: wire.health().control.counts.refusals)
        assert not wire.health().connected


def test_a_wrong_password_is_refused_and_tried_again_later(mosquitto: Mosquitto):
    recorder = Recorder()
    with wire_on(mosquitto.port, recorder, wait=False, mqtt_user="LB") as wire:
        wait_until(lambda: wire.health().control.counts.refusals)
        time.sleep(0.2)
        health = wire.health()
    assert not health.connected
    assert health.control.mqtt5, "a refusal of the login says nothing about the version"
    assert health.control.generation <= 2
