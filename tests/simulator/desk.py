"""A small honest service for the simulator's own tests: welcomes, starts, acknowledges, commits.

It knows nothing of bills. It stands in for the service where only the pile's side is looked at.
"""

import json
from collections import defaultdict
from typing import Any

from simulator.times import iso_millis
from simulator.world import Uplink, World


class Desk:
    """Answers what piles say, in the words of the contract."""

    def __init__(self, world: World, *, commits: bool = True, acks: str = "stored"):
        self.world, self.commits, self.acks = world, commits, acks
        self.conn: dict[str, str] = {}
        self.offset: dict[str, int] = {}
        self.heard: list[tuple[Uplink, dict[str, Any]]] = []
        self.settlements: dict[tuple[str, int], dict[str, Any]] = {}
        self.faults: list[dict[str, Any]] = []
        self.seen: dict[tuple[str, str], set[int]] = defaultdict(set)
        self.orders = 0
        self.deaf = False
        self.start_limits: dict[str, Any] = {}

    def run(self, to: int) -> "Desk":
        """Play until `to`, answering each question when it is asked."""
        while self.world.now < to:
            said = self.world.advance(to, until_question=True)
            self.take(said)
        return self

    def take(self, said: list[Uplink]) -> None:
        """Hear messages, and the answers to our answers."""
        waiting = list(said)
        while waiting:
            uplink = waiting.pop(0)
            body = json.loads(uplink.publish.payload)
            self.heard.append((uplink, body))
            if not self.deaf:
                waiting += self._answer(uplink, body)

    def _answer(self, uplink: Uplink, body: dict[str, Any]) -> list[Uplink]:
        tail, pile = uplink.publish.topic.rsplit("/", 1)[1], uplink.pile
        if "seq" in body:
            self.seen[pile, body["boot_id"]].add(body["seq"])
        if tail == "hello":
            return self._hello(pile, body)
        if tail == "card":
            result = {"conn_id": self.conn[pile], "swipe_id": body["swipe_id"], "result": "ok"}
            said = self.tell(pile, "card_result", result)
            if body["intent"] == "start":
                return said + self.start(pile, body["outlet"])
            return said
        if tail == "session":
            self.settlements[pile, body["settlement_seq"]] = body
            ack = {
                "settlement_seq": body["settlement_seq"], "session_id": body["session_id"],
                "result": self.acks,
            }  # fmt: skip
            return self.tell(pile, "session_ack", {"conn_id": self.conn[pile], "acked": [ack]})
        if tail == "heartbeat" and self.commits:
            return self.commit(pile, body["boot_id"])
        if tail == "time":
            return self.tell(pile, "time", {
                "conn_id": self.conn[pile], "echo_uptime_ms": body["uptime_ms"],
                "server_time_utc": iso_millis(self.world.now),
            })  # fmt: skip
        return []

    def _hello(self, pile: str, body: dict[str, Any]) -> list[Uplink]:
        self.conn[pile] = body["conn_id"]
        self.offset[pile] = self.world.now - body["uptime_ms"]
        return self.tell(pile, "welcome", {
            "conn_id": body["conn_id"], "echo_uptime_ms": body["uptime_ms"],
            "server_time_utc": iso_millis(self.world.now), "contract": "1.0",
            "config_rev": body["config_rev"], "heartbeat_s": 60, "meter_s": 60,
            "meter_idle_s": 900, "rebirth": False,
        })  # fmt: skip

    def commit(self, pile: str, boot_id: str) -> list[Uplink]:
        """Say what is in the database, and what is missing below it."""
        numbers = self.seen[pile, boot_id]
        through = max(numbers, default=0)
        missing = [n for n in range(max(1, through - 200), through) if n not in numbers][:16]
        body = {"conn_id": self.conn.get(pile), "boot_id": boot_id, "through_seq": through}
        return self.tell(pile, "committed", body | ({"missing": missing} if missing else {}))

    def tell(self, pile: str, tail: str, body: dict[str, Any]) -> list[Uplink]:
        """Send a message down."""
        topic = f"pile/1/{pile}/down/{tail}"
        return self.world.deliver(pile, topic, json.dumps(body).encode(), False, self.world.now)

    def command(self, pile: str, cmd: str, **fields: Any) -> list[Uplink]:
        """Send a command that is valid for 30 s from now."""
        self.orders += 1
        uptime = self.world.now - self.offset[pile]
        body = {
            "command_id": f"01CMD{self.orders:021d}", "conn_id": self.conn[pile], "cmd": cmd,
            "valid_s": 30, "valid_until_uptime_ms": uptime + 30_000,
        }  # fmt: skip
        return self.tell(pile, "cmd", body | fields)

    def start(self, pile: str, outlet: int, **fields: Any) -> list[Uplink]:
        """Start a session with a fresh order number."""
        order = {"session_id": f"01ORD{self.orders:021d}", "outlet": outlet}
        return self.command(pile, "start", **(self.start_limits | order | fields))

    def said(self, tail: str, pile: str | None = None) -> list[dict[str, Any]]:
        """The bodies heard under one topic tail."""
        return [
            body for uplink, body in self.heard
            if uplink.publish.topic.endswith("/" + tail) and pile in (None, uplink.pile)
        ]  # fmt: skip
