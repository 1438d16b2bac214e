"""`beimen demo` for real: it comes up, shows its pages, and ends at once with pages open."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.processes import free_port, wait_for_ok

ROOT = Path(__file__).parents[2]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """A running demo with half an hour of past; its address."""
    port = free_port()
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "demo", "--days", "0.02", "--port", str(port),
             "--speed", "30"],
            cwd=tmp_path, stdout=said, stderr=said,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb"},
        )  # fmt: skip
    try:
        wait_for_ok(f"http://127.0.0.1:{port}/healthz", 90)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.wait(10)


def test_the_demo_shows_its_pages_and_ends_within_five_seconds_with_pages_open(demo, tmp_path):
    process, url = demo
    said = (tmp_path / "said").read_text()
    for words in (
        "A bike is plugged in here",
        "As resident of 3-201:",
        "As committee:",
        "/metrics",
        "Ctrl-C",
    ):
        assert words in said
    assert re.search(r"sign-in\?code=[0-9A-Z]{4}-[0-9A-Z]{4}\s", said)
    scan = re.search(r"/p/LB-\d+/\d", said)
    assert scan
    with urllib.request.urlopen(url + scan[0], timeout=10) as page:
        text = page.read().decode()
    assert "演示" in text
    stream = re.search(r'data-live="([^"]+)"', text)
    assert stream

    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2, "broker and simulator run beside it"
    with open_stream(url, stream[1]) as first_words:
        assert b"text/event-stream" in first_words
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(10)
        assert time.monotonic() - begun < 5
    gone, alive = psutil.wait_procs(children, timeout=3)
    assert not alive, f"{alive} went on"
    assert len(gone) == len(children)
    assert "Traceback" not in (tmp_path / "said").read_text()


@contextlib.contextmanager
def open_stream(url: str, path: str) -> Iterator[bytes]:
    """An open event stream, as a page holds it; its first bytes."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        yield line.recv(4096)
