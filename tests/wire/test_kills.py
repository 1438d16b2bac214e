"""Real processes and real kills: what the broker was told is acknowledged is in the table, once."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench.raw_publisher import RawPublisher, meter_packets, publish_packet
from tests.support.processes import ROOT, Mosquitto
from tests.wire.child import open_table
from tests.wire.conductors import PASSWORD, Recorder, pile_on, wait_until, wire_on


@contextlib.contextmanager
def service(port: int, path: Path, **env: str) -> Iterator["subprocess.Popen[str]"]:
    """The child, connected when the block begins (unless it died on the way), killed at its end."""
    command = [sys.executable, "-m", "tests.wire.child", str(port), str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **env}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            assert process.stdout
            process.stdout.readline()
            yield process
        finally:
            process.kill()


def stored(path: Path) -> tuple[int, int]:
    """How many different messages are kept, and how many came more than once."""
    connection = open_table(path)
    found = connection.execute("select count(*), coalesce(sum(times > 1), 0) from told").fetchone()
    connection.close()
    return tuple(found)


def in_the_background(
    publisher: RawPublisher, packets: list[bytes], **how: Any
) -> threading.Thread:
    thread = threading.Thread(target=publisher.run, args=(packets,), kwargs=how)
    thread.start()
    return thread


def test_of_six_thousand_messages_none_is_lost_with_the_service_killed_four_times(
    broker: Any, tmp_path: Path
):
    path, count = tmp_path / "told.db", 6000
    with service(broker.port, path):
        pass  # the session exists: from here on the broker queues for us
    publisher = RawPublisher(broker.port, password=PASSWORD, window=500)
    thread = in_the_background(publisher, meter_packets(count), rate=1500)
    for _ in range(4):
        with service(broker.port, path):
            time.sleep(0.3)
    with service(broker.port, path):
        thread.join()
        wait_until(lambda: stored(path)[0] == count, 30)
    assert publisher.acknowledged == count


@pytest.mark.parametrize("point", ["received", "committed", "acknowledged"])
def test_a_death_at_each_step_of_a_batch_loses_nothing(
    point: str, mosquitto: Mosquitto, tmp_path: Path
):
    path, count = tmp_path / "told.db", 1500
    with service(mosquitto.port, path):
        pass
    publisher = RawPublisher(mosquitto.port, password=PASSWORD)
    thread = in_the_background(publisher, meter_packets(count), rate=1500)
    crash = {"BEIMEN_CRASH_POINTS": "on", "BEIMEN_CRASH_AT": f"{point}:3"}
    with service(mosquitto.port, path, **crash) as dying:
        assert dying.wait(30) == 137
    with service(mosquitto.port, path):
        thread.join()
        wait_until(lambda: stored(path)[0] == count, 20)
    if point == "committed":
        assert stored(path)[1] > 0, "what was stored and not acknowledged came again, and was free"


def test_a_death_between_sending_a_command_and_recording_it_sends_it_again_with_the_same_id(
    mosquitto: Mosquitto, tmp_path: Path
):
    path = tmp_path / "told.db"
    with pile_on(mosquitto.port) as pile:
        crash = {"BEIMEN_CRASH_POINTS": "on", "BEIMEN_CRASH_AT": "published"}
        with service(mosquitto.port, path, **crash) as dying:
            assert dying.wait(30) == 137
        assert not path.with_suffix(".sent").exists()
        with service(mosquitto.port, path):
            wait_until(lambda: path.with_suffix(".sent").exists())
        wait_until(lambda: len(pile.told) == 2)
    assert [message.payload for message in pile.told] == [b"start", b"start"]


def test_a_pile_that_repeats_what_a_killed_broker_forgot_gets_everything_stored(
    mosquitto: Mosquitto,
):
    """A PUBACK is not a receipt: the pile sends again what was not committed, and it is free."""
    recorder = Recorder()
    packets = [
        publish_packet("pile/1/LB-001/up/meter", b"%d" % number, number)
        for number in range(1, 3001)
    ]
    with wire_on(mosquitto.port, recorder) as wire:
        publisher = RawPublisher(mosquitto.port, password=PASSWORD, window=200)
        thread = in_the_background(publisher, packets, rate=3000)
        for _ in range(2):
            time.sleep(0.3)
            mosquitto.kill()
            mosquitto.start()
        thread.join()
        wait_until(lambda: wire.health().connected)
        everything = {b"%d" % number for number in range(1, 3001)}
        deadline = time.monotonic() + 1
        while not everything <= set(recorder.payloads()) and time.monotonic() < deadline:
            time.sleep(0.02)
        missing = everything - set(recorder.payloads())
        again = [packets[int(payload) - 1] for payload in sorted(missing)]
        RawPublisher(mosquitto.port, password=PASSWORD).run(again)
        wait_until(lambda: everything <= set(recorder.payloads()))
        assert wire.health().telemetry.counts.losses >= 1
