"""What a pile can be told: the payloads of commands and answers, by the wire contract."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.clock import from_ms
from service.piles.messages import Outgoing, topic_down

RESEND_MS = 15_000
"""A command without a result is sent once more after 15 s, with the same id."""

GIVE_UP_MS = 90_000
"""Without a result and without evidence a start is cancelled after 90 s."""

PAUSE_MS = 500
"""At least this long between two commands to one pile."""

VALID_S = {
    "start": 30,
    "stop": 120,
    "extend": 120,
    "config_set": 300,
    "config_get": 60,
    "firmware": 3600,
    "reboot": 60,
    "report_now": 30,
    "watch": 30,
    "locate": 30,
}
"""How long a command may be obeyed, in seconds."""


@dataclass(frozen=True, slots=True)
class Order:
    """A command to one pile before it is addressed to its present connection."""

    cmd: str
    outlet: int | None = None
    session_id: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def valid_s(self) -> int:
        """How long it may be obeyed."""
        return VALID_S[self.cmd]


def start(
    outlet: int, session_id: str, *, max_duration_s: int, max_energy_wh: int, max_power_w: int
) -> Order:
    """Switch on, with the limits that the pile enforces by itself."""
    limits = {
        "max_duration_s": max_duration_s,
        "max_energy_wh": max_energy_wh,
        "max_power_w": max_power_w,
        "full_stop": {"below_w": 30, "hold_s": 3600},
    }
    return Order("start", outlet, session_id, limits)


def stop(outlet: int, session_id: str, reason: str) -> Order:
    """Switch off. `session_id` 'any' is the emergency stop of the operator."""
    return Order("stop", outlet, session_id, {"reason": reason})


def command_payload(
    order: Order, command_id: str, conn_id: str, issued_ms: int, uptime_ms: int
) -> str:
    """The text of a command: it names the connection and ends at a value of the pile's uptime."""
    payload: dict[str, Any] = {
        "command_id": command_id,
        "conn_id": conn_id,
        "cmd": order.cmd,
        "issued_at_utc": _utc(issued_ms, digits=0),
        "valid_s": order.valid_s,
        "valid_until_uptime_ms": uptime_ms + order.valid_s * 1000,
    }
    if order.outlet is not None:
        payload["outlet"] = order.outlet
    if order.session_id is not None:
        payload["session_id"] = order.session_id
    payload.update(order.fields)
    return _text(payload)


def welcome(
    pile: str,
    *,
    conn_id: str,
    echo_uptime_ms: int,
    now_ms: int,
    config_rev: int,
    settlement_acked_seq: int,
    rebirth: bool,
) -> Outgoing:
    """The answer to a hello."""
    payload = {
        "conn_id": conn_id,
        "echo_uptime_ms": echo_uptime_ms,
        "server_time_utc": _utc(now_ms),
        "contract": "1.0",
        "config_rev": config_rev,
        "settlement_acked_seq": settlement_acked_seq,
        "heartbeat_s": 60,
        "meter_s": 60,
        "meter_idle_s": 900,
        "rebirth": rebirth,
    }
    return Outgoing(topic_down(pile, "welcome"), _text(payload).encode(), expires_s=60)


def session_ack(pile: str, conn_id: str, acked: Sequence[tuple[int, str, str]]) -> Outgoing:
    """Settlements that are stored: (settlement_seq, session_id, result)."""
    rows = [
        {"settlement_seq": seq, "session_id": session_id, "result": result}
        for seq, session_id, result in acked
    ]
    payload = {"conn_id": conn_id, "acked": rows}
    return Outgoing(topic_down(pile, "session_ack"), _text(payload).encode())


def committed(
    pile: str, conn_id: str, boot_id: str, through_seq: int, missing: list[int]
) -> Outgoing:
    """Everything of this boot up to here is in the database, except what is missing."""
    payload = {
        "conn_id": conn_id,
        "boot_id": boot_id,
        "through_seq": through_seq,
        "missing": missing,
    }
    return Outgoing(topic_down(pile, "committed"), _text(payload).encode(), qos=0, expires_s=60)


def card_result(pile: str, conn_id: str, swipe_id: str, result: str) -> Outgoing:
    """The answer to a swipe; the start itself comes as a command."""
    payload = {"conn_id": conn_id, "swipe_id": swipe_id, "result": result}
    return Outgoing(topic_down(pile, "card_result"), _text(payload).encode(), expires_s=15)


def time_reply(pile: str, conn_id: str, echo_uptime_ms: int, now_ms: int) -> Outgoing:
    """What time it is."""
    payload = {
        "conn_id": conn_id,
        "echo_uptime_ms": echo_uptime_ms,
        "server_time_utc": _utc(now_ms),
    }
    return Outgoing(topic_down(pile, "time"), _text(payload).encode(), qos=0, expires_s=10)


def _text(payload: Mapping[str, Any]) -> str:
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False)


def _utc(ms: int, digits: int = 3) -> str:
    timespec = "milliseconds" if digits else "seconds"
    return from_ms(ms).isoformat(timespec=timespec).replace("+00:00", "Z")
