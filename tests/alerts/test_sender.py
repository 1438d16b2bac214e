"""Notifications really leave: apprise against an HTTP server of our own, and against nobody."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import apprise
import pytest

from service.alerts.sender import Notifier
from tests.support.processes import free_port


@dataclass
class Webhook:
    """What a webhook received, and how it answers."""

    port: int = 0
    answer: int = 200
    wait_s: float = 0
    received: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/staff"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A small HTTP server on a free port."""
    hook = Webhook()
    leave = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            hook.received.append(json.loads(self.rfile.read(length)))
            leave.wait(hook.wait_s)
            self.send_response(hook.answer)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield hook
    leave.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_message_arrives_with_title_and_body(webhook: Webhook):
    assert Notifier().send([webhook.url], "紧急：烟雾报警", "3号门\n- 烟雾报警: BM-017") is None
    (got,) = webhook.received
    assert (got["title"], got["message"]) == ("紧急：烟雾报警", "3号门\n- 烟雾报警: BM-017")


def test_an_address_that_refuses_is_told_by_its_kind_only(webhook: Webhook):
    webhook.answer = 500
    secret = f"json://guard:geheim@127.0.0.1:{webhook.port}/staff"
    error = Notifier().send([secret], "t", "b")
    assert error == "json: not taken"


def test_one_dead_address_does_not_keep_the_others_from_being_told(webhook: Webhook):
    nobody = f"json://127.0.0.1:{free_port()}/"
    assert Notifier().send([nobody, webhook.url], "t", "b") == "json: not taken"
    assert len(webhook.received) == 1


def test_a_server_that_never_answers_is_given_up_after_the_timeout(webhook: Webhook):
    webhook.wait_s = 30
    began = time.monotonic()
    assert Notifier(timeout_seconds=0.3).send([webhook.url], "t", "b") == "json: not taken"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("url", ["nonsense", "unknown-service://key@host", "", "json://"])
def test_an_address_that_cannot_be_is_named_without_its_secret(url: str):
    error = Notifier().send([url], "t", "b")
    assert error is not None
    assert error.endswith("not an address that apprise knows")
    assert "key" not in error


def test_without_any_address_nothing_can_be_told():
    error = Notifier().send([], "t", "b")
    assert error is not None
    assert "BEIMEN_NOTIFY_URLS" in error


def test_a_plugin_that_breaks_is_a_failure_and_not_an_accident(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch
):
    def breaks(*_: object, **__: object) -> bool:
        raise OSError("geheim@127.0.0.1 unreachable")

    monkeypatch.setattr(apprise.NotifyBase, "notify", breaks)
    assert Notifier().send([webhook.url], "t", "b") == "json: OSError"
