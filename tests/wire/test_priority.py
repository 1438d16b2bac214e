"""A start or stop never waits behind telemetry: measured while a flood runs."""

import statistics
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from service.piles.messages import Outgoing, topic_down
from service.wire import lane
from tests.support.processes import ROOT, Mosquitto
from tests.wire.conductors import PASSWORD, Recorder, pile_on, wait_until, wire_on

COMMANDS = 100


def delays(port: int, wire: Any, recorder: Recorder) -> list[float]:
    """Milliseconds from the wake-up after a commit to the command at the pile, sorted."""
    found, began = [], time.perf_counter()
    with pile_on(port, "LB-001") as pile:
        for number in range(COMMANDS):
            name = f"{began}-{number}"
            command = Outgoing(topic_down("LB-001", "cmd"), b"%d" % number, 1, 30, name)
            at = time.perf_counter()
            recorder.due[:] = [command]
            wire.wake()
            wait_until(lambda: len(pile.told) == number + 1)  # noqa: B023
            found.append((pile.told_at[-1] - at) * 1000)
            time.sleep(0.005)
    return sorted(found)


def test_commands_leave_at_once_while_telemetry_floods(mosquitto: Mosquitto):
    recorder = Recorder()
    with wire_on(mosquitto.port, recorder) as wire:
        calm = delays(mosquitto.port, wire, recorder)
        with subprocess.Popen(
            [
                sys.executable, "-m", "tests.bench.raw_publisher", "--port", str(mosquitto.port),
                "--messages", "40000", "--user", "core", "--password", PASSWORD,
            ],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        ) as flood:  # fmt: skip
            try:
                wait_until(lambda: wire.health().telemetry.counts.taken > 500)
                before = wire.health().telemetry.counts.taken
                busy = delays(mosquitto.port, wire, recorder)
                assert wire.health().telemetry.counts.taken - before > 1000, "it was a flood"
            finally:
                flood.kill()
    for name, found in (("calm", calm), ("flood", busy)):
        print(f"{name}: p50 {statistics.median(found):.2f} ms, p99 {found[-2]:.2f} ms")
    assert statistics.median(busy) < 100, "generous: two cores, with other work on them"


def test_no_call_is_lost_however_many_threads_wake_the_wire(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lane, "ASK_EVERY_S", 60.0)
    recorder = Recorder()
    with wire_on(mosquitto.port, recorder) as wire:

        def ring() -> None:
            for _ in range(3000):
                wire.wake()
                time.sleep(0)

        for number in range(5):
            threads = [threading.Thread(target=ring) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            name = f"C{number}"
            recorder.due.append(Outgoing(topic_down("LB-001", "cmd"), b"{}", 1, 30, name))
            wire.wake()
            wait_until(lambda: name in recorder.sent, 5)  # noqa: B023
