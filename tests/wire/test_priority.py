"""A start or stop never waits behind telemetry: measured while a flood runs."""

import statistics
import subprocess
import sys
import time
from typing import Any

from service.piles.messages import Outgoing, topic_down
from tests.support.processes import ROOT, Mosquitto
from tests.wire.conductors import PASSWORD, Recorder, pile_on, wait_until, wire_on

COMMANDS = 100


def delays(port: int, wire: Any, recorder: Recorder) -> list[float]:
    """Milliseconds from the wake-up after a commit to the command at the pile, sorted."""
    found = []
    with pile_on(port, "core") as pile:
        for number in range(COMMANDS):
            command = Outgoing(
                topic_down("LB-001", "cmd"), b"%d" % number, 1, 30, f"C{len(recorder.due)}"
            )
            began = time.perf_counter()
            recorder.due[:] = [command]
            recorder.sent.clear()
            wire.wake()
            wait_until(lambda: len(pile.told) == number + 1)  # noqa: B023
            found.append((pile.told_at[-1] - began) * 1000)
            time.sleep(0.005)
    return sorted(found)


def test_commands_leave_at_once_while_telemetry_floods(mosquitto: Mosquitto):
    recorder = Recorder()
    with wire_on(mosquitto.port, recorder) as wire:
        calm = delays(mosquitto.port, wire, recorder)
        with subprocess.Popen(
            [
                sys.executable, "-m", "tests.bench.raw_publisher", "--port", str(mosquitto.port),
                "--messages", "30000", "--user", "flood", "--password", PASSWORD,
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
    assert statistics.median(busy) < 50
    assert busy[-2] < 500, "generous: two cores, with other work on them"
