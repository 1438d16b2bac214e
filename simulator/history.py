"""The last days, in lock-step over a pipe: the service's own code path without a broker.

One batch is at most one simulated minute and ends early when a pile has asked something, so that a
start is answered while the swipe is fresh. Lines out: messages, then {"minute": ms}. Lines in:
messages down, then {"go": true}. At the end {"end": true, "oracle": {...}}.
"""

import json
from pathlib import Path
from typing import IO

from simulator.handover import save
from simulator.times import MINUTE
from simulator.world import Uplink, World


class HistoryError(ValueError):
    """The other side broke the talk; the message says how."""


def _write(uplinks: list[Uplink], out: IO[str]) -> None:
    for uplink in uplinks:
        line = {
            "at": uplink.at, "pile": uplink.pile, "topic": uplink.publish.topic,
            "payload": uplink.publish.payload.decode(), "retain": uplink.publish.retain,
        }  # fmt: skip
        out.write(json.dumps(line) + "\n")


def _answers(world: World, lines: IO[str]) -> list[Uplink]:
    said: list[Uplink] = []
    for line in lines:
        try:
            told = json.loads(line)
            if told.get("go"):
                return said
            pile, topic, payload = told["pile"], told["topic"], told["payload"].encode()
        except (ValueError, KeyError, AttributeError):
            raise HistoryError(
                f"expected a message with pile, topic and payload, or go: {line[:80]!r}"
            ) from None
        said += world.deliver(pile, topic, payload, False, world.now)
    raise HistoryError("the other side stopped before the history ended")


def play(world: World, until: int, out: IO[str], lines: IO[str], step_ms: int = MINUTE) -> None:
    """Turn the handle until `until` (ms UTC); each batch waits for its answers."""
    said: list[Uplink] = []
    while world.now < until:
        said += world.advance(min(until, world.now + step_ms), until_question=True)
        _write(said, out)
        out.write(json.dumps({"minute": world.now}) + "\n")
        out.flush()
        said = _answers(world, lines)
    _write(said, out)


def run(world: World, until: int, state: Path | None, out: IO[str], lines: IO[str]) -> None:
    """Play a history, hand the compound over to `state`, and say the true ledger."""
    play(world, until, out, lines)
    oracle = world.oracle.as_json()
    if state is not None:
        save(world, state)
    out.write(json.dumps({"end": True, "oracle": oracle}) + "\n")
    out.flush()
