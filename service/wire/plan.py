"""What each of the two connections is for: its name, what it hears, how it batches."""

from dataclasses import dataclass, field
from pathlib import Path

from service.piles.messages import ROOT, UPLINKS
from service.settings import Settings

TELEMETRY_FILTERS = {"meter": 1, "heartbeat": 0, "feeder": 1}
"""The flood, by topic tail, with its QoS. Everything else goes by the control lane."""

CONTROL_FILTERS = dict.fromkeys(sorted(set(UPLINKS) - set(TELEMETRY_FILTERS)), 1)

DOWNLINKS = f"{ROOT}/+/down/#"
"""Watched for retained messages: a command that a broker keeps would switch a relay for ever."""


@dataclass(frozen=True)
class Lane:
    """One connection. Its name is also the end of its login and client id."""

    name: str
    filters: dict[str, int]
    batch_messages: int
    batch_wait_s: float
    watches_downlinks: bool = False

    @property
    def loopback_topic(self) -> str:
        """Where the lane hears itself; no pile and no screen may use it."""
        return f"{ROOT}/_core/loopback/{self.name}"

    @property
    def receive_maximum(self) -> int:
        """Unacknowledged messages the broker may send: one batch at work, one on its way."""
        return max(1000, 2 * self.batch_messages)


@dataclass(frozen=True)
class Broker:
    """Where the broker is and how to be let in."""

    host: str
    port: int
    client_id: str
    user: str
    password: str = field(repr=False)
    tls_ca: Path | None = None

    @staticmethod
    def of(settings: Settings) -> "Broker":
        """The broker of the settings."""
        return Broker(
            settings.mqtt_host, settings.mqtt_port, settings.mqtt_client_id, settings.mqtt_user,
            settings.mqtt_password.get_secret_value(), settings.mqtt_tls_ca,
        )  # fmt: skip


def telemetry_lane(settings: Settings) -> Lane:
    """Meter readings and heartbeats, in large batches."""
    wait_s = settings.batch_wait_ms / 1000
    return Lane("telemetry", TELEMETRY_FILTERS, settings.batch_messages, wait_s)


def control_lane(settings: Settings) -> Lane:
    """Everything a person may be waiting for, at once; and everything that goes down."""
    most = min(50, settings.batch_messages)
    return Lane("control", CONTROL_FILTERS, most, 0.0, watches_downlinks=True)
