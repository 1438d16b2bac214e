"""Fills the last days of a demo through the same code path that tonight will take.

The simulator runs as a child process in lock-step: it says what its piles say in one simulated
minute, the conductor takes it as it would from a broker, and the answers go back.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from service.clock import FixedClock, from_ms
from service.flow import House, ticks, uplink
from service.piles.messages import Heard, Outgoing

TICK_EVERY = timedelta(minutes=2)
SLOW_EVERY = timedelta(minutes=15)


class PastError(RuntimeError):
    """The past could not be played; the message says why."""


@dataclass(frozen=True, slots=True)
class PastPlan:
    """What to play, and where the compound is left for tonight."""

    days: float
    until: datetime
    seed: int
    cards: Path
    state: Path


def play_past(
    house: House, clock: FixedClock, plan: PastPlan, tell: Callable[[float], None]
) -> int:
    """Play the past up to `plan.until`; how many messages it had. `tell` hears the share done."""
    command = [
        sys.executable, "-m", "simulator", "history",
        "--days", str(plan.days), "--until", plan.until.isoformat(), "--seed", str(plan.seed),
        "--cards", str(plan.cards), "--state", str(plan.state),
    ]  # fmt: skip
    child = subprocess.Popen(  # noqa: S603 - our own program with our own words
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1 << 16
    )
    if child.stdin is None or child.stdout is None:
        raise PastError("the simulator has no pipe to talk through")
    try:
        count = _Talk(house, clock, plan, child.stdin).follow(child.stdout, tell)
    finally:
        child.kill()
        child.wait(10)
    if count is None:
        raise PastError("the simulator ended before the past was over")
    return count


class _Talk:
    def __init__(self, house: House, clock: FixedClock, plan: PastPlan, out: IO[str]):
        self.house, self.clock, self.plan, self.out = house, clock, plan, out
        self.heard: list[Heard] = []
        self.count = 0
        self.next_tick = self.next_slow = clock.now()

    def follow(self, lines: IO[str], tell: Callable[[float], None]) -> int | None:
        begun, whole = self.clock.now(), self.plan.until - self.clock.now()
        for line in lines:
            said: dict[str, Any] = json.loads(line)
            if "topic" in said:
                payload = str(said["payload"]).encode()
                self.heard.append(Heard(str(said["topic"]), payload, int(said["at"])))
            elif "minute" in said:
                self._answer(from_ms(int(said["minute"])))
                tell(min(1.0, (self.clock.now() - begun) / whole))
            elif said.get("end"):
                return self.count
        return None

    def _answer(self, at: datetime) -> None:
        self.clock.at = max(self.clock.at, at)
        replies: list[Outgoing] = []
        if self.heard:
            replies += uplink.take(self.house, self.heard).replies
            self.count += len(self.heard)
            self.heard = []
        if at >= self.next_tick:
            ticks.tick(self.house)
            self.next_tick = at + TICK_EVERY
        if at >= self.next_slow:
            ticks.tick_slowly(self.house)
            self.next_slow = at + SLOW_EVERY
        replies += self._commands()
        for one in replies:
            self._say({"pile": one.topic.split("/")[2], "topic": one.topic, "payload": one.payload})
        self.out.write('{"go": true}\n')
        self.out.flush()

    def _commands(self) -> Sequence[Outgoing]:
        due = ticks.due(self.house)
        if due:
            ticks.sent(self.house, [one.command_id or "" for one in due])
        return due

    def _say(self, message: dict[str, Any]) -> None:
        message["payload"] = message["payload"].decode()
        self.out.write(json.dumps(message, ensure_ascii=False) + "\n")
