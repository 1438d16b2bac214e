"""The named places where a test can make the process die."""

import os
import subprocess
import sys

import pytest

from tests.support.processes import ROOT

CHILD = """
from service.wire.crash import crash_point
for turn in range(5):
    crash_point("received")
    crash_point("committed")
    print(turn, flush=True)
"""


@pytest.mark.parametrize(
    ("armed", "at", "code", "said"),
    [
        ("on", "committed", 137, ""),
        ("on", "received", 137, ""),
        ("on", "committed:3", 137, "0 1"),
        ("on", "published", 0, "0 1 2 3 4"),
        ("", "committed", 0, "0 1 2 3 4"),
        ("off", "committed", 0, "0 1 2 3 4"),
    ],
)
def test_a_process_dies_at_the_named_point_and_only_when_both_words_are_set(
    armed: str, at: str, code: int, said: str
):
    env = {**os.environ, "BEIMEN_CRASH_POINTS": armed, "BEIMEN_CRASH_AT": at}
    run = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert (run.returncode, " ".join(run.stdout.split())) == (code, said)
