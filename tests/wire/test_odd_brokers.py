"""Brokers that refuse MQTT 5, fall silent, forget us or stop short; and a wire that copes."""

import time

import pytest

from service.piles.messages import Outgoing, topic_down
from service.wire import dialler, link, timing
from service.wire.plan import DOWNLINKS
from tests.wire.conductors import Recorder, wait_until, wire_on
from tests.wire.scripted_broker import scripted_broker

COMMAND = topic_down("LB-001", "cmd")


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialler.Backoff, "wait_s", lambda self: 0.05)


@pytest.mark.parametrize("says_why", [True, False], ids=["with a reason", "without a word"])
def test_a_broker_that_refuses_mqtt_5_is_spoken_to_in_3_1_1(says_why: bool):
    recorder = Recorder(due=[Outgoing(COMMAND, b"start", 1, 30, "C1")])
    with (
        scripted_broker(speaks5=False, says_why=says_why) as broker,
        wire_on(broker.port, recorder) as wire,
    ):
        wait_until(lambda: recorder.sent == ["C1"])
        health = wire.health()
        assert [lane.mqtt5 for lane in health.lanes] == [False, False]
        assert (COMMAND, b"start") in broker.published
        wait_until(lambda: wire.health().control.loopback_age_s < 5)
        levels = [level for name, level in broker.connects if name == "core-control"]
        assert levels[0] == 5
        assert levels[-1] == 4


def test_on_3_1_1_our_own_commands_that_come_back_are_not_taken_for_anything():
    recorder = Recorder()
    with scripted_broker(speaks5=False) as broker, wire_on(broker.port, recorder) as wire:
        control = next(one for one in reversed(broker.links) if one.name == "core-control")
        control.hears(COMMAND, b"echo")
        control.hears(COMMAND, b"kept", first=0x31)
        wait_until(lambda: recorder.heard)
        assert recorder.payloads() == [b"kept"], "the retained one is shown"
        assert wire.health().control.counts.foreign_downlinks == 0


def test_after_a_loss_mqtt_5_is_tried_again_first():
    recorder = Recorder()
    with scripted_broker(speaks5=False) as broker, wire_on(broker.port, recorder) as wire:
        broker.speaks5 = True
        for one in broker.links:
            one.hang_up()
        wait_until(lambda: wire.health().control.mqtt5 and wire.health().connected)


def test_a_link_on_which_nothing_comes_back_is_replaced(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(timing, "LOOPBACK_EVERY_S", 0.1)
    monkeypatch.setattr(timing, "LOOPBACK_LOST_S", 0.5)
    monkeypatch.setattr("service.wire.lane.LONGEST_WAIT_S", 0.05)
    recorder = Recorder()
    with scripted_broker() as broker, wire_on(broker.port, recorder) as wire:
        time.sleep(0.7)
        assert wire.health().control.counts.replaced == 0, "it does come back"
        broker.routes = False
        before = wire.health().control.generation
        wait_until(lambda: wire.health().control.counts.replaced >= 1)
        assert wire.health().loopback_age_s >= 0.5
        broker.routes = True
        wait_until(lambda: wire.health().connected and wire.health().loopback_age_s < 0.4)
        assert wire.health().control.generation > before


def test_a_broker_that_keeps_no_session_is_found_out_at_the_start():
    recorder = Recorder()
    with (
        scripted_broker(keeps_sessions=False) as broker,
        wire_on(broker.port, recorder) as wire,
    ):
        assert [lane.session_durable for lane in wire.health().lanes] == [False, False]
        assert len(broker.connects) == 4, "each lane came twice, and no more"


def test_a_session_the_broker_knows_costs_no_second_connection():
    with scripted_broker(sessions={"core-control", "core-telemetry"}) as broker:
        with wire_on(broker.port, Recorder()) as wire:
            assert [lane.session_durable for lane in wire.health().lanes] == [True, True]
        assert len(broker.connects) == 2


def test_each_connection_subscribes_whatever_the_broker_remembers():
    with scripted_broker() as broker, wire_on(broker.port, Recorder()):
        of_control = [topics for name, topics in broker.subscriptions if name == "core-control"]
        assert len(of_control) == 2
        assert of_control[0] == of_control[1]
        assert DOWNLINKS in of_control[0]
        last_of_each = dict(broker.subscriptions)
        assert len(last_of_each) == 2
        everything = [topic for topics in last_of_each.values() for topic in topics]
        assert len(set(everything)) == len(everything), "the lanes never overlap"
        assert not [topic for topic in everything if topic.endswith("up/#")]


def test_a_broker_that_accepts_and_then_says_nothing_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(link, "GREETING_S", 0.2)
    monkeypatch.setattr("service.wire.lane.LONGEST_WAIT_S", 0.05)
    with (
        scripted_broker(greets=False) as broker,
        wire_on(broker.port, Recorder(), wait=False) as wire,
    ):
        wait_until(lambda: len(broker.connects) > 3)
        assert not wire.health().connected
        broker.greets = True
        wait_until(lambda: wire.health().connected)


def test_a_refused_subscription_is_not_called_connected():
    with (
        scripted_broker(grants=False) as broker,
        wire_on(broker.port, Recorder(), wait=False) as wire,
    ):
        wait_until(lambda: wire.health().control.counts.refusals >= 2)
        assert not wire.health().connected
        broker.grants = True
        wait_until(lambda: wire.health().connected)


def test_a_broker_s_announced_limit_is_kept():
    recorder = Recorder()
    with scripted_broker(largest_packet=200) as broker, wire_on(broker.port, recorder) as wire:
        recorder.due += [
            Outgoing(COMMAND, b"x" * 300, 1, 30, "C1"), Outgoing(COMMAND, b"small", 1, 30, "C2"),
        ]  # fmt: skip
        wire.wake()
        wait_until(lambda: set(recorder.sent) == {"C1", "C2"})
        sent = [payload for topic, payload in broker.published if topic == COMMAND]
        assert sent == [b"small"]
        assert wire.health().control.counts.oversize == 1


def test_a_message_for_which_the_broker_hangs_up_as_too_large_is_not_sent_for_ever():
    recorder = Recorder()
    with (
        scripted_broker(drops_on_publish=b"too large") as broker,
        wire_on(broker.port, recorder) as wire,
    ):
        recorder.due.append(Outgoing(COMMAND, b"too large", 1, 30, "C1"))
        wire.wake()
        wait_until(lambda: recorder.sent == ["C1"])
        recorder.due.append(Outgoing(COMMAND, b"after", 1, 30, "C2"))
        wait_until(lambda: recorder.sent == ["C1", "C2"])
        sent = [payload for topic, payload in broker.published if topic == COMMAND]
        assert sent == [b"too large", b"after"]
        assert wire.health().control.counts.given_up == 1


def test_on_3_1_1_such_a_message_is_tried_three_times():
    recorder = Recorder(due=[Outgoing(COMMAND, b"too large", 1, 30, "C1")])
    with (
        scripted_broker(speaks5=False, drops_on_publish=b"too large") as broker,
        wire_on(broker.port, recorder, wait=False),
    ):
        wait_until(lambda: recorder.sent == ["C1"])
        sent = [payload for topic, payload in broker.published if topic == COMMAND]
        assert sent == [b"too large"] * 3


def test_what_an_older_connection_brought_is_taken_but_never_acknowledged_on_the_newer():
    recorder = Recorder(breaks_with=OSError("database is locked"))
    with (
        scripted_broker(sessions={"core-control", "core-telemetry"}) as broker,
        wire_on(broker.port, recorder) as wire,
    ):
        lane = next(one for one in broker.links if one.name == "core-telemetry")
        lane.hears("pile/1/LB-001/up/meter", b"old", packet_id=7, first=0x32)
        wait_until(lambda: wire.health().telemetry.inbox == 1)
        lane.hang_up()
        wait_until(lambda: wire.health().telemetry.generation == 2)
        wait_until(lambda: wire.health().connected)
        newer = broker.links[-1]
        newer.hears("pile/1/LB-001/up/meter", b"new", packet_id=8, first=0x32)
        recorder.breaks_with = None
        wait_until(lambda: recorder.payloads() == [b"old", b"new"])
        wait_until(lambda: broker.acknowledged)
        time.sleep(0.1)
        assert broker.acknowledged == [8]
        assert wire.health().telemetry.counts.unacknowledged == 1


def test_a_topic_that_is_not_text_reaches_the_conductor_as_one_that_nobody_speaks():
    recorder = Recorder()
    with scripted_broker() as broker, wire_on(broker.port, recorder):
        lane = next(one for one in reversed(broker.links) if one.name == "core-telemetry")
        lane.say(0x30, b"\x00\x04\xff\xfe\xfd\xfc" + b"\x00" + b"{}")
        wait_until(lambda: recorder.heard)
        assert recorder.topics() == ["(not UTF-8)"]


def test_garbage_from_the_broker_ends_the_connection_and_nothing_else():
    recorder = Recorder()
    with scripted_broker() as broker, wire_on(broker.port, recorder) as wire:
        for garbage in (
            b"\xff\xff\xff\xff\xff\xff",
            b"\x30\x02\x00\xff",
            b"\x40\x01\x00",
            b"\xf0\x00",
        ):
            wait_until(lambda: wire.health().connected)
            before = wire.health().telemetry.generation
            lane = next(one for one in reversed(broker.links) if one.name == "core-telemetry")
            lane.request.sendall(garbage)
            wait_until(lambda: wire.health().telemetry.generation > before)  # noqa: B023
        wait_until(lambda: wire.health().connected)


def test_an_outbox_that_cannot_be_asked_or_told_is_asked_and_told_again():
    class Shaky(Recorder):
        broken = True

        def commands_due(self) -> list[Outgoing]:
            if self.broken:
                raise OSError("database is locked")
            return list(super().commands_due())

        def command_sent(self, command_ids: list[str]) -> None:  # type: ignore[override]
            if self.broken:
                raise OSError("database is locked")
            super().command_sent(command_ids)

    recorder = Shaky(due=[Outgoing(COMMAND, b"start", 1, 30, "C1")])
    with scripted_broker() as broker, wire_on(broker.port, recorder) as wire:
        wait_until(lambda: wire.health().control.counts.command_failures)
        recorder.broken = False
        wait_until(lambda: broker.published[-1:] == [(COMMAND, b"start")])
        wait_until(lambda: recorder.sent == ["C1"])
        assert [topic for topic, _ in broker.published].count(COMMAND) == 1
